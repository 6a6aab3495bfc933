"""Section of the study page: instruct, sft and rl as Zeng et al. 2025 report such models (arXiv 2504.06564)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from calibench.reports.text import number
from calibench.study.cells import OUTCOMES, Cell, GreedyAnswers, decode, encode
from calibench.study.estimates import PRECISION
from calibench.study.numbers import Numbers, Side
from calibench.study.tables import DOMAINS, HEADINGS, table, value

_KINDS = ("instruct", "sft", "rl")
_SPLIT = ("accuracy", "ece", "brier", "auroc")
_METHOD = "stated"
_ANSWERED = ("c", "i")
_NOT_ASKED = "f"
"""No denominator holds what failed."""


def as_zeng(numbers: Numbers) -> Iterator[str]:
    yield (
        "Exploratory: this section was thought of after the results. It has what Thinking Out Loud (Zeng et al. 2025)"
        " reports of instruct, distilled and reinforced models beside accuracy, ECE and AUROC, which stand above. All"
        " confidences are stated ones, which the paper calls V."
    )
    if not numbers.seeds(*_KINDS):
        yield f"Missing: no seed has all of {', '.join(_KINDS)}."
        return
    yield "### Precision and recall"
    yield (
        "AUPRC of correct answers ranks by confidence, that of errors by 1 − confidence. Where all confidences are"
        " equal, it is the share of correct answers, or of errors: compare the first with the accuracy, the second with"
        " 1 minus it, and kinds only where their accuracies are alike. The percentages of instruct and sft are planted,"
        " as said under *Fixed by the design*."
    )
    yield table(["Tasks", "Kind", "Accuracy", *(m.title for m in PRECISION)], _precision(numbers))
    yield "### What was answered"
    yield "Greedy answers by outcome, over all tasks and seeds; and the right and wrong ones that state no confidence."
    yield table(["Kind", *(name.capitalize() for name in OUTCOMES.values()), "No confidence"], _counts(numbers))
    yield "### Answered by all three, and by some"
    yield from _split(numbers)
    yield "### What these cells do not hold"
    yield (
        "The cells hold neither the lengths of answers nor the same questions asked in the paper's other ways, so that"
        " its length against confidence, V.Prob and SR are not here: of a run of your own,"
        " `plot` with `--kind length` draws the first ([figures](figures.md)) and `run` with `--budgets` cuts"
        " reasonings short ([reasoning](reasoning.md)); protocol `stated_probability` is V.Prob and method `reflected`"
        " SR ([methods](methods.md)), the suites `zeng2025`, `zeng2025_probability` and `zeng2025_reflection` have the"
        " paper's settings ([tasks](tasks.md)), and `calibench compare` puts runs on one page and splits their answers"
        " by who attempts them ([conventions](conventions.md))."
    )


def _precision(numbers: Numbers) -> Iterator[list[str]]:
    for domain in (None, *((d,) for d in numbers.domains())):
        for kind in _KINDS:
            sides = [Side(kind, metric, _METHOD, domain) for metric in ("accuracy", *(m.name for m in PRECISION))]
            name = "mean over tasks" if domain is None else DOMAINS.get(domain[0], domain[0])
            yield [name, kind, *(value(numbers, side) for side in sides)]


def _counts(numbers: Numbers) -> Iterator[list[str]]:
    for kind in _KINDS:
        held = [of for seed in numbers.seeds(kind) for of in numbers.cells[kind, seed].test.values()]
        counts = Counter("".join(of.outcomes for of in held))
        unstated = sum(counts[letter] for letter in _ANSWERED) - sum(int(_scored(of).sum()) for of in held)
        yield [kind, *(f"{counts[letter]:,}" for letter in OUTCOMES), f"{unstated:,}"]


# -- the split ---------------------------------------------------------------------------------------------------------


class SomeQuestions(NamedTuple):
    """Questions of the seeds that all three kinds have."""

    cells: list[Cell]
    """With the answers to these questions alone."""
    number: dict[tuple[int, str], int]
    """(seed, task) -> how many they are."""


def by_all_and_some(numbers: Numbers) -> tuple[SomeQuestions, SomeQuestions]:
    """The questions that all kinds answered, right or wrong, and stated a confidence, and those that only some did."""
    by_all, by_some = SomeQuestions([], {}), SomeQuestions([], {})
    for seed in numbers.seeds(*_KINDS):
        cells = [numbers.cells[kind, seed] for kind in _KINDS]
        by = {t: np.sum([_scored(cell.test[t]) for cell in cells], axis=0) for t in numbers.tasks()}
        for part, rows in (
            (by_all, {task: n == len(cells) for task, n in by.items()}),
            (by_some, {task: (n > 0) & (n < len(cells)) for task, n in by.items()}),
        ):
            part.cells.extend(_only(cell, rows) for cell in cells)
            part.number.update({(seed, task): int(of.sum()) for task, of in rows.items()})
    return by_all, by_some


def _scored(of: GreedyAnswers) -> np.ndarray:
    """[N] bool: the answer is right or wrong, and states a confidence."""
    return np.isin(list(of.outcomes), _ANSWERED) & ~np.isnan(decode(of.confidence[_METHOD]))


def _only(cell: Cell, rows: Mapping[str, np.ndarray]) -> Cell:
    """The cell as if it had been asked these questions [N] of each task alone; clusters and resamples stay paired."""
    test = {}
    for task, of in rows.items():
        answers = cell.test[task]
        outcomes = "".join(np.where(of, list(answers.outcomes), _NOT_ASKED))
        stated = np.where(of, decode(answers.confidence[_METHOD]), np.nan)
        test[task] = replace(answers, outcomes=outcomes, confidence={_METHOD: encode(stated)})
    return replace(cell, test=test, draws={})


def _split(numbers: Numbers) -> Iterator[str]:
    by_all, by_some = by_all_and_some(numbers)
    n_all, n_some = (sum(part.number.values()) for part in (by_all, by_some))
    seeds = numbers.seeds(*_KINDS)
    n = sum(len(of.outcomes) for seed in seeds for of in numbers.cells[_KINDS[0], seed].test.values())
    yield (
        "In the paper, reasoning models answer questions that instruct models decline, and nearly all of them wrongly."
        f" Here, of {n:,} questions of all seeds, all three kinds answered {n_all:,} with a stated confidence, and only"
        f" some of them {n_some:,}."
    )
    if not all(by_some.number.values()):
        yield _alike(numbers, by_all)
        return
    rows = [
        [name, kind, *(value(of, Side(kind, metric, _METHOD)) for metric in _SPLIT)]
        for name, part in (("by all", by_all), ("by some", by_some))
        for of in [Numbers(part.cells, numbers.resamples)]
        for kind in _KINDS
    ]
    yield table(["Answered", "Kind", *(HEADINGS[metric] for metric in _SPLIT)], rows)


def _alike(numbers: Numbers, by_all: SomeQuestions) -> str:
    """What is said where a task of a seed has no question that only some answered."""
    part = Numbers(by_all.cells, resamples=1)
    seeds = numbers.seeds(*_KINDS)
    pairs = [
        [of.estimate(side, seeds) for of in (numbers, part)]
        for side in (Side(kind, metric, _METHOD) for kind in _KINDS for metric in _SPLIT)
    ]
    most = max((abs(a.value - b.value) for a, b in pairs if a and b), default=0.0)
    return (
        "Not every task of every seed has questions of the second sort, so that no mean over tasks of them is defined."
        " Over those of the first sort, no accuracy, ECE, Brier score or AUROC of the three kinds differs by more than"
        f" {number(most)} from that over all questions."
    )
