"""What the confidences of compared runs know beyond difficulty: rows of tables, and in words."""

from __future__ import annotations

from typing import NamedTuple

from calibench.reports import tables
from calibench.reports.text import UNDEFINED, clip, interval, number, signed
from calibench.results import Comparison

_SHOWN, _SHARED, _REVERSED, _NOT_SHOWN = "shown", "shared", "reversed", "not shown"
WORDS = {
    _SHOWN: "Knows more than how hard a question is.",
    _SHARED: "Tells right from wrong among equally hard questions, but the other runs' confidences are not shown to do"
    " worse: what they share is still difficulty.",
    _REVERSED: "Among equally hard questions, surer of wrong answers than of right ones.",
    _NOT_SHOWN: "Not shown to know more than how hard a question is.",
}


class Known(NamedTuple):
    """What one run knows of itself, in one task or on average, by one method."""

    run: str
    row: dict
    """Of `tables.headline`."""

    @property
    def verdict(self) -> str:
        """A key of `WORDS`; a dash where nothing can be said."""
        within, beyond = self.row["auroc_within_difficulty"], self.row["auroc_beyond_others"]
        if within["value"] is None:
            return UNDEFINED
        if within["high"] is not None and within["high"] < 0.5:
            return _REVERSED
        if within["low"] is None or within["low"] <= 0.5:
            return _NOT_SHOWN
        return _SHOWN if beyond["low"] is not None and beyond["low"] > 0 else _SHARED

    @property
    def words(self) -> str:
        return WORDS.get(self.verdict) or f"Nothing can be said: {self.row['auroc_within_difficulty']['reason']}."


def known(comparison: Comparison) -> list[Known]:
    """By run, protocol, task and method, the mean over tasks last."""
    return [Known(run, row) for run, card in comparison.self_knowledge.items() for row in tables.headline(card)]


def self_knowledge_text(comparison: Comparison) -> str:
    """Plain text for a terminal: the means over tasks; empty for two runs, or runs that share too little."""
    means = [of for of in known(comparison) if of.row["task"] == "macro"]
    if not means:
        return ""
    several = len({of.row["protocol"] for of in means}) > 1
    rows = [
        [
            f"{clip(of.run, 20)} · {clip(of.row['method'], 14)}{_protocol(of.row) if several else ''}",
            number(of.row["auroc"]["value"]),
            f"{number(of.row['auroc_within_difficulty']['value'])} {_ends(of.row['auroc_within_difficulty'])}".strip(),
            *(
                f"{signed(of.row[name]['value'])} {_ends(of.row[name])}".strip()
                for name in ("auroc_beyond_others", "auroc_beyond_question")
            ),
            of.verdict,
        ]
        for of in means
    ]
    heads = ["", "AUROC", "at equal difficulty", "beyond other runs", "beyond the question", "self-knowledge"]
    heading = "Self-knowledge beyond the difficulty of questions, mean over tasks"
    return f"{heading}\n\n{tables.align([heads, *rows])}"


def _protocol(row: dict) -> str:
    return f" ({clip(row['protocol'], 8)})"


def _ends(cell: dict) -> str:
    return interval(cell["low"], cell["high"])
