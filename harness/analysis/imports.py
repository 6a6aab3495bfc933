"""Logs of other tools as run files: `calibench import`. Needs no model.

Texts are read and graded again by the rules of a run; the log's own verdicts are held against ours, and stand in their
place where nothing here grades. An answer enters the run file as soon as it is read, so that what is in memory are ids.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec

from calibench.analysis import compare, elsewhere, report, score
from calibench.analysis.logged import METHODS, AnswerReader, LoggedAnswer
from calibench.analysis.options import ImportOptions
from calibench.analysis.questions import Posed, QuestionLookup, require_verdict
from calibench.errors import DataError, InputError
from calibench.errors.working import stage
from calibench.exchange.readers import base as readers
from calibench.exchange.readers.base import AnswerLog, Logged, converted
from calibench.grading.pool import GRADER_SECONDS, LONG, GradingPool
from calibench.prompting import protocols
from calibench.prompting.parsing import PARSER
from calibench.records import Confidence, Generation, Grade, Outcome, Record, Status
from calibench.results import Comparison, RunSummary
from calibench.running.loop import run_loop
from calibench.running.stream import first_cause
from calibench.store import RunFile, locked
from calibench.store.files import FILE_NAME
from calibench.store.opening import all_opened
from calibench.tasks.data import sha256 as of_file
from calibench.version import __version__

_AT_ONCE, _AHEAD = 64, 3 * (os.cpu_count() or 1)
"""Answers that a worker reads in one go, fewer where they have `LONG` characters; and how many such lots wait."""
_COMMITTED, _CHARACTERS = 5_000, 4_000_000
"""Records of a commit, and characters of their texts."""
_TABLE = "table"
_WORK = ".importing"
"""Where runs grow until all of them are complete."""
_KNOWN = {
    "finish_reason": "whether the token limit cut an answer",
    "prompt_tokens": "the length of prompts",
    "answer_tokens": "how many tokens are reasoning and answer",
    "logprob": "log-probabilities of answers",
    "latency": "how long answers took",
}
"""Field of a generation -> what is not known where no answer of the log has it."""


class Imported(NamedTuple):
    """What was made of a log."""

    runs: dict[str, Path]
    """Folder of the run, by the model's name."""
    summaries: dict[str, RunSummary]
    comparison: Comparison | None
    """Each model against the first; None for one model."""
    page: Path
    """The report, or the comparison of several models."""
    notes: tuple[str, ...]
    """What a reader must know before the numbers."""


