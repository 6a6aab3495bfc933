"""The study of the micro family: `python -m calibench.study.study [--seeds 0,1,2] [--kinds NAMES] [--small]`.

Every kind of checkpoint is made with several seeds by `calibench.study.family` and asked by the benchmark's own runs:
the whole test split greedily, and a sample of it with many draws.
Each kind and seed gives a cell, a small file that is kept; the page is made of cells alone. A stopped study continues
where it was.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from calibench.analysis import recalibrate
from calibench.errors import CalibenchError, DataError, InputError, unknown_name
from calibench.errors.terminal import clean
from calibench.files import write_text
from calibench.finetune.recipes import base as recipes
from calibench.model import Checkpoint, bundled
from calibench.running.progress import Lines, Live
from calibench.store import RunFile
from calibench.study import cells, estimates, family, from_scratch, page
from calibench.study.cells import Cell, GreedyAnswers
from calibench.study.estimates import CLASSIFIER, spread
from calibench.study.family import KINDS, MEMBERS, Member

if TYPE_CHECKING:
    import pandas as pd

_DEFAULT_KINDS = (*from_scratch.STYLES, *MEMBERS)
"""Without base, which has not learned to answer: it is trained anew only where the kinds made of it are not there."""
BUNDLED_SEED = 0
"""The seed that the bundled checkpoints were made with."""
_BUNDLED = tuple(from_scratch.STYLES)
_CLASSIFIER_READS = "sequence_probability"


class Evaluation(NamedTuple):
    """What every checkpoint is asked."""

    test_questions: int | None = None
    """Per task, greedily; None: all."""
    draw_questions: int = 40
    """Per task, with `draws` draws."""
    draws: int = 30
    round_draws: int = 8
    """Draws of the checkpoints between two rounds of self-training."""
    temperature: float = 1.0
    max_tokens: int = 400
    methods: tuple[str, ...] = ("stated", "p_true", "sequence_probability")
    draw_methods: tuple[str, ...] = ("stated", "p_true")


class Study(NamedTuple):
    work: Path
    """Checkpoints and runs."""
    out: Path
    """Holds `study.md`, and `study/` with figures and cells."""
    evaluation: Evaluation = Evaluation()
    members: Mapping[str, Member] = MEMBERS
    kinds: tuple[str, ...] = _DEFAULT_KINDS
    seeds: tuple[int, ...] = (0, 1, 2)

    def cell_file(self, kind: str, seed: int) -> Path:
        return self.out / "study" / "cells" / f"seed{seed}-{kind}.json"

    def settings(self, kind: str) -> dict[str, Any]:
        """Everything that decides the cells of a kind."""
        lineage = {}
        while kind in self.members:
            member = self.members[kind]
            options = msgspec.to_builtins(recipes.read_options(member.recipe, member.options))
            given = {name: value for name, value in options.items() if value != ""}  # an empty one changes nothing
            lineage[kind] = {**member._asdict(), "options": given}
            kind = member.parent
        settings = {"evaluation": self.evaluation._asdict(), "made_by": lineage, "from_scratch": kind}
        return msgspec.json.decode(msgspec.json.encode(settings))  # as it is read back


_SMALL_LOOP = {"learning_rate": 3e-4, "epochs": 1, "batch_size": 8, "iterations": 1, "draws": 2}
SMALL_KINDS = ("star", "epicar")


def small(folder: Path) -> Study:
    """The same study with very few questions and draws; its numbers mean nothing."""
    members = {
        kind: MEMBERS[kind]._replace(options=_SMALL_LOOP, limit=8, tasks=("micro_words", "micro_programs"))
        for kind in ("star", "epicar")
    }
    evaluation = Evaluation(test_questions=8, draw_questions=3, draws=4, max_tokens=200)
    return Study(folder, folder / "docs", evaluation, members, SMALL_KINDS, (BUNDLED_SEED,))


# -- cells ------------------------------------------------------------------------------------------------------------


def make_cell(study: Study, kind: str, seed: int, progress: Lines) -> Cell:
    """Makes the checkpoint and asks it; what an earlier command finished is kept.

    Raises:
        KeyboardInterrupt: it was stopped; the same call continues.
        CalibenchError: see `calibench.finetune.tune` and `calibench.running.pipeline.execute`.
    """
    folder = _checkpoint(study, kind, seed, progress)
    checkpoint = Checkpoint(folder.name, folder, None)
    lineage = checkpoint.lineage()
    runs = study.work / f"seed{seed}" / f"runs-{kind}"
    with _cpu_seconds(study, kind, seed, "evaluation"):
        sampled = _ask_all(study, folder, runs, progress)
        rounds = _rounds(study, folder, runs, progress)
    return Cell(
        kind=kind,
        seed=seed,
        settings=study.settings(kind),
        fingerprint=checkpoint.fingerprint(),
        parent=lineage["parents"][0]["fingerprint"] if kind in study.members else None,
        bundled=seed == BUNDLED_SEED and kind in _BUNDLED,
        cpu_seconds=_spent(study, kind, seed),
        summary=_summary(runs),
        test=_answers(runs / "test"),
        draws=cells.draws_of(sampled),
        sampled=tuple(entry["sampled"] for entry in lineage.get("iterations", [])),
        rounds=rounds,
    )


def _checkpoint(study: Study, kind: str, seed: int, progress: Lines) -> Path:
    """Folder of the checkpoint, whose parents are made first, each at its own cost."""
    out = study.work / f"seed{seed}"
    if kind in study.members:
        _checkpoint(study, study.members[kind].parent, seed, progress)
    if seed == BUNDLED_SEED:
        for c in bundled():
            name = c.name.removeprefix("micro-")
            if name in _BUNDLED and not from_scratch.is_there(name, out):
                shutil.copytree(c.path, out / c.name, dirs_exist_ok=True)
    with _cpu_seconds(study, kind, seed, "training"):
        return family.build(kind, seed, out, progress, study.members)


def _ask_all(study: Study, folder: Path, runs: Path, progress: Lines) -> pd.DataFrame:
    """Makes both runs; returns the frame of the one with several draws."""
    asked = study.evaluation
    _ask(study, folder, runs / "test", progress, limit=asked.test_questions, confidence=asked.methods)
    return _draw(study, folder, runs / "draws", asked.draws, progress)


def _rounds(study: Study, folder: Path, runs: Path, progress: Lines) -> tuple[dict[str, float | None], ...]:
    """The spread of the checkpoints between two rounds of self-training."""
    made = (folder / "work").glob("iteration-*/checkpoint")
    between = sorted(made, key=lambda path: int(path.parent.name.rpartition("-")[2]))[:-1]
    return tuple(
        spread(
            cells.draws_of(_draw(study, path, runs / path.parent.name, study.evaluation.round_draws, progress)),
            study.evaluation.round_draws,
        )
        for path in between
    )


def _draw(study: Study, folder: Path, out: Path, draws: int, progress: Lines) -> pd.DataFrame:
    """Frame of a run with several draws, with the column `answer_class`."""
    from calibench.grading.answer_classes import answer_classes
    from calibench.grading.pool import GRADER_SECONDS, GradingPool
    from calibench.records import AnswerClass

    asked = study.evaluation
    options = {"limit": asked.draw_questions, "draws": draws, "temperature": asked.temperature}
    _ask(study, folder, out, progress, confidence=asked.draw_methods, **options)
    with RunFile.open(out) as run, GradingPool(1, GRADER_SECONDS) as pool:
        frame = run.frame()
        frame["answer_class"], _ = answer_classes(frame, pool, list(run.select(AnswerClass)))
    return frame


def _ask(study: Study, folder: Path, out: Path, progress: Lines, **options: Any) -> None:
    """Runs or continues a run of the micro suite."""
    from calibench.running.config import RunConfig
    from calibench.running.pipeline import execute

    config = RunConfig(
        model=str(folder), tasks=("micro",), out=str(out), max_tokens=study.evaluation.max_tokens, **options
    )
    result = execute(config, progress)
    result.run.close()
    if result.interrupted:
        raise KeyboardInterrupt


def _answers(folder: Path) -> dict[str, GreedyAnswers]:
    """Answers of a greedy run, with the confidences of a classifier of token features."""
    with RunFile.open(folder) as run:
        frame = recalibrate.frame_with_features(run)
    return {
        task: msgspec.structs.replace(answers, confidence=answers.confidence | _classified(task, answers, frame))
        for task, answers in cells.answers_of(frame).items()
    }


def _classified(task: str, answers: GreedyAnswers, frame: pd.DataFrame) -> dict[str, str]:
    """`classifier` -> confidences of one task's questions; nothing where it cannot be fitted."""
    import numpy as np

    from calibench.metrics.recalibration import transferred

    rows = frame[(frame["task"] == task) & (frame["method"] == _CLASSIFIER_READS)].sort_values("question_id")
    known = (rows["outcome"].isin(("correct", "incorrect")) & (rows["status"] == "ok")).to_numpy()
    cluster, _ = estimates.clusters(answers.cluster, len(rows))
    half = estimates.scored_half(task, cluster)
    fit, scored = known & ~half, known & half
    learned, inputs = recalibrate.inputs_of([rows[fit], rows[scored]], CLASSIFIER)
    right = (rows["outcome"] == "correct").to_numpy()
    result = transferred(CLASSIFIER, (learned, right[fit], cluster[fit]), inputs, cluster[scored])
    if result.confidence is None:
        return {}
    values = np.full(len(rows), np.nan)
    values[scored] = result.confidence
    return {CLASSIFIER: cells.encode(values)}


