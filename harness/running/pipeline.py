"""A run: question -> generations -> confidences -> grades, as one stream, into the run file.

Only what the run file lacks is made, so the same code starts a run and continues one; and the model is started only
where something needs it: a draw that is not there, or a confidence that is not read from the stored text.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from calibench import tasks
from calibench.backends import base as backends
from calibench.backends.base import BaseBackend
from calibench.confidence import base as confidence
from calibench.confidence.base import Method
from calibench.errors import CapabilityError, InputError, PluginError, unknown_name
from calibench.grading import forms, sandbox
from calibench.grading.pool import GRADER_SECONDS, GRADERS, GradingPool
from calibench.model import Checkpoint, ServedModel
from calibench.prompting import protocols
from calibench.prompting.protocols import Protocol
from calibench.records import Grade
from calibench.running import deciding, judges, languages, manifest, sampling
from calibench.running.budgets import check_budgets, with_budgets
from calibench.running.config import RunConfig
from calibench.running.judging import judge_answers
from calibench.running.loop import run_loop
from calibench.running.progress import Progress
from calibench.running.selection import Selection, Shard, select, split_of
from calibench.running.steps import Asked, Steps, StoppingRule, lacking
from calibench.running.stream import Stream
from calibench.store import RunFile
from calibench.tasks.base import Task

_SLOW_START_SECONDS = 60.0


class RunResult(NamedTuple):
    run: RunFile
    interrupted: bool
    notes: list[str]
    """What a reader of the numbers must know: data that are not the published ones, a model without chat template."""


def execute(
    config: RunConfig,
    progress: Progress,
    chosen: Sequence[Task] | None = None,
    rule: StoppingRule | None = None,
) -> RunResult:
    """Runs or continues a run; returns its file, open for writing.

    Args:
        config: what to do.
        progress: receives what happens.
        chosen: asks these instead of the tasks that `config.tasks` names; they keep the names, and so the graders, of
            tasks that `tasks.load` finds.
        rule: what `config.until` says: `calibench.analysis.rules.rule_of(config, tell)`.

    Raises:
        InputError: one of `config.until` and `rule` is given without the other.
        CalibenchError: see `calibench.errors`; everything finished so far is in the run file.
    """
    if (config.until is None) != (rule is None):
        raise InputError("--until: expected together with `rule`, as rule_of(config, tell) gives it; found one alone")
    shard = _shard(config)
    chosen = _chosen(config, chosen)
    (protocol, names), *further = config.askings()
    languages.check(config, chosen)
    methods = {name: _method(name).asking_in(config.language, name) for name in names}
    backend_type = backends.load(config.backend)
    _check_engine(config, backend_type)
    _check_capabilities(config, methods, protocol, backend_type.capabilities)
    if any(task.finish for task in chosen):
        sandbox.require()
    checkpoint = backend_type.identify(config.model, progress.stage, trust_remote_code=config.trust_remote_code)
    if config.adapter:
        checkpoint = checkpoint.adapted(config.adapter)
    judge = judges.judge_of(config, chosen, progress.stage)
    config = sampling.resolved(config, checkpoint)
    _check_sampling(config, protocol)
    _check_draws(config, methods, chosen)
    progress.stage("reading questions")
    selections = _selected(config, chosen, shard)
    for selection in selections:
        protocols.require_options(selection.task, selection.first, protocol)
    run = RunFile.create(config.out)
    try:
        progress.stage("hashing weights")
        known = manifest.identity(config, checkpoint, selections)
        manifest.check_identity(run, known)
        judges.require_same(run, config)
        _check_stored_scores(run, config, selections, methods)
        for selection in selections:
            run.remove(_to_grade_again(run, config, selection))
        asked = [(protocol, methods), *((of, {name: methods[name] for name in read}) for of, read in further)]
        steps = Steps(config, run, asked, selections, rule)
        while steps.advance():
            pass  # through what an earlier command finished
        interrupted = False
        faults: Counter[str] = Counter()
        if not manifest.was_finished(run, manifest.grown_scope(run, config, steps.current)):
            if rule is None and run.manifest().get("until"):
                run.update_manifest(until=None)  # no rule stops what goes on now
            session = _Session(config, run, checkpoint, selections, asked, known, steps, progress)
            interrupted, faults = run_loop(session.make(backend_type))
        if judge and not interrupted:
            interrupted = run_loop(judge_answers(run, judge, chosen, progress))
        told = [*_faults_told(run, faults), *_failures_told(run, config, selections)]
        return RunResult(run, interrupted, [*run.manifest()["notes"], *told])
    except BaseException:
        run.close()
        raise


def _chosen(config: RunConfig, chosen: Sequence[Task] | None) -> Sequence[Task]:
    """The tasks to ask."""
    if chosen is None:
        chosen = [split_of(tasks.load(name), config.split) for name in tasks.expand(list(config.tasks))]
    if repeated := [name for name, times in Counter(task.name for task in chosen).items() if times > 1]:
        raise InputError(f"expected tasks of different names, found {repeated[0]!r} more than once")
    if not config.suite:  # a suite has draws of tasks that may be left out
        known_tasks = [task.name for task in chosen]
        for name in sorted(config.task_draws.keys() - set(known_tasks)):
            raise InputError(f"task_draws: {unknown_name('task', name, known_tasks)}")
    return chosen


def _check_engine(config: RunConfig, backend_type: type[BaseBackend]) -> None:
    backends.check_options(config.backend, config.engine)
    if config.base_url and "base_url" not in backend_type.neutral_options:
        raise InputError(f"--base-url: expected --backend openai, which asks servers; found {config.backend}")


def _method(name: str) -> Method:
    method = confidence.load(name)
    if [method.read, method.read_draws, method.ask_draws].count(None) != 2:
        raise PluginError(f"confidence method {name}: expected one of `read`, `read_draws` and `ask_draws`")
    return method


def _shard(config: RunConfig) -> Shard | None:
    if config.shard and config.until:
        raise InputError("--until looks at all answers of a run, and --shard asks for a part of them: leave one out")
    return Shard.read(config.shard) if config.shard else None


def _selected(config: RunConfig, chosen: Sequence[Task], shard: Shard | None) -> list[Selection]:
    selections = [select(task, config.data, config.limit, shard) for task in chosen]
    if shard and shard.of > (most := max(selection.whole for selection in selections)):
        raise InputError(f"--shard {shard}: expected at most {most} shards, as there are no more questions")
    return selections


def _faults_told(run: RunFile, faults: Counter[str]) -> list[str]:
    return [
        f"answers that could not be graded: {n}. {fault}; once that is mended,"
        f" `calibench report {run.path.parent} --rescore` grades them"
        for fault, n in faults.items()
    ]


def _to_grade_again(run: RunFile, config: RunConfig, selection: Selection) -> list[Grade]:
    """The grades that failed for a reason of the machine, of what is asked for now."""
    failed = _failed(run, config, selection)
    if not failed:
        return []
    asked = {question.question_id for question in selection.questions(config.data)}
    draws = config.draws_of(selection.task.name)
    return [grade for grade in failed if grade.question_id in asked and grade.draw < draws]


def _failed(run: RunFile, config: RunConfig, selection: Selection) -> list[Grade]:
    protocols = [asking.protocol.name for asking in config.askings()]
    return [grade for protocol in protocols for grade in run.failed_by_machine(selection.task.name, protocol)]


def _failures_told(run: RunFile, config: RunConfig, selections: Sequence[Selection]) -> list[str]:
    reasons = Counter(grade.detail for selection in selections for grade in _failed(run, config, selection))
    return [
        f"answers that could not be graded: {n}. {reason}; the same command grades them again"
        for reason, n in reasons.items()
    ]


def _check_capabilities(
    config: RunConfig, methods: Mapping[str, Method], protocol: Protocol, capabilities: frozenset[str]
) -> None:
    """Refuses what a backend of these capabilities does not give."""
    if not protocol.writes:
        deciding.check(config.backend, methods, protocol, capabilities)
    has = capabilities | ({"stated"} if protocol.scale else set())
    has |= set() if protocol.writes else {f"protocol {protocol.name}"}
    for name, method in methods.items():
        if missing := method.needs - has:
            what = "a protocol that asks for a confidence" if missing == {"stated"} else ", ".join(sorted(missing))
            served = backends.having(missing)
            raise CapabilityError(
                f"method {name} needs {what}; backend {config.backend} with protocol {protocol.name} does not give it"
                + (f" (--backend {' or '.join(served)} does)" if served else "")
            )
    if config.adapter and "adapters" not in capabilities:
        raise CapabilityError(f"--adapter needs adapters; backend {config.backend} does not take them here")
    if config.force_answer and "token_ids" not in capabilities:
        raise CapabilityError(f"--force-answer needs token_ids; backend {config.backend} does not give them")
    if config.force_answer and any("log_probabilities" in method.needs for method in methods.values()):
        raise InputError(
            "--force-answer puts words into the answer, and token log-probabilities are of the model's own"
        )
    check_budgets(config, methods, capabilities)


def _check_sampling(config: RunConfig, protocol: Protocol) -> None:
    temperature = config.token_sampling().temperature
    if not protocol.writes and temperature > 0:
        raise InputError(f"protocol {protocol.name} draws nothing: leave --draws and --temperature out")
    if config.draws > 1 and temperature == 0:
        raise InputError(
            f"--draws {config.draws} at temperature 0 would draw the same answer every time; give --temperature"
        )


def _check_draws(config: RunConfig, methods: Mapping[str, Method], chosen: Sequence[Task]) -> None:
    """Refuses methods that compare the draws of a question where there is one."""
    single = [task.name for task in chosen if config.draws_of(task.name) < 2]
    for name, method in methods.items():
        if method.of_draws and single:
            raise CapabilityError(
                f"method {name} compares the draws of a question, and {single[0]} has one; expected --draws K of 2 or"
                f" more, such as 8{' (or leave --task-draws out)' if single[0] in config.task_draws else ''}"
            )


def _check_stored_scores(
    run: RunFile, config: RunConfig, selections: Sequence[Selection], methods: Mapping[str, Method]
) -> None:
    """Refuses methods that read log-probabilities of generations that were stored without them."""
    names = [name for name, method in methods.items() if "log_probabilities" in method.needs]
    read = [asking.protocol.name for asking in config.askings() if asking.methods]
    for selection, protocol in product(selections, read):
        tally = run.tally(selection.task.name, protocol)
        stored = tally.get("generation", 0)
        if unread := sorted(name for name in names if tally.get(name, 0) < stored):
            raise CapabilityError(
                f"{run.path.parent} holds {stored} generations of {selection.task.name} whose token log-probabilities"
                f" were not asked for, so {', '.join(unread)} cannot be read from them; choose another --out to"
                f" generate again, or leave {', '.join(unread)} out of --confidence"
            )


class _Session(NamedTuple):
    """One command's work on a run."""

    config: RunConfig
    run: RunFile
    checkpoint: Checkpoint | ServedModel
    selections: Sequence[Selection]
    asked: Asked
    """What the confidences are of, then the same at budgets, then the targets."""
    known: dict[str, Any]
    """The identity, as far as it is known without the engine."""
    steps: Steps
    progress: Progress

    def _form_notes(self, graders: GradingPool) -> list[str]:
        """Of tasks that are not this project's own, whether answers are read in the form that is asked for."""
        (protocol, _), *_ = self.asked
        others = [] if not protocol.writes else [s for s in self.selections if not tasks.bundled(s.task.name)]
        found = [forms.require_read(graders, s.task, s.first, protocol) for s in others]
        graders.faults.clear()  # they are faults of answers, and these were none
        notes = [note for note in found if note]
        for note in notes:
            self.progress.stage(f"warning: {note}")
        return notes

    async def make(self, backend_type: type[BaseBackend]) -> tuple[bool, Counter[str]]:
        """Makes what is missing: what the stored texts give first, then the rest with the model. Returns whether that
        was stopped early, and what the graders of other people's tasks raised."""
        interrupted = False
        lacks = self._lacks()
        (_, methods), *_ = self.asked
        of_model = {"generation", *(name for name, method in methods.items() if method.needs_model)}
        with GradingPool(GRADERS, GRADER_SECONDS, [s.task.name for s in self.selections]) as graders:
            notes = self._form_notes(graders) if lacks & of_model or self.config.until else []
            if lacks - of_model:
                self.progress.stage("reading what is stored")
                interrupted = await self._work(graders, None, self.known, {})
                lacks = self._lacks() if self.config.until else lacks  # another sample may be the current one
            if lacks & of_model and not interrupted:
                interrupted = await self._ask(graders, backend_type, notes)
        self.run.update_manifest(scope=self._scope())
        complete = manifest.is_complete(self.run)
        self.run.update_manifest(complete=complete)
        return interrupted and not complete, graders.faults

    async def _ask(self, graders: GradingPool, backend_type: type[BaseBackend], form_notes: list[str]) -> bool:
        self.progress.stage(f"starting {self.config.backend}")
        log = Path(self.config.out) / "engine.log"
        options = dict(self.config.engine)
        if self.checkpoint.trust_remote_code:
            options["trust_remote_code"] = True
        if self.checkpoint.adapter:
            options["adapter"] = self.checkpoint.adapter
        if self.config.base_url:
            options["base_url"] = list(self.config.base_url)
        backend = backend_type(self.checkpoint.location, options, self.config.thinking, log)
        try:
            await backend.start()
            (protocol, methods), *_ = self.asked
            _check_capabilities(self.config, methods, protocol, backend.capabilities)
            backend.chat.give(self.config.template)
            engine = backend.describe()
            of_engine = {field: engine.get(field) for field in ("dtype", "quantization", "context")}
            known = {**self.known, **of_engine, "chat_template": backend.chat.fingerprint()}
            if backend.chat.markup:
                known["reasoning"] = backend.chat.markup._asdict()
            data = self.run.manifest().get("data", {})
            about = manifest.description(self.config, self.checkpoint, self.selections, data, backend.chat)
            about["notes"] += form_notes
            return await self._work(graders, backend, known, {**about, **manifest.environment(engine)})
        finally:
            await backend.close()

    def _lacks(self) -> set[str]:
        return lacking(self.run, self.config, self.asked, self.steps.current)

    def _scope(self) -> dict[str, Any]:
        return manifest.grown_scope(self.run, self.config, self.steps.current)

    def _streams(self, graders: GradingPool, backend: BaseBackend | None = None) -> list[Stream]:
        return [
            Stream(self.config, self.run, asked, graders, self.progress, backend) for asked in with_budgets(self.asked)
        ]

    async def _work(
        self, graders: GradingPool, backend: BaseBackend | None, known: dict[str, Any], entries: dict[str, Any]
    ) -> bool:
        """Lets the streams run one after the other, and notes the session in the manifest, with further entries."""
        merged, engine = manifest.check_identity(self.run, known), backend.describe() if backend else None
        session = {"start": datetime.now(UTC).isoformat(timespec="seconds"), **manifest.environment(engine)}
        sessions = [*self.run.manifest().get("sessions", []), session]
        self.run.update_manifest(identity=merged, scope=self._scope(), complete=False, sessions=sessions, **entries)
        streams = self._streams(graders, backend)  # which read what the run file says of the checkpoint by now
        if engine is not None:
            self.progress.stage("asking")
        begin = time.monotonic()
        waiting = asyncio.create_task(self._tell_of_slow_start(streams[0])) if engine is not None else None
        try:
            stopped = await self._through(streams)
            while not stopped and self.steps.advance():
                self.run.update_manifest(scope=self._scope())
                stopped = await self._through(streams)
        finally:
            if waiting is not None:
                waiting.cancel()
        session |= {
            "seconds": time.monotonic() - begin,
            "generated_tokens": sum(stream.generated_tokens for stream in streams),
        }
        self.run.update_manifest(sessions=sessions)
        return stopped

    async def _through(self, streams: list[Stream]) -> bool:
        """Whether it was asked to stop and did so early."""
        for stream in streams:
            if await stream.run_all(self.steps.current):
                return True
        return False

    async def _tell_of_slow_start(self, stream: Stream) -> None:
        """Tells once a minute that nothing is complete yet: a large model may read its first prompts for minutes."""
        begin = time.monotonic()
        while True:
            await asyncio.sleep(_SLOW_START_SECONDS)
            if stream.made:
                return
            seconds = f"{time.monotonic() - begin:.0f} s"
            self.progress.stage(f"asking: no answer is complete after {seconds}; the first step reads all prompts")
