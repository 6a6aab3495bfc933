"""Results: what reports and comparisons are made of. Like records, they are frozen, typed and JSON-native."""

from __future__ import annotations

from typing import Literal

from calibench.records import Domain, MeasureInfo, Metric, Outcome, Record, Reliability, Scorecard, Status
from calibench.results.decisions import Decision, RuleOutcome
from calibench.results.differences import ChangeSplit as ChangeSplit
from calibench.results.differences import Difference as Difference
from calibench.results.differences import HeldVerdict as HeldVerdict
from calibench.results.judging import GraderAgreement
from calibench.results.labels import Labelled
from calibench.results.plots import BudgetCurve, PlotSeries
from calibench.results.targets import TargetNumbers
from calibench.results.thinking import ThinkingCurve
from calibench.results.wordings import Wordings


class GalleryItem(Record, kw_only=True, frozen=True):
    """A confident error, with everything that a reader needs to judge it."""

    task: str
    question_id: str
    protocol: str
    draw: int
    method: str
    confidence: float
    question: str
    choices: tuple[str, ...]
    gold: tuple[str, ...]
    answer: str | None
    reasoning: str | None
    text: str


UNREAD = ("unparsed", "echoed", "truncated")
"""Outcomes of generations without a readable answer."""


class UnreadItem(Record, kw_only=True, frozen=True):
    """What a model wrote where no answer could be read."""

    task: str
    question_id: str
    protocol: str
    draw: int
    outcome: str
    """One of `UNREAD`."""
    question: str
    text: str


class ReadingItem(Record, kw_only=True, frozen=True):
    """How one confidence method read one answer."""

    method: str
    value: float | None
    """In [0, 1]; None unless status is `ok`."""
    status: Status
    raw: str | None
    """What the value was read from; None if there was nothing."""


class SampledAnswer(Record, kw_only=True, frozen=True):
    """One generation with everything that is known of it."""

    task: str
    question_id: str
    protocol: str
    draw: int
    question: str
    choices: tuple[str, ...]
    gold: tuple[str, ...]
    outcome: Outcome
    answer: str | None
    """The extracted answer; None if none was read."""
    grader: str
    detail: str | None
    reasoning: str | None
    text: str
    """The whole output, reasoning included."""
    tokens: int | None
    """Generated tokens, reasoning included; None if they are not known."""
    readings: tuple[ReadingItem, ...]
    """By method."""


class AnswerSample(Record, kw_only=True, frozen=True):
    """Answers to browse."""

    items: tuple[SampledAnswer, ...]
    """In such an order that the first n are about as many of each task, outcome and tenth of the confidence."""
    n_total: int
    """Generations of the run."""
    methods: tuple[str, ...]


class OutcomeCount(Record, kw_only=True, frozen=True):
    """How many generations of a task ended in each outcome, and how many gave a confidence by each method."""

    task: str
    protocol: str
    domain: Domain
    outcomes: dict[str, int]
    """Outcome -> count, of all outcomes that are known."""
    confidences: dict[str, dict[str, int]]
    """method -> status -> count."""


class Spending(Record, kw_only=True, frozen=True):
    """What the answers of one task cost, follow-ups on confidence not among them."""

    task: str
    protocol: str
    n: int
    """Generations that did not fail."""
    accuracy: float
    tokens: float
    """Mean generated tokens, reasoning included."""
    reasoning_tokens: float
    """Mean tokens of the reasoning."""
    tokens_per_correct: float | None
    """All generated tokens over the right answers; None if none is right."""
    latency: float | None
    """Median seconds from submission to completion, with many requests at a time; None if not measured."""


class Spread(Record, kw_only=True, frozen=True):
    """How much the confidences of one task and method differ from each other."""

    task: str
    protocol: str
    method: str
    n: int
    """Confidences that were read."""
    distinct: int
    """How many different values they took."""
    deviation: float | None
    """Their standard deviation; None for fewer than two."""
    label_mass: float | None
    """Mean probability of all labels that the values are read from (P(True): its two letters; option_probability: those
    of all options); None for others."""
    example: str | None
    """The value that the prompt shows as an example; None if it shows none."""
    copies: int
    """Confidences that are exactly the example."""


