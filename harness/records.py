"""The data contract: what flows between tasks, harness, metrics and reports.

Records are frozen, typed and JSON-native. A record's key fields come first. Optional fields say when they are None.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

Domain = Literal["math", "code", "fact", "science", "reasoning", "other"]
"""The field of knowledge that a task belongs to; `other` if it is not known."""

Outcome = Literal["correct", "incorrect", "abstained", "echoed", "unparsed", "truncated", "failed"]
"""What became of one generation; exactly one of these, so that the counts add up to the generations asked for.

correct, incorrect: an answer was read and graded. abstained: the model declined. echoed: the reply repeats the form
that the prompt asks for instead of filling it. unparsed: finished, but no answer can be read. truncated: the token
budget ended before the answer was complete. failed: no verdict could be reached for a reason that is not the model's
answer (prompt longer than the context, grader out of time, unusable gold).
"""

Status = Literal["ok", "missing", "out_of_range", "ambiguous", "failed"]
"""How reading a confidence went. Only `ok` carries a value."""

Kind = Literal["base", "instruct", "sft", "rl"]
"""By what kind of training a checkpoint was made, in the order in which one follows from another: pre-training alone,
instruction tuning, fine-tuning on traces or labels (distillation, STaR, EpiCaR, confidence_sft), reinforcement (GRPO,
RLCR). The name of the run says which recipe it was."""


Better = Literal["higher", "lower", "nearer 0"]
"""Which values of a metric are better."""

_Number = Annotated[int, Meta(ge=0, le=2**53)]
"""Of tokens, draws or rows; no more than a float tells apart."""
_Integer = Annotated[int, Meta(ge=-(2**53), le=2**53)]
_LogProbability = Annotated[float, Meta(le=0)]
"""Natural."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all records. msgspec does not inherit `kw_only`: each record repeats it."""


class Question(Record, kw_only=True, frozen=True):
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
    level: _Integer | None = None
    """Difficulty, 1 is the easiest; None if the task has no levels."""
    cluster: str | None = None
    """Questions that share a cluster are not independent (same source claim, same entity); None: its own cluster."""
    split: str


class TypedDecision(Record, kw_only=True, frozen=True):
    """What a question is that is answered by a distribution over its options, and what gold says of each."""

    task: str
    question_id: str
    item: str
    """The question as it is asked of other states too, as `customer_service/urgency`."""
    kind: Literal["choice", "yes_no", "ordinal"]
    """yes_no: the options are no and yes, in this order; ordinal: they are levels, from the lowest on."""
    options: Annotated[tuple[str, ...], Meta(min_length=2)]
    """Names in the publisher's order."""
    gold: tuple[Annotated[float, Meta(ge=0, le=1)], ...]
    """Probability of each option; they sum to 1."""
    shown: tuple[_Number, ...]
    """Which of `options` each of the question's choices is, in the order shown."""


class Generation(Record, kw_only=True, frozen=True):
    """What the model wrote for one draw of one question under one protocol."""

    task: str
    question_id: str
    protocol: str
    draw: _Number
    """0 .. K-1."""
    seed: _Integer | None
    """Sampling seed of this draw; None for greedy decoding."""
    prompt_tokens: _Number | None
    """None if the backend, or the log that it was imported from, does not say it."""
    cached_tokens: _Number | None
    """Prompt tokens read from the prefix cache; None if the backend does not report it."""
    reasoning_tokens: _Number | None
    """Tokens of the reasoning, tags included; None if the token ids are unknown."""
    answer_tokens: _Number | None
    """Output tokens after the reasoning, end-of-turn included; None if the token ids are unknown."""
    finish_reason: Literal["stop", "length", "error"] | None
    """None if the log that it was imported from does not say it: whether the token limit cut it is then unknown."""
    logprob: _LogProbability | None = None
    """Sum of the output tokens' log-probabilities (nats), end-of-turn included; None if not asked of the engine."""
    latency: Annotated[float, Meta(ge=0)] | None
    """Seconds from submission to completion; None if not measured here."""
    error: str | None = None
    """Why there is no text; None unless finish_reason is `error`."""
    reasoning_opened: bool
    """The prompt itself opened the reasoning, so that `text` starts inside it."""
    reasoning: str | None
    """The part of `text` that is reasoning, without tags; None if there is none."""
    text: str
    """The whole output as decoded, reasoning and special tokens included, without the token that ends the turn."""
    token_ids: tuple[_Number, ...] | None
    """Output token ids; None if the backend does not give them."""


