"""What analyses are told from Python, beside the runs."""

from __future__ import annotations

from typing import Annotated

from calibench.fields import Names, Options, Text, option


class AnalysisOptions(Options, frozen=True, kw_only=True):
    """Those of `compare`, `votes`, `recalibrate` and `report`; each takes some of them."""

    baseline: Annotated[Text, option("name or folder of a run, or `first`")] = "first"
    confidence: Annotated[Names | None, option("methods that weigh votes")] = None
    maps: Annotated[Names | None, option("keys of `calibench.metrics.recalibration.MAPS`")] = None
    out: Annotated[Text | None, option("folder of the page")] = None


class ScoreOptions(Options, frozen=True, kw_only=True):
    """Those of `calibench.analysis.score.score`, where they are described."""

    file: Text
    out: Text | None = None
    confidence_column: Text = "confidence"
    correct: Text = "correct"
    question: Text | None = None
    group: Text | None = None
    model: Text | None = None
    answer: Text | None = None
    gold: Text | None = None
    grader: Text | None = None
    choices: Text | None = None
    labels: Text | None = None
    scale: Text = "fraction"
    missing: Names = ()
    shared: bool = False
