"""From labelled answers to a policy: from which confidence on may answers go out without a person? Needs no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from calibench.analysis import answers
from calibench.analysis.answers import ANSWERED, Answers
from calibench.analysis.options import ColumnOptions, ThresholdOptions
from calibench.analysis.policy import ALL, SCHEMA
from calibench.analysis.protocols import of_protocols
from calibench.errors import InputError
from calibench.fields import read
from calibench.files import write_text
from calibench.results.decisions import CostPoint, Policy, RuleCosts, ThresholdRule, Thresholds
from calibench.store import RunFile
from calibench.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from calibench.metrics.threshold import Counts


class Costs(NamedTuple):
    """In one unit, whichever."""

    error: float
    """Of a wrong answer that goes out."""
    review: float
    """Of a check by a person."""
    token: float
    """Of a generated token."""


Key = tuple[str, str, str]
"""Task or `ALL`, protocol, method."""


def threshold(
    of: Answers,
    *,
    precision: float,
    level: float = 0.9,
    by_task: bool = False,
    methods: Sequence[str] | None = None,
    protocols: Sequence[str] | None = None,
    seed: int = 0,
    costs: Costs | None = None,
) -> Thresholds:
    """Finds the lowest confidence from which on a share of at least `precision` of the answers is right.

    Every protocol and method is tried, and all rules together keep the promise with a chance of `level`; the policy is
    of the one that automates most.

    Args:
        of: labelled answers.
        precision: in (0, 1).
        level: in (0, 1); chance, over samples, that the promise is kept.
        by_task: a threshold for each task, instead of one for all together.
        methods: to try; None: all.
        protocols: to try; None: those of whole generations.
        seed: chooses one answer of each question.
        costs: None: nothing is said of them.

    Raises:
        InputError: no answer has a confidence, a method or protocol is not there, a file is of several models, or
            tokens that cost are not known.
    """
    frame, left_out = of_protocols(_tried(of, methods), protocols, of.name)
    groups = frame.groupby(["task", "protocol", "method"] if by_task else ["protocol", "method"], sort=True)
    cells: dict[Key, pd.DataFrame] = {(key if by_task else (ALL, *key)): rows for key, rows in groups}
    alpha = round(1 - level, 12) / len(cells)
    chosen_rows = {key: one_per_question(rows, seed) for key, rows in cells.items()}
    rules = [_rule(key, rows, precision, alpha) for key, rows in chosen_rows.items()]
    chosen = _best(rules)
    first = chosen[0]
    tasks = sorted(frame["task"][(frame["protocol"] == first.protocol)].unique())
    policy = Policy(
        schema=SCHEMA,
        calibench=__version__,
        name=of.name,
        model=of.model,
        precision=precision,
        level=level,
        seed=seed,
        guarantee=_guarantee(precision, level, by_task, len(cells), tasks) + _as_judged(frame),
        identity=answers.identity(of, first.protocol, first.method, tasks) | answers.graders(of, tasks),
        columns=of.columns,
        rules=tuple(chosen),
    )
    priced = (
        [_costs(of, rule, chosen_rows[rule.task, rule.protocol, rule.method], costs) for rule in chosen]
        if costs
        else []
    )
    return Thresholds(
        policy=policy,
        reached=any(rule.threshold is not None for rule in chosen),
        tried=tuple(rules),
        costs=tuple(priced),
        notes=(*of.notes, *left_out),
    )


def from_options(of: str | Path | RunFile, given: Mapping[str, Any]) -> Thresholds:
    """As `threshold`, with the fields of `ThresholdOptions` and `ColumnOptions`.

    Raises:
        InputError: also for one that there is not or that does not fit.
    """
    told = read((ThresholdOptions, ColumnOptions), dict(given))
    columns = ColumnOptions(**{name: told.pop(name) for name in ColumnOptions.__struct_fields__ if name in told})
    if "precision" not in told:
        raise InputError("threshold: expected a precision, such as 0.95, found none")
    chosen = ThresholdOptions(**told)
    return threshold(
        answers.read(of, columns.by_role(), columns.scale),
        precision=chosen.precision,
        level=chosen.level,
        by_task=chosen.by == "task",
        methods=chosen.confidence,
        protocols=chosen.protocol,
        seed=chosen.seed,
        costs=_given_costs(chosen),
    )


def _given_costs(chosen: ThresholdOptions) -> Costs | None:
    if chosen.cost_error is None and chosen.cost_review is None and not chosen.cost_token:
        return None
    if chosen.cost_error is None or chosen.cost_review is None:
        raise InputError("--cost-error and --cost-review go together: a check pays where an error costs more")
    return Costs(chosen.cost_error, chosen.cost_review, chosen.cost_token)


def publish(found: Thresholds, file: Path) -> Path:
    """Writes the policy; returns the file."""
    write_text(file, msgspec.json.format(msgspec.json.encode(found.policy), indent=1).decode() + "\n")
    return file


def _tried(of: Answers, methods: Sequence[str] | None) -> pd.DataFrame:
    """The rows of these methods that were asked for a confidence, without those that failed."""
    frame = of.frame
    known = sorted(set(frame["method"]) - {"none"})
    for method in set(methods or ()) - set(known):
        raise InputError(f"{of.name}: no confidences by {method!r}; it has: {', '.join(known) or 'none'}")
    if not of.is_run and frame["model"].nunique() > 1:
        raise InputError(f"{of.name}: a policy is of one model, found {', '.join(frame['model'].unique()):.100}")
    frame = frame[frame["method"].isin(methods or known) & (frame["outcome"] != "failed")]
    if not (of.having().reindex(frame.index) & frame["outcome"].isin(ANSWERED)).any():
        raise InputError(f"{of.name}: no graded answer has a confidence; nothing can be decided by it")
    return frame


def one_per_question(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One answer of each independent question: the same one of every method."""
    import numpy as np
    import pandas as pd

    codes = {  # numbers, as copies of a million texts are as large as all else
        name: pd.factorize(rows[name], sort=True, use_na_sentinel=False)[0]
        for name in ("task", "cluster", "question_id", "draw")
    }
    order = np.lexsort([*reversed(codes.values())])
    chosen = order[np.random.default_rng(seed).permutation(len(order))]
    again = pd.DataFrame({name: codes[name][chosen] for name in ("task", "cluster")}).duplicated()
    return rows.iloc[chosen[~again]]


