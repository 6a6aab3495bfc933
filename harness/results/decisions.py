"""What is decided by confidences: policies, what they cost, what they automate, and whether they are still kept."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from calibench.records import Record

_Number = Annotated[int, Meta(ge=0)]
_Share = Annotated[float, Meta(ge=0, le=1)]


class ThresholdRule(Record, kw_only=True, frozen=True):
    """From which confidence on answers of one kind may go out without a person."""

    task: str
    """A task's name; `all` for the answers of all tasks together."""
    protocol: str
    method: str
    threshold: _Share | None
    """None: all answers go to a person."""
    alpha: Annotated[float, Meta(gt=0, lt=1)]
    """The chance, over samples, that this rule breaks its promise: 1 - level, shared among all rules that were
    tried."""
    n: _Number
    """Independent questions, one answer of each, without those that failed for a reason that is not the model's."""
    n_scored: _Number
    """Of them, those with an answer and a confidence."""
    n_automated: _Number
    """Of them, those whose confidence is at least the threshold."""
    n_right: _Number
    """Of them, the right ones."""
    share: _Share | None
    """n_automated / n; None without any question."""
    precision: _Share | None
    """n_right / n_automated; None if nothing is automated."""
    precision_low: _Share | None
    """95 % Clopper-Pearson interval of the precision at this threshold."""
    precision_high: _Share | None
    tokens_per_correct: Annotated[float, Meta(ge=0)] | None
    """Tokens generated for all n answers / n_right; None if the tokens are not known, or n_right is 0."""
    needed: _Number | None
    """At least so many further labelled questions are needed before a threshold can be shown; None if there is one."""


class Policy(Record, kw_only=True, frozen=True):
    """Which answers of a model may go out without a person: what a policy file holds."""

    schema: Literal["calibench-policy/1"]
    calibench: str
    """The version that made it."""
    name: str
    """Of the run or file that it was made from."""
    model: str
    precision: Annotated[float, Meta(gt=0, lt=1)]
    """Share of right answers that the automated ones have at least."""
    level: Annotated[float, Meta(gt=0, lt=1)]
    """Chance, over samples, that all rules together keep this."""
    seed: _Number
    """Chose the one answer of each question."""
    guarantee: str
    """What is promised, and under which condition, in words."""
    identity: dict[str, str | int | float | bool | None]
    """What the answers came from: weights, prompts, protocol, method, scale and sampling, as far as it is known."""
    columns: dict[str, str]
    """Role -> column of the file that it was made from; empty for a run."""
    rules: Annotated[tuple[ThresholdRule, ...], Meta(min_length=1)]
    """One for all tasks together, or one per task."""


class CostPoint(Record, kw_only=True, frozen=True):
    """What answers cost if those at or above a threshold go out and a person checks the others."""

    threshold: float
    automated: float
    """Per 100 answers; so many checks are saved."""
    errors: float
    """Wrong answers that go out, per 100 answers."""
    cost: float
    """Per 100 answers, in the unit of the given costs."""


class RuleCosts(Record, kw_only=True, frozen=True):
    """What a rule costs, beside other thresholds, as the labelled answers have it."""

    task: str
    protocol: str
    method: str
    cost_error: float
    """Of a wrong answer that goes out."""
    cost_review: float
    """Of a check by a person, who finds every error."""
    cost_token: float
    """Of a generated token."""
    break_even: float
    """An answer that is right with a greater chance costs less if it goes out than if it is checked."""
    all_checked: float
    """Cost per 100 answers if nothing goes out."""
    at_threshold: CostPoint | None
    """None if nothing is automated."""
    cheapest: CostPoint | None
    """The threshold of the least cost, without any guarantee; None if nothing is cheaper than to check all."""
    curve: tuple[CostPoint, ...]
    """Of every threshold of the grid, from the highest one down."""


