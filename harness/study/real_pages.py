"""The pages of real checkpoints, `prompts.md` and `real-models.md`: made from cells alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from calibench.errors import DataError
from calibench.files import write_text
from calibench.metrics.compare import compare
from calibench.metrics.scorecard import scorecard
from calibench.records import Metric
from calibench.reports.text import UNDEFINED, interval, number, signed
from calibench.results import Difference
from calibench.study.real_cells import Asked, RealCell, frame_of
from calibench.study.tables import table

if TYPE_CHECKING:
    import pandas as pd

_PASSES = {"standard": "standard prompt", "default": "default", "stated": "`stated`, one turn"}
_PUBLISHED = (
    "Published numbers of these checkpoints: MBPP .524 for Qwen2.5-Coder-0.5B-Instruct and .692 for 1.5B-Instruct (the"
    " maker's, by EvalPlus: another part of MBPP, tests shown in its own words, the beginning of the reply written"
    " for the model, 16-bit weights); GSM8K .004 for SmolLM2-135M-Instruct (lm-eval, no examples, as reported with a"
    " fine-tuned successor). Here the weights have 4 bits, answers end at {budget} tokens, and the prompt is ours."
)


def write_pages(cells: Sequence[RealCell], folder: Path) -> None:
    """Writes both pages and the diagrams beside them."""
    asked = [cell for cell in cells if cell.passes.get("default")]
    if not asked:
        raise DataError("expected a cell whose default pass has a finished task, found none")
    cells = sorted(asked, key=lambda cell: fmean(a.accuracy() for a in cell.passes["default"].values()))
    write_text(folder / "prompts.md", "\n\n".join(_prompts(cells)) + "\n")
    write_text(folder / "real-models.md", "\n\n".join(_models(cells, folder)) + "\n")


# -- prompts ----------------------------------------------------------------------------------------------------------


def _prompts(cells: Sequence[RealCell]) -> Iterator[str]:
    yield "# What asking for a confidence costs"
    yield (
        "Three ways of asking, on the same questions, greedily, of real checkpoints: the **default** (the task's own"
        " prompt, and the confidence in a second turn), **`stated`** (answer and confidence in one turn), and a"
        " **standard prompt** of the field that says nothing of confidence (`calibench.study.standard` has the words)."
        " Answers are graded alike. Wordings were chosen on training questions; these are test questions."
    )
    yield (
        "The default asks for the answer in the words of protocol `plain`, without a word about confidence, so that the"
        " second turn cannot change the answer. Whether the words on the form of the answer cost something is seen"
        " beside the standard prompt. A cost is shown where the whole 95 % interval of the difference is below 0."
    )
    for cell in cells:
        yield f"## {cell.model}"
        yield table(
            ("Task", "Prompt", "n", "Accuracy", "Echoed", "Unparsed or cut", "Coverage", "Distinct", "ECE", "AUROC"),
            _ways(cell),
        )
        if unasked := [title for name, title in _PASSES.items() if not cell.passes.get(name)]:
            yield f"Not asked yet: {', '.join(unasked)}."
        if costs := list(_costs(cell)):
            yield "Accuracy against the standard prompt, and of `stated` against the default, on shared questions:"
            yield table(("Task", "Change", "Difference", "Verdict", "n"), costs)
    yield "## How often P(True) and the second turn tell nothing"
    yield (
        "Label mass is the mean probability of the two letters that P(True) is read from; the rest went to other"
        " tokens. A standard deviation near zero means that every answer gets the same confidence."
    )
    yield table(("Model", "Task", "Method", "Distinct", "Standard deviation", "Label mass"), _spreads(cells))
    yield _made(cells)


def _ways(cell: RealCell) -> Iterator[Sequence[str]]:
    for task in cell.passes["default"]:
        for name, title in _PASSES.items():
            asked = cell.passes.get(name, {}).get(task)
            if asked is None:
                continue
            found = _numbers(frame_of({task: asked}, name))
            for method in sorted({method for method, _ in found}):
                value = {metric: row for (m, metric), row in found.items() if m == method}
                spread = next((s for s in asked.spreads if s.method == method), None)
                outcomes = asked.answers.outcomes
                yield (
                    task,
                    title if method in ("none", "stated") else f"{title}: {method}",
                    str(len(asked.ids)),
                    _shown(value["accuracy"]),
                    str(outcomes.count("e")),
                    str(outcomes.count("u") + outcomes.count("t")),
                    number(value["coverage"].value) if "coverage" in value else UNDEFINED,
                    str(spread.distinct) if spread else UNDEFINED,
                    _shown(value.get("ece")),
                    _shown(value.get("auroc")),
                )


def _costs(cell: RealCell) -> Iterator[Sequence[str]]:
    for a, b in (("standard", "default"), ("default", "stated")):
        if a in cell.passes and b in cell.passes:
            for found in _accuracy_changes(cell.passes[a], cell.passes[b], a, b):
                yield (
                    "mean over tasks" if found.task == "macro" else found.task,
                    f"{_PASSES[a]} → {_PASSES[b]}",
                    f"{signed(found.difference)} {interval(found.low, found.high)}",
                    _verdict(found),
                    str(found.n_questions),
                )


def _accuracy_changes(a: dict[str, Asked], b: dict[str, Asked], name_a: str, name_b: str) -> list[Difference]:
    shared = [task for task in a if task in b]
    frames = {
        name: frame_of({task: of[task] for task in shared}, "any", with_confidences=False)
        for name, of in ((name_a, a), (name_b, b))
    }
    return compare(frames, [(name_a, name_b)], metrics=("accuracy",))


def _verdict(found: Difference) -> str:
    if found.high is not None and found.high < 0:
        return "costs accuracy"
    if found.low is not None and found.low > 0:
        return "gains accuracy"
    return "no difference beyond noise"


def _spreads(cells: Sequence[RealCell]) -> Iterator[Sequence[str]]:
    for cell in cells:
        for task, asked in cell.passes["default"].items():
            for spread in asked.spreads:
                mass = UNDEFINED if spread.label_mass is None else number(spread.label_mass)
                deviation = number(spread.deviation)
                yield (cell.model, task, spread.method, f"{spread.distinct} of {spread.n}", deviation, mass)


# -- models -----------------------------------------------------------------------------------------------------------


def _models(cells: Sequence[RealCell], folder: Path) -> Iterator[str]:
    yield "# Real checkpoints"
    yield (
        "What `make real` measured: the default prompts and methods, greedy answers, the same questions for every"
        " model where their number is the same. 95 % intervals are over questions; tasks weigh the same in the mean."
    )
    for cell in cells:
        yield f"## {cell.model}"
        yield table(HEADLINE, headline(cell.passes["default"]))
        yield _diagrams(cell, folder)
    yield "## Model against model"
    yield (
        "Paired on shared questions. `better` and `worse` are of the second model, after Holm's correction for all rows"
        " of the pair; `equivalent` means that the interval is within ±0.02."
    )
    for a, b in pairwise(cells):
        yield f"### {a.model} → {b.model}"
        yield table(("Task", "Method", "Metric", "Difference", "Verdict", "n"), _against(a, b))
    yield "## Beside published numbers"
    yield _PUBLISHED.format(budget=cells[0].settings["max_tokens"])
    yield _made(cells)


HEADLINE = ("Task", "Method", "n", "Accuracy", "Coverage", "ECE", "Brier", "AUROC")


def headline(passed: dict[str, Asked]) -> Iterator[Sequence[str]]:
    """The main numbers of each task and method of a pass, then their means over tasks, as lines below `HEADLINE`."""
    card = scorecard(frame_of(passed, "default"))
    rows: dict[tuple[str, str], dict[str, Metric]] = {}
    for metric in card.metrics:
        if metric.subset == "all":
            rows.setdefault((metric.task, metric.method), {})[metric.metric] = metric
    for (task, method), found in sorted(rows.items(), key=lambda row: (row[0][0] == "macro", row[0])):
        shown = [_shown(found.get(name)) for name in ("accuracy", "coverage", "ece", "brier", "auroc")]
        yield ("mean" if task == "macro" else task, method, str(found["accuracy"].n_total), *shown)


def _diagrams(cell: RealCell, folder: Path) -> str:
    from calibench.reports.figures import save
    from calibench.reports.plots import reliability_figure

    card = scorecard(frame_of(cell.passes["default"], "default"))
    name = cell.model.rpartition("/")[2]
    asked = [diagram for diagram in card.reliability if diagram.method == "asked"]
    (folder / "real").mkdir(parents=True, exist_ok=True)
    save(reliability_figure(asked), folder / "real" / f"{name}.svg")
    caption = f"Reliability of the second turn's confidences, {cell.model}, by task"
    return f"![{caption}](real/{name}.svg)\n\n*{caption}*"


def _against(a: RealCell, b: RealCell) -> Iterator[Sequence[str]]:
    frames = {cell.model: frame_of(cell.passes["default"], "default") for cell in (a, b)}
    for found in compare(frames, [(a.model, b.model)], metrics=("accuracy", "ece", "brier", "auroc")):
        if found.difference is not None:
            yield (
                "mean" if found.task == "macro" else found.task,
                found.method,
                found.metric,
                f"{signed(found.difference)} {interval(found.low, found.high)}" if found.low is not None
                else signed(found.difference),
                found.verdict,
                str(found.n_questions),
            )  # fmt: skip


# -- both -------------------------------------------------------------------------------------------------------------


def _numbers(frame: pd.DataFrame) -> dict[tuple[str, str], Metric]:
    return {(m.method, m.metric): m for m in scorecard(frame).metrics if m.subset == "all" and m.task != "macro"}


def _shown(metric: Metric | None) -> str:
    if metric is None or metric.value is None:
        return UNDEFINED
    ends = f" {interval(metric.low, metric.high)}" if metric.low is not None else ""
    return number(metric.value) + ends


def _made(cells: Sequence[RealCell]) -> str:
    lines = [
        f"- {cell.model}: weights `{cell.weights[:23]}`, answers of at most {cell.settings['max_tokens']} tokens,"
        f" {cell.cpu_seconds / 3600:.1f} CPU hours in the sessions that ended"
        for cell in cells
    ]
    return "## How this page is made\n\n" + "\n".join(
        [
            "`make real` asks the models and keeps what they answered in `docs/real/*.json`;"
            " `python -m calibench.study.real --cells docs/real --page docs` makes this page of it.",
            "",
            *lines,
        ]
    )