def import_log(files: Sequence[str | Path], given: ImportOptions) -> Imported:
    """Makes a run file, with its report, of the answers in the logs of another tool; of several models one each.

    Args:
        files: logs of one format; a folder stands for the files in it.
        given: what is known of them besides.

    Raises:
        InputError: no such file, an unknown format, or an answer that nothing here or in the log grades; names file,
            line and field.
        IdentityError: `out` holds a run that was not made of files.
        StorageError: nothing can be written there.
    """
    paths = list(_files(files))
    columns = given.columns()
    name = given.format or (_TABLE if columns else _recognized(paths))
    if name == _TABLE and given.text is None:
        return _scored(paths, given)
    if columns and name != _TABLE:
        raise InputError(f"{paths[0]}: columns are those of a table, and this is a log of {name}: leave them out")
    if given.protocol is not None:
        protocols.protocol(given.protocol)
    questions = QuestionLookup(given.task, given.data, given.grader, given.labels)
    notes: list[str] = []
    log = readers.load(name).read(
        paths, notes.append, columns and columns | {"scale": given.scale, "missing": ",".join(given.missing)}
    )
    out = Path(given.out)
    work = out / _WORK
    os.close(locked(out, f"{out}: another calibench process is writing here"))
    shutil.rmtree(work, ignore_errors=True)  # of an import that was killed
    try:
        with GradingPool(os.cpu_count() or 1, GRADER_SECONDS) as graders:
            growing = _Growing(work, log, questions, given, graders)
            run_loop(growing.read_all())
        if not growing.runs:
            raise readers.nothing_found(paths, "an answer")
        about = {
            "file": ", ".join(path.name for path in paths),
            "log": {"format": name, "tool": log.tool, "settings": dict(log.settings)},
            "identity": {"sha256": {path.name: of_file(path) for path in paths}, "tool": log.tool, "parser": PARSER},
        }
        growing.finish(about, [*dict.fromkeys(notes), *growing.notes()])
        return _published(work, out, growing)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _scored(paths: Sequence[Path], given: ImportOptions) -> Imported:
    """A table of confidences and verdicts alone."""
    if len(paths) > 1:
        raise InputError(f"expected one table of confidences and verdicts, found {len(paths)}; score them one by one")
    texts = {"--task": given.task, "--stated": given.stated, "--protocol": given.protocol, "--prompt": given.prompt}
    if idle := next((option for option, value in texts.items() if value is not None), None):
        raise InputError(f"{paths[0]}: {idle} is about the texts of answers; --text names the column that holds them")
    found = score.score(
        paths[0],
        confidence_column=given.confidence_column or "confidence",
        correct=given.correct or "correct",
        question=given.question,
        group=given.group,
        model=given.model,
        answer=given.answer,
        gold=given.gold,
        grader=given.grader,
        choices=given.choices,
        labels=given.labels,
        scale=given.scale,
        missing=given.missing,
    )
    out = Path(given.out)
    page = score.publish(found, out)
    summaries = {name: of.summary for name, of in found.models.items()}
    return Imported(elsewhere.folders(out, list(found.models)), summaries, found.comparison, page, found.notes)


def _files(files: Sequence[str | Path]) -> Iterator[Path]:
    """The files, and in the place of a folder those in it that are of a known format."""
    if not files:
        raise InputError("import: expected at least one file")
    for path in map(Path, files):
        if path.is_dir():
            found = [file for file in sorted(path.iterdir()) if file.is_file() and readers.recognized(file)]
            if not found:
                raise InputError(f"{path}: expected a log in this folder, found none of a known format")
            yield from found
        elif path.exists():
            yield path
        else:
            raise InputError(f"{path}: no such file")


def _recognized(paths: Sequence[Path]) -> str:
    """The one format that all files are of."""
    found = {path: readers.recognized(path) for path in paths}
    for path, name in found.items():
        if name is None:
            raise InputError(f"{path}: a log of no known format; --format names it: {', '.join(readers.names())}")
    if len(set(found.values())) > 1:
        told = "; ".join(f"{path} is of {name}" for path, name in found.items())
        raise InputError(f"expected logs of one format, found several: {told}; import them one after the other")
    return str(next(iter(found.values())))


class _Waiting(NamedTuple):
    """An answer that is being read."""

    model: str
    of_log: LoggedAnswer


class _Scope:
    """What a run holds of one task under one protocol."""

    def __init__(self) -> None:
        self.questions: set[str] = set()
        self.rows = self.draws = 0
        self.methods: set[str] = set()
        self.grader = ""