class Thresholds(Record, kw_only=True, frozen=True):
    """A policy, and everything that was tried for it."""

    policy: Policy
    reached: bool
    """Some rule of the policy has a threshold."""
    tried: tuple[ThresholdRule, ...]
    """Of every protocol and method, those of the policy among them."""
    costs: tuple[RuleCosts, ...]
    """Of each rule of the policy; empty where no costs were given."""
    notes: tuple[str, ...]
    """What a reader must know before the numbers."""


class DecisionCount(Record, kw_only=True, frozen=True):
    """How many answers one rule automates."""

    task: str
    threshold: float | None
    automate: _Number
    review: _Number
    no_confidence: _Number
    """Of those for review, the ones without an answer or a confidence."""


class DriftTest(Record, kw_only=True, frozen=True):
    """Whether the answers that one rule automates are still right often enough."""

    task: str
    threshold: float | None
    n: _Number
    """Labelled questions, one answer of each."""
    n_automated: _Number
    n_right: _Number
    precision: float | None
    """n_right / n_automated; None if nothing was automated."""
    evidence: float
    """The greatest capital of a bet that the precision is below its target, which begins with 1."""
    limit: float
    """The evidence at which the precision counts as drifted."""
    found_after: _Number | None
    """Automated answers until the limit was reached; None if it was not."""


class Checked(Record, kw_only=True, frozen=True):
    """A policy held against labelled answers."""

    policy: str
    """Its name."""
    precision: float
    """The target."""
    alpha: float
    """Chance of a false alarm, however often one looks."""
    drifted: bool
    tests: tuple[DriftTest, ...]
    """One per rule of the policy."""
    convention: str
    notes: tuple[str, ...]


class RuleLook(Record, kw_only=True, frozen=True):
    """A number as it was after some of the questions."""

    questions: _Number
    level: float
    """Chance that the interval misses, which this look spends."""
    value: float | None
    """None if it was undefined."""
    low: float | None
    """All intervals of a number hold at once with a chance of 95 %; None if there is none."""
    high: float | None


class RuleOutcome(Record, kw_only=True, frozen=True):
    """What a stopping rule saw of one task and method."""

    task: str
    protocol: str
    method: str
    metric: str
    width: float
    """The value is to be known to plus or minus this."""
    looks: tuple[RuleLook, ...]
    """At least one."""
    reason: Literal["reached", "all asked", "not reached"]
    """Why no more was asked. `not reached`: the run was stopped, or its limit ends before the next look."""
    available: _Number
    """Questions that the task has."""
    needed: _Number | None
    """Questions after which the width would be reached if the interval goes on narrowing as the root of their number;
    None where it is reached, or there is no interval."""


class Decision(Record, kw_only=True, frozen=True):
    """After which question two runs were told apart, looked at in the order in which runs ask."""

    run_a: str
    run_b: str
    task: str
    protocol: str
    method: str
    metric: str
    margin: float
    verdict: Literal["better", "worse", "equivalent", "undecided"]
    """Of B against A, at the last look. Of all decisions that are made together, the chance that any is wrong is at
    most 5 %."""
    looks: tuple[RuleLook, ...]
    """The difference B - A at each look until it was decided, of the signed gap the difference of the distances from
    zero."""
    finished: _Number
    """Questions that both runs have finished."""
    available: _Number
    """Questions that there are."""
    generations: tuple[_Number, _Number]
    """Of A and of B, up to the last look."""


class PlannedComparison(Record, kw_only=True, frozen=True):
    """How many questions a comparison of two models needs."""

    task: str
    """Of the pilot; `assumed` without one."""
    protocol: str
    method: str
    draws: _Number
    questions: _Number | None
    """None: undefined on the pilot, or more than 2^40."""
    generations: _Number | None
    """questions x draws, of each model."""


class Plan(Record, kw_only=True, frozen=True):
    """How many questions and draws tell two models apart."""

    metric: str
    difference: float
    power: float
    level: float
    """Of the test, corrected for the number of differences."""
    assumptions: tuple[str, ...]
    """What was not measured, in sentences, and what bounds the answer."""
    rows: tuple[PlannedComparison, ...]
