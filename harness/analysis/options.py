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

PROTOCOLS = "protocols, each on its own, such as plain@256 of --budgets (default: those of whole generations)"
"""What `protocol` of an analysis names."""


class AnalysisOptions(Options, frozen=True, kw_only=True):
    """Those of `compare`, `votes`, `recalibrate` and `report`; each takes some of them."""

    margin: Annotated[Fraction, option("differences of runs that are smaller do not matter", metavar="X")] = 0.02
    baseline: Annotated[Text, option("name or folder of a run, or `first`")] = "first"
    confidence: Annotated[Names | None, option("methods that weigh votes")] = None
    maps: Annotated[Names | None, option("keys of `calibench.metrics.recalibration.MAPS`")] = None
    protocol: Annotated[Names | None, option(PROTOCOLS)] = None
    convention: Annotated[
        Names | None, option("how others compute a calibration error, shown beside: names, or `all`")
    ] = None
    ensemble: Annotated[Names | None, option("confidence methods that are joined, and scored beside themselves")] = None
    labelled: Annotated[Text | None, option("table of labels of some answers", metavar="FILE")] = None
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


def _column(what: str) -> Meta:
    return option(f"column of a table {what}", metavar="COLUMN")


class ImportOptions(Options, frozen=True, kw_only=True):
    """Those of `import`."""

    out: Annotated[Text, option("folder of the run", metavar="DIR")] = "runs/import"
    format: Annotated[Text | None, option("the log's format, where it is not recognized", metavar="NAME")] = None
    task: Annotated[
        Text | None,
        option("task whose questions these are, and whose grader judges the answers (default: what the log says)"),
    ] = None
    data: Annotated[Text | None, option("folder of the task's published files", metavar="DIR")] = None
    grader: Annotated[
        Text | None,
        option(
            "grades by the log's accepted answers, where no task is named: number, math, choice, alias or option",
            metavar="NAME",
        ),
    ] = None
    labels: Annotated[Text | None, option("the possible answers, for --grader choice", metavar="NAMES")] = None
    verdicts: Annotated[Literal["ours", "log"], option("whose verdicts count, where the log has some")] = "ours"
    stated: Annotated[
        Literal["percent", "probability", "words", "score", "letters"] | None,
        option("how the texts state a confidence (default: none is read from them)"),
    ] = None
    protocol: Annotated[
        Text | None, option("protocol whose prompts the log's are; it says how a confidence is stated", metavar="NAME")
    ] = None
    name: Annotated[Text | None, option("the model's name, where the log does not say it", metavar="NAME")] = None
    text: Annotated[Text | None, _column("of the texts; without it a table is read as by `calibench score`")] = None
    prompt: Annotated[Text | None, _column("of what was asked, which finds the question of a --task")] = None
    question: Annotated[Text | None, _column("of ids; rows that share one are draws")] = None
    group: Annotated[Text | None, _column("of tasks or data sets")] = None
    model: Annotated[Text | None, _column("of models; each becomes a run")] = None
    gold: Annotated[Text | None, _column("of accepted answers, for --grader")] = None
    choices: Annotated[Text | None, _column("of lists of options, for --grader option")] = None
    answer: Annotated[Text | None, _column("of what was taken for the answer")] = None
    correct: Annotated[Text | None, _column("of verdicts")] = None
    confidence_column: Annotated[Text | None, _column("of confidences")] = None
    scale: Annotated[Literal["fraction", "percent"], option("of the confidences of a table")] = "fraction"
    missing: Annotated[Names, option("what stands for no confidence in a table, as -1", metavar="VALUES")] = ()

    def columns(self) -> dict[str, str]:
        """Role -> column of a table, as far as they are named."""
        named = {role: getattr(self, role) for role in COLUMNS} | {"confidence": self.confidence_column}
        return {role: name for role, name in named.items() if name is not None}


COLUMNS = ("text", "prompt", "question", "group", "model", "gold", "choices", "answer", "correct")


_Chance = Annotated[float, Meta(gt=0, lt=1)]
_Difference = Annotated[float, Meta(ge=0.0001, lt=1)]


class ThresholdOptions(Options, frozen=True, kw_only=True):
    """Those of `threshold`."""

    precision: Annotated[_Chance, option("share of the automated answers that must be right, as 0.95", metavar="P")]
    level: Annotated[_Chance, option("chance that this holds, over the questions drawn", metavar="L")] = 0.9
    by: Annotated[Literal["task"] | None, option("a threshold for each task, instead of one for all")] = None
    confidence: Annotated[Names | None, option("methods to try (default: all)")] = None
    protocol: Annotated[Names | None, option(PROTOCOLS)] = None
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


class LabelOptions(Options, frozen=True, kw_only=True):
    """Those of `labels`."""

    labels: Annotated[Text | None, option("table of labels: correct, incorrect or not attempted", metavar="FILE")] = (
        None
    )
    of: Annotated[
        Text | None,
        option(
            "run whose answers are labelled, graded alike (default: RUN, of which they are a random sample)",
            metavar="RUN",
        ),
    ] = None  # fmt: skip
    question: Annotated[Text, option("column with question ids", metavar="COLUMN")] = "question_id"
    label: Annotated[Text, option("column with labels", metavar="COLUMN")] = "label"
    seed: Annotated[WholeNumber, option("of the sample, and of the bootstrap")] = 0


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
