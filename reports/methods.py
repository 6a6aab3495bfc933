"""Confidence methods held against each other, as text and as a table."""

from __future__ import annotations

from calibench.reports import tables
from calibench.reports.formats import Table
from calibench.reports.page import groups
from calibench.results.differences import MethodComparison


def methods_text(found: MethodComparison) -> str:
    """Plain text for a terminal: the means over tasks, of every two methods."""
    measures = {measure.metric: measure for measure in found.measures}
    means = [d for d in found.differences if d.task == "macro"]
    parts = ["Mean over tasks, on the answers that both methods have a confidence for; p by Holm over all differences"]
    for (a, b), of_pair in groups(means, lambda d: (d.run_a, d.run_b)):
        parts.append(f"{b} (B) against {a} (A)\n\n{tables.differences_text(of_pair, measures)}")
    return "\n\n".join(parts)


def methods_table(found: MethodComparison) -> Table:
    """Every difference, of every task too."""
    return tables.differences_table(found.differences, {measure.metric: measure for measure in found.measures})
