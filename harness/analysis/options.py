"""What analyses are told, beside the runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from calibench.fields import (
    Count,
    Draws,
    Fraction,
    Names,
    NonNegative,
    Options,
    Positive,
    Share,
    Text,
    WholeNumber,
    option,
    read,
)
from calibench.results.plots import PlotKind


class AnalysisOptions(Options, frozen=True, kw_only=True):
    """Those of `compare`, `votes`, `recalibrate` and `report`; each takes some of them."""

    margin: Annotated[Fraction, option("differences of runs that are smaller do not matter", metavar="X")] = 0.02
    baseline: Annotated[Text, option("name or folder of a run, or `first`")] = "first"
    confidence: Annotated[Names | None, option("methods that weigh votes")] = None
    maps: Annotated[Names | None, option("keys of `calibench.metrics.recalibration.MAPS`")] = None
    convention: Annotated[
        Names | None, option("how others compute a calibration error, shown beside: names, or `all`")
    ] = None
    until: Annotated[Text | None, option("rule that decides two runs, as `accuracy decided`", metavar="RULE")] = None
    out: Annotated[Text | None, option("folder of the page")] = None


def analysis_options(**options: Any) -> AnalysisOptions:
    """The options of an analysis, checked; None: as if one were not given.

    Raises:
        InputError: a value of a wrong type or range.
    """
    return AnalysisOptions(**read((AnalysisOptions,), options))


class PlotOptions(Options, frozen=True, kw_only=True):
    """Those of `plot`."""

    kind: Annotated[PlotKind, option("what is drawn")] = "reliability"
    task: Annotated[Names | None, option("tasks that are drawn (default: all)")] = None
    confidence: Annotated[Names | None, option("methods that are drawn (default: all)")] = None
    style: Annotated[Literal["paper", "talk"], option("size of text and lines")] = "paper"
    width: Annotated[
        Text | None, option("of the figure, as 3.3in, 84mm or 240pt (default: one column, two for more panels)")
    ] = None
    overlay: Annotated[bool, option("all lines of a task in one axes, not a panel for each")] = False


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


_Chance = Annotated[float, Meta(gt=0, lt=1)]
_Difference = Annotated[float, Meta(ge=0.0001, lt=1)]


class ThresholdOptions(Options, frozen=True, kw_only=True):
    """Those of `threshold`."""

    precision: Annotated[_Chance, option("share of the automated answers that must be right, as 0.95", metavar="P")]
    level: Annotated[_Chance, option("chance that this holds, over the questions drawn", metavar="L")] = 0.9
    by: Annotated[Literal["task"] | None, option("a threshold for each task, instead of one for all")] = None
    confidence: Annotated[Names | None, option("methods to try (default: all)")] = None
    seed: Annotated[WholeNumber, option("chooses one answer of each question")] = 0
    cost_error: Annotated[Positive | None, option("of a wrong answer that goes out, in any unit", metavar="X")] = None
    cost_review: Annotated[Positive | None, option("of a check by a person, in the same unit", metavar="X")] = None
    cost_token: Annotated[NonNegative, option("of a generated token, in the same unit", metavar="X")] = 0.0


class PlanOptions(Options, frozen=True, kw_only=True):
    """Those of `plan`."""

    metric: Annotated[Text, option("what two models differ in, such as accuracy, ece, brier, auroc, signed_gap")]
    difference: Annotated[_Difference, option("smallest difference that matters, as 0.03", metavar="X")]
    draws: Annotated[Draws | None, option("answers per question (default: a plan each for 1, 2, 4, 8, 16)")] = None
    power: Annotated[_Chance, option("chance that the comparison finds the difference", metavar="P")] = 0.8
    tests: Annotated[
        Count, option("differences that `compare` corrects over; default: those of two runs of one task and method")
    ] = 20  # fmt: skip
    correlation: Annotated[
        Share, option("assumed unless two pilots tell: how alike questions are to both models", metavar="R")
    ] = 0.5  # fmt: skip
    agreement: Annotated[
        Share, option("assumed unless a pilot has several draws: correlation of two answers to a question", metavar="R")
    ] = 0.5  # fmt: skip
    accuracy: Annotated[_Chance, option("assumed without a pilot", metavar="P")] = 0.7
    gap: Annotated[
        Annotated[float, Meta(gt=-1, lt=1)],
        option("assumed without a pilot: mean confidence - accuracy", metavar="X"),
    ] = 0.1  # fmt: skip


class ColumnOptions(Options, frozen=True, kw_only=True):
    """The columns of a file in the place of a run; those of `apply` and `check` are the policy's unless given."""

    confidence_column: Annotated[Text | None, option("of a file: column with confidence", metavar="COLUMN")] = None
    correct: Annotated[Text | None, option("of a file: column with the verdict", metavar="COLUMN")] = None
    question: Annotated[
        Text | None, option("of a file: column with an id, which the answers to one question share", metavar="COLUMN")
    ] = None
    group: Annotated[Text | None, option("of a file: column with a task or data set", metavar="COLUMN")] = None
    model: Annotated[Text | None, option("of a file: column with the model", metavar="COLUMN")] = None
    scale: Annotated[Literal["fraction", "percent"] | None, option("of a file's confidences")] = None

    def by_role(self) -> dict[str, str]:
        """Role -> the column that was given for it."""
        named = {
            "confidence": self.confidence_column,
            "correct": self.correct,
            "question": self.question,
            "group": self.group,
            "model": self.model,
        }
        return {role: column for role, column in named.items() if column}
