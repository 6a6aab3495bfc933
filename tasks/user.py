"""A user's own task: a table with questions and answers, or a Python file that defines `TASK`.

A task is named by a reference, `PATH?question=q&answer=a&grader=number`, a percent-encoded query of the fields of
`Description`; a Python file's is its path alone. `tasks.load("file:REFERENCE")` loads it, in any process, and knows it
by its short name from then on: the table's name without suffix, or the name that the Python file gives it. The short
name stands in the run file and in reports, so that the file may be moved; its sha256 and the columns that are read are
part of the run's identity.

Tables: CSV, TSV and JSON Lines (each also with .gz), and `.json` with an array of objects or an object per line. An
answer that is a JSON list of texts (`["USA", "United States"]`) gives several accepted ones; so does a text that holds
the separator, where one is named. Options stand in one column as such a list, or in a column each; the answer is then
the letter or the text of an option.
"""

from __future__ import annotations

import ast
import importlib.util
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from string import ascii_uppercase
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode

from calibench.errors import DataError, InputError, unknown_name
from calibench.records import Domain, Question
from calibench.tasks import table
from calibench.tasks.base import Job, Ran, Rows, Task, Verdict
from calibench.tasks.data import array_rows, content_id, nonempty, sha256, text_field
from calibench.tasks.grading import alias, choice, code, math, number, option
from calibench.tasks.grading.answer import unwrapped
from calibench.tasks.mbpp import with_tests, wrong_program

_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".py")
_NAMING = (
    "Columns are named by --question, --answer, --id, --choices, --level, --subject and --tests, or so in a "
    "configuration file"
)


class Description(NamedTuple):
    """What a table holds. Fields have the names of the command line's options."""

    file: str
    grader: str | None = None
    """number, math, choice, alias or code; None for a Python file."""
    question: str = "question"
    answer: str = "answer"
    """For code, the column of a reference program, which may be missing."""
    id: str | None = None
    """None: an id from the content."""
    choices: str | None = None
    """Column with a list of options, or columns with one option each, separated by commas."""
    level: str | None = None
    subject: str | None = None
    tests: str | None = None
    """Column with asserts, for code."""
    labels: str | None = None
    """The answers that there are for `choice` without options, separated by commas; None: yes and no, or true and
    false."""
    instruction: str | None = None
    """The form that the answer takes; None: what suits the grader."""
    separator: str | None = None
    """What separates accepted answers, and options, in one cell."""
    train_file: str | None = None
    """Questions of the same form to train on."""

    def reference(self) -> str:
        """As `tasks.load` takes it behind `file:`; holds neither commas nor colons, but may hold slashes."""
        fields = {name: value for name, value in self._asdict().items() if value is not None and name != "file"}
        changed = {name: value for name, value in fields.items() if value != self._field_defaults[name]}
        return quote(self.file) + ("?" + urlencode(changed, quote_via=quote) if changed else "")


def load(reference: str) -> Task:
    """The task of a reference.

    Raises:
        InputError: the reference, or a Python file, is malformed.
    """
    described = _described(reference)
    suffix = table.suffix_of(Path(described.file), _SUFFIXES)
    return _from_python(described) if suffix == ".py" else _from_table(described)


def identity(reference: str) -> str:
    """The reference with the names of its files instead of their paths, and the content of the file that it names."""
    described = _described(reference)
    path = Path(described.file)
    train = described.train_file and Path(described.train_file).name
    with table.file_errors(path):
        return f"{described._replace(file=path.name, train_file=train).reference()} sha256:{sha256(path)}"


def _described(reference: str) -> Description:
    path, _, query = reference.partition("?")
    given = dict(parse_qsl(query))
    for name in given:
        if name not in Description._fields[1:]:
            raise unknown_name("field of a task", name, list(Description._fields[1:]))
    return Description(unquote(path), **given)


# -- Python files -----------------------------------------------------------------------------------------------------