def _rule(key: Key, rows: pd.DataFrame, precision: float, alpha: float) -> ThresholdRule:
    from calibench.metrics import threshold as metric

    counts = counts_of(rows)
    found = metric.search(counts, precision, alpha)
    tokens = _tokens(rows)
    ends = metric.exact_interval(found.right, found.n) if found.n else (None, None)
    return ThresholdRule(
        **dict(zip(("task", "protocol", "method"), key, strict=True)),
        threshold=found.threshold,
        alpha=alpha,
        n=len(rows),
        n_scored=int(counts.n[-1]),
        n_automated=found.n,
        n_right=found.right,
        share=found.n / len(rows) if len(rows) else None,
        precision=found.right / found.n if found.n else None,
        precision_low=ends[0],
        precision_high=ends[1],
        tokens_per_correct=tokens / found.right if found.right and tokens is not None else None,
        needed=None if found.n else metric.labels_needed(counts, precision, alpha),
    )


def counts_of(rows: pd.DataFrame) -> Counts:
    """Of the rows that have an answer and a confidence."""
    from calibench.metrics import threshold as metric

    scored = rows["outcome"].isin(ANSWERED) & (rows["status"] == "ok") & rows["value"].notna()
    return metric.counts(rows["value"][scored], rows["outcome"][scored] == "correct")  # no copy of other columns


def _costs(of: Answers, rule: ThresholdRule, rows: pd.DataFrame, costs: Costs) -> RuleCosts:
    from calibench.metrics import threshold as metric

    tokens = _tokens(rows)
    if tokens is None and costs.token:
        raise InputError(f"{of.name}: --cost-token needs the tokens of each answer, which are not known here")
    counts, n = counts_of(rows), len(rows)
    spent = costs.token * (tokens or 0) / n
    expected = metric.expected_costs(counts, n, costs.error, costs.review, spent)
    curve = tuple(
        CostPoint(
            threshold=float(limit),
            automated=100 * int(kept) / n,
            errors=100 * int(kept - right) / n,
            cost=100 * float(cost),
        )
        for limit, kept, right, cost in zip(metric.GRID, *counts, expected, strict=True)
    )
    cheapest = min(reversed(curve), key=lambda point: point.cost)
    all_checked = 100 * (costs.review + spent)
    return RuleCosts(
        **{name: getattr(rule, name) for name in ("task", "protocol", "method")},
        **{f"cost_{name}": value for name, value in costs._asdict().items()},
        break_even=max(0.0, 1 - costs.review / costs.error),
        all_checked=all_checked,
        at_threshold=next((point for point in curve if point.threshold == rule.threshold), None),
        cheapest=cheapest if cheapest.cost < all_checked else None,
        curve=curve,
    )


def _tokens(rows: pd.DataFrame) -> float | None:
    """Generated for these answers; None if it is not known of each."""
    if "answer_tokens" not in rows:
        return None
    generated = rows["reasoning_tokens"].fillna(0) + rows["answer_tokens"]
    return None if generated.isna().any() else float(generated.sum())


def _best(rules: Sequence[ThresholdRule]) -> list[ThresholdRule]:
    """Those of the protocol and method under which most answers are automated; of equals, of the first."""
    by_method: dict[tuple[str, str], list[ThresholdRule]] = {}
    for rule in rules:
        by_method.setdefault((rule.protocol, rule.method), []).append(rule)
    return max(by_method.values(), key=lambda of: sum(rule.n_automated for rule in of))


def _as_judged(frame: pd.DataFrame) -> str:
    """Of answers that a judge graded, what is right."""
    graders = frame["grader"].dropna().unique() if "grader" in frame else ()
    judges = sorted(grader for grader in graders if grader.startswith("judge "))
    return f" What is right is what the {' and the '.join(judges)} says, a model." if judges else ""


def _guarantee(precision: float, level: float, by_task: bool, tried: int, tasks: Sequence[str]) -> str:
    together = f", for all {tried} rules that were tried together" if tried > 1 else ""
    mixture = f" with the same shares of its {len(tasks)} tasks" if len(tasks) > 1 and not by_task else ""
    return (
        f"Of the answers at or above the threshold, a share of at least {precision:g} is right. The chance that the"
        f" labelled questions lead to a threshold for which this holds is at least {level:g}{together}. It holds for"
        " questions that are exchangeable with those labelled: from the same source"
        f"{mixture}, answered by the same model in the same way, and none chosen by its answer. It says nothing of a"
        " single answer, of groups of questions within, or of a source that changes."
    )
