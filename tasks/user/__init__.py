"""A user's own task: a table with questions and answers, or a Python file that defines `TASK`.

A task is named by a reference, `PATH?question=q&answer=a&grader=number`, a percent-encoded query of the fields of
`Description`; a Python file's is its path alone. `tasks.load("file:REFERENCE")` loads it, in any process, and knows it
by its short name from then on: the table's name without suffix, or the name that the Python file gives it. The short
name stands in the run file and in reports, so that the file may be moved; its sha256 and the columns that are read are
part of the run's identity.

Tables: CSV, TSV and JSON Lines (each also with .gz), Parquet, and `.json` with an array of objects or an object per
line. An answer that is a JSON list of texts (`["USA", "United States"]`) gives several accepted ones; so does a text
that holds the separator, where one is named. Options stand in one column as such a list, or in a column each; the
answer is then the letter or the text of an option. Typed decisions have a form of their own, which
`calibench.tasks.typed_decisions` describes.
"""

from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from msgspec.structs import replace

from calibench.errors import DataError, InputError, unknown_name
from calibench.fields import fields
from calibench.records import Question
from calibench.registry.foreign import Foreign
from calibench.tasks import table, typed_decisions
from calibench.tasks.base import Rows, Task
from calibench.tasks.data import sha256
from calibench.tasks.user.description import Description
from calibench.tasks.user.forms import FORMS
from calibench.tasks.user.rows import open_decisions, open_table, question_of

__all__ = ["Description", "identity", "load"]

_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".py")
_DECISION = "decision"
"""As a grader: the file holds typed decisions, whose fields have names of their own."""


def load(reference: str) -> Task:
    """The task of a reference.

    Raises:
        InputError: the reference is malformed, or there is no such Python file.
        PluginError: a Python file raises something, or defines no task.
    """
    described = _described(reference)
    suffix = table.suffix_of(Path(described.task_file), _SUFFIXES)
    return _from_python(described) if suffix == ".py" else _from_table(described)


def identity(reference: str) -> str:
    """The reference with the names of its files instead of their paths, and the content of the file that it names."""
    described = _described(reference)
    path = Path(described.task_file)
    train = described.train_file and Path(described.train_file).name
    with table.file_errors(path):
        return f"{replace(described, task_file=path.name, train_file=train).reference()} sha256:{sha256(path)}"


def _described(reference: str) -> Description:
    path, _, query = reference.partition("?")
    given = dict(parse_qsl(query))
    known = [name for name in fields(Description) if name != "task_file"]
    for name in given:
        if name not in known:
            raise unknown_name("field of a task", name, known)
    return Description(unquote(path), **given)


# -- Python files -----------------------------------------------------------------------------------------------------


def _from_python(described: Description) -> Task:
    """The `TASK` of a user's file, which is run because the user named it."""
    path = Path(described.task_file)
    if described != Description(described.task_file):
        raise InputError(
            f"{path}: a Python file says itself what its questions and answers are; drop the other options"
        )
    spec = importlib.util.spec_from_file_location(f"calibench_user_{path.stem}", path)
    assert spec is not None  # as of any file ending in .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    foreign = Foreign(f"task {path.stem}", str(path), f"TASK of {path.name}", path)
    with table.file_errors(path):
        path.stat()
    with foreign.blamed():
        spec.loader.exec_module(module)
    task = foreign.checked(getattr(module, "TASK", None), Task)
    return task._replace(open=partial(_open_python, task, path), to_question=partial(_own_question, task))


def _open_python(task: Task, path: Path, data: str | None) -> Rows:
    rows = task.open(data)
    return rows._replace(fingerprint=f"{rows.fingerprint}, task sha256:{sha256(path)}")


def _own_question(task: Task, row: dict, place: str) -> Question | None:
    question = task.to_question(row, place)
    if question is not None and question.task != task.name:
        raise DataError(f"{place}: expected a question of task {task.name!r}, found one of {question.task!r}")
    return question


def _from_table(described: Description) -> Task:
    path = Path(described.task_file)
    if described.grader == _DECISION:
        return _typed_decisions(described)
    if described.grader not in FORMS:
        found = f", found {described.grader!r}" if described.grader else ""
        raise InputError(f"{path}: expected a grader, one of {', '.join((*FORMS, _DECISION))}, by --grader{found}")
    if (described.grader == "code") != (described.tests is not None):
        raise InputError(f"{path}: --grader code needs --tests, a column of asserts, and no other grader takes it")
    described.meanings()  # whose faults show before any work
    form = FORMS[described.grader](described)
    name = Path(path.name.removesuffix(".gz")).stem
    task = Task(
        name=name,
        domain=form.domain,
        description=f"questions from {path.name}",
        instruction=described.instruction or form.instruction,
        open=partial(open_table, described, described.task_file),
        to_question=partial(question_of, described, form, name, "test"),
        grade=form.grade,
        grader=form.grader,
        gold_text=form.gold_text,
        wrong_text=form.wrong_text,
        finish=form.finish,
        judge=form.judge,
        labels=form.labels,
        own_words=described.instruction is not None,
    )
    if described.train_file is None:
        return task
    return task._replace(
        training=task._replace(
            open=partial(open_table, described, described.train_file),
            to_question=partial(question_of, described, form, name, "train"),
        )
    )


def _typed_decisions(described: Description) -> Task:
    path = Path(described.task_file)
    if described != Description(described.task_file, grader=_DECISION):
        raise InputError(f"{path}: a file of typed decisions names its own fields; drop the other options")
    name = Path(path.name.removesuffix(".gz")).stem
    return typed_decisions.task_of(name, partial(open_decisions, described.task_file), f"decisions from {path.name}")
