"""The page of the study: plain text, tables and figures, made from cells alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from calibench.files import write_text
from calibench.reports.text import UNDEFINED, number
from calibench.study import drawn, sections, zeng
from calibench.study.cells import Cell
from calibench.study.family import KINDS
from calibench.study.figures import write_figures
from calibench.study.numbers import RESAMPLES, Numbers
from calibench.study.tables import table


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
    figures = write_figures(numbers, out / "study")
    parts = [
        "# The study of the micro family",
        _opening(numbers),
        "## What was run",
        *_run(numbers, kinds, seeds, other),
        "## Findings of the papers, and what was measured here",
        *sections.findings(numbers),
        "## All kinds",
        *sections.kinds(numbers, figures),
        "## Instruct, sft, rl",
        *sections.ladder(numbers),
        "## As Zeng et al. report it",
        *zeng.as_zeng(numbers),
        "## STaR against EpiCaR",
        *sections.differences(numbers, drawn.PAIR, None, "p_true"),
        "## Votes by the number of draws",
        *drawn.votes(numbers, figures),
        "## Spread of confidences and answers by round of self-training",
        *drawn.rounds(numbers, figures),
        "## Trained on math, tested on the rest",
        *sections.transfer(numbers),
        "## Post-hoc maps",
        *sections.post_hoc(numbers),
        "## Seeds one by one",
        *sections.by_seed(numbers),
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


_WORDS = {
    "iterations": "rounds: {}", "draws": "{} draws", "steps": "{} steps", "generations": "{} replies per question",
    "temperature": "temperature {}", "epochs": "{:g} epochs", "batch_size": "batch {}", "learning_rate": "rate {:g}",
    "start": "each round from its {}", "repair": "repaired", "fresh": "new questions in each round", "beta": "KL {:g}",
    "credit": "credit by {}", "confidence_weight": "times {:g}",
}  # fmt: skip
"""Option of a recipe -> what the page says of it; a switch that is off is not said."""


def in_words(kind: str, cell: Cell) -> str:
    """How a kind was made."""
    member = cell.settings.get("made_by", {}).get(kind)
    if member is None:
        return "trained from scratch"
    options = member["options"]
    said = [words.format(options[name]) for name, words in _WORDS.items() if options.get(name) not in (None, False)]
    tasks = ", ".join(member["tasks"])
    return (
        f"{member['recipe']} of {member['parent']}: {member['limit']} questions per task ({tasks}), {', '.join(said)}"
    )


def _opening(numbers: Numbers) -> str:
    n = len({seed for _, seed in numbers.cells})
    over = (
        "Intervals (95 %) are over questions alone, since there is one seed: they say nothing about another seed."
        if n == 1
        else f"Intervals (95 %) are over seeds and questions: Student's over {n} seeds, joined with a bootstrap over"
        " questions. With so few seeds, the intervals are wide wherever the seeds differ."
    )
    return (
        "Checkpoints of one family (0.9 M parameters, trained from scratch), each made by another recipe of calibench,"
        " answer the questions of the micro suite. This page is made by `make study` from the cells in"
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
        rows.append([kind, made, *(hours or [UNDEFINED] * 2), in_words(kind, of_kind[0]) if of_kind else UNDEFINED])
    yield table(["Kind", "Seeds", "Training, CPU h", "Evaluation, CPU h", "Made by"], rows)
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
        yield f"**Left out**, because made with other settings or from another parent: {', '.join(sorted(left_out))}."
