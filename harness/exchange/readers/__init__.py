"""Logs of other tools, read answer by answer: one file, one format, found by its name."""
