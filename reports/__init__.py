"""Figures, tables and pages made from scorecards: pure functions of the records in `calibench.records`."""
