"""Parses and grades the stored texts of a run again, under today's rules. No model is needed."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec.structs import replace

from calibench import tasks
from calibench.confidence import base as confidence
from calibench.confidence.base import Method
from calibench.errors import InputError
from calibench.grading import sandbox
from calibench.grading.pool import GRADER_SECONDS, GRADERS, GradingPool
from calibench.prompting import protocols
from calibench.prompting.parsing import PARSER, Parsed
from calibench.records import AnswerClass, Confidence, Generation, Grade, Judgement, Question, Record
from calibench.results import Rescoring, RescoringChange
from calibench.running.loop import run_loop
from calibench.running.manifest import hash_of, is_complete, language_of, markup_of
from calibench.running.over_draws import OverDraws
from calibench.running.reading import GenerationReader, answered_of, draw_key, parsed_of
from calibench.running.stream import first_cause
from calibench.store import RunFile
from calibench.tasks.base import Task
from calibench.version import __version__

_AT_ONCE = 64
_LOST = "the answer is read otherwise now, and the log-probabilities of its tokens are not stored"


@dataclass
class Rescored:
    """What `rescore` found, to be reported before `keep` writes it."""

    graders: dict[str, str]
    """Task -> name and version of its grader today."""
    read: Counter[str] = field(default_factory=Counter)
    changes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    reasoning: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    records: list[Record] = field(default_factory=list)
    """Grades, confidences, answer classes and generations that are otherwise than those stored."""
    removed: set[Confidence | Judgement] = field(default_factory=set)

    def summary(self) -> Rescoring:
        return Rescoring(
            read=dict(sorted(self.read.items(), key=lambda item: (item[0] != "grade", item[0]))),
            changes=tuple(
                RescoringChange(part=part, before=before, after=after, n=n)
                for (part, before, after), n in sorted(self.changes.items())
            ),
            reasoning=self.reasoning,
            asked_again=dict(sorted(Counter(r.method for r in self.removed if isinstance(r, Confidence)).items())),
            judged_again=sum(isinstance(record, Judgement) for record in self.removed),
            lost=dict(sorted(self.lost.items())),
        )


def rescore(run: RunFile) -> Rescored:
    """Reads and grades every stored text again; writes nothing.

    Raises:
        InputError: the run holds no texts, or a task or method of it is not known here.
    """
    scope = run.manifest().get("scope")
    if not scope or not run.has_texts():
        raise InputError(f"{run.path}: holds no texts that could be read again")
    loaded = {name: _task_of(run, name) for name in scope}
    if any(task.finish for task in loaded.values()):
        sandbox.require()
    found = Rescored({name: task.grader for name, task in loaded.items()})
    with GradingPool(GRADERS, GRADER_SECONDS, list(scope)) as graders:
        for name, of_task in scope.items():
            for protocol, asked in of_task.items():
                methods = {method: confidence.load(method) for method in asked["methods"]}
                run_loop(_Rescoring(run, protocol, methods, graders, found).read_all(loaded[name]))
    return found


def _task_of(run: RunFile, name: str) -> Task:
    try:
        return tasks.load_stored(name)
    except InputError as error:
        advice = "A task of a file of your own is named by --task-file, several by --tasks"
        raise InputError(f"{run.path}: {error}\n{advice}") from None


def keep(run: RunFile, found: Rescored) -> None:
    """Replaces what is otherwise now, in one transaction, so that the run is wholly of the old rules or of the new."""
    manifest = run.manifest()
    identity = manifest.get("identity", {})
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "calibench": __version__,
        "found": found.summary(),
    }
    with run.transaction():
        run.replace(found.records)
        run.remove(found.removed)
        for task, grader in found.graders.items():
            run.name_grader(task, grader)
        run.update_manifest(
            identity={
                **identity,
                "graders": {**identity.get("graders", {}), **found.graders},
                "parser": PARSER,
            },
            rescored=[*manifest.get("rescored", []), entry],
            complete=is_complete(run),
        )


class _Rescoring:
    """Reads the generations of one task and protocol."""

    def __init__(self, run: RunFile, protocol: str, methods: dict[str, Method], graders: GradingPool, found: Rescored):
        self._run = run
        self._protocol = protocol
        self._scale = protocols.scale_of(protocol)
        self._markup, language = markup_of(run), language_of(run)
        self._methods = methods
        self._stored_only = {name for name, method in methods.items() if not method.needs_model}
        """What reads no more than the run file."""
        self._of_text = {name for name in self._stored_only if not methods[name].of_draws}
        self._graders = graders
        self._reader = GenerationReader(methods, graders, language=language)
        self._over_draws = OverDraws(run, protocols.protocol(protocol), methods, graders, language=language)
        self._found = found
        self._has_judges = bool(run.manifest().get("judges"))

    async def read_all(self, task: Task) -> None:
        slots = asyncio.Semaphore(_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as reading:
                for question in self._run.questions(task.name):
                    key = (task.name, question.question_id, self._protocol)
                    grades, readings = self._run.own_grades(*key), self._run.readings(*key)
                    draws = self._run.draws(*key)
                    if draws:
                        await slots.acquire()
                        job = reading.create_task(self._read_together(question, draws, readings))
                        job.add_done_callback(lambda _: slots.release())
                    for draw, generation in draws.items():
                        await slots.acquire()
                        job = reading.create_task(
                            self._read(task, question, generation, grades.get(draw), readings.get(draw, {}))
                        )
                        job.add_done_callback(lambda _: slots.release())
        except BaseExceptionGroup as group:
            raise first_cause(group) from group

    async def _read_together(
        self, question: Question, draws: dict[int, Generation], readings: dict[int, dict[str, Confidence]]
    ) -> None:
        """Reads which draws say the same again, and what follows from it; what a model was asked about other classes is
        let go. A question that was not compared, because a run was stopped, stays so."""
        key = {"task": question.task, "question_id": question.question_id, "protocol": self._protocol}
        stored = {one.draw: one for one in self._run.select(AnswerClass, **key)}
        if stored.keys() != draws.keys():
            return
        moved = False
        for record in await self._over_draws.read(question, [draws[draw] for draw in sorted(draws)]):
            if isinstance(record, Confidence):
                self._differs(dict(readings.get(record.draw, {})), record)
            elif record != stored[record.draw]:
                self._found.records.append(record)
                moved = True
        if moved:
            asked = {name for name, method in self._methods.items() if method.ask_draws}
            self._found.removed |= {of[name] for of in readings.values() for name in asked & of.keys()}

    async def _read(
        self, task: Task, question: Question, generation: Generation, old: Grade | None, readings: dict[str, Confidence]
    ) -> None:
        parsed = await parsed_of(generation, self._scale, self._markup, self._graders)
        answered = answered_of(question, generation, parsed)
        if self._has_judges:
            self._found.removed |= self._judged_otherwise(task, question, generation, parsed)
        made = await self._reader.made(task, question, generation, answered, {"grade", *self._of_text})
        before: dict[str, Grade | Confidence] = {**readings, **({"grade": old} if old else {})}
        changed = [record for record in made if self._differs(before, record)]
        moved = parsed.reasoning != generation.reasoning
        if moved:
            self._found.reasoning += 1
            self._found.records.append(
                replace(generation, reasoning=parsed.reasoning, reasoning_tokens=None, answer_tokens=None)
            )
        if moved or _read_otherwise(changed, before):
            for name in sorted(readings.keys() - self._stored_only):
                self._let_go(generation, parsed, readings[name])
        else:
            for name in sorted(readings.keys() - self._stored_only):
                self._read_reply(generation, readings[name])

    def _judged_otherwise(
        self, task: Task, question: Question, generation: Generation, parsed: Parsed
    ) -> set[Judgement]:
        """The judgements of what is not what their judges would be asked now."""
        text = parsed.answer_text
        asked = hash_of(task.judge(question, text).text) if task.judge and text.strip() else None
        return {one for one in self._run.select(Judgement, **draw_key(generation)) if one.asked != asked}

    def _differs(self, before: dict[str, Grade | Confidence], record: Grade | Confidence) -> bool:
        """Whether a record is otherwise than the stored one; notes and counts it."""
        part = _part(record)
        old = before.get(part)
        self._found.read[part] += 1
        if old is not None and _content(old) == _content(record):
            return False
        self._found.records.append(record)
        if old is None or (_kind(old), _result(old)) != (_kind(record), _result(record)):
            self._found.changes[part, "none" if old is None else _kind(old), _kind(record)] += 1
        return True

    def _read_reply(self, generation: Generation, reading: Confidence) -> None:
        """Reads again what a model replied when it was asked for its confidence.

        Whether the token limit cut the reply is not stored. Where that decides, what was missing stays so.
        """
        method = self._methods.get(reading.method)
        if method is None or method.reread is None or reading.raw is None or reading.status == "failed":
            return
        opened, markup = generation.reasoning_opened, self._markup
        ended, cut = (method.reread(reading.raw, opened, ended, markup) for ended in (True, False))
        now = cut if reading.status == "missing" else ended
        self._differs({reading.method: reading}, replace(reading, value=now.value, status=now.status))

    def _let_go(self, generation: Generation, parsed: Parsed, reading: Confidence) -> None:
        """What becomes of a confidence in an answer that is read otherwise now."""
        method = self._methods.get(reading.method)
        if method is None or method.of_whole_output or method.own_protocol:
            return
        if parsed.truncated:
            nothing = Confidence(**draw_key(generation), method=reading.method, value=None, status="missing", raw=None)
            self._differs({reading.method: reading}, nothing)
        elif "log_probabilities" in method.needs:
            self._found.lost[reading.method] += 1
            self._found.records.append(replace(reading, value=None, status="failed", raw=_LOST))
        else:
            self._found.removed.add(reading)


def _read_otherwise(changed: list[Grade | Confidence], before: dict[str, Grade | Confidence]) -> bool:
    """Whether the parts of a text are not those that the model was asked about.

    Where the old parts began and ended is not stored. What was read from them is: the stated confidence with its text,
    and the answer. That no answer was graded, because the grader failed, does not make it another one.
    """
    for record in changed:
        old = before.get(_part(record))
        if isinstance(record, Confidence) and old is not None:
            return True
        if isinstance(record, Grade) and isinstance(old, Grade) and "failed" not in (old.outcome, record.outcome):
            cut = "truncated" in (old.outcome, record.outcome) and old.outcome != record.outcome
            if cut or old.answer != record.answer:
                return True
    return False


def _part(record: Grade | Confidence) -> str:
    return "grade" if isinstance(record, Grade) else record.method


def _content(record: Grade | Confidence) -> tuple:
    if isinstance(record, Grade):
        return record.outcome, record.answer, record.detail
    return record.status, record.value, record.raw


def _kind(record: Grade | Confidence) -> str:
    return record.outcome if isinstance(record, Grade) else record.status


def _result(record: Grade | Confidence) -> str | float | None:
    return record.answer if isinstance(record, Grade) else record.value
