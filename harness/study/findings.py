"""Published findings, each as the difference of two numbers of the study, and the rule that judges them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from calibench.metrics.estimate import Ends
from calibench.metrics.measures import NO_METHOD
from calibench.study.estimates import AS_READ, CLASSIFIER, UNCHOSEN
from calibench.study.numbers import MARGIN, Side

Expectation = Literal["higher", "lower", "not higher", "not lower"]
Verdict = Literal["holds", "fails", "undecided"]
Standing = Literal["before", "after", "planted"]
"""Whether a row was written before the first results, or after them; or whether its answer was planted: the corpus that
both checkpoints learned from gives their percentages by one table, so that its difference repeats that of accuracy."""


class Finding(NamedTuple):
    """A published statement, and the difference b - a that decides whether it holds here."""

    source: str
    claim: str
    a: Side
    b: Side
    expected: Expectation
    standing: Standing = "before"


REASONING = ("math", "code")
FACTS = ("fact",)


def _pair(a: str, b: str, metric: str, method: str, domains: tuple[str, ...] | None = None) -> tuple[Side, Side]:
    return Side(a, metric, method, domains), Side(b, metric, method, domains)


_EPICAR, _ZENG = "EpiCaR (Yeom et al. 2026)", "Thinking Out Loud (Zeng et al. 2025)"
_RLCR, _CISC = "this project, after RLCR (Damani et al. 2025)", "CISC (Taubenfeld et al. 2025)"
_OURS = "this project"
_OUTSIDE = ("fact", "code")
FINDINGS = (
    Finding(_EPICAR, "Training on right traces alone (STaR) raises accuracy above its parent (sft)",
            *_pair("sft", "star", "accuracy", "stated"), "higher"),
    Finding(_EPICAR, "STaR makes P(True) more over-confident than its parent's (mean confidence - accuracy)",
            *_pair("sft", "star", "signed_gap", "p_true"), "higher"),
    Finding(_EPICAR, "EpiCaR's P(True) has a lower ECE than STaR's",
            *_pair("star", "epicar", "ece", "p_true"), "lower"),
    Finding(_EPICAR, "EpiCaR's P(True) has a higher AUROC than STaR's",
            *_pair("star", "epicar", "auroc", "p_true"), "higher"),
    Finding(_EPICAR, "EpiCaR's P(True) has a lower Brier score than STaR's",
            *_pair("star", "epicar", "brier", "p_true"), "lower"),
    Finding(_EPICAR, "EpiCaR is not more accurate than STaR (equal or lower in the paper's rebuttal tables)",
            *_pair("star", "epicar", "accuracy", "stated"), "not higher"),
    Finding(_EPICAR, "EpiCaR is more accurate than STaR (the paper's headline, beside better calibration)",
            *_pair("star", "epicar", "accuracy", "stated"), "higher", "after"),
    Finding(_EPICAR, "EpiCaR with 10 draws weighted by P(True) reaches STaR's majority vote of 30",
            Side("star", "majority@30", NO_METHOD), Side("epicar", "weighted@10", "p_true"), "not lower"),
    Finding(_EPICAR, "EpiCaR with 10 draws, weighted at temperature 1, reaches STaR's majority vote of 30",
            Side("star", "majority@30", NO_METHOD), Side("epicar", f"{UNCHOSEN}@10", "p_true"), "not lower", "after"),
    Finding(_EPICAR, "Self-training on right traces alone narrows P(True) within a question (STaR below sft)",
            *_pair("sft", "star", "spread_within", "p_true"), "lower"),
    Finding(_EPICAR, "EpiCaR keeps P(True) wider within a question than STaR",
            *_pair("star", "epicar", "spread_within", "p_true"), "higher"),
    Finding(_EPICAR, "Self-training on right traces alone narrows the answers (distinct ones, STaR below sft)",
            *_pair("sft", "star", "distinct_answers", NO_METHOD), "lower"),
    Finding(_EPICAR, "STaR with a classifier of token features has a lower ECE than EpiCaR's P(True)",
            Side("epicar", "ece", f"p_true + {AS_READ}"), Side("star", "ece", CLASSIFIER), "lower"),
    Finding(_EPICAR, "STaR with a classifier of token features has a lower Brier score than EpiCaR's P(True)",
            Side("epicar", "brier", f"p_true + {AS_READ}"), Side("star", "brier", CLASSIFIER), "lower"),
    Finding(_EPICAR, "Trained on math alone, EpiCaR's P(True) has a lower ECE than STaR's on programs and facts",
            *_pair("star_math", "epicar_math", "ece", "p_true", _OUTSIDE), "lower"),
    Finding(_EPICAR, "Trained on math alone, EpiCaR's P(True) has a higher AUROC than STaR's on programs and facts",
            *_pair("star_math", "epicar_math", "auroc", "p_true", _OUTSIDE), "higher"),
    Finding(_CISC, "EpiCaR's votes weighted by P(True) beat its majority vote (10 draws)",
            Side("epicar", "majority@10", NO_METHOD), Side("epicar", "weighted@10", "p_true"), "higher"),
    Finding(_CISC, "Discrimination within a question (WQD of P(True)) is higher for EpiCaR than for STaR",
            *_pair("star", "epicar", "wqd", "p_true"), "higher"),
    Finding(_ZENG, "Reasoning (sft) lowers the stated ECE on math and programs against instruct",
            *_pair("instruct", "sft", "ece", "stated", REASONING), "lower", "planted"),
    Finding(_ZENG, "Reasoning (sft) raises the stated AUROC on math and programs against instruct",
            *_pair("instruct", "sft", "auroc", "stated", REASONING), "higher", "planted"),
    Finding(_ZENG, "On facts the stated ECE of sft is higher than that of instruct",
            *_pair("instruct", "sft", "ece", "stated", FACTS), "higher", "planted"),
    Finding(_ZENG, "Reinforcement (rl) lowers the stated ECE on math and programs against sft",
            *_pair("sft", "rl", "ece", "stated", REASONING), "lower"),
    Finding(_ZENG, "On facts reinforcement (rl) lowers the stated ECE again (against sft)",
            *_pair("sft", "rl", "ece", "stated", FACTS), "lower"),
    Finding(_RLCR, "A Brier reward on the percentage (rlcr) lowers the stated ECE against rewarding right answers (rl)",
            *_pair("rl", "rlcr", "ece", "stated"), "lower"),
    Finding(_RLCR, "A Brier reward on the percentage (rlcr) raises the stated AUROC against rl",
            *_pair("rl", "rlcr", "auroc", "stated"), "higher"),
    Finding(_RLCR, "A Brier reward on the percentage (rlcr) costs no accuracy against rl",
            *_pair("rl", "rlcr", "accuracy", "stated"), "not lower"),
    Finding(_OURS, "With new questions in each round (epicar_fresh), EpiCaR's P(True) has a lower ECE than without",
            *_pair("epicar", "epicar_fresh", "ece", "p_true"), "lower", "after"),
    Finding(_OURS, "With new questions in each round, EpiCaR's P(True) is less over-confident (mean - accuracy)",
            *_pair("epicar", "epicar_fresh", "signed_gap", "p_true"), "lower", "after"),
    Finding(_OURS, "With new questions in each round, EpiCaR's P(True) has a higher AUROC",
            *_pair("epicar", "epicar_fresh", "auroc", "p_true"), "higher", "after"),
    Finding(_OURS, "With new questions in each round, EpiCaR has a lower ECE of P(True) than STaR",
            *_pair("star", "epicar_fresh", "ece", "p_true"), "lower", "after"),
    Finding(_OURS, "Distilled success rates (confidence_sft) lower the stated ECE against sft",
            *_pair("sft", "confidence_sft", "ece", "stated"), "lower"),
    Finding(_OURS, "Distilled success rates (confidence_sft) raise the stated AUROC against sft",
            *_pair("sft", "confidence_sft", "auroc", "stated"), "higher"),
)  # fmt: skip


def verdict(expected: Expectation, of_seed: Sequence[float], interval: Ends, margin: float = MARGIN) -> Verdict:
    """Whether a finding holds, by rule.

    An effect (`higher`, `lower`) holds where every seed has its sign and the interval excludes 0; it fails where the
    interval excludes an effect of `margin` or more. The absence of an effect (`not higher`, `not lower`) holds where
    the interval excludes an effect of `margin` or more, and fails where the effect itself would hold. All else is
    undecided, as is what has no interval.
    """
    if interval is None:
        return "undecided"
    sign = 1 if expected.endswith("higher") else -1
    low, high = sorted(sign * end for end in interval)
    effect, excluded = low > 0 and all(sign * d > 0 for d in of_seed), high < margin
    if expected.startswith("not"):
        return "fails" if effect and not excluded else "holds" if excluded else "undecided"
    return "holds" if effect else "fails" if excluded else "undecided"
