"""Scores predictions of typed decisions that were made elsewhere: from two files to run files. Needs no model.

The decisions are a file in the form of `calibench.tasks.typed_decisions`. A row of the predictions is one decision or
one case: `id` (or `case_id`), `question` (or `question_id`) and `probabilities` of the options by name; or `id` and
`answers`, an object with the like for each question, as System One servers answer (`probabilities`, or `noul`, the
probability of yes). Nothing of how they were asked is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any, NamedTuple

import msgspec

from calibench.analysis import compare, elsewhere
from calibench.analysis.predictions import FILE_GRADER, PROTOCOL
from calibench.analysis.report import update
from calibench.analysis.typed_decisions import METHOD
from calibench.errors import InputError
from calibench.records import Confidence, Grade, Outcome, Record
from calibench.results import Comparison, RunSummary
from calibench.store import RunFile
from calibench.store.opening import all_opened
from calibench.tasks import typed_decisions
from calibench.tasks.base import Rows
from calibench.tasks.typed_decisions import AskedDecision
from calibench.tasks.user.rows import open_decisions
from calibench.version import __version__

Distribution = tuple[float, ...]
"""Probability of each option of a decision, in its order."""


class ScoredDecisions(NamedTuple):
    """What a file's predictions say."""

    summaries: dict[str, RunSummary]
    """By model; one that is empty where no column of models is named."""
    comparison: Comparison | None
    """Each model against the first; None for one model."""
    page: Path


def score_decisions(
    file: str | Path, decisions: str | Path, out: str | Path, model: str | None = None
) -> ScoredDecisions:
    """Scores predicted distributions, and writes a run for each model.

    Args:
        file: predictions: JSON Lines, a JSON array or Parquet.
        decisions: what was asked, with gold: in one of the same formats.
        out: folder of the run, or of the models' runs.
        model: field of the predictions that names a model; None: all are of one.

    Raises:
        InputError: a file cannot be read; or a row is malformed, predicts what was not asked, or predicts it twice: the
            message names its place.
        CalibenchError: the folder cannot be written, or holds another run.
    """
    asked_in = open_decisions(str(decisions), None)
    asked = _asked(asked_in, Path(decisions))
    predicted_in = open_decisions(str(file), None)
    by_model = _predictions(predicted_in, asked, model)
    folders = elsewhere.folders(Path(out), list(by_model))
    summaries = {}
    for name, predictions in by_model.items():
        manifest = _manifest(name, Path(file), predicted_in, asked_in, asked)
        with RunFile.create(folders[name]) as run:
            elsewhere.refuse_generated(run)
            run.replace_rows({}, manifest)
            run.write(_records(asked, predictions))
            summaries[name] = update(run)
    if len(by_model) == 1:
        return ScoredDecisions(summaries, None, next(iter(folders.values())) / "report.html")
    with all_opened(*folders.values()) as runs:
        comparison = compare.compare(runs)
    return ScoredDecisions(summaries, comparison, compare.publish(comparison, Path(out)))


def _asked(rows: Rows, path: Path) -> dict[str, AskedDecision]:
    """Question id -> what is asked."""
    task = Path(path.name.removesuffix(".gz")).stem
    found: dict[str, AskedDecision] = {}
    for place, row in typed_decisions.opened(rows).rows:
        asked = typed_decisions.asked(task, row, place)
        if asked.question.question_id in found:
            raise InputError(f"{place}: the id {asked.question.question_id!r:.80} occurs twice")
        found[asked.question.question_id] = asked
    return found


def _predictions(
    rows: Rows, asked: Mapping[str, AskedDecision], model: str | None
) -> dict[str, dict[str, Distribution]]:
    """Model -> question id -> what was predicted."""
    found: dict[str, dict[str, Distribution]] = {}
    for place, row in rows.rows:
        name = "" if model is None else row.get(model)
        if not isinstance(name, str) or (model is not None and not name):
            raise InputError(f"{place}, field {model!r}: expected the name of a model, found {name!r:.60}")
        of_model = found.setdefault(name, {})
        for question_id, given, where in _of_row(row, place):
            if question_id not in asked:
                raise InputError(f"{where}: predicts {question_id!r:.80}, which is not among the decisions")
            if question_id in of_model:
                raise InputError(f"{where}: predicts {question_id!r:.80} a second time")
            of_model[question_id] = typed_decisions.predicted(asked[question_id].decision, given, where)
    return found


def _of_row(row: dict, place: str) -> Iterator[tuple[str, Any, str]]:
    """(question id, what is predicted, place) of each decision in a row."""
    case = _field(row, ("id", "case_id"), place)
    answers = row.get("answers")
    if isinstance(answers, dict):
        for name, answer in answers.items():
            yield f"{case}/{name}", answer, f"{place}, field 'answers', question {name!r:.60}"
        return
    name = next((row[field] for field in ("question", "question_id") if row.get(field) is not None), None)
    given = {field: row[field] for field in ("probabilities", "noul") if row.get(field) is not None}
    if not given:
        raise InputError(
            f"{place}: expected 'probabilities' of the options, or 'answers', found the fields {list(row)}"
        )
    for field, value in given.items():  # of a Parquet file, whose rows share their options
        given[field] = {n: p for n, p in value.items() if p is not None} if isinstance(value, dict) else value
    yield str(case) if name is None else f"{case}/{name}", given, place


def _field(row: dict, names: Sequence[str], place: str) -> Any:
    for name in names:
        if row.get(name) is not None:
            return row[name]
    raise InputError(f"{place}: expected the field {' or '.join(map(repr, names))}, found {list(row)}")


def _records(asked: Mapping[str, AskedDecision], predictions: Mapping[str, Distribution]) -> Iterator[Record]:
    """What the run keeps; a decision that was not predicted has no answer and no confidence."""
    for question_id, (question, decision) in asked.items():
        place: dict[str, Any] = {"task": question.task, "question_id": question_id, "protocol": PROTOCOL, "draw": 0}
        of_option = predictions.get(question_id)
        letter = value = raw = None
        if of_option is not None:
            letters = dict(zip(decision.shown, ascii_uppercase, strict=False))
            letter, value = letters[of_option.index(max(of_option))], max(of_option)
            raw = msgspec.json.encode({letters[i]: p for i, p in enumerate(of_option)}).decode()
        outcome: Outcome = "unparsed" if letter is None else "correct" if letter in question.gold else "incorrect"
        yield question
        yield decision
        yield Grade(**place, answer=letter, outcome=outcome, grader=FILE_GRADER)
        yield Confidence(**place, method=METHOD, value=value, status="missing" if value is None else "ok", raw=raw)


def _manifest(
    model: str, path: Path, predictions: Rows, decisions: Rows, asked: Mapping[str, AskedDecision]
) -> dict[str, Any]:
    task = next(iter(asked.values())).question.task
    return {
        "name": model or path.name,
        "kind": None,
        "model": {"name": model or "not stated"},
        "file": path.name,
        "rows": len(asked),
        "identity": {
            "predictions": predictions.fingerprint, "decisions": decisions.fingerprint,
            "graders": {task: FILE_GRADER},
        },
        "scope": {task: {PROTOCOL: {"questions": len(asked), "draws": 1}}},
        "complete": True,
        "known": {"outcomes": ["correct", "incorrect", "unparsed"], "statuses": ["ok", "missing"]},
        "calibench": __version__,
        "notes": [],
    }  # fmt: skip
