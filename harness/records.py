"""The data contract: what flows between tasks, harness, metrics and reports.

Records are frozen, typed and JSON-native. A record's key fields come first. Optional fields say when they are None.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Domain = Literal["math", "code", "fact", "science", "reasoning", "other"]
"""The field of knowledge that a task belongs to; `other` if it is not known."""

Outcome = Literal["correct", "incorrect", "abstained", "unparsed", "truncated", "failed"]
"""What became of one generation; exactly one of these, so that the counts add up to the generations asked for.

correct, incorrect: an answer was read and graded. abstained: the model declined. unparsed: finished, but no answer can
be read. truncated: the token budget ended before the answer was complete. failed: no verdict could be reached for a
reason that is not the model's answer (prompt longer than the context, grader out of time, unusable gold).
"""

Status = Literal["ok", "missing", "out_of_range", "ambiguous", "failed"]
"""How reading a confidence went. Only `ok` carries a value."""

Kind = Literal["base", "instruct", "sft", "rl"]
"""By what kind of training a checkpoint was made, in the order in which one follows from another: pre-training alone,
instruction tuning, fine-tuning on traces or labels (distillation, STaR, EpiCaR, confidence_sft), reinforcement (GRPO,
RLCR). Which recipe it was is told by the name of the run."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all records. msgspec does not inherit `kw_only`: each record repeats it."""


class Question(Record, kw_only=True):
    """One question of a task."""

    task: str
    question_id: str
    """Unique within the task and stable across versions of the data: content or the publisher's id, not a position."""
    text: str
    """What is asked, without any instruction on the form of the answer."""
    choices: tuple[str, ...] = ()
    """The options of a multiple-choice question in the order shown; empty for open questions."""
    gold: tuple[str, ...]
    """Accepted answers; any of them is right."""
    tests: tuple[str, ...] = ()
    """Python statements that decide whether a program is right: asserts, after the set-up that they need; empty where
    the answer is no program."""
    domain: Domain
    subject: str | None = None
    """The publisher's category; None if it has none."""
    level: int | None = None
    """Difficulty, 1 is the easiest; None if the task has no levels."""
    cluster: str | None = None
    """Questions that share a cluster are not independent (same source claim, same entity); None: its own cluster."""
    split: str


class Generation(Record, kw_only=True):
    """What the model wrote for one draw of one question under one protocol."""

    task: str
    question_id: str
    protocol: str
    draw: int
    """0 .. K-1."""
    seed: int | None
    """Sampling seed of this draw; None for greedy decoding."""
    prompt_tokens: int
    cached_tokens: int | None
    """Prompt tokens read from the prefix cache; None if the backend does not tell."""
    reasoning_tokens: int | None
    """Tokens of the reasoning, tags included; None if the token ids are unknown."""
    answer_tokens: int | None
    """Output tokens after the reasoning, end-of-turn included; None if the token ids are unknown."""
    finish_reason: Literal["stop", "length", "error"]
    logprob: float | None = None
    """Sum of the output tokens' log-probabilities (nats), end-of-turn included; None if not asked of the engine."""
    latency: float | None
    """Seconds from submission to completion; None if not measured here."""
    error: str | None = None
    """Why there is no text; None unless finish_reason is `error`."""
    reasoning_opened: bool
    """The prompt itself opened the reasoning, so that `text` starts inside it."""
    reasoning: str | None
    """The part of `text` that is reasoning, without tags; None if there is none."""
    text: str
    """The whole output as decoded, reasoning and special tokens included, without the token that ends the turn."""
    token_ids: tuple[int, ...] | None
    """Output token ids; None if the backend does not give them."""


class Confidence(Record, kw_only=True):
    """How sure the model is of one generation's answer, by one method."""

    task: str
    question_id: str
    protocol: str
    draw: int
    method: str
    value: float | None
    """In [0, 1]; None unless status is `ok`."""
    status: Status
    raw: str | None
    """What the value was read from: the text span, or the label probabilities as JSON; None if there was nothing."""
    cached_tokens: int | None = None
    """Prompt tokens that the follow-up request read from the prefix cache; None without a follow-up request."""


class Grade(Record, kw_only=True):
    """Whether one generation's answer is right."""

    task: str
    question_id: str
    protocol: str
    draw: int
    answer: str | None
    """The extracted answer; None if none was read."""
    outcome: Outcome
    grader: str
    """Name and version of the grader, as `number/1`."""
    detail: str | None = None
    """Why, where the outcome alone does not say it."""


