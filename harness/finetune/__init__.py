"""Makes the checkpoints that get compared."""
