"""Sections of the study page about greedy answers: findings, kinds, steps from kind to kind, maps, seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from calibench.reports.text import UNDEFINED, signed
from calibench.study.estimates import AS_READ, CLASSIFIER, RECALIBRATIONS
from calibench.study.findings import FINDINGS, Finding, Standing, verdict
from calibench.study.numbers import MARGIN, SHARE, Numbers, SeedDifference, Side
from calibench.study.tables import CHANGES, DOMAINS, HEADINGS, JUDGED, METHODS, change, point, table, value

_LADDER = (("instruct", "sft"), ("sft", "rl"))
_TRANSFER = ("star_math", "epicar_math")


_STANDING: dict[Standing, tuple[str, str]] = {
    "before": (
        "### Written before the first results",
        "The statements stood in the code before the first cell was made. The rule of the verdicts was sharpened"
        " afterwards.",
    ),
    "after": ("### Written after the first results", "Exploratory: who had seen numbers thought of these rows."),
    "planted": (
        "### Fixed by the design",
        "The corpus that instruct and sft learned from gives their percentages by one table, by task and level. What"
        " differs between their calibration only repeats what differs between their accuracies: no verdict.",
    ),
}


def findings(numbers: Numbers) -> Iterator[str]:
    judged = sum(finding.standing != "planted" for finding in FINDINGS)
    yield (
        "A finding **holds** where every seed shows it and the interval excludes 0. It **fails** where the interval"
        f" excludes an effect of {MARGIN:g} or more in its direction ({SHARE:.0%} of the first value where a spread or"
        " a number of answers is compared). A finding of *no* effect holds where the interval excludes an effect of"
        " that size, and fails where every seed shows the effect and the interval excludes 0. All others are"
        f" **undecided**. The verdicts follow from these rules and are not corrected for their number ({judged})."
        " Rows that share checkpoints are not independent."
    )
    yield _limits(numbers)
    for standing, (heading, about) in _STANDING.items():
        rows = []
        for finding in FINDINGS:
            if finding.standing == standing:
                found = numbers.difference(finding.a, finding.b)
                rows.append([finding.source, finding.claim, *_measured(numbers, finding, found)])
        yield heading
        yield about
        yield table(["Source", "Finding", "Difference", "By seed", "Verdict"], rows)


def _limits(numbers: Numbers) -> str:
    """What the rows cannot say, by the settings of the cells."""
    said = [
        "The learning rate, steps and batch of rl and rlcr were chosen on these test questions, so their rows flatter"
        " them by an unknown amount.",
        "Training asks for the percentage in the same reply (protocol `stated`), which is not the default of"
        " `calibench run`.",
    ]
    repairs = {kind: _option(numbers, kind, "repair") for kind in ("star", "epicar")}
    if None not in repairs.values() and len({*repairs.values()}) > 1:
        (repaired,) = (kind for kind, repair in repairs.items() if repair)
        said.append(
            f"Outputs without an answer were repaired in the training of {repaired} alone: a difference between star"
            " and epicar is one of both."
        )
    if _option(numbers, "rlcr", "credit") == "parts":
        weight = _option(numbers, "rlcr", "confidence_weight")
        said.append(
            f"rlcr credits the tokens of a percentage with its own score alone, times {weight:g}, which is ours; the"
            " paper credits the whole reply, with more than 4 replies per question."
        )
    if _option(numbers, "epicar", "fresh") is False and numbers.seeds("epicar_fresh"):
        said.append("epicar_fresh sees three times as many labelled questions as the kinds it is held against.")
    return "What the rows cannot say:\n\n" + "\n".join(f"- {line}" for line in said)


def _option(numbers: Numbers, kind: str, name: str) -> Any:
    """Of the recipe that made a kind; None where there is no cell of it, or no such option."""
    for seed in numbers.seeds(kind):
        return numbers.cells[kind, seed].settings.get("made_by", {}).get(kind, {}).get("options", {}).get(name)
    return None


def _measured(numbers: Numbers, finding: Finding, found: SeedDifference | None) -> list[str]:
    """Difference, differences by seed, and verdict."""
    if found is None:
        absent = [kind for kind in (finding.a.kind, finding.b.kind) if not numbers.seeds(kind)]
        why = f"missing: {', '.join(dict.fromkeys(absent))}" if absent else "not defined"
        return [UNDEFINED, UNDEFINED, why]
    if finding.standing == "planted":
        return [change(found), ", ".join(signed(d) for d in found.of_seed), "planted"]
    word = verdict(finding.expected, found.of_seed, found.interval, found.margin)
    few = " (one seed)" if len(found.seeds) == 1 else ""
    return [change(found), ", ".join(signed(d) for d in found.of_seed), f"**{word}**{few}"]


def kinds(numbers: Numbers, figures: dict[str, str]) -> Iterator[str]:
    present = numbers.kinds()
    for method, name in METHODS.items():
        metrics = list(HEADINGS) if method != "sequence_probability" else [m for m in HEADINGS if m != "wqd"]
        rows = [
            [kind, *(value(numbers, Side(kind, m, method)) for m in metrics), _distinct(numbers, kind, method)]
            for kind in present
        ]
        yield f"### Mean over tasks, {name}"
        yield table(["Kind", *(HEADINGS[m] for m in metrics), "Distinct, by task and seed"], rows)
    yield figures.get("kinds", "")
    for domain in numbers.domains():
        heading = ["Kind", "Accuracy", *(f"{HEADINGS[m]}, {METHODS[w]}" for m, w in _of_domain())]
        rows = [
            [
                kind,
                value(numbers, Side(kind, "accuracy", "stated", (domain,))),
                *(value(numbers, Side(kind, m, w, (domain,))) for m, w in _of_domain()),
            ]
            for kind in present
        ]
        yield f"### {DOMAINS.get(domain, domain)}"
        yield table(heading, rows)


def _of_domain() -> list[tuple[str, str]]:
    return [(metric, method) for metric in (*JUDGED, "wqd") for method in ("stated", "p_true")]


def _distinct(numbers: Numbers, kind: str, method: str) -> str:
    """The least and the greatest number of distinct confidences of a task and seed."""
    found = [
        number
        for seed in numbers.seeds(kind)
        for of_task in numbers.cells[kind, seed].summary.values()
        if (number := of_task.get(method, {}).get("distinct_confidences")) is not None
    ]
    if not found:
        return UNDEFINED
    low, high = int(min(found)), int(max(found))
    return str(low) if low == high else f"{low} to {high}"


def ladder(numbers: Numbers) -> Iterator[str]:
    for a, b in _LADDER:
        yield f"### From {a} to {b}, stated confidence"
        yield from differences(numbers, (a, b), (None, *((d,) for d in numbers.domains())), "stated")


def differences(
    numbers: Numbers, pair: tuple[str, str], domains: Sequence[tuple[str, ...] | None] | None, method: str
) -> Iterator[str]:
    """A table of paired differences: of all tasks, and of each domain."""
    a, b = pair
    if not numbers.seeds(a, b):
        yield f"Missing: no seed has both {a} and {b}."
        return
    rows = []
    for domain in domains or (None, *((d,) for d in numbers.domains())):
        for metric in CHANGES:
            of = "stated" if metric == "accuracy" else method
            sides = Side(a, metric, of, domain), Side(b, metric, of, domain)
            found = numbers.difference(*sides)
            shared = numbers.seeds(a, b)
            values = [point(numbers, side, shared) for side in sides]
            name = "mean over tasks" if domain is None else DOMAINS.get(domain[0], domain[0])
            by_seed = ", ".join(signed(d) for d in found.of_seed) if found else UNDEFINED
            rows.append([name, HEADINGS[metric], *values, change(found), by_seed])
    yield table(["Tasks", f"Metric ({METHODS[method]})", a, b, f"{b} − {a}", "By seed"], rows)


def transfer(numbers: Numbers) -> Iterator[str]:
    yield (
        "star_math and epicar_math were trained on questions of micro_words and micro_algebra alone, on as many as the"
        " others had of all four tasks. The parent, sft, was trained on all four."
    )
    domains = [d for d in numbers.domains() if d != "math"]
    columns = [(d, m, w) for d in domains for m, w in (("accuracy", "stated"), *((m, "p_true") for m in JUDGED))]
    rows = [
        [kind, *(value(numbers, Side(kind, m, w, (d,))) for d, m, w in columns)]
        for kind in ("sft", *_TRANSFER)
        if numbers.seeds(kind)
    ]
    yield table(["Kind", *(f"{DOMAINS.get(d, d)}: {HEADINGS[m]}" for d, m, _ in columns)], rows)
    yield from differences(numbers, _TRANSFER, [(d,) for d in domains], "p_true")


def post_hoc(numbers: Numbers) -> Iterator[str]:
    yield (
        "Maps are fitted on a random half of the test questions of each task; every number of this table, those as read"
        " among them, is of the other half. So the maps have seen graded answers to questions like these, which no"
        " checkpoint was trained on. A map that keeps the order, as temperature does, keeps the AUROC. The classifier"
        " (logistic regression) reads length and log-probabilities of the tokens instead of a confidence. Intervals"
        " take the fitted maps as given: they do not include the uncertainty of the fit."
    )
    present = numbers.kinds()
    rows = [
        [kind, name, *(value(numbers, Side(kind, metric, method)) for metric in JUDGED)]
        for kind in present
        for method, name in _maps()
    ]
    yield table(["Kind", "Confidence", *(HEADINGS[m] for m in JUDGED)], rows)


def _maps() -> Iterator[tuple[str, str]]:
    for method in ("stated", "p_true"):
        for name in (AS_READ, *RECALIBRATIONS):
            yield f"{method} + {name}", f"{METHODS[method]}, {name}"
    yield CLASSIFIER, "classifier of token features"


def by_seed(numbers: Numbers) -> Iterator[str]:
    columns = [("accuracy", "stated"), *((m, w) for w in ("stated", "p_true") for m in ("ece", "auroc"))]
    rows = [
        [kind, str(seed), *(point(numbers, Side(kind, m, w), (seed,)) for m, w in columns)]
        for kind in numbers.kinds()
        for seed in numbers.seeds(kind)
    ]
    names = [f"{HEADINGS[m]}, {METHODS[w]}" if m != "accuracy" else "Accuracy" for m, w in columns]
    yield table(["Kind", "Seed", *names], rows)