class Metric(Record, kw_only=True):
    """One number of a scorecard."""

    task: str
    """A task's name, or `macro` for the unweighted mean over tasks."""
    protocol: str
    method: str
    subset: str
    """`all`, or `domain=math`, `level=3`, `subject=Algebra`, ..."""
    metric: str
    value: float | None
    """None if undefined; `reason` then says why."""
    low: float | None = None
    """Lower end of the 95 % interval; None if there is none."""
    high: float | None = None
    n_used: int
    """Generations that entered the number."""
    n_total: int
    """Generations asked for."""
    convention: str
    """The definition that decides the number: bins, edges, ties, denominator, interval."""
    reason: str | None = None
    """Why value is None; None otherwise."""


class ReliabilityBin(Record, kw_only=True):
    """One bin of a reliability diagram."""

    low: float
    """Lower edge (open, except in the first bin)."""
    high: float
    """Upper edge (closed)."""
    n: int
    confidence: float | None
    """Mean confidence; None if the bin is empty."""
    accuracy: float | None
    accuracy_low: float | None
    """95 % interval of the bin's accuracy."""
    accuracy_high: float | None
    noise_low: float | None
    """95 % band within which the accuracy of a perfectly calibrated model of the same confidences would fall."""
    noise_high: float | None
    n_correct: int
    n_incorrect: int


class Reliability(Record, kw_only=True):
    """The data of one reliability diagram, and of the confidence histogram by outcome below it."""

    task: str
    protocol: str
    method: str
    subset: str
    n_used: int
    n_total: int
    convention: str
    bins: tuple[ReliabilityBin, ...]


class Scorecard(Record, kw_only=True):
    """All numbers of one run."""

    metrics: tuple[Metric, ...]
    reliability: tuple[Reliability, ...]


class Difference(Record, kw_only=True):
    """A metric of run B minus the same metric of run A, paired on the questions that both answered."""

    run_a: str
    """Name of run A, unique within the comparison."""
    run_b: str
    task: str
    protocol: str
    method: str
    subset: str
    metric: str
    a: float | None
    b: float | None
    difference: float | None
    """b - a; None if either is undefined."""
    low: float | None
    """95 % interval of the difference (paired bootstrap over shared questions)."""
    high: float | None
    p_value: float | None
    p_holm: float | None
    """p_value after Holm's correction over all differences of the comparison."""
    verdict: Literal["better", "worse", "equivalent", "undecided"]
    """Of B against A. `equivalent`: the interval lies inside the stated margin."""
    n_questions: int
    """Questions shared by both runs."""
    convention: str
    reason: str | None = None


class GalleryItem(Record, kw_only=True):
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


class OutcomeCount(Record, kw_only=True):
    """How many generations of a task ended in each outcome, and how many gave a confidence by each method."""

    task: str
    protocol: str
    domain: Domain
    outcomes: dict[str, int]
    """Outcome -> count, of all outcomes that could be told."""
    confidences: dict[str, dict[str, int]]
    """method -> status -> count."""


class RunSummary(Record, kw_only=True):
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
    rows: Literal["method", "model"] = "method"
    """What a `method` of the scorecard is: a method that judges the same answers as the others, or a model with answers
    of its own."""


class Comparison(Record, kw_only=True):
    """Several runs held against each other."""

    runs: tuple[RunSummary, ...]
    """In the order in which they are shown: by kind, then as given. Their names are unique."""
    baseline: str
    """Name of the run that every other one is compared with."""
    pairs: tuple[tuple[str, str], ...]
    """(run A, run B): each run against the baseline, then each against the one before it."""
    differences: tuple[Difference, ...]
    """In the order of the pairs; a pair that shares no question has none."""


class Reach(Record, kw_only=True):
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


class ScalingRun(Record, kw_only=True):
    """Votes of one run."""

    name: str
    """Unique within the page."""
    model: str
    draws: dict[str, int]
    """Task -> generations per question."""
    metrics: tuple[Metric, ...]
    """Numbers of votes of k draws have the subset `k=...`; `n_used` counts questions."""


class Scaling(Record, kw_only=True):
    """What more draws bring, for one run or for several on the questions that they share."""

    runs: tuple[ScalingRun, ...]
    reaches: tuple[Reach, ...]
    """Empty for one run."""
    notes: tuple[str, ...]
    """What a reader must know before the numbers."""


class RecalibrationFit(Record, kw_only=True):
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


class Recalibrated(Record, kw_only=True):
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
