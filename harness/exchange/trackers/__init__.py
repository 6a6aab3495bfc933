"""Experiment trackers that a scored run can be sent to: one file, one tracker, found by its name."""
