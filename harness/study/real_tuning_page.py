"""The page of tuned real checkpoints, `real-tuning.md`: the rule, fixed before any result, and what cells say to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from calibench.errors import DataError
from calibench.files import write_text
from calibench.metrics.compare import JudgedChange, changes, judge
from calibench.reports.text import interval, number, p_value, signed
from calibench.results import Difference
from calibench.study.real_cells import Asked, RealCell, frame_of
from calibench.study.real_pages import HEADLINE, headline
from calibench.study.tables import table

TASKS = ("gsm8k", "creak", "mbpp")
"""What all are asked; of the first, the training split was learned from."""
MEASURES = ("accuracy", "signed_gap", "ece", "brier", "auroc")
MARGIN = 0.05
"""Smaller differences do not matter: 200 questions cannot show them."""
RESAMPLES = 1000
SEED = 0


class Claim(NamedTuple):
    """A difference from the parent that was named before any result was there."""

    claim: str
    name: str
    """Of the checkpoint."""
    task: str
    method: str
    metric: str
    expected: Literal["better", "worse"]


RULE = (
    Claim(
        "learning its own right answers makes it more accurate", "distilled", "gsm8k", "p_true", "accuracy", "better"
    ),
    Claim("and its P(True) more over-confident", "distilled", "gsm8k", "p_true", "signed_gap", "worse"),
    Claim("EpiCaR's P(True) tells right from wrong better", "epicar", "gsm8k", "p_true", "auroc", "better"),
    Claim("and is better calibrated", "epicar", "gsm8k", "p_true", "ece", "better"),
    Claim("and has a lower Brier score", "epicar", "gsm8k", "p_true", "brier", "better"),
    Claim("the taught percentage tells right from wrong better", "confidence_sft", "gsm8k", "asked", "auroc", "better"),
    Claim("and is better calibrated", "confidence_sft", "gsm8k", "asked", "ece", "better"),
    Claim("and has a lower Brier score", "confidence_sft", "gsm8k", "asked", "brier", "better"),
    *(
        Claim(f"{name} forgets: less accurate on a task it did not learn", name, task, "p_true", "accuracy", "worse")
        for name in ("distilled", "epicar", "confidence_sft")
        for task in ("creak", "mbpp")
    ),
)
_FOUND = {"equivalent": f"no difference beyond {MARGIN}", "undecided": "too small to tell"}


class Kin(NamedTuple):
    parent: RealCell
    tuned: dict[str, RealCell]
    """Name of the checkpoint, as in `RULE` -> its cell."""


def write(cells: Sequence[RealCell], folder: Path) -> None:
    """Writes the page.

    Raises:
        DataError: there is no parent, or no checkpoint made of it, whose answers are complete; or they did not learn
            from the same draws.
    """
    write_text(folder / "real-tuning.md", "\n\n".join(_page(family(cells))) + "\n")


def family(cells: Sequence[RealCell]) -> Kin:
    """The parent and what was made of it; what is not asked whole yet is left out. Raises as `write`."""
    whole = [cell for cell in cells if set(TASKS) <= cell.passes.get("default", {}).keys()]
    parents = {cell.weights: cell for cell in whole if not cell.lineage}
    tuned = [cell for cell in whole if cell.lineage]
    if not parents or not tuned:
        raise DataError("expected a parent that has answered all tasks and a checkpoint made of it, found none yet")
    parent = parents.get(_parent(tuned[0]))
    if parent is None or len({_parent(cell) for cell in tuned}) > 1:
        raise DataError("expected checkpoints that are all made of one parent, which has answered all tasks")
    if len({str(_sampled(cell)) for cell in tuned}) > 1:
        raise DataError("expected checkpoints that learned from the same draws")
    prefix = f"{parent.model.rpartition('/')[2]}-"
    return Kin(parent, {cell.model.removeprefix(prefix): cell for cell in tuned})


def _parent(cell: RealCell) -> str:
    return cell.lineage["parents"][0]["fingerprint"]


def _sampled(cell: RealCell) -> dict[str, Any]:
    return cell.lineage["iterations"][0]["sampled"]


def _asked(cell: RealCell) -> dict[str, Asked]:
    return {task: cell.passes["default"][task] for task in TASKS}


def differences(of: Kin) -> tuple[list[tuple[Claim, Difference]], list[Difference]]:
    """The rows of the rule, with p values corrected over them alone; and all differences, corrected over all."""
    frames = {name: frame_of(_asked(cell), "default") for name, cell in (("parent", of.parent), *of.tuned.items())}
    pairs = [("parent", name) for name in of.tuned]
    every = changes(frames, pairs, MEASURES, seed=SEED, resamples=RESAMPLES, margin=MARGIN)
    found = {_key(change): change for change in every}
    named = [(row, found[key]) for row in RULE if (key := (row.name, row.task, row.method, row.metric)) in found]
    judged = judge([change for _, change in named], MARGIN)
    return list(zip([row for row, _ in named], judged, strict=True)), judge(every, MARGIN)


def _key(change: JudgedChange) -> tuple[str, str, str, str]:
    return tuple(change.row[name] for name in ("run_b", "task", "method", "metric"))


def verdict(row: Claim, found: Difference) -> str:
    """What a difference says of the row's claim."""
    if found.difference is None:
        return "undefined"
    return _FOUND.get(found.verdict) or ("found" if found.verdict == row.expected else "the opposite")


