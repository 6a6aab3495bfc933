"""One file per recipe; see `harness.finetune.recipes.base`."""
