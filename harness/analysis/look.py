"""What run files hold: which runs there are below a folder, and all that one of them says of a question."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from calibench import tasks
from calibench.errors import CalibenchError, InputError
from calibench.prompting import protocols
from calibench.records import Judgement, Question, Scorecard
from calibench.reports.tables import headline
from calibench.running.manifest import language_of
from calibench.running.reading import draw_key
from calibench.store import RunFile
from calibench.store.files import FILE_NAME
from calibench.store.finished import graded_of_asked

_NAMED = 5
"""Questions that are named where the one that was asked for is not there."""


def listed(folder: Path) -> list[dict[str, Any]]:
    """A row for each run below the folder: run, model, tasks, state, and `headline`: the rows of its headline table
    that are means over tasks, or those of its only task, of one protocol and method each.

    Of a run that was not scored yet, the headline is empty. Of a file that cannot be read, `state` says why.

    Raises:
        InputError: there is no run.
    """
    files = sorted(folder.rglob(FILE_NAME)) if folder.is_dir() else []
    if not files:
        raise InputError(f"{folder}: expected a folder with runs in it, found no {FILE_NAME} there or below")
    return [_row(file, folder) for file in files]


def _row(file: Path, folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"run": file.parent.relative_to(folder).as_posix(), "model": None, "tasks": None}
    try:
        with RunFile.open(file.parent) as run:
            manifest = run.manifest()
            row |= {"model": manifest.get("model", {}).get("name"), "tasks": list(manifest.get("scope", {}))}
            return row | {"state": _state(run), "headline": _headline(run)}
    except CalibenchError as error:
        return row | {"state": str(error).splitlines()[0], "headline": []}


def _state(run: RunFile) -> str:
    graded, asked = graded_of_asked(run)
    if run.manifest().get("complete", True):
        return "complete" if asked else "not begun"
    return f"stopped, {graded:,} of {asked:,} graded" + (", confidences left to ask" if graded == asked else "")


def _headline(run: RunFile) -> list[dict[str, Any]]:
    from calibench.metrics.measures import infos

    rows = headline(Scorecard(metrics=tuple(run.metrics()), reliability=(), measures=infos()))
    return [row for row in rows if row["task"] == "macro"] or rows


def shown(path: str | Path, question_id: str, task: str | None, draw: int | None) -> list[dict[str, Any]]:
    """All that a run holds of the questions with that id, one per task: `question`, and for each of its `generations`
    the `prompt`, the `generation`, its `grade` (None if there is none yet) and its `confidences`.

    Args:
        path: of the run.
        question_id: as in the run file.
        task: only of this task; None: of all.
        draw: only this draw; None: all.

    Raises:
        InputError: the run holds no texts, no such question or no such draw.
    """
    with RunFile.open(path) as run:
        if not run.has_texts():
            raise InputError(f"{run.path.parent}: holds no texts: `score` keeps verdicts and confidences alone")
        found = [_of_question(run, question, draw) for question in _found(run, question_id, task)]
    if not any(one["generations"] for one in found):
        of_draw = "" if draw is None else f" of draw {draw}"
        raise InputError(f"{path}: holds no generation{of_draw} of question {question_id!r}")
    return found


def _found(run: RunFile, question_id: str, task: str | None) -> list[Question]:
    known = list(run.questions(task))
    found = [question for question in known if question.question_id == question_id]
    if not found:
        ids = [question.question_id for question in known]
        holding = [each for each in ids if question_id in each][:_NAMED]
        near = holding or difflib.get_close_matches(question_id, ids, _NAMED, 0.4) or ids[:_NAMED]
        where = run.path.parent if task is None else f"task {task!r} of {run.path.parent}"
        raise InputError(f"{where}: has {len(ids)} questions, none with the id {question_id!r}; has {', '.join(near)}")
    return found


def _of_question(run: RunFile, question: Question, draw: int | None) -> dict[str, Any]:
    generations = []
    language = language_of(run)
    for protocol in run.manifest()["scope"].get(question.task, {}):
        key = (question.task, question.question_id, protocol)
        grades, own, readings = run.grades(*key), run.own_grades(*key), run.readings(*key)
        for number, generation in run.draws(*key).items():
            if draw is None or number == draw:
                generations.append(
                    {
                        "generation": generation,
                        "prompt": _prompt(question, protocol, language),
                        "grade": grades.get(number),
                        "own_grade": own.get(number),
                        "judgements": list(run.select(Judgement, **draw_key(generation))),
                        "confidences": list(readings.get(number, {}).values()),
                    }
                )
    return {"question": question, "generations": generations}


def _prompt(question: Question, protocol: str, language: str) -> str:
    """The user's turn; without the words on the form of the answer where the task is not known here."""
    try:
        task = tasks.load_stored(question.task)
        return protocols.first_turn(question, task, protocols.protocol(protocol), language)
    except CalibenchError:
        return protocols.body(question)