# -- the page ---------------------------------------------------------------------------------------------------------


def _page(of: Kin) -> Iterator[str]:
    named, everything = differences(of)
    draws = _sampled(next(iter(of.tuned.values())))
    yield "# A real checkpoint, tuned"
    yield (
        f"What three recipes make of {of.parent.model}, at the smallest size that means something: one iteration, one"
        " seed. `distilled` learns its own right answers (supervised fine-tuning), `epicar` also the verdict on each"
        " answer (read as P(True)), `confidence_sft` also the share of its answers that is right (asked in a second"
        " turn). Each is asked what the parent was asked, with the default prompts, greedily."
    )
    yield _summary(named, of)
    yield (
        "A confidence that is nearly the same for all answers can be well calibrated and say nothing of any of them:"
        f" see [how far they vary](#how-far-confidences-vary).{''.join(_constant(of))}"
    )
    yield "## The rule"
    yield (
        "Fixed before any checkpoint was made, and part of the program (`calibench.study.real_tuning_page`): these"
        f" rows, paired with the parent on the same questions, 95 % intervals from {RESAMPLES:,} resamples of the"
        f" questions, a margin of {MARGIN}, and Holm's correction over these rows alone. *Found*: the"
        " corrected p is below 0.05, on the side of the claim; *the opposite*: on the other side. The last rows claim"
        " what nobody hopes for: whoever forgets is less accurate."
    )
    yield table(
        ("Checkpoint", "Claim", "Task", "Method", "Measure", "Difference", "Holm's p", "Verdict"), map(_row, named)
    )
    yield "## What was learned"
    yield (
        f"All learned from the same {draws['draws']} draws of training questions of GSM8K, {draws['correct']} of them"
        " right, sampled once. Nothing was chosen on test questions: there was one setting, and it was run once."
    )
    yield table(
        ("Checkpoint", "Recipe", "Questions", "Rows", "Learned tokens", "CPU hours"), map(_learned, of.tuned.items())
    )
    yield _settings(next(iter(of.tuned.values())))
    yield "## All numbers"
    yield table(
        ("Checkpoint", *HEADLINE),
        [(name, *line) for name, cell in (("parent", of.parent), *of.tuned.items()) for line in headline(_asked(cell))],
    )
    yield from _variation(of)
    yield "## All differences from the parent"
    yield "Exploratory but for the rows above: corrected over all rows of this table together."
    yield table(
        ("Checkpoint", "Task", "Method", "Measure", "Difference", "Verdict"),
        [
            (f.run_b, "mean" if f.task == "macro" else f.task, f.method, f.metric, _shown(f), f.verdict)
            for f in everything
            if f.difference is not None
        ],
    )
    yield "## How this page is made"
    yield (
        "`python -m calibench.study.real_tuning MODEL --out DIR --cells docs/real-tuning` makes the checkpoints and"
        " asks them; it may be stopped and repeated. `--page docs` in the place of MODEL makes this page of the cells."
        f" Parent: weights `{of.parent.weights[:23]}`, answers of at most {of.parent.settings['max_tokens']} tokens."
    )


