"""Runs as other tools read them: one file, one format, found by its name."""
