"""The languages in which a model can be asked; one file, one language."""