def _variation(of: Kin) -> Iterator[str]:
    yield "## How far confidences vary"
    yield (
        "Of answers that are right or wrong and have a confidence. The last column is the Brier score of whoever gives"
        " all of them the share that is right, which needs no knowledge of any answer, but that share."
    )
    yield table(
        ("Checkpoint", "Task", "Method", "n", "Mean", "Standard deviation", "Brier", "Brier of one number for all"),
        [(name, *line) for name, cell in (("parent", of.parent), *of.tuned.items()) for line in _spread(cell)],
    )


def _constant(of: Kin) -> Iterator[str]:
    """A sentence on each checkpoint that states one number, whatever it is asked."""
    for name, cell in of.tuned.items():
        values = frame_of(_asked(cell), "default").dropna(subset=["value"])
        for method, of_method in values.groupby("method")["value"]:
            if of_method.nunique() == 1:
                yield (
                    f" **{name} gives one number to all of its {len(of_method)} answers, by `{method}`: "
                    f"{number(of_method.iloc[0])}.** So it tells none from another, whatever its ECE."
                )


def _spread(cell: RealCell) -> Iterator[Sequence[str]]:
    frame = frame_of(_asked(cell), "default").dropna(subset=["value"])
    frame = frame[frame["outcome"].isin(["correct", "incorrect"])]  # those that the measures above are of
    for (task, method), rows in frame.groupby(["task", "method"]):
        confidence, right = rows["value"], (rows["outcome"] == "correct").astype(float)
        spread = (confidence.mean(), confidence.std(), ((confidence - right) ** 2).mean(), right.var(ddof=0))
        yield task, method, str(len(rows)), *(number(value) for value in spread)


def _summary(named: Sequence[tuple[Claim, Difference]], of: Kin) -> str:
    by_verdict: dict[str, list[str]] = {}
    for row, found in named:
        text = f"{row.name}, {row.task}, {row.method} {row.metric} ({_shown(found)})"
        by_verdict.setdefault(verdict(row, found), []).append(text)
    said = [f"**{what}**: {'; '.join(rows)}." for what, rows in by_verdict.items()]
    if seen := [found.detectable for _, found in named if found.detectable is not None]:
        said.append(
            f"Of what is too small to tell, a true difference of {number(min(seen))} to {number(max(seen))} would have"
            " been seen with a chance of 80 %."
        )
    if missing := sorted({row.name for row in RULE} - of.tuned.keys()):
        said.append(f"Not made yet: {', '.join(missing)}; until then the correction is over the other rows alone.")
    return " ".join(said)


def _row(named: tuple[Claim, Difference]) -> Sequence[str]:
    row, found = named
    p = p_value(found.p_holm)
    return row.name, row.claim, row.task, row.method, row.metric, _shown(found), p, verdict(row, found)


def _shown(found: Difference) -> str:
    return f"{signed(found.difference)} {interval(found.low, found.high)}".strip()


def _learned(of: tuple[str, RealCell]) -> Sequence[str]:
    name, cell = of
    rows = cell.lineage["iterations"][0]["rows"]
    counts = (", ".join(f"{n} {kind}" for kind, n in rows[part].items()) for part in ("rows", "learned_tokens"))
    questions = str(cell.lineage["questions"]["training"])
    return name, f"`{cell.lineage['recipe']}`", questions, *counts, f"{cell.cpu_seconds / 3600:.1f}"


def _settings(cell: RealCell) -> str:
    o, c = cell.lineage["options"], cell.lineage["configuration"]
    return (
        f"Settings of all three, ours: {o['draws']} draws per question at temperature {o['temperature']:g}, of at most"
        f" {c['max_tokens']} tokens; LoRA of rank {o['lora_rank']} and alpha {o['lora_alpha']:g} on all linear layers,"
        f" float32; {o['epochs']:g} pass over the rows, {o['batch_size'] * o['accumulation']} rows per update, learning"
        f" rate {o['learning_rate']:g} ({o['schedule']}). An answer that was cut or cannot be read teaches nothing."
        " CPU hours are of training and asking, in the sessions that ended; the draws count for the first."
    )