WORDING = "#"
"""Stands between a method and the number of the wording that it asked in, as in `asked#2`; the first wording is the
method's own, and has no number."""


TARGET = "target_"
"""Begins the protocol that tells how sure to be before answering, as in `target_0.75`."""


BUDGET = "@"
"""Stands between a protocol and the budget at which its reasoning is cut, as in `plain@256` (tokens) or `plain@25%`."""


class Confidence(Record, kw_only=True, frozen=True):
    """How sure the model is of one generation's answer, by one method."""

    task: str
    question_id: str
    protocol: str
    draw: _Number
    method: str
    value: Annotated[float, Meta(ge=0, le=1)] | None
    """In [0, 1]; None unless status is `ok`."""
    status: Status
    raw: str | None
    """What the value was read from: the text span, or the label probabilities as JSON; None if there was nothing."""
    cached_tokens: _Number | None = None
    """Prompt tokens that the follow-up request read from the prefix cache; None without a follow-up request."""


MACHINE = "machine: "
"""Begins the detail of a grade that is `failed` for a reason of the machine, as a grader that was killed: the command
that gave it grades the answer again when it is repeated."""


class Grade(Record, kw_only=True, frozen=True):
    """Whether one generation's answer is right: by the task's grader, or by the judge of the run."""

    task: str
    question_id: str
    protocol: str
    draw: _Number
    answer: str | None
    """The extracted answer; None if none was read."""
    outcome: Outcome
    grader: str
    """Name and version of the grader, as `number/1`; `judge` and its name where a judge gave the outcome."""
    detail: str | None = None
    """Why, where the outcome alone does not say it."""


class Judgement(Record, kw_only=True, frozen=True):
    """What a judge, a model that grades, says of one generation's answer."""

    task: str
    question_id: str
    protocol: str
    draw: _Number
    judge: str
    """Which judge, by its name in the manifest's `judges`."""
    outcome: Outcome
    """correct, incorrect, abstained; failed where its reply fits none of these, or it could not be asked; unparsed
    where there was no text to ask about."""
    probability: Annotated[float, Meta(ge=0, le=1)] | None
    """Of the class among the classes; None where it was read from a reply, or there is none."""
    asked: str | None
    """Hash of what the judge was asked: another question, gold, answer or wording has another one. None: nothing."""
    detail: str | None
    """Why, where the outcome alone does not say it."""
    reply: str | None
    """What the class was read from: the letters' probabilities as JSON, or the text; None if there was nothing."""


class Draw(NamedTuple):
    """One draw of one question under one protocol, with all that a run holds of it."""

    task: str
    question_id: str
    protocol: str
    draw: int
    question: Question | None
    """None of predictions that were scored from a file, as `generation`."""
    generation: Generation | None
    grade: Grade | None
    """None: not graded yet."""
    confidences: dict[str, Confidence]
    """By method."""


class AnswerClass(Record, kw_only=True, frozen=True):
    """Which of the draws of a question say the same as this one; read without gold and tests."""

    task: str
    question_id: str
    protocol: str
    draw: _Number
    answer_class: _Number | None
    """Equal for draws that answer the same: 0, 1, ... in the order of their first draws. None: no answer is read."""


class Metric(Record, kw_only=True, frozen=True):
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
    n_used: _Number
    """Generations that entered the number."""
    n_total: _Number
    """Generations asked for."""
    convention: str
    """The definition that decides the number: bins, edges, ties, denominator, interval."""
    reason: str | None = None
    """Why value is None; None otherwise."""