class TaskProgress(Record, kw_only=True, frozen=True):
    """How far a run is with one task and protocol."""

    task: str
    protocol: str
    asked: int
    """Generations that the run is to have."""
    generated: int
    """Those that are there."""
    graded: int


class RunSummary(Record, kw_only=True, frozen=True):
    """All that a report needs of one run."""

    name: str
    kind: str | None
    """One of `Kind` unless a checkpoint's own lineage says something else; None if not stated."""
    model: str
    manifest: dict
    scorecard: Scorecard
    counts: tuple[OutcomeCount, ...]
    gallery: tuple[GalleryItem, ...] | None
    """None if the texts are not known."""
    spreads: tuple[Spread, ...] = ()
    spending: tuple[Spending, ...] = ()
    """Empty where no tokens are known."""
    unread: tuple[UnreadItem, ...] = ()
    """Examples from each task most of whose generations have no readable answer."""
    conventions: dict[str, tuple[Metric, ...]] = {}
    """Name of another tool's or publication's convention -> the numbers under it, where they were asked for."""
    by_subset: tuple[Reliability, ...] = ()
    """Reliability diagrams of levels and subjects; empty where no page is made."""
    thresholds: tuple[PlotSeries, ...] = ()
    """What goes out from each confidence on; empty where no page is made."""
    lengths: tuple[PlotSeries, ...] = ()
    """Accuracy and confidence by length; empty where no page is made, or lengths are not known."""
    budgets: tuple[BudgetCurve, ...] = ()
    """Accuracy by token budget; empty where no page is made, or lengths are not known."""
    until: tuple[RuleOutcome, ...] = ()
    """What the rule saw that stopped the run; empty for a run without one."""
    progress: tuple[TaskProgress, ...] = ()
    """Of a run without any graded generation, of which there are no numbers yet; empty otherwise."""
    answers: AnswerSample | None = None
    """None where no page is made, or the texts are not known."""
    wordings: tuple[Wordings, ...] = ()
    """Of the methods that were asked for in several wordings."""
    targets: tuple[TargetNumbers, ...] = ()
    """Of the confidence targets that were told, against what the confidences say."""
    thinking: tuple[ThinkingCurve, ...] = ()
    """Of reasonings that were cut at budgets; all else in a summary is of whole ones."""
    method_differences: tuple[Difference, ...] = ()
    """Of each confidence method (B) against the first (A), on the same answers; empty where no page is made."""
    typed_decisions: tuple[Metric, ...] = ()
    """Of distributions over options against gold, and of the uniform one (method `uniform`); empty where the run has
    none."""
    agreements: tuple[GraderAgreement, ...] = ()
    """Of a judge with the tasks' own graders; empty for a run without one."""
    labelled: Labelled | None = None
    """What a person's labels say of the grader, and of the numbers; None where none were given."""


class Comparison(Record, kw_only=True, frozen=True):
    """Several runs held against each other."""

    runs: tuple[RunSummary, ...]
    """In the order in which they are shown: by kind, then as given. Their names are unique."""
    baseline: str
    """Name of the run that every other one is compared with."""
    pairs: tuple[tuple[str, str], ...]
    """(run A, run B): each run against the baseline, then each against the one before it."""
    differences: tuple[Difference, ...]
    """In the order of the pairs; a pair that shares no question has none."""
    decisions: tuple[Decision, ...] = ()
    """When a rule would have decided the one pair; empty where none was asked for."""
    splits: tuple[ChangeSplit, ...] = ()
    """Of what the differences that depend on outcomes and confidences are made; in the order of the pairs."""
    self_knowledge: dict[str, Scorecard] = {}
    """Name of a run -> what its confidences know beyond difficulty; of three runs or more on the same questions."""
    attempts: dict[str, Scorecard] = {}
    """Name of a run -> how it does on what all runs attempt and on what only some do; empty where none declines what
    another attempts."""
    held: tuple[HeldVerdict, ...] = ()
    """The verdicts on confidences that both runs were asked for in several wordings, under each of these."""
    typed_decisions: tuple[Difference, ...] = ()
    """Of distributions over the options of typed decisions that both runs have; `p_holm` is corrected over these."""
    typed_measures: tuple[MeasureInfo, ...] = ()
    """What they are of."""


