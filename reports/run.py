"""Self-contained HTML pages: how they are made, and the report of one run.

A page loads nothing and runs nothing but the browser of answers (its Content-Security-Policy forbids all else), and
shows text of models and data sets literally.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from markupsafe import Markup

from calibench.records import Reliability, Scorecard
from calibench.reports import (
    browse,
    by_subset,
    conventions,
    figures,
    headline,
    judging,
    labels,
    length,
    risk,
    small_multiples,
    tables,
    targets,
    text,
    thinking,
    thresholds,
    typed_decisions,
    until,
    wording,
)
from calibench.reports.page import (
    OUTCOMES,
    SCENARIOS,
    STATUSES,
    figure_maker,
    flatten,
    glossary,
    groups,
    render,
)
from calibench.reports.unstarted import unstarted_report
from calibench.results import UNREAD, GalleryItem, RunSummary, Spread
from calibench.results.judging import judge_notes

_MANY = 40
"""Diagrams beyond which the page has small ones."""
_SUBSETS = {"domain": "Domain", "subject": "Subject", "level": "Level"}


def run_report(summary: RunSummary) -> str:
    """The page of one run."""
    if not summary.counts:
        return unstarted_report(summary)
    figure, measures = figure_maker(), tables.measures_of([summary.scorecard])
    browser = browse.browser(summary.answers)
    return render(
        "run.html",
        browser=browser,
        **({"script_source": Markup(browse.script_source())} if browser else {}),
        measures=measures,
        columns=tables.columns(measures),
        summary=summary,
        asked=sum(sum(count.outcomes.values()) for count in summary.counts),
        protocols=[_protocol(summary, protocol) for protocol in _protocols(summary.scorecard)],
        diagrams=_diagrams(figure, summary),
        undrawn=[d for d in summary.scorecard.reliability if not d.n_used],
        unread=_unread(summary),
        limits=thresholds.LIMITS,
        thresholds=thresholds.table(summary.thresholds),
        lengths=list(length.lengths(figure, summary)) if len(summary.lengths) <= _MANY else [],
        budgets=list(length.budgets(figure, summary)) if len(summary.lengths) <= _MANY else [],
        thinking=list(thinking.curves(figure, summary)),
        of_thinking=thinking,
        method_differences=_methods(summary),
        agreements=[(found, judging.table(found)) for found in summary.agreements],
        **_labelled(summary),
        wordings=[(found, wording.sentence(found, measures)) for found in summary.wordings],
        sources=wording.SOURCES,
        best=targets.best,
        targets=_targets(summary),
        risks=list(risk.curves_of(figure, summary.scorecard)) if len(summary.scorecard.reliability) <= _MANY else [],
        notices=_notices(summary),
        rule=list(until.rows(summary.until, measures)),
        rule_warning=until.WARNING,
        typed_decisions=typed_decisions.by_task(summary),
        decisions=typed_decisions,
        conventions=conventions.by_task(summary),
        convention_words=conventions.definitions(summary),
        levels=list(_levels(figure, summary.scorecard)),
        breakdowns=_breakdowns(summary.scorecard),
        strips=by_subset.strips(summary),
        imputations=groups(_imputations(summary.scorecard), lambda i: (i["protocol"], i["task"], i["method"])),
        every_metric=_every_metric(summary.scorecard),
        spending=[(None, spent) for spent in summary.spending],
        outcomes=_kinds(OUTCOMES, (count.outcomes for count in summary.counts)),
        spread_of={(s.task, s.protocol, s.method): s for s in summary.spreads},
        without=_without(summary),
        statuses=_kinds(STATUSES, (of_method for count in summary.counts for of_method in count.confidences.values())),
        domains=any(count.domain != "other" for count in summary.counts),
        gallery=_gallery(summary),
        glossary=glossary(m for m in summary.scorecard.metrics if m.task != "macro"),
        manifest=flatten(summary.manifest),
        raw_manifest=json.dumps(summary.manifest, indent=2, ensure_ascii=False, default=str),
    )


# -- one run ----------------------------------------------------------------------------------------------------------


def _protocols(scorecard: Scorecard) -> list[str]:
    return list(dict.fromkeys(m.protocol for m in scorecard.metrics))


def _protocol(summary: RunSummary, protocol: str) -> dict:
    """Headline rows of one protocol, grouped by task, and what they say in words."""
    rows = [row for row in tables.headline(summary.scorecard) if row["protocol"] == protocol]
    return {
        "name": protocol,
        "tasks": groups(rows, lambda row: row["task"]),
        "findings": [f for f in headline.findings(summary.scorecard) if f.protocol == protocol],
        "n_methods": len({row["method"] for row in rows}),
    }


def _unread(summary: RunSummary) -> list[dict]:
    """The tasks most of whose generations have no readable answer, with examples."""
    counts = {(count.task, count.protocol): count.outcomes for count in summary.counts}
    return [
        {
            "task": task,
            "protocol": protocol,
            "asked": sum(counts[task, protocol].values()),
            "outcomes": {o: n for o, n in counts[task, protocol].items() if o in UNREAD and n},
            "items": items,
        }
        for (task, protocol), items in groups(summary.unread, lambda item: (item.task, item.protocol))
    ]


_LITTLE_MASS = 0.5
_MANY_VALUES = 20


def _notices(summary: RunSummary) -> list[str]:
    """What a reader must know before the numbers."""
    notices = []
    if summary.manifest.get("complete") is False:
        notices.append("This run is not complete: the numbers are of what was finished when the page was made.")
    notices += until.notices(summary)
    notices += judge_notes(summary.manifest)
    notices += labels.notices(summary.labelled, several=len(_protocols(summary.scorecard)) > 1)
    for count in summary.counts:
        asked = sum(count.outcomes.values())
        for outcome in ("truncated", "echoed", "unparsed", "failed"):
            share = count.outcomes.get(outcome, 0) / asked if asked else 0
            if share > 0.05:
                task = text.clip(count.task, 40)
                notices.append(f"{task}: {100 * share:.0f} % of the generations are {outcome} ({OUTCOMES[outcome]}).")
    alike = groups((s for s in summary.spreads if _is_constant(s)), lambda s: s.method)
    for method, spreads in alike:
        if len(spreads) > 1:
            places = ", ".join(dict.fromkeys(text.clip(s.task, 40) for s in spreads))
            notices.append(
                f"{method}: the same confidence for every answer of a task, so it tells none apart: {places}."
            )
    told = {id(s) for _, spreads in alike if len(spreads) > 1 for s in spreads}
    notices += [note for s in summary.spreads for note in spread_notes(s, spread_told=id(s) in told)]
    return notices + [str(note) for note in summary.manifest.get("notes") or ()]


def _is_constant(spread: Spread) -> bool:
    return spread.n >= _MANY_VALUES and spread.distinct == 1


def spread_notes(spread: Spread, *, spread_told: bool = False) -> Iterator[str]:
    """What a reader must know of how a method's confidences came about, before the numbers.

    Args:
        spread: of one task and method.
        spread_told: it is said elsewhere that all of them are the same.
    """
    where = f"{text.clip(spread.task, 40)}, {spread.method}"
    if spread.label_mass is not None and spread.label_mass < _LITTLE_MASS:
        yield (
            f"{where}: its letters have {text.number(spread.label_mass)} of the probability. The model rather writes"
            " something else, and the confidence is of the rest."
        )
    if _is_constant(spread) and not spread_told:
        yield f"{where}: the same confidence for each of {spread.n:,} answers, so it tells none apart."
    if spread.example is not None:
        yield f"{where}: {spread.copies:,} of {spread.n:,} are {spread.example}, the example in the prompt."


def _diagrams(figure: Callable, summary: RunSummary) -> list[dict]:
    """Every reliability diagram with its numbers; of very many the page has small ones, which are quickly drawn."""
    metrics = groups(summary.scorecard.metrics, lambda m: (m.task, m.protocol, m.method, m.subset))
    of_group = {key: {m.metric: m for m in of} for key, of in metrics}
    many = len(summary.scorecard.reliability) > _MANY
    return [
        {
            "data": d,
            "svg": _small(d) if many else figure(figures.panel_figure(d), _described(d)),
            "metrics": of_group.get((d.task, d.protocol, d.method, d.subset), {}),
        }
        for d in summary.scorecard.reliability
        if d.n_used
    ]


def _small(diagram: Reliability) -> Markup:
    tallest = small_multiples.tallest_share(diagram)
    return Markup(small_multiples.small_multiple(diagram, None, tallest, text.visible(_described(diagram))))


def _described(diagram: Reliability) -> str:
    return f"Reliability diagram of {diagram.task}, method {diagram.method}; its numbers are in the table below it"


def _labelled(summary: RunSummary) -> dict[str, Any]:
    """What the section on labels shows."""
    found = summary.labelled
    if found is None:
        return {"labelled": None}
    return {
        "labelled": found,
        "label_agreement": labels.agreement_rows(found),
        "label_numbers": labels.number_rows(found),
        "label_estimator": labels.ESTIMATORS[found.estimator],
        "label_titles": labels.TITLES,
    }


def _levels(figure: Callable, scorecard: Scorecard) -> Iterator[dict]:
    """One figure per task and protocol that has levels."""
    wanted = [
        m for m in scorecard.metrics if m.subset.startswith("level=") and m.metric in ("accuracy", "mean_confidence")
    ]
    for (protocol, task), metrics in groups(wanted, lambda m: (m.protocol, m.task)):
        label = f"Accuracy and mean confidence of {task} by level; the numbers are in the table by level"
        yield {"task": task, "protocol": protocol, "svg": figure(figures.level_figure(metrics), label)}


def _breakdowns(scorecard: Scorecard) -> list[dict]:
    """Per kind of subset, the rows of its table, grouped by task."""
    out = []
    of_subsets = {m.metric for m in scorecard.measures if m.interval}
    for kind, heading in _SUBSETS.items():
        metrics = [m for m in scorecard.metrics if m.subset.startswith(f"{kind}=") and m.metric in of_subsets]
        rows = [
            {"task": task, "protocol": protocol, "method": method, "subset": subset.partition("=")[2]}
            | {m.metric: m for m in group}
            for (protocol, task, subset, method), group in groups(
                metrics, lambda m: (m.protocol, m.task, m.subset, m.method)
            )
        ]
        if rows:
            tasks = groups(rows, lambda row: (row["protocol"], row["task"]))
            out.append({"kind": kind, "heading": heading, "n_rows": len(rows), "tasks": tasks})
    return out


def _targets(summary: RunSummary) -> list:
    """The numbers under each target, in words, by protocol, task and method."""
    found = [(one, targets.sentence(one)) for one in summary.targets]
    return groups(found, lambda row: (row[0].protocol, row[0].task, row[0].method))


def _methods(summary: RunSummary) -> list[dict]:
    """Per protocol, what is shown of each method against the first: the mean over tasks."""
    means = [d for d in summary.method_differences if d.task == "macro"]
    return [
        {"protocol": protocol, "first": first, "rows": groups(of, lambda d: d.run_b)}
        for (protocol, first), of in groups(means, lambda d: (d.protocol, d.run_a))
    ]


def _imputations(scorecard: Scorecard) -> list[dict]:
    """Where confidences are missing: per task and method the metrics as measured and under each scenario for them."""
    suffix = "_missing_worst"
    found = {(m.protocol, m.task, m.method, m.metric): m for m in scorecard.metrics if m.subset == "all"}
    rows: list[dict[str, Any]] = [
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
    for (protocol, task), metrics in groups(whole, lambda m: (m.protocol, m.task)):
        methods = list(dict.fromkeys(m.method for m in metrics))
        rows = [(name, {m.method: m for m in group}) for name, group in groups(metrics, lambda m: m.metric)]
        out.append({"protocol": protocol, "task": task, "methods": methods, "rows": rows})
    return out


def _without(summary: RunSummary) -> int:
    """Confidences that have no value."""
    of_methods = (of_method for count in summary.counts for of_method in count.confidences.values())
    return sum(n for of_method in of_methods for status, n in of_method.items() if status != "ok")


def _kinds(order: Iterable[str], counts: Iterable[dict[str, int]]) -> list[str]:
    """What was counted at all, in the given order."""
    counted = set().union(*counts)
    return [kind for kind in order if kind in counted]


def _gallery(summary: RunSummary) -> list | None:
    """The cases by protocol and task; None if the texts are not known."""
    if summary.gallery is None:
        return None
    return groups(map(_case, summary.gallery), lambda case: (case["protocol"], case["task"]))


def _case(item: GalleryItem) -> dict:
    """A gallery item, with the output split from the reasoning that stands before it."""
    after = item.text.partition(item.reasoning)[2] if item.reasoning else ""
    return msgspec.structs.asdict(item) | {"response": (after or item.text).strip()}
