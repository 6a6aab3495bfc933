"""The page of the study: plain text, tables and figures, made from cells alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from calibench.files import write_text
from calibench.metrics.measures import Group, metric_row, with_interval
from calibench.records import Metric
from calibench.reports.text import UNDEFINED, interval, number, signed
from calibench.study.cells import Cell, settings_hash
from calibench.study.family import KINDS
from calibench.study.numbers import (
    AS_READ,
    BUDGETS,
    CLASSIFIER,
    FINDINGS,
    MARGIN,
    NO_METHOD,
    RECALIBRATIONS,
    RESAMPLES,
    SHARE,
    Difference,
    Finding,
    Interval,
    Numbers,
    Side,
    spread,
    verdict,
)

_METHODS = {"stated": "stated", "p_true": "P(True)", "sequence_probability": "sequence probability"}
_DOMAINS = {"math": "math (words, algebra)", "code": "programs", "fact": "facts"}
_HEADINGS = {
    "accuracy": "Accuracy",
    "mean_confidence": "Mean confidence",
    "signed_gap": "Gap",
    "ece": "ECE",
    "brier": "Brier",
    "auroc": "AUROC",
    "wqd": "WQD",
}
_LADDER = (("instruct", "sft"), ("sft", "rl"))
_PAIR = ("star", "epicar")
_TRANSFER = ("star_math", "epicar_math")
_SELF_TRAINED = ("star", "epicar", "epicar_fresh", "star_math", "epicar_math")


def write(
    cells: Sequence[Cell], out: Path, kinds: Sequence[str], seeds: Sequence[int], resamples: int = RESAMPLES
) -> Path:
    """Writes `study.md` and the figures in `study/`; returns the page.

    Args:
        cells: what there is.
        out: folder of the page.
        kinds, seeds: what there should be; the cells that are missing are named.
        resamples: of the bootstrap.
    """
    used, other = _alike(sorted(cells, key=_place))
    numbers = Numbers(used, resamples)
    figures = _write_figures(numbers, out / "study")
    parts = [
        "# The study of the micro family",
        _opening(numbers),
        "## What was run",
        *_run(numbers, kinds, seeds, other),
        "## Findings of the papers, and what was measured here",
        *_findings(numbers),
        "## All kinds",
        *_kinds(numbers, figures),
        "## Instruct, sft, rl",
        *_ladder(numbers),
        "## STaR against EpiCaR",
        *_differences(numbers, _PAIR, None, "p_true"),
        "## Votes by the number of draws",
        *_votes(numbers, figures),
        "## Spread of confidences and answers by round of self-training",
        *_rounds(numbers, figures),
        "## Trained on math, tested on the rest",
        *_transfer(numbers),
        "## Post-hoc maps",
        *_post_hoc(numbers),
        "## Seeds one by one",
        *_by_seed(numbers),
    ]
    page = out / "study.md"
    write_text(page, "\n\n".join(part for part in parts if part) + "\n")
    return page


def _place(cell: Cell) -> tuple[int, int]:
    """Kinds in the order of the family, whatever else there is after them."""
    return KINDS.index(cell.kind) if cell.kind in KINDS else len(KINDS), cell.seed


def _alike(cells: Sequence[Cell]) -> tuple[list[Cell], list[Cell]]:
    """The cells that were asked the same as the first one, made as the first of their kind, and of the parent that has
    a cell; and the others."""
    used: list[Cell] = []
    other: list[Cell] = []
    first: dict[str, dict] = {}
    fingerprints = {(cell.kind, cell.seed): cell.fingerprint for cell in cells}
    for cell in cells:
        of_kind = first.setdefault(cell.kind, cell.settings)
        same = cell.settings == of_kind and cell.settings["evaluation"] == cells[0].settings["evaluation"]
        parent = cell.settings.get("made_by", {}).get(cell.kind, {}).get("parent")
        same &= fingerprints.get((parent, cell.seed), cell.parent) == cell.parent
        (used if same else other).append(cell)
    return used, other


# -- words ------------------------------------------------------------------------------------------------------------


def _opening(numbers: Numbers) -> str:
    n = len({seed for _, seed in numbers.cells})
    over = (
        "Intervals (95 %) are over questions alone, since there is one seed: they say nothing about another seed."
        if n == 1
        else f"Intervals (95 %) are over seeds and questions: Student's over {n} seeds, joined with a bootstrap over"
        " questions. So few seeds tell little about another seed: where they differ, the intervals are wide."
    )
    return (
        "Checkpoints of the same family (0.9 M parameters, trained from scratch), made in every way that calibench has,"
        " answer the four domains of the micro suite. This page is made by `make study` from the cells in"
        " [study/cells](study/cells), one for each kind and seed; nothing on it is written by hand.\n\n"
        f"{over} The intervals of ECE are those of the population's binned error, which is lower than the value shown"
        " where a confidence is nearly calibrated. Tasks are averaged, never pooled. A dash is a number that is not"
        " defined for a task or a seed (such as the AUROC of answers that are all wrong)."
    )


def _run(numbers: Numbers, kinds: Sequence[str], seeds: Sequence[int], other: Sequence[Cell]) -> Iterator[str]:
    cells = numbers.cells
    evaluation = next(iter(cells.values())).settings["evaluation"]
    asked = {task: len(answers.outcomes) for cell in cells.values() for task, answers in cell.test.items()}
    yield (
        f"Test questions: {', '.join(f'{n} of {task}' for task, n in sorted(asked.items()))}, greedy; of each task"
        f" {evaluation['draw_questions']} with {evaluation['draws']} draws at temperature"
        f" {evaluation['temperature']:g}. Protocol `stated`."
    )
    rows = []
    for kind in dict.fromkeys([*kinds, *(kind for kind, _ in cells)]):
        of_kind = [cells[kind, seed] for seed in numbers.seeds(kind)]
        parts = ("training", "evaluation") if of_kind else ()
        hours = [number(sum(c.cpu_seconds.get(part, 0.0) for c in of_kind) / 3600, 2) for part in parts]
        made = ", ".join(f"{c.seed}{' (bundled)' if c.bundled else ''}" for c in of_kind) or UNDEFINED
        same = {settings_hash(c.settings) for c in of_kind}
        rows.append([kind, made, *(hours or [UNDEFINED] * 2), ", ".join(sorted(same)) or UNDEFINED])
    yield _table(["Kind", "Seeds", "Training, CPU h", "Evaluation, CPU h", "Settings"], rows)
    total = sum(sum(cell.cpu_seconds.values()) for cell in cells.values()) / 3600
    yield (
        f"{number(total, 1)} CPU hours in all. The training of a kind is counted without that of its parents; a bundled"
        " checkpoint was not trained again. base, instruct and sft are trained together, and counted where they were"
        " first needed."
    )
    missing = [f"{kind} (seed {seed})" for seed in seeds for kind in kinds if (kind, seed) not in cells]
    left_out = {cell.name for cell in other}
    if missing:
        yield f"**Missing:** {', '.join(missing)}."
    if left_out:
        yield f"**Left out**, having been made with other settings or of another parent: {', '.join(sorted(left_out))}."


def _findings(numbers: Numbers) -> Iterator[str]:
    yield (
        "A finding **appears** where every seed shows it and the interval excludes 0. It **does not appear** where the"
        f" interval leaves no room for an effect of {MARGIN:g} or more in its direction ({SHARE:.0%} of the first value"
        " where a spread or a number of answers is compared). That something does *not* change appears where there is"
        " no room for such a change, and does not where the change itself appears. All else is **undecided**. The"
        " verdicts follow from these rules; they are not corrected for"
        f" their number ({len(FINDINGS)}). Rows of one source that share runs are not independent."
    )
    rows = []
    for finding in FINDINGS:
        found = numbers.difference(finding.a, finding.b)
        rows.append([finding.source, finding.claim, *_measured(numbers, finding, found)])
    yield _table(["Source", "Finding", "Difference", "By seed", "Verdict"], rows)


def _measured(numbers: Numbers, finding: Finding, found: Difference | None) -> list[str]:
    """Difference, differences by seed, and verdict."""
    if found is None:
        absent = [kind for kind in (finding.a.kind, finding.b.kind) if not numbers.seeds(kind)]
        why = f"missing: {', '.join(dict.fromkeys(absent))}" if absent else "not defined"
        return [UNDEFINED, UNDEFINED, why]
    word = verdict(finding.expected, found.of_seed, found.interval, found.margin)
    few = " (one seed)" if len(found.seeds) == 1 else ""
    return [_change(found), ", ".join(signed(d) for d in found.of_seed), f"**{word}**{few}"]


def _kinds(numbers: Numbers, figures: dict[str, str]) -> Iterator[str]:
    present = numbers.kinds()
    for method, name in _METHODS.items():
        metrics = list(_HEADINGS) if method != "sequence_probability" else [m for m in _HEADINGS if m != "wqd"]
        rows = [
            [kind, *(_value(numbers, Side(kind, m, method)) for m in metrics), _distinct(numbers, kind, method)]
            for kind in present
        ]
        yield f"### Mean over tasks, {name}"
        yield _table(["Kind", *(_HEADINGS[m] for m in metrics), "Distinct, by task and seed"], rows)
    yield figures.get("kinds", "")
    for domain in numbers.domains():
        heading = ["Kind", "Accuracy", *(f"{_HEADINGS[m]}, {_METHODS[w]}" for m, w in _of_domain())]
        rows = [
            [
                kind,
                _value(numbers, Side(kind, "accuracy", "stated", (domain,))),
                *(_value(numbers, Side(kind, m, w, (domain,))) for m, w in _of_domain()),
            ]
            for kind in present
        ]
        yield f"### {_DOMAINS.get(domain, domain)}"
        yield _table(heading, rows)


def _of_domain() -> list[tuple[str, str]]:
    return [(metric, method) for metric in ("ece", "brier", "auroc", "wqd") for method in ("stated", "p_true")]


def _distinct(numbers: Numbers, kind: str, method: str) -> str:
    """The least and the greatest number of distinct confidences of a task and seed."""
    found = [
        of_task[method]["distinct_confidences"]
        for seed in numbers.seeds(kind)
        for of_task in numbers.cells[kind, seed].summary.values()
        if of_task.get(method, {}).get("distinct_confidences") is not None
    ]
    if not found:
        return UNDEFINED
    low, high = int(min(found)), int(max(found))
    return str(low) if low == high else f"{low} to {high}"


def _ladder(numbers: Numbers) -> Iterator[str]:
    for a, b in _LADDER:
        yield f"### From {a} to {b}, stated confidence"
        yield from _differences(numbers, (a, b), (None, *((d,) for d in numbers.domains())), "stated")


def _differences(
    numbers: Numbers, pair: tuple[str, str], domains: Sequence[tuple[str, ...] | None] | None, method: str
) -> Iterator[str]:
    """A table of paired differences: of all tasks, and of each domain."""
    a, b = pair
    if not numbers.seeds(a, b):
        yield f"Missing: no seed has both {a} and {b}."
        return
    rows = []
    for domain in domains or (None, *((d,) for d in numbers.domains())):
        for metric in ("accuracy", "signed_gap", "ece", "brier", "auroc", "wqd"):
            of = "stated" if metric == "accuracy" else method
            sides = Side(a, metric, of, domain), Side(b, metric, of, domain)
            found = numbers.difference(*sides)
            shared = numbers.seeds(a, b)
            values = [_point(numbers, side, shared) for side in sides]
            name = "mean over tasks" if domain is None else _DOMAINS.get(domain[0], domain[0])
            by_seed = ", ".join(signed(d) for d in found.of_seed) if found else UNDEFINED
            rows.append([name, _HEADINGS[metric], *values, _change(found), by_seed])
    yield _table(["Tasks", f"Metric ({_METHODS[method]})", a, b, f"{b} − {a}", "By seed"], rows)


def _votes(numbers: Numbers, figures: dict[str, str]) -> Iterator[str]:
    a, b = _PAIR
    if not numbers.seeds(a) and not numbers.seeds(b):
        yield f"Missing: {a} and {b}."
        return
    columns = [
        (kind, metric) for kind in ("sft", *_PAIR) for metric in ("majority", "weighted", "best") if numbers.seeds(kind)
    ]
    rows = [
        [str(k), *(_value(numbers, Side(kind, f"{m}@{k}", _vote_method(m))) for kind, m in columns)]
        for k in _budgets(numbers)
    ]
    yield (
        "Share of questions that are right, mean over tasks: by majority, by votes weighted with P(True) (CISC; its"
        " temperature is chosen on the other folds of questions), and by the draw with the highest P(True)."
        " k of the draws are taken without replacement; ties count in expectation."
    )
    yield _table(["Draws", *(f"{kind}, {_VOTES[m]}" for kind, m in columns)], rows)
    yield _reach(numbers)
    yield figures.get("votes", "")
    most = _budgets(numbers)[-1]
    yield (
        f"The draws at the two ends, of {most}: a P(True) that tells right draws of a question from wrong ones lifts"
        " the most confident one above a draw by chance, and lowers the least confident one. Where both are below it,"
        " P(True) errs on unusual draws, which are rather wrong, to either side."
    )
    ends = {"A draw": "majority@1", "Most confident": f"best@{most}", "Least confident": f"least@{most}"}
    rows = [
        [kind, *(_value(numbers, Side(kind, m, _vote_method(m.partition("@")[0]))) for m in ends.values())]
        for kind in numbers.kinds()
    ]
    yield _table(["Kind", *ends], rows)


_VOTES = {"majority": "majority", "weighted": "weighted", "best": "most confident"}


def _vote_method(metric: str) -> str:
    return NO_METHOD if metric == "majority" else "p_true"


def _reach(numbers: Numbers) -> str:
    """Whether EpiCaR with few draws does what STaR does with many."""
    budgets = _budgets(numbers)
    few, many = min(10, budgets[-1]), budgets[-1]
    a, b = Side("star", f"majority@{many}", NO_METHOD), Side("epicar", f"weighted@{few}", "p_true")
    found = numbers.difference(a, b)
    if found is None:
        return "Missing: STaR's and EpiCaR's votes of the same seed."
    words = {"appears": "reaches", "does not appear": "falls short of", "undecided": "is not told apart from"}
    word = words[verdict("not lower", found.of_seed, found.interval)]
    values = [_point(numbers, side, found.seeds) for side in (b, a)]
    return (
        f"EpiCaR with {few} draws weighted by P(True) ({values[0]}) **{word}** STaR's majority of {many} ({values[1]}):"
        f" {_change(found)}. It reaches it where it is not worse by {MARGIN:g} or more."
    )


def _budgets(numbers: Numbers) -> list[int]:
    most = min(of.draws for cell in numbers.cells.values() for of in cell.draws.values())
    return sorted({k for k in (*BUDGETS, most) if k <= most})


def _rounds(numbers: Numbers, figures: dict[str, str]) -> Iterator[str]:
    yield (
        "Draws of test questions (the first ones, as many as there are between two rounds) by the parent (round 0) and"
        " by the checkpoint after each round, means over tasks and seeds: how many distinct answers a question gets,"
        " and the standard deviation of the confidences over all draws and within a question."
    )
    rows = []
    for kind in _SELF_TRAINED:
        for number_, mean in _trajectory(numbers, kind):
            shown = [number(mean.get(name)) for name in _TRAJECTORY]
            rows.append([kind, str(number_), *shown])
    heading = ["Kind", "Round", *_TRAJECTORY.values()]
    yield _table(heading, rows) if rows else "Missing: no self-trained checkpoint and parent of one seed."
    yield figures.get("rounds", "")
    sampled = [
        [kind, str(seed), str(i + 1), number(_right(entry)), *(number(entry.get(name)) for name in _SAMPLED)]
        for kind in _SELF_TRAINED
        for seed in numbers.seeds(kind)
        for i, entry in enumerate(numbers.cells[kind, seed].sampled)
    ]
    if sampled:
        yield (
            "What each round sampled from the training questions, before it trained. Where rounds ask the same"
            " questions, those of later rounds have been learned from, and the verdicts that EpiCaR learns are about"
            " questions it was taught. They are drawn at the recipe's own temperature: what tells is how Right changes"
            " from round to round, beside the accuracy of a draw above."
        )
        yield _table(["Kind", "Seed", "Round", "Right", *_SAMPLED.values()], sampled)


def _right(entry: dict[str, float | None]) -> float | None:
    """Share of right answers among what a round sampled."""
    return entry["correct"] / entry["draws"] if entry.get("draws") else None


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


def _trajectory(numbers: Numbers, kind: str) -> list[tuple[int, dict[str, float | None]]]:
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
    return {name: None if None in values else sum(values) / len(values) for name, values in columns.items()}


def _transfer(numbers: Numbers) -> Iterator[str]:
    yield (
        "Both learned from questions of micro_words and micro_algebra alone, as many as the others had of all four"
        " tasks. Below the parent, which was trained on all four, and both of them."
    )
    domains = [d for d in numbers.domains() if d != "math"]
    columns = [(d, m, w) for d in domains for m, w in (("accuracy", "stated"), *((m, "p_true") for m in _JUDGED))]
    rows = [
        [kind, *(_value(numbers, Side(kind, m, w, (d,))) for d, m, w in columns)]
        for kind in ("sft", *_TRANSFER)
        if numbers.seeds(kind)
    ]
    yield _table(["Kind", *(f"{_DOMAINS.get(d, d)}: {_HEADINGS[m]}" for d, m, _ in columns)], rows)
    yield from _differences(numbers, _TRANSFER, [(d,) for d in domains], "p_true")


_JUDGED = ("ece", "brier", "auroc")


def _post_hoc(numbers: Numbers) -> Iterator[str]:
    yield (
        "Maps are fitted on a random half of the test questions of each task; every number of this table, those as read"
        " among them, is of the other half. So the maps have seen graded answers to questions like these, which no"
        " checkpoint was trained on. A map that keeps the order, as temperature does, keeps the AUROC. The classifier"
        " (logistic regression) reads length and log-probabilities of the tokens instead of a confidence. Intervals are"
        " for the fitted maps: that others would be fitted on other answers is not in them."
    )
    present = numbers.kinds()
    rows = [
        [kind, name, *(_value(numbers, Side(kind, metric, method)) for metric in _JUDGED)]
        for kind in present
        for method, name in _maps()
    ]
    yield _table(["Kind", "Confidence", *(_HEADINGS[m] for m in _JUDGED)], rows)


def _maps() -> Iterator[tuple[str, str]]:
    for method in ("stated", "p_true"):
        for name in (AS_READ, *RECALIBRATIONS):
            yield f"{method} + {name}", f"{_METHODS[method]}, {name}"
    yield CLASSIFIER, "classifier of token features"


def _by_seed(numbers: Numbers) -> Iterator[str]:
    columns = [("accuracy", "stated"), *((m, w) for w in ("stated", "p_true") for m in ("ece", "auroc"))]
    rows = [
        [kind, str(seed), *(_point(numbers, Side(kind, m, w), (seed,)) for m, w in columns)]
        for kind in numbers.kinds()
        for seed in numbers.seeds(kind)
    ]
    names = [f"{_HEADINGS[m]}, {_METHODS[w]}" if m != "accuracy" else "Accuracy" for m, w in columns]
    yield _table(["Kind", "Seed", *names], rows)


# -- cells of tables --------------------------------------------------------------------------------------------------


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _value(numbers: Numbers, side: Side) -> str:
    found = numbers.estimate(side)
    return UNDEFINED if found is None else _with_interval(number(found.value), numbers.interval(side))


def _point(numbers: Numbers, side: Side, seeds: Sequence[int]) -> str:
    found = numbers.estimate(side, seeds)
    return number(None if found is None else found.value)


def _change(found: Difference | None) -> str:
    return UNDEFINED if found is None else _with_interval(signed(found.value), found.interval)


def _with_interval(text: str, ends: Interval) -> str:
    return f"{text} {interval(*ends)}" if ends else text


# -- figures ----------------------------------------------------------------------------------------------------------


def _write_figures(numbers: Numbers, folder: Path) -> dict[str, str]:
    """Writes the figures that there are numbers for; name -> what the page says in its place."""
    from calibench.reports.figures import save

    folder.mkdir(parents=True, exist_ok=True)
    shown = {}
    for name, figure, caption in _figures(numbers):
        save(figure, folder / f"{name}.svg")
        shown[name] = f"![{caption}](study/{name}.svg)\n\n*{caption}*"
    return shown


def _figures(numbers: Numbers) -> Iterator[tuple]:
    from calibench.reports.figures import Curve, curve_figure, ladder_figure

    kinds = numbers.kinds()
    methods = ("stated", "p_true")
    series = {_METHODS[w]: [_metric(numbers, Side(kind, "ece", w)) for kind in kinds] for w in methods}
    baseline = kinds.index("sft") if "sft" in kinds else 0
    yield (
        "kinds",
        ladder_figure(kinds, series, baseline),
        f"ECE of each kind, mean over tasks, with 95 % intervals; dashed: {kinds[baseline]}",
    )
    if all(numbers.seeds(kind) for kind in _PAIR):
        looks = [("star", "majority", "correct", "s"), ("star", "weighted", "correct", ""),
                 ("epicar", "majority", "incorrect", "D"), ("epicar", "weighted", "incorrect", "")]  # fmt: skip
        curves = [
            Curve(
                f"{kind}, {m}",
                [_metric(numbers, Side(kind, f"{m}@{k}", _vote_method(m)), f"k={k}") for k in _budgets(numbers)],
                role,
                marker,
            )
            for kind, m, role, marker in looks
        ]
        yield (
            "votes",
            curve_figure(curves, "accuracy"),
            "Accuracy of votes by the number of draws, mean over tasks: STaR blue, EpiCaR orange; by majority with"
            " marks and 95 % bands, weighted by P(True) dashed",
        )
    lines = [
        Curve(kind, _trajectory_metrics(numbers, kind), role, marker)
        for kind, role, marker in (("star", "correct", "s"), ("epicar", "incorrect", "D"))
        if len(_trajectory(numbers, kind)) > 2
    ]
    if lines:
        yield (
            "rounds",
            curve_figure(lines, "P(True) within a question", "rounds of self-training"),
            "Spread of P(True) within a question by round of self-training: STaR blue squares, EpiCaR orange diamonds",
        )


def _metric(numbers: Numbers, side: Side, subset: str = "all") -> Metric:
    found = numbers.estimate(side)
    group = Group("macro", "stated", side.method, subset)
    if found is None:
        return metric_row(group, side.metric, None, 0, 0, "", reason="undefined")
    return with_interval(metric_row(group, side.metric, found.value, 0, 0, ""), numbers.interval(side), "")


def _trajectory_metrics(numbers: Numbers, kind: str) -> list[Metric]:
    return [
        metric_row(Group("macro", "stated", "p_true", f"k={i}"), "spread", mean["p_true_spread_within"], 0, 0, "")
        for i, mean in _trajectory(numbers, kind)
    ]