class Reach(Record, kw_only=True, frozen=True):
    """Whether the weighted vote of one run does as well with few draws as the majority vote of another with many."""

    task: str
    """A task's name, or `macro` for the unweighted mean over tasks."""
    protocol: str
    method: str
    """The confidences that weigh the votes of `run`."""
    run: str
    k: int
    """Draws of `run`."""
    value: float
    """Accuracy of its weighted vote."""
    other: str
    other_k: int
    other_value: float
    """Accuracy of its majority vote."""
    difference: float
    """value - other_value."""
    low: float | None
    """95 % interval of the difference (paired bootstrap over shared questions); None if it does not vary."""
    high: float | None
    verdict: Literal["reaches", "falls short", "undecided"]
    equals: float | None
    """Draws with which the other's majority vote has this accuracy; None if its curve does not pass there."""
    n_questions: int
    convention: str


class VotesRun(Record, kw_only=True, frozen=True):
    """Votes of one run."""

    name: str
    """Unique within the page."""
    model: str
    draws: dict[str, int]
    """Task -> generations per question."""
    metrics: tuple[Metric, ...]
    """Numbers of votes of k draws have the subset `k=...`; `n_used` counts questions."""


class Votes(Record, kw_only=True, frozen=True):
    """Votes by number of draws, of one run or of several on the questions that they share."""

    runs: tuple[VotesRun, ...]
    reaches: tuple[Reach, ...]
    """Empty for one run."""
    measures: tuple[MeasureInfo, ...]
    """What the metrics are."""
    notes: tuple[str, ...]
    """What a reader must know before the numbers."""


class RecalibrationFit(Record, kw_only=True, frozen=True):
    """How one recalibration of one method of one task was fitted."""

    task: str
    protocol: str
    method: str
    recalibration: str
    n_fit: int
    """Rows of the fit."""
    parameters: dict[str, float]
    note: str | None
    """What a reader must know of the rows of the fit; None if they are of the task itself."""
    reason: str | None
    """Why there is no map; None otherwise."""


class Recalibrated(Record, kw_only=True, frozen=True):
    """A run before and after its confidences were recalibrated."""

    name: str
    model: str
    how: str
    """Which rows the maps were fitted on."""
    notes: tuple[str, ...]
    before: str
    """Name of what was not recalibrated, in `scorecards` and `differences`."""
    descriptions: dict[str, str]
    """Recalibration -> what it is."""
    fits: tuple[RecalibrationFit, ...]
    scorecards: dict[str, Scorecard]
    """`before` and each recalibration -> the main numbers of the whole tasks and of their mean."""
    differences: tuple[Difference, ...]
    """Of each recalibration against `before`, on the same answers."""


class RescoringChange(Record, kw_only=True, frozen=True):
    """What a second reading of the stored texts gives otherwise, counted."""

    part: str
    """`grade`, or the name of the confidence method."""
    before: str
    """The outcome of the grade or the status of the confidence; `none` where there was no such row."""
    after: str
    """Equal to `before` where the answer or the value is another one."""
    n: int


class Rescoring(Record, kw_only=True, frozen=True):
    """What today's parser and graders make of a run's stored texts, held against what the run file says."""

    read: dict[str, int]
    """`grade`, then the methods -> how many were made again."""
    changes: tuple[RescoringChange, ...]
    reasoning: int
    """Generations whose reasoning begins or ends elsewhere now; their tokens are not counted again."""
    asked_again: dict[str, int]
    """Method -> confidences that the model gave about an answer that is read otherwise now; they are taken out, and the
    command that made the run asks for them again."""
    judged_again: int
    """Judgements of an answer that is read otherwise now, which are taken out as well."""
    lost: dict[str, int]
    """Method -> confidences of an answer that is read otherwise now, which stored log-probabilities would be needed
    for; their status becomes `failed`."""