def _from_python(described: Description) -> Task:
    """The `TASK` of a user's file, which is run because the user named it."""
    path = Path(described.file)
    if described != Description(described.file):
        raise InputError(
            f"{path}: a Python file says itself what its questions and answers are; drop the other options"
        )
    spec = importlib.util.spec_from_file_location(f"calibench_user_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        raise InputError(f"{path}: cannot be loaded: {type(error).__name__}: {error}") from error
    task = getattr(module, "TASK", None)
    if not isinstance(task, Task):
        raise InputError(f"{path}: expected TASK, a calibench.tasks.base.Task, found {task!r:.80}")
    return task._replace(open=partial(_open_python, task, path), to_question=partial(_own_question, task))


def _open_python(task: Task, path: Path, data: str | None) -> Rows:
    rows = task.open(data)
    return rows._replace(fingerprint=f"{rows.fingerprint}, task sha256:{sha256(path)}")


def _own_question(task: Task, row: dict, place: str) -> Question | None:
    question = task.to_question(row, place)
    if question is not None and question.task != task.name:
        raise DataError(f"{place}: expected a question of task {task.name!r}, found one of {question.task!r}")
    return question


# -- tables -----------------------------------------------------------------------------------------------------------


class _Form(NamedTuple):
    """What a grader makes of a table."""

    domain: Domain
    instruction: str
    gold: Callable[[str, tuple[str, ...]], str]
    """(accepted answer as written, options) -> gold. Raises ValueError that says what was expected."""
    grade: Callable[[Question, str], Verdict | Job]
    grader: str
    gold_text: Callable[[Question], list[str]]
    wrong_text: Callable[[Question], str]
    labels: tuple[str, ...] = ()
    finish: Callable[[Question, Job, Ran], Verdict] | None = None


def _from_table(described: Description) -> Task:
    path = Path(described.file)
    if described.grader not in _FORMS:
        found = f", found {described.grader!r}" if described.grader else ""
        raise InputError(f"{path}: expected a grader, one of {', '.join(_FORMS)}, by --grader{found}")
    if (described.grader == "code") != (described.tests is not None):
        raise InputError(f"{path}: --grader code needs --tests, a column of asserts, and no other grader takes it")
    form = _FORMS[described.grader](described)
    name = Path(path.name.removesuffix(".gz")).stem
    task = Task(
        name=name,
        domain=form.domain,
        description=f"questions from {path.name}",
        instruction=described.instruction or form.instruction,
        open=partial(_open, described, described.file),
        to_question=partial(_question, described, form, name, "test"),
        grade=form.grade,
        grader=form.grader,
        gold_text=form.gold_text,
        wrong_text=form.wrong_text,
        finish=form.finish,
        labels=form.labels,
    )
    if described.train_file is None:
        return task
    return task._replace(
        training=task._replace(
            open=partial(_open, described, described.train_file),
            to_question=partial(_question, described, form, name, "train"),
        )
    )


def _open(described: Description, file: str, _data: str | None) -> Rows:
    path = Path(file)
    with table.file_errors(path):
        digest = sha256(path)
    # Which column holds the answers decides what is right, so it is as much part of the data as the file's content.
    further = {name: value for name in ("labels", "separator") if (value := getattr(described, name)) is not None}
    columns = ", ".join(f"{role} {name!r}" for role, name in (_columns(described) | further).items())
    return Rows(nonempty(_rows(described, path), path), f"sha256:{digest}, {columns}", f"{path.name}: {columns}")


def _columns(described: Description) -> dict[str, str]:
    """Role -> column or columns that must be there."""
    roles = ("question", "answer", "id", "choices", "level", "subject", "tests")
    return {
        role: name
        for role in roles
        if (name := getattr(described, role)) is not None
        and not (role == "answer" and described.grader == "code" and name == Description._field_defaults["answer"])
    }


def _rows(described: Description, path: Path) -> Iterator[tuple[str, dict]]:
    columns = _columns(described)
    wanted = [name for role, name in columns.items() if role != "choices"]
    with table.file_errors(path):
        for place, row in _READERS[table.suffix_of(path, list(_READERS))](path):
            if wanted:
                options = _option_columns(described, row)
                table.check_columns(path, [*wanted, *options], list(row), _NAMING)
                wanted = []
            yield place, row


def _option_columns(described: Description, row: dict) -> list[str]:
    """The columns of options: one whose name may hold commas, or several."""
    if described.choices is None or described.choices in row:
        return [described.choices] if described.choices else []
    return [name.strip() for name in described.choices.split(",")]


def _delimited(delimiter: str, path: Path) -> Iterator[tuple[str, dict]]:
    records = table.records(path, delimiter)
    _, heading = next(records, (0, []))
    if repeated := [name for name, times in Counter(heading).items() if times > 1]:
        raise DataError(f"{path}: expected columns of different names, found {repeated[0]!r} twice")
    for line, fields in records:
        yield f"{path}:{line}", dict(zip(heading, fields, strict=True))


def _json_lines(path: Path) -> Iterator[tuple[str, dict]]:
    return ((f"{path}:{line}", row) for line, row in table.objects(path))


def _json(path: Path) -> Iterator[tuple[str, dict]]:
    """An array of objects; or JSON Lines under another name, as many publishers have it."""
    with path.open("rb") as file:
        start = next((line.strip() for line in file if line.strip()), b"")
    return _json_lines(path) if start.startswith(b"{") and start.endswith(b"}") else array_rows(path)


_READERS: dict[str, Callable[[Path], Iterator[tuple[str, dict]]]] = {
    ".csv": partial(_delimited, ","),
    ".tsv": partial(_delimited, "\t"),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
}


# -- rows -------------------------------------------------------------------------------------------------------------


def _question(described: Description, form: _Form, name: str, split: str, row: dict, place: str) -> Question:
    text = text_field(row, described.question, place)
    choices = _choices(described, row, place)
    tests = _tests(described, row, place)
    try:
        gold = tuple(form.gold(answer, choices) for answer in _answers(described, row, place))
    except ValueError as error:
        cell = row.get(described.answer)
        raise DataError(f"{place}, column {described.answer!r}: expected {error}, found {cell!r:.80}") from None
    return Question(
        task=name,
        question_id=_cell(row, described.id, place) if described.id else content_id(text, *choices, *tests, *gold),
        text=with_tests(text, tests) if tests else text,
        choices=choices,
        gold=gold,
        tests=tests,
        domain=form.domain,
        subject=_cell(row, described.subject, place) if described.subject else None,
        level=_level(row, described.level, place) if described.level else None,
        split=split,
    )


def _answers(described: Description, row: dict, place: str) -> list[str]:
    if described.grader == "code" and not row.get(described.answer):
        return []
    return _texts(row, described.answer, place, described.separator)


def _texts(row: dict, column: str, place: str, separator: str | None) -> list[str]:
    """The texts in a cell: a list, a JSON list of texts, parts between separators, or the cell itself."""
    cell = row.get(column)
    if isinstance(cell, str):
        parts = list(filter(str.strip, cell.split(separator))) if separator else [cell]
        texts = _json_texts(cell) or parts
    else:
        texts = [_written(part) for part in (cell if isinstance(cell, list) else [cell])]
    texts = [text.strip() for text in texts]
    if not texts or not all(texts):
        raise DataError(f"{place}, column {column!r}: expected a text or a list of texts, found {cell!r:.80}")
    return texts


def _json_texts(cell: str) -> list[str] | None:
    """The texts of a JSON list of them; `[0, 1]` is an interval, and no list of texts."""
    if not cell.lstrip().startswith("["):
        return None
    try:
        texts = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    return texts if texts and all(isinstance(text, str) for text in texts) else None


def _written(value: Any) -> str:
    """A JSON value as text; empty for null."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _cell(row: dict, column: str, place: str) -> str:
    text = _written(row.get(column)).strip()
    if not text:
        raise DataError(f"{place}, column {column!r}: expected a text, found {row.get(column)!r:.80}")
    return text


def _level(row: dict, column: str, place: str) -> int:
    text = _cell(row, column, place)
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise DataError(f"{place}, column {column!r}: expected a whole number of at least 1, found {text!r:.80}")
    return int(text)


def _choices(described: Description, row: dict, place: str) -> tuple[str, ...]:
    columns = _option_columns(described, row)
    if not columns:
        return ()
    if len(columns) > 1:
        choices = [_cell(row, column, place) for column in columns]
    elif isinstance(lettered := row.get(columns[0]), dict):
        if list(lettered) != list(ascii_uppercase[: len(lettered)]):
            raise DataError(f"{place}, column {columns[0]!r}: expected the letters A, B, ..., found {list(lettered)}")
        choices = [_cell(lettered, letter, place) for letter in lettered]
    else:
        choices = _texts(row, columns[0], place, described.separator)
    if not 2 <= len(choices) <= len(ascii_uppercase):
        raise DataError(f"{place}, column {columns[0]!r}: expected 2 to 26 options, found {choices!r:.80}")
    return tuple(choices)


def _tests(described: Description, row: dict, place: str) -> tuple[str, ...]:
    """The statements of a cell: asserts, and set-up."""
    if described.tests is None:
        return ()
    cell = row.get(described.tests)
    source = "\n".join(cell) if isinstance(cell, list) and all(isinstance(s, str) for s in cell) else cell
    try:
        statements = tuple(ast.unparse(statement) for statement in ast.parse(source).body)
    except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise DataError(f"{place}, column {described.tests!r}: expected Python asserts, found {error}") from None
    if not code.checks(statements):
        raise DataError(f"{place}, column {described.tests!r}: expected at least one assert, found {cell!r:.80}")
    return statements


# -- graders ----------------------------------------------------------------------------------------------------------


def _number_gold(answer: str, _choices: tuple[str, ...]) -> str:
    if number.read_number(answer) is None:
        raise ValueError("a number")
    return answer


def _written_answers(question: Question) -> list[str]:
    return [f"Answer: {gold}" for gold in question.gold]


def _number(_described: Description) -> _Form:
    return _Form(
        domain="math",
        instruction="The answer is a number.",
        gold=_number_gold,
        grade=lambda question, answer_text: number.grade_number(question.gold, answer_text),
        grader=number.GRADER,
        gold_text=_written_answers,
        wrong_text=lambda question: f"Answer: {max(map(number.read_number, question.gold)) + 1}",
    )


def _math(_described: Description) -> _Form:
    return _Form(
        domain="math",
        instruction="The answer is a number or an expression in LaTeX.",
        gold=lambda answer, _choices: unwrapped(answer),
        grade=lambda question, answer_text: math.grade_math(question.gold, answer_text),
        grader=math.GRADER,
        gold_text=lambda question: [f"Answer: ${gold}$" for gold in question.gold],
        wrong_text=lambda question: "Answer: $987654321.5$",
    )


def _alias(_described: Description) -> _Form:
    return _Form(
        domain="other",
        instruction="The answer is a name or a few words.",
        gold=lambda answer, _choices: answer,
        grade=lambda question, answer_text: alias.grade_alias(question.gold, answer_text),
        grader=alias.GRADER,
        gold_text=_written_answers,
        wrong_text=lambda question: "Answer: xyzzy",
    )


def _choice(described: Description) -> _Form:
    return _lettered() if described.choices else _labelled(described)


def _lettered() -> _Form:
    return _Form(
        domain="other",
        instruction="The answer is the letter of one option.",
        gold=_letter,
        grade=lambda question, answer_text: option.grade_option(question.choices, question.gold, answer_text),
        grader=option.GRADER,
        gold_text=lambda question: [
            f"Answer: {form}"
            for letter in question.gold
            for form in (letter, question.choices[ascii_uppercase.index(letter)])
        ],
        wrong_text=lambda question: f"Answer: {min(_letters(question.choices) - set(question.gold))}",
        labels=tuple(ascii_uppercase),
    )


def _letters(choices: Sequence[str]) -> set[str]:
    return set(ascii_uppercase[: len(choices)])


def _letter(answer: str, choices: tuple[str, ...]) -> str:
    """The letter of an option, given as itself or as the option's text; of two readings, neither is taken."""
    lettered = dict(zip(ascii_uppercase, choices, strict=False))
    same, letter = [name for name, choice in lettered.items() if choice == answer], answer.upper()
    if letter not in lettered and len(same) != 1:
        raise ValueError(f"the letter or the text of one of the options {', '.join(map(repr, choices))}")
    if letter in lettered and (others := set(same) - {letter}):
        raise ValueError(
            f"a letter or a text that names one option, not both {letter}, {lettered[letter]!r}, by its letter and"
            f" {min(others)}, {answer!r}, by its text"
        )
    return letter if letter in lettered else same[0]


def _labelled(described: Description) -> _Form:
    stated = tuple(name.strip() for name in described.labels.split(",")) if described.labels else ()
    return _Form(
        domain="other",
        instruction=f"The answer is one of the words {', '.join(stated)}." if stated else "The answer is one word.",
        gold=partial(_label, stated),
        **choice.by_label(lambda question: _labels(stated, question.gold[0])),
        labels=stated,
    )


def _labels(stated: tuple[str, ...], gold: str) -> tuple[choice.Label, ...]:
    """The answers that there are: those stated, else the pair that the gold answer belongs to; empty if to none."""
    for pair in (choice.TRUE_FALSE, choice.YES_NO):
        names = {label.name for label in pair}
        if names == set(stated) or (not stated and gold in names):
            return pair
    return tuple(choice.Label(name) for name in stated)


def _label(stated: tuple[str, ...], answer: str, _choices: tuple[str, ...]) -> str:
    answer = answer.lower() if not stated else next((s for s in stated if s.lower() == answer.lower()), answer)
    if answer not in {label.name for label in _labels(stated, answer)}:
        raise ValueError(f"one of {', '.join(stated)}" if stated else "yes, no, true or false, or --labels with others")
    return answer


def _code(_described: Description) -> _Form:
    return _Form(
        domain="code",
        instruction="Write the Python code that the tests need, with all its imports.",
        gold=lambda answer, _choices: answer,
        grade=lambda question, answer_text: code.grade_code(question.tests, answer_text),
        finish=lambda question, job, ran: code.finish_code(question.tests, job, ran),
        grader=code.GRADER,
        gold_text=lambda question: [f"```python\n{gold}\n```" for gold in question.gold],
        wrong_text=wrong_program,
    )


_FORMS: dict[str, Callable[[Description], _Form]] = {
    "number": _number,
    "math": _math,
    "choice": _choice,
    "alias": _alias,
    "code": _code,
}