class ReliabilityBin(Record, kw_only=True, frozen=True):
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


class Reliability(Record, kw_only=True, frozen=True):
    """The data of one reliability diagram, and of the confidence histogram by outcome below it."""

    task: str
    protocol: str
    method: str
    subset: str
    n_used: _Number
    n_total: _Number
    convention: str
    bins: tuple[ReliabilityBin, ...]


class RiskPoint(Record, kw_only=True, frozen=True):
    """The errors among the most confident answers."""

    coverage: float
    """Share of the answers with a confidence, the most confident ones."""
    risk: float
    """Share of wrong ones among them, expected over orders of ties."""
    low: float | None
    """95 % interval of the risk; None if there is none."""
    high: float | None


class RiskCoverage(Record, kw_only=True, frozen=True):
    """The data of one risk-coverage curve."""

    task: str
    protocol: str
    method: str
    subset: str
    n_used: _Number
    n_total: _Number
    convention: str
    points: tuple[RiskPoint, ...]
    """From the lowest coverage to 1; empty if no answer has a confidence."""


class MeasureInfo(Record, kw_only=True, frozen=True):
    """What a reader must know of a metric to read its numbers."""

    metric: str
    title: str
    """Heading of its columns."""
    meaning: str | None
    """A sentence beside figures of it; None: pages draw no figure of it."""
    better: Better | None
    """None: it is not judged."""
    of_confidences: bool
    """It is of the answers that have a confidence."""
    signed: bool
    """It may be negative, and is shown with its sign."""
    place: int | None
    """Among the columns of the main tables, from the left, equal ones in this order; None: it is not there."""
    interval: bool
    """It has 95 % intervals, where these can be computed."""


class Scorecard(Record, kw_only=True, frozen=True):
    """All numbers of one run."""

    metrics: tuple[Metric, ...]
    reliability: tuple[Reliability, ...]
    measures: tuple[MeasureInfo, ...]
    """What the metrics are."""
    risk_coverage: tuple[RiskCoverage, ...] = ()
    """Of whole tasks."""


class Sampling(NamedTuple):
    """How the next token is chosen. temperature 0 is greedy decoding."""

    temperature: float
    top_p: float
    max_tokens: int
    log_probabilities: bool = False
    """Ask for the `scores` of the completion; they change no token."""
    entropies: bool = False
    """Ask for those of the scores too. No label probabilities may be asked for at the same time (`choose`)."""
    certainties: bool = False
    """Ask for those of the scores too, of a backend that has `whole_vocabulary`."""
    top_k: int = 0
    """The k likeliest tokens alone; 0: all."""
    min_p: float = 0.0
    """Tokens alone that are at least this times as likely as the likeliest."""
    presence_penalty: float = 0.0
    """Taken from the logit of each token that the output has."""
    repetition_penalty: float = 1.0
    """Divides the logit of each token that prompt or output has, or multiplies a negative one."""


UNSAID: dict[str, Any] = {
    "remote_code": "", "trust_remote_code": False, "template": "", "top_k": 0, "min_p": 0.0, "presence_penalty": 0.0,
    "repetition_penalty": 1.0, "system": None, "language": "en", "shard": None, "parser": "parse/0",
}  # fmt: skip
"""With what a run was made whose file does not say it."""


class TokenFeatures(msgspec.Struct, frozen=True):
    """What a reading from token log-probabilities keeps of them: its `raw`, as JSON."""

    mean_logprob: _LogProbability
    """Mean log-probability of the tokens (nats); minus the logarithm of their perplexity."""
    total_logprob: _LogProbability
    min_logprob: _LogProbability
    tokens: _Number
    mean_entropy: Annotated[float, Meta(ge=0)] | None
    """Mean of `TokenScores.entropies`; None where the run also asked for label probabilities."""
