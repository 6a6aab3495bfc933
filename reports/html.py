"""Self-contained HTML pages: the report of one run, and the comparison of two.

A page loads nothing and runs nothing (its Content-Security-Policy forbids both), and shows text of models and data sets
literally.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.records import Difference, GalleryItem, Metric, Reliability, RunSummary, Scorecard
from reports import figures, tables, text

OUTCOMES = {
    "correct": "an answer was read and graded right",
    "incorrect": "an answer was read and graded wrong",
    "abstained": "the model declined to answer",
    "unparsed": "finished, but no answer could be read",
    "truncated": "the token budget ended before the answer was complete",
    "failed": "no verdict for a reason that is not the model's answer",
}
STATUSES = ("ok", "missing", "out_of_range", "ambiguous", "failed")
SCENARIOS = {"worst": "missing = worst", "half": "missing = 0.5", "best": "missing = best"}
_SUBSETS = {"domain": "Domain", "subject": "Subject", "level": "Level"}
_SUBSET_METRICS = {name: label for name, label in tables.HEADLINE.items() if name != "ece_noise_floor"}
_EXCERPT = 3000
"""Characters of a question, a reasoning or an output that the gallery shows."""
_NOTABLE = 0.02
"""Differences of coverage and truncation between two runs that are warned of."""
_SETTINGS = ("temperature", "top_p", "max_tokens", "thinking", "draws", "limit", "confidence", "backend")


def run_report(summary: RunSummary) -> str:
    """The page of one run."""
    figure = _figure_maker()
    return _render(
        "run.html",
        summary=summary,
        asked=sum(sum(count.outcomes.values()) for count in summary.counts),
        protocols=[_protocol(summary, protocol) for protocol in _protocols(summary.scorecard)],
        diagrams=[_diagram(figure, summary, d) for d in summary.scorecard.reliability],
        notices=_notices(summary),
        levels=list(_levels(figure, summary.scorecard)),
        breakdowns=_breakdowns(summary.scorecard),
        imputations=_groups(_imputations(summary.scorecard), lambda i: (i["protocol"], i["task"], i["method"])),
        every_metric=_every_metric(summary.scorecard),
        outcomes=_kinds(OUTCOMES, (count.outcomes for count in summary.counts)),
        statuses=_kinds(STATUSES, (of_method for count in summary.counts for of_method in count.confidences.values())),
        domains=any(count.domain != "other" for count in summary.counts),
        gallery=_gallery(summary),
        glossary=_glossary(m for m in summary.scorecard.metrics if m.task != "macro"),
        manifest=_flatten(summary.manifest),
        raw_manifest=json.dumps(summary.manifest, indent=2, ensure_ascii=False, default=str),
    )


def comparison_report(a: RunSummary, b: RunSummary, differences: Sequence[Difference]) -> str:
    """The page that holds run B against run A."""
    figure = _figure_maker()
    return _render(
        "comparison.html",
        a=a,
        b=b,
        protocols=sorted({*_protocols(a.scorecard), *_protocols(b.scorecard)}),
        warnings=_warnings(a, b, differences),
        headlines=_side_by_side(a, b),
        overall=_groups((d for d in differences if d.task == "macro"), lambda d: (d.protocol, d.method)),
        differences=_groups(differences, lambda d: (d.protocol, d.metric)),
        extents=_extents(differences),
        diagrams=_paired_diagrams(figure, a, b),
        counts=_paired_counts(a, b),
        conventions=_glossary(differences),
        fields=_differing_fields(a.manifest, b.manifest),
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: text.visible(value) if type(value) is str else value,
    )
    environment.filters |= {
        "number": text.number,
        "signed": text.signed,
        "p_value": text.p_value,
        "clip": text.clip,
        "excerpt": lambda value: text.excerpt(value, _EXCERPT),
        "verdict": tables.verdict,
        "percent": lambda share: f"{100 * share:.1f} %",
    }
    environment.globals |= {
        "interval": text.interval,
        "OUTCOMES": OUTCOMES,
        "SCENARIOS": SCENARIOS,
        "SUBSET_METRICS": _SUBSET_METRICS,
        "LABELS": tables.HEADLINE,
    }
    return environment


def _render(template: str, **context: Any) -> str:
    return _environment().get_template(template).render(context)


def _groups(items: Iterable, key: Callable) -> list[tuple[Any, list]]:
    """(key, items) in the order in which keys first occur."""
    items = list(items)
    order = {k: i for i, k in reversed(list(enumerate(map(key, items))))}
    return [(k, list(group)) for k, group in groupby(sorted(items, key=lambda item: order[key(item)]), key)]


# -- one run ----------------------------------------------------------------------------------------------------------


def _protocols(scorecard: Scorecard) -> list[str]:
    return list(dict.fromkeys(m.protocol for m in scorecard.metrics))


def _protocol(summary: RunSummary, protocol: str) -> dict:
    """Headline rows of one protocol, grouped by task, and what they say in words."""
    rows = [row for row in tables.headline(summary.scorecard) if row["protocol"] == protocol]
    macro = [row for row in rows if row["task"] == "macro" and row["signed_gap"]["n_total"] is not None]
    return {
        "name": protocol,
        "tasks": _groups(rows, lambda row: row["task"]),
        "sentences": [_sentence(row, len({r["task"] for r in rows}) - 1) for row in macro],
        "n_methods": len({row["method"] for row in rows}),
    }


def _sentence(row: dict, n_tasks: int) -> dict:
    """What the macro row of a method says about over- and under-confidence, as far as its interval supports it."""
    gap, auroc, confidence = row["signed_gap"], row["auroc"], row["mean_confidence"]
    if gap["value"] is None or gap["low"] is None:
        reason = gap["reason"] or "the gap has no interval"
        return {"method": row["method"], "verdict": "undefined", "title": "Nothing can be said", "text": f"{reason}."}
    bounds = f"95 % interval {text.signed(gap['low'])} to {text.signed(gap['high'])}"
    verdict = "over" if gap["low"] > 0 else "under" if gap["high"] < 0 else "undecided"
    title = {"over": "Overconfident", "under": "Underconfident", "undecided": "Neither shown"}[verdict]
    share = text.number(confidence["value"] - gap["value"])
    words = (
        f"Mean confidence is {text.number(confidence['value'])}, and a share of {share} of the same answers is right: "
        f"a gap of {text.signed(gap['value'])} ({bounds}"
    )
    words += ", which includes 0)." if verdict == "undecided" else ")."
    if auroc["low"] is not None:
        told = "The confidence ranks right answers above wrong ones" if auroc["low"] > 0.5 else (
            "It ranks wrong answers above right ones" if auroc["high"] < 0.5
            else "That it ranks right answers above wrong ones is not shown"
        )  # fmt: skip
        words += f" {told} (AUROC {text.number(auroc['value'])}, {text.interval(auroc['low'], auroc['high'])})."
    over = "the task" if n_tasks == 1 else f"{n_tasks} tasks, each with the same weight"
    words += (
        f" Over {over}; {confidence['n_used']:,} of {confidence['n_total']:,} generations gave answer and confidence."
    )
    return {"method": row["method"], "verdict": verdict, "title": title, "text": words}


def _notices(summary: RunSummary) -> list[str]:
    """What a reader must know before the numbers."""
    notices = []
    if summary.manifest.get("complete") is False:
        notices.append("This run is not complete: the numbers are of what was finished when the page was made.")
    for count in summary.counts:
        asked = sum(count.outcomes.values())
        for outcome in ("truncated", "unparsed", "failed"):
            share = count.outcomes.get(outcome, 0) / asked if asked else 0
            if share > 0.05:
                task = text.clip(count.task, 40)
                notices.append(f"{task}: {100 * share:.0f} % of the generations are {outcome} ({OUTCOMES[outcome]}).")
    return notices + [str(note) for note in summary.manifest.get("notes") or ()]


def _figure_maker() -> Callable:
    """A function (figure, label) -> markup that gives each figure of a page ids of its own."""
    made = iter(range(10_000))

    def make(figure, label: str) -> Markup:
        return Markup(figures.inline_svg(figure, f"f{next(made)}", text.visible(label)))

    return make


def _diagram(figure: Callable, summary: RunSummary, diagram: Reliability) -> dict:
    whole = {
        m.metric: m
        for m in summary.scorecard.metrics
        if (m.task, m.protocol, m.method, m.subset) == (diagram.task, diagram.protocol, diagram.method, diagram.subset)
    }
    label = f"Reliability diagram of {diagram.task}, method {diagram.method}; its numbers are in the table below it"
    return {"data": diagram, "svg": figure(figures.panel_figure(diagram), label), "metrics": whole}


def _levels(figure: Callable, scorecard: Scorecard) -> Iterator[dict]:
    """One figure per task and protocol that has levels."""
    wanted = [
        m for m in scorecard.metrics if m.subset.startswith("level=") and m.metric in ("accuracy", "mean_confidence")
    ]
    for (protocol, task), metrics in _groups(wanted, lambda m: (m.protocol, m.task)):
        label = f"Accuracy and mean confidence of {task} by level; the numbers are in the table by level"
        yield {"task": task, "protocol": protocol, "svg": figure(figures.level_figure(metrics), label)}


def _breakdowns(scorecard: Scorecard) -> list[dict]:
    """Per kind of subset, the rows of its table, grouped by task."""
    out = []
    for kind, heading in _SUBSETS.items():
        metrics = [m for m in scorecard.metrics if m.subset.startswith(f"{kind}=") and m.metric in _SUBSET_METRICS]
        rows = [
            {"task": task, "protocol": protocol, "method": method, "subset": subset.partition("=")[2]}
            | {m.metric: m for m in group}
            for (protocol, task, subset, method), group in _groups(
                metrics, lambda m: (m.protocol, m.task, m.subset, m.method)
            )
        ]
        if rows:
            tasks = _groups(rows, lambda row: (row["protocol"], row["task"]))
            out.append({"kind": kind, "heading": heading, "n_rows": len(rows), "tasks": tasks})
    return out


def _imputations(scorecard: Scorecard) -> list[dict]:
    """Where confidences are missing: per task and method the metrics as measured and under each scenario for them."""
    suffix = "_missing_worst"
    found = {(m.protocol, m.task, m.method, m.metric): m for m in scorecard.metrics if m.subset == "all"}
    rows = [
        {"protocol": protocol, "task": task, "method": method, "metric": name.removesuffix(suffix)}
        | {s: found.get((protocol, task, method, name.removesuffix("worst") + s)) for s in SCENARIOS}
        | {"measured": found.get((protocol, task, method, name.removesuffix(suffix)))}
        for protocol, task, method, name in found
        if name.endswith(suffix)
    ]
    return [row for row in rows if row["measured"] is None or row["measured"].n_used < row["worst"].n_used]


def _every_metric(scorecard: Scorecard) -> list[dict]:
    """Per protocol and task, all metrics of the whole task: one row per metric, one column per method."""
    whole = [m for m in scorecard.metrics if m.subset == "all"]
    out = []
    for (protocol, task), metrics in _groups(whole, lambda m: (m.protocol, m.task)):
        methods = list(dict.fromkeys(m.method for m in metrics))
        rows = [(name, {m.method: m for m in group}) for name, group in _groups(metrics, lambda m: m.metric)]
        out.append({"protocol": protocol, "task": task, "methods": methods, "rows": rows})
    return out


def _kinds(order: Iterable[str], counts: Iterable[dict[str, int]]) -> list[str]:
    """What was counted at all, in the given order."""
    counted = set().union(*counts)
    return [kind for kind in order if kind in counted]


def _gallery(summary: RunSummary) -> list | None:
    """The cases by protocol and task; None if the texts are not known."""
    if summary.gallery is None:
        return None
    return _groups(map(_case, summary.gallery), lambda case: (case["protocol"], case["task"]))


def _case(item: GalleryItem) -> dict:
    """A gallery item, with the output split from the reasoning that stands before it."""
    after = item.text.partition(item.reasoning)[2] if item.reasoning else ""
    return msgspec.structs.asdict(item) | {"response": (after or item.text).strip()}


def _glossary(metrics: Iterable[Metric | Difference]) -> list[tuple[str, list[str]]]:
    """Per metric, its distinct conventions."""
    return [
        (name, list(dict.fromkeys(m.convention for m in group))) for name, group in _groups(metrics, lambda m: m.metric)
    ]


def _flatten(value: Any, path: str = "") -> list[tuple[str, str]]:
    """(dotted path, value) of the leaves of nested dictionaries."""
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in _flatten(item, f"{path}.{key}" if path else str(key))]
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return [(path, shown)]


# -- two runs ---------------------------------------------------------------------------------------------------------


def _side_by_side(a: RunSummary, b: RunSummary) -> list[tuple[Any, list]]:
    """Headline rows of both runs, (protocol, task, method) -> {a, b}; only what at least one of them has."""
    rows: dict[tuple, dict] = {}
    for side, summary in (("a", a), ("b", b)):
        for row in tables.headline(summary.scorecard):
            rows.setdefault((row["protocol"], row["task"], row["method"]), {})[side] = row
    return _groups(rows.items(), lambda item: item[0][0])


def _paired_diagrams(figure: Callable, a: RunSummary, b: RunSummary) -> list[dict]:
    pairs: dict[tuple, dict] = {}
    for side, summary in (("a", a), ("b", b)):
        for diagram in summary.scorecard.reliability:
            key = (diagram.protocol, diagram.task, diagram.method, diagram.subset)
            pairs.setdefault(key, {})[side] = _diagram(figure, summary, diagram)
    return [
        {"protocol": protocol, "task": task, "method": method, "subset": subset, "a": pair.get("a"), "b": pair.get("b")}
        for (protocol, task, method, subset), pair in pairs.items()
    ]


def _paired_counts(a: RunSummary, b: RunSummary) -> list[dict]:
    pairs: dict[tuple, dict] = {}
    for side, summary in (("a", a), ("b", b)):
        for count in summary.counts:
            pairs.setdefault((count.protocol, count.task), {})[side] = count
    return [{"protocol": p, "task": t, "a": pair.get("a"), "b": pair.get("b")} for (p, t), pair in pairs.items()]


def _extents(differences: Iterable[Difference]) -> dict[str, float]:
    """Per metric the largest distance from 0 that an interval reaches: the half width of its axis."""
    ends = [(d.metric, abs(end)) for d in differences for end in (d.low, d.high) if end is not None]
    return {metric: max(0.01, *(end for _, end in group)) for metric, group in _groups(ends, lambda pair: pair[0])}


def _warnings(a: RunSummary, b: RunSummary, differences: Sequence[Difference]) -> list[str]:
    """Why the two runs may not be comparable."""
    warnings = []
    if set(_protocols(a.scorecard)) != set(_protocols(b.scorecard)):
        of_a, of_b = (", ".join(_protocols(s.scorecard)) for s in (a, b))
        warnings.append(
            f"Protocol: A was asked under {of_a}, B under {of_b}. Answers to different prompts are not comparable."
        )
    settings = [dict(_flatten(s.manifest.get("configuration") or {})) for s in (a, b)]
    for name in _SETTINGS:
        of_a, of_b = (s.get(name, "not stated") for s in settings)
        if of_a != of_b:
            warnings.append(f"Setting {name}: A {of_a}, B {of_b}.")
    for field in ("prompts", "graders"):
        of_a, of_b = ((s.manifest.get("identity") or {}).get(field) or {} for s in (a, b))
        for name in sorted(of_a.keys() & of_b.keys()):
            if of_a[name] != of_b[name]:
                warnings.append(f"The {field} of {text.clip(name, 60)} differ.")
    return warnings + list(_question_warnings(a, b, differences)) + list(_share_warnings(a, b))


def _question_warnings(a: RunSummary, b: RunSummary, differences: Sequence[Difference]) -> Iterator[str]:
    data = [s.manifest.get("data") or {} for s in (a, b)]
    shared = {d.task: d.n_questions for d in differences if d.subset == "all"}
    tasks = {side: {c.task for c in s.counts} for side, s in (("A", a), ("B", b))}
    for side, other in (("A", "B"), ("B", "A")):
        for task in sorted(tasks[side] - tasks[other]):
            yield f"Task {text.clip(task, 40)} is only in {side}."
    for task in sorted(tasks["A"] & tasks["B"]):
        of_a, of_b = (d.get(task) or {} for d in data)
        if of_a.get("fingerprint") != of_b.get("fingerprint"):
            yield f"Questions of {text.clip(task, 40)}: the runs read different versions of the data."
        asked = [of_a.get("questions"), of_b.get("questions")]
        if task in shared and any(n is not None and n != shared[task] for n in asked):
            name = text.clip(task, 40)
            yield f"Questions of {name}: {shared[task]} are shared; A asked {asked[0]}, B asked {asked[1]}."


def _share_warnings(a: RunSummary, b: RunSummary) -> Iterator[str]:
    for pair in _paired_counts(a, b):
        if pair["a"] and pair["b"]:
            of_a, of_b = (
                c.outcomes.get("truncated", 0) / max(1, sum(c.outcomes.values())) for c in (pair["a"], pair["b"])
            )
            if abs(of_a - of_b) > _NOTABLE:
                yield f"Truncation of {text.clip(pair['task'], 40)}: A {100 * of_a:.1f} %, B {100 * of_b:.1f} %."
    for _, rows in _side_by_side(a, b):
        for (_, task, method), pair in rows:
            values = [pair[side]["coverage"]["value"] if side in pair else None for side in "ab"]
            if task != "macro" and None not in values and abs(values[0] - values[1]) > _NOTABLE:
                name, of_a, of_b = text.label(task, method, 40), *(f"{100 * v:.1f} %" for v in values)
                yield f"Coverage of {name}: A {of_a}, B {of_b}. Their calibration is of different answers."


def _differing_fields(a: dict, b: dict) -> list[tuple[str, str | None, str | None]]:
    of_a, of_b = dict(_flatten(a)), dict(_flatten(b))
    return [(k, of_a.get(k), of_b.get(k)) for k in of_a | of_b if of_a.get(k) != of_b.get(k)]