_SHOWN = ("accuracy", "mean_confidence", "signed_gap", "ece", "brier", "auroc", "distinct_confidences", "mode_share")


def _summary(runs: Path) -> dict[str, dict[str, dict[str, float | None]]]:
    """Task or `macro` -> method -> metric -> value; `spread` is the standard deviation of the confidences."""
    from calibench.metrics.scorecard import scorecard

    out: dict[str, dict[str, dict[str, float | None]]] = {}
    for name, wanted in (("test", _SHOWN), ("draws", ("wqd",))):
        with RunFile.open(runs / name) as run:
            frame = run.frame()
        for m in scorecard(frame, resamples=0).metrics:
            if m.subset == "all" and m.metric in wanted:
                value = None if m.value is None else round(m.value, 4)
                out.setdefault(m.task, {}).setdefault(m.method, {})[m.metric] = value
        if name == "test":
            known = frame[(frame["status"] == "ok") & frame["outcome"].isin(("correct", "incorrect"))]
            for (task, method), rows in known.groupby(["task", "method"]):
                out[task][method]["spread"] = round(float(rows["value"].std(ddof=0)), 4)
    return out


# -- what it costs ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _cpu_seconds(study: Study, kind: str, seed: int, part: str) -> Iterator[None]:
    """Adds the CPU seconds of this process and of its ended children to the account of a cell, however it ends."""
    before = sum(os.times()[:4])
    try:
        yield
    finally:
        spent = _spent(study, kind, seed)
        spent[part] = round(spent.get(part, 0.0) + sum(os.times()[:4]) - before, 1)
        write_text(_account(study, kind, seed), msgspec.json.encode(spent).decode())


