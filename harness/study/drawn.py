"""Sections of the study page about several draws of a question: votes, and rounds of self-training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from calibench.metrics.measures import NO_METHOD
from calibench.reports.text import number
from calibench.study.estimates import BUDGETS, UNCHOSEN, spread
from calibench.study.findings import verdict
from calibench.study.numbers import MARGIN, Numbers, Side
from calibench.study.tables import change, point, table, value

PAIR = ("star", "epicar")
_SELF_TRAINED = ("star", "epicar", "epicar_fresh", "star_math", "epicar_math")


def votes(numbers: Numbers, figures: dict[str, str]) -> Iterator[str]:
    a, b = PAIR
    if not numbers.seeds(a) and not numbers.seeds(b):
        yield f"Missing: {a} and {b}."
        return
    columns = [(kind, metric) for kind in ("sft", *PAIR) for metric in _VOTES if numbers.seeds(kind)]
    rows = [
        [str(k), *(value(numbers, Side(kind, f"{m}@{k}", vote_method(m))) for kind, m in columns)]
        for k in budgets(numbers)
    ]
    yield (
        "Share of questions that are right, mean over tasks: by majority, by votes weighted with P(True) (CISC), and by"
        " the draw with the highest P(True). The temperature of the weighted vote is chosen on the other folds of all"
        " tasks' questions, and is infinite (the majority) unless it gains more there than one standard error; beside"
        " it stands temperature 1, where nothing is chosen."
        " k of the draws are taken without replacement; ties count in expectation."
    )
    yield table(["Draws", *(f"{kind}, {_VOTES[m]}" for kind, m in columns)], rows)
    yield _reach(numbers)
    yield figures.get("votes", "")
    most = budgets(numbers)[-1]
    yield (
        f"The most and the least confident of {most} draws. Where P(True) separates a question's right draws from its"
        " wrong ones, the most confident draw is right more often than a random one, and the least confident less"
        " often. Where both are right less often than a random draw, unusual draws, which are mostly wrong, get"
        " extreme values of P(True), high as well as low."
    )
    ends = {"Random draw": "majority@1", "Most confident": f"best@{most}", "Least confident": f"least@{most}"}
    rows = [
        [kind, *(value(numbers, Side(kind, m, vote_method(m.partition("@")[0]))) for m in ends.values())]
        for kind in numbers.kinds()
    ]
    yield table(["Kind", *ends], rows)


_VOTES = {"majority": "majority", "weighted": "weighted", UNCHOSEN: "weighted, T = 1", "best": "most confident"}


def vote_method(metric: str) -> str:
    return NO_METHOD if metric == "majority" else "p_true"


def _reach(numbers: Numbers) -> str:
    """Whether EpiCaR with few draws does what STaR does with many."""
    many = budgets(numbers)[-1]
    few = min(10, many)
    a, b = Side("star", f"majority@{many}", NO_METHOD), Side("epicar", f"weighted@{few}", "p_true")
    found = numbers.difference(a, b)
    if found is None:
        return "Missing: STaR's and EpiCaR's votes of the same seed."
    words = {"holds": "reaches", "fails": "falls short of", "undecided": "may or may not reach"}
    word = words[verdict("not lower", found.of_seed, found.interval)]
    values = [point(numbers, side, found.seeds) for side in (b, a)]
    return (
        f"EpiCaR with {few} draws weighted by P(True) ({values[0]}) **{word}** STaR's majority of {many} ({values[1]}):"
        f" {change(found)}. To reach it is not to be worse by {MARGIN:g} or more."
    )


def budgets(numbers: Numbers) -> list[int]:
    most = min(of.draws for cell in numbers.cells.values() for of in cell.draws.values())
    return sorted({k for k in (*BUDGETS, most) if k <= most})


def rounds(numbers: Numbers, figures: dict[str, str]) -> Iterator[str]:
    yield (
        "Draws on test questions by the parent (round 0) and by the checkpoint after each round (of each, as many draws"
        " as the rounds in between have), means over tasks and seeds: how many distinct answers a question gets, and"
        " the standard deviation of the confidences over all draws and within a question."
    )
    rows = []
    for kind in _SELF_TRAINED:
        for number_, mean in trajectory(numbers, kind):
            shown = [number(mean.get(name)) for name in _TRAJECTORY]
            rows.append([kind, str(number_), *shown])
    heading = ["Kind", "Round", *_TRAJECTORY.values()]
    yield table(heading, rows) if rows else "Missing: no self-trained checkpoint and parent of one seed."
    yield figures.get("rounds", "")
    sampled = [
        [kind, str(seed), str(i + 1), number(_right(entry)), *(number(entry.get(name)) for name in _SAMPLED)]
        for kind in _SELF_TRAINED
        for seed in numbers.seeds(kind)
        for i, entry in enumerate(numbers.cells[kind, seed].sampled)
    ]
    if sampled:
        yield (
            "What each round sampled from the training questions, before it trained. Where every round asks the same"
            " questions, the checkpoint of a later round was trained on them already, and EpiCaR learns verdicts about"
            " questions whose answers it was taught. The samples are drawn at the recipe's temperature, so compare how"
            " Right changes from round to round, not its level, with the accuracy of a draw above."
        )
        yield table(["Kind", "Seed", "Round", "Right", *_SAMPLED.values()], sampled)


def _right(entry: dict[str, float | None]) -> float | None:
    """Share of right answers among what a round sampled."""
    correct, draws = entry.get("correct"), entry.get("draws")
    return correct / draws if correct is not None and draws else None


_TRAJECTORY = {
    "accuracy": "Accuracy of a draw",
    "distinct_answers": "Distinct answers",
    "stated_mean": "Stated, mean",
    "stated_spread": "Stated, spread",
    "stated_spread_within": "Stated, within a question",
    "p_true_mean": "P(True), mean",
    "p_true_spread": "P(True), spread",
    "p_true_spread_within": "P(True), within a question",
}
_SAMPLED = {
    "distinct_answers_per_question": "Distinct answers",
    "confidence_mean": "Stated, mean",
    "confidence_spread": "Stated, spread",
    "confidence_spread_within_question": "Stated, within a question",
}


def trajectory(numbers: Numbers, kind: str) -> list[tuple[int, dict[str, float | None]]]:
    """(round, mean over seeds of `spread`), from the parent on; all with as many draws as the rounds between have."""
    of_seeds = []
    for seed in numbers.seeds(kind, "sft"):
        cell = numbers.cells[kind, seed]
        if len(cell.rounds) != len(cell.sampled) - 1:  # the checkpoints between were deleted
            continue
        first = cell.settings["evaluation"]["round_draws"]
        parent = spread(numbers.cells["sft", seed].draws, first)
        of_seeds.append([parent, *cell.rounds, spread(cell.draws, first)])
    length = min(map(len, of_seeds), default=0)
    return [(i, _mean_of([of_seed[i] for of_seed in of_seeds])) for i in range(length)]


def _mean_of(entries: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    columns = {name: [entry.get(name) for entry in entries] for name in entries[0]}
    return {name: _mean(values) for name, values in columns.items()}


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if len(defined) == len(values) else None
