"""One file per recipe; see `calibench.finetune.recipes.base`."""