def _spent(study: Study, kind: str, seed: int) -> dict[str, float]:
    file = _account(study, kind, seed)
    return msgspec.json.decode(file.read_bytes()) if file.is_file() else {}


def _account(study: Study, kind: str, seed: int) -> Path:
    return study.work / f"seed{seed}" / f"cpu-seconds-{kind}.json"


# -- the command ------------------------------------------------------------------------------------------------------


def run(study: Study, kinds: list[str], seeds: list[int], progress: Lines, *, again: bool = False) -> None:
    """Makes the cells that are missing, then the page of all cells."""
    for seed in seeds:
        for kind in kinds:
            if _is_wanted(study, kind, seed, again, progress):
                cell = make_cell(study, kind, seed, progress)
                write_text(study.cell_file(kind, seed), msgspec.json.encode(cell).decode() + "\n")
                progress.stage(f"{cell.name}: done")
    write_page(study)


def _is_wanted(study: Study, kind: str, seed: int, again: bool, progress: Lines) -> bool:
    """Whether a cell is to be made: it is missing, or its settings differ and `again` is asked for."""
    file = study.cell_file(kind, seed)
    if not file.is_file():
        return True
    with contextlib.suppress(DataError):
        if cells.read(file).settings == study.settings(kind):
            return False
    if not again:
        progress.stage(f"{file.name}: made with other settings, and left as it is; --again makes it anew")
        return False
    shutil.rmtree(study.work / f"seed{seed}" / f"runs-{kind}", ignore_errors=True)
    if kind in study.members:
        shutil.rmtree(study.work / f"seed{seed}" / f"micro-{kind}", ignore_errors=True)
    _account(study, kind, seed).unlink(missing_ok=True)
    return True


def write_page(study: Study) -> Path:
    """Writes the page of all cells that are there; those of the study that are not are named in it.

    Raises:
        InputError: there is no cell.
    """
    files = sorted((study.out / "study" / "cells").glob("seed*-*.json"))
    if not files:
        raise InputError(f"{study.out / 'study' / 'cells'}: no cells here yet; `make study` makes them")
    return page.write([cells.read(file) for file in files], study.out, study.kinds, study.seeds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", default=None, help="comma-separated; 0,1,2 unless given")
    parser.add_argument("--kinds", default=None, help=f"comma-separated, of {', '.join(KINDS)}")
    parser.add_argument("--work", type=Path, default=Path("runs/study"), help="checkpoints and runs")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of study.md and of study/, its cells")
    parser.add_argument("--again", action="store_true", help="make cells anew whose settings differ")
    parser.add_argument("--page", action="store_true", help="make the page from the cells alone")
    parser.add_argument("--small", action="store_true", help="one seed, few questions, all in the folder of --work")
    options = parser.parse_args()
    study = small(options.work) if options.small else Study(options.work, options.out)
    try:
        kinds, seeds = _kinds(options.kinds, study), _seeds(options.seeds, study)
        with Live() if sys.stderr.isatty() else contextlib.nullcontext(Lines()) as progress:
            if not options.page:
                run(study, kinds, seeds, progress, again=options.again)
            else:
                write_page(study)
    except CalibenchError as error:
        print(f"study: {clean(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("study: stopped; the same command continues it", file=sys.stderr)
        return 130
    print(study.out / "study.md")
    return 0


def _kinds(names: str | None, study: Study) -> list[str]:
    """The kinds, parents before children."""
    known = KINDS if study.kinds is _DEFAULT_KINDS else study.kinds
    wanted = names.split(",") if names else study.kinds
    for name in wanted:
        if name not in known:
            raise unknown_name("kind", name, list(known))
    return [kind for kind in known if kind in wanted]


def _seeds(texts: str | None, study: Study) -> list[int]:
    try:
        return sorted({int(text) for text in texts.split(",")} if texts else study.seeds)
    except ValueError as error:
        raise InputError(f"--seeds {texts}: expected whole numbers, as 0,1,2") from error


if __name__ == "__main__":
    sys.exit(main())