class _Growing:
    """Runs that grow while a log is read, one for each model."""

    def __init__(
        self, folder: Path, log: AnswerLog, questions: QuestionLookup, given: ImportOptions, graders: GradingPool
    ):
        self._folder = folder
        self._log = log
        self._questions = questions
        self._given = given
        self._reading = AnswerReader(graders, given.protocol, given.stated)
        self.runs: dict[str, RunFile] = {}
        """By the model's name."""
        self._scopes: dict[str, dict[tuple[str, str], _Scope]] = {}
        self._unsaved: dict[str, list[Record]] = {}
        self._held = 0
        """Characters of texts that are not committed."""
        self._seen: dict[tuple, tuple[bytes, str]] = {}
        """Key of an answer -> digest of its text, and place."""
        self._counted: Counter[tuple] = Counter()
        self._told: Counter[str] = Counter()
        self._known: Counter[str] = Counter()

    async def read_all(self) -> None:
        """Reads the whole log.

        Raises:
            InputError: see `import_log`.
        """
        waiting: deque[tuple[list[_Waiting], asyncio.Task]] = deque()
        try:
            async with asyncio.TaskGroup() as reading:
                for batch in self._batches():
                    made = reading.create_task(self._reading.records([answer.of_log for answer in batch]))
                    waiting.append((batch, made))
                    if len(waiting) > _AHEAD:
                        await self._add_all(*waiting.popleft())
                while waiting:
                    await self._add_all(*waiting.popleft())
        except BaseExceptionGroup as group:
            raise first_cause(group) from group
        for model in self.runs:
            self._save(model)

    def _batches(self) -> Iterator[list[_Waiting]]:
        """The answers of the log that are to be kept, as many as are read in one go."""
        batch: list[_Waiting] = []
        characters = 0
        for logged in self._log.answers:
            posed = self._questions.of(logged, verdicts=self._given.verdicts == "log")
            if posed is None:
                self._told["rows that the task leaves out by design"] += 1
                continue
            if posed.task is None:
                require_verdict(logged)
            model = self._model(logged)
            draw = self._draw(model, logged, posed)
            if draw is None:
                continue
            batch.append(_Waiting(model, LoggedAnswer(logged, posed, draw)))
            characters += len(logged.text or "") + len(logged.reasoning or "")
            if len(batch) >= _AT_ONCE or characters >= LONG:
                yield batch
                batch, characters = [], 0
        if batch:
            yield batch

    def _model(self, logged: Logged) -> str:
        name = logged.model or self._given.name
        if not name:
            raise InputError(
                f"{logged.place}: expected the model's name, which the log does not say; --name NAME gives it"
            )
        if name not in self.runs:
            self.runs[name] = RunFile.create(self._folder / str(len(self.runs)))
            self._scopes[name], self._unsaved[name] = {}, []
        return name

    def _draw(self, model: str, logged: Logged, posed: Posed) -> int | None:
        """Which answer to the question it is; None for one that the log has twice.

        Raises:
            DataError: the log has two answers under one number.
        """
        key = (model, posed.question.task, posed.question.question_id, self._reading.protocol_of(logged))
        if logged.draw is None:
            self._counted[key] += 1
            return self._counted[key] - 1
        content = sha256(repr((logged.text, logged.likelihoods, logged.reasoning)).encode("utf-8", "replace")).digest()
        if (*key, logged.draw) not in self._seen:
            self._seen[*key, logged.draw] = content[:8], logged.place
            return logged.draw
        before, place = self._seen[*key, logged.draw]
        if before == content[:8]:
            self._told["answers that the log has a second time, word for word, and that are left out"] += 1
            return None
        raise DataError(
            f"{logged.place}: a second answer to question {posed.question.question_id!r:.60} as draw"
            f" {logged.draw + 1}, and another one than in {place}; expected each draw once"
        )

    async def _add_all(self, batch: list[_Waiting], made: asyncio.Task) -> None:
        for (model, (logged, posed, draw)), records in zip(batch, await made, strict=True):
            self._add(model, logged, posed, draw, records)

    def _add(
        self, model: str, logged: Logged, posed: Posed, draw: int, made: Sequence[Generation | Grade | Confidence]
    ) -> None:
        for record in (posed.question, *made):
            converted(msgspec.structs.asdict(record), type(record), logged.place)  # as the run file takes it
        scope = self._scopes[model].setdefault((posed.question.task, made[0].protocol), _Scope())
        self._known["rows"] += 1
        for record in made:
            if isinstance(record, Generation):
                self._known.update(name for name in _KNOWN if getattr(record, name) is not None)
            elif isinstance(record, Grade):
                scope.grader = record.grader
            elif record.method in METHODS:
                scope.methods.add(record.method)
        if posed.question.question_id not in scope.questions:
            scope.questions.add(posed.question.question_id)
            self._unsaved[model].append(posed.question)
        scope.rows += 1
        scope.draws = max(scope.draws, draw + 1)
        self._unsaved[model] += made
        self._held += len(logged.text or "") + len(logged.reasoning or "")
        if len(self._unsaved[model]) >= _COMMITTED or self._held >= _CHARACTERS:
            self._save(model)

    def _save(self, model: str) -> None:
        self.runs[model].write(self._unsaved[model])
        self._unsaved[model], self._held = [], 0
        stage(f"{self._known['rows']:,} answers read")

    def notes(self) -> Iterator[str]:
        """What a reader must know, beside what the log's reader told."""
        for what, n in self._told.items():
            yield f"{what}: {n:,}"
        compared: dict[tuple[str, str], list[int]] = {}
        for (task, by, differs), n in sorted(self._reading.differing.items()):
            compared.setdefault((task, by), [0, 0])[differs] += n
        for (task, by), (same, other) in compared.items():
            whose = f"{self._log.tool}'s verdicts" + (f" ({by})" if by else "")
            yield f"{task}: {whose} differ from ours on {other:,} of {same + other:,} answers"
        looked, stating = self._reading.overlooked.total(), self._reading.overlooked[True]
        if 2 * stating > looked:
            yield (
                f"{stating} of the first {looked} texts seem to state a confidence, which is not read:"
                " --stated percent (or probability, words) reads it"
            )
        if unknown := [what for name, what in _KNOWN.items() if not self._known[name]]:
            yield f"The log does not say, and so it is not known: {', '.join(unknown)}; nor are weights and seeds"

    def finish(self, about: dict[str, Any], notes: list[str]) -> None:
        """Writes the manifests, and closes the runs."""
        outcomes = [o for o in get_args(Outcome) if o != "truncated" or self._known["finish_reason"]]
        for model, run in self.runs.items():
            scopes = self._scopes[model]
            scope: dict[str, Any] = {}
            for (task, protocol), of in sorted(scopes.items()):
                asked = {"questions": len(of.questions), "draws": of.draws, "methods": sorted(of.methods)}
                scope.setdefault(task, {})[protocol] = asked
            graders = {task: of.grader for (task, _), of in sorted(scopes.items())}
            run.update_manifest(
                **about | {"identity": {**about["identity"], "model": model, "graders": graders}},
                name=self._given.name or model,
                kind=None,
                model={"name": model},
                rows=sum(of.rows for of in scopes.values()),
                scope=scope,
                known={"outcomes": outcomes, "statuses": list(get_args(Status))},
                complete=True,
                calibench=__version__,
                notes=notes,
            )
            run.close()


def _published(work: Path, out: Path, growing: _Growing) -> Imported:
    """Puts finished runs where they belong, in the place of earlier ones that were made of files, and scores them."""
    names = list(growing.runs)
    folders = elsewhere.folders(out, names) if len(names) > 1 else {names[0]: elsewhere.folders(out, [""])[""]}
    for folder in folders.values():
        with RunFile.create(folder) as before:
            elsewhere.refuse_generated(before)
    for number, folder in enumerate(folders.values()):
        os.replace(work / str(number) / FILE_NAME, folder / FILE_NAME)
    summaries = {}
    for name, folder in folders.items():
        with RunFile.create(folder) as run:
            summaries[name] = report.update(run)
    comparison, page = None, next(iter(folders.values())) / "report.html"
    notes = next(iter(summaries.values())).manifest["notes"]
    if len(folders) > 1:
        try:
            with all_opened(*folders.values()) as runs:
                comparison = compare.compare(runs)
            page = compare.publish(comparison, out)
        except InputError as error:  # the runs are there all the same
            notes = [*notes, f"not compared: {error}"]
    return Imported(folders, summaries, comparison, page, tuple(notes))
