"""A run: question -> generations -> confidences -> grades, as one stream, into the run file.

Nothing waits for all questions to pass a stage: follow-ups enter the engine when their answer is complete, while the KV
cache of question and answer is there, grading runs beside it in worker processes, and commits go out in small batches.
What is in memory is what is in flight. Only what the run file lacks is asked for, so the same code starts a run and
continues one.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from calibench import model, tasks
from calibench.backends import _likelihoods
from calibench.backends import base as backends
from calibench.backends.base import BaseBackend, Completion, TokenScores
from calibench.confidence import base as confidence
from calibench.confidence.base import Answered, Method, Reading
from calibench.errors import CalibenchError, CapabilityError, InputError
from calibench.grading import sandbox
from calibench.grading.pool import GRADER_SECONDS, GradingPool
from calibench.prompting import protocols
from calibench.prompting.chat import Prompt
from calibench.prompting.parsing import Parsed, parse, states_answer
from calibench.records import Confidence, Generation, Grade, Question, Record
from calibench.running.config import RunConfig, seed_of
from calibench.running.manifest import check_identity, description, environment, grown_scope, identity, is_complete
from calibench.running.progress import Progress
from calibench.running.selection import Selection, select, split_of
from calibench.store import RunFile
from calibench.tasks.base import Options, Task, Verdict

_COMMIT_SECONDS = 0.5
_FORCED_TOKENS = 64
"""Budget of an answer that is asked for by `force_answer`."""




class RunResult(NamedTuple):
    run: RunFile
    interrupted: bool
    notes: list[str]
    """What a reader of the numbers must know: data that are not the published ones, a model without chat template."""


# -- the run ----------------------------------------------------------------------------------------------------------


def execute(config: RunConfig, progress: Progress, chosen: Sequence[Task] | None = None) -> RunResult:
    """Runs or continues a run; returns its file, open for writing.

    Args:
        config: what to do.
        progress: is told what happens.
        chosen: asks these instead of the tasks that `config.tasks` names; they keep the names, and so the graders, of
            tasks that `tasks.load` finds.

    Raises:
        CalibenchError: see `calibench.errors`; everything finished so far is in the run file.
    """
    if chosen is None:
        chosen = [split_of(tasks.load(name), config.split) for name in tasks.expand(list(config.tasks))]
    if repeated := [name for name, times in Counter(task.name for task in chosen).items() if times > 1]:
        raise InputError(f"expected tasks of different names, found {repeated[0]!r} more than once")
    methods = {name: confidence.load(name) for name in config.methods()}
    protocol = protocols.protocol(config.protocol)
    backend_type = backends.load(config.backend)
    _check_capabilities(config, methods, protocol, backend_type)
    if any(task.finish for task in chosen):
        sandbox.require()
    checkpoint = model.resolve(config.model)
    progress.stage("reading questions")
    selections = [select(task, config.data, config.limit) for task in chosen]
    if protocol.scores_options:
        for selection in selections:
            protocols.options_of(selection.task, selection.first)
    run = RunFile.create(config.out)
    try:
        progress.stage("hashing weights")
        known = identity(config, checkpoint, selections)
        check_identity(run, known)
        scope = grown_scope(run, config, selections)
        _check_stored_scores(run, config, selections, _of_scores(methods))
        interrupted = False
        if scope != run.manifest().get("scope") or not is_complete(run):
            backend = backend_type(
                str(checkpoint.path), config.engine, config.thinking, Path(config.out) / "engine.log"
            )
            stream = _Stream(config, run, backend, methods, protocol, progress)
            interrupted = _run_loop(_run(stream, checkpoint, known, scope, selections))
        return RunResult(run, interrupted, run.manifest()["notes"])
    except BaseException:
        run.close()
        raise


def _run_loop(main: Coroutine[Any, Any, bool]) -> bool:
    """Runs the coroutine to its end, in a thread of its own where an event loop is running already (a notebook)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, main).result()


def _check_capabilities(
    config: RunConfig, methods: dict[str, Method], protocol: protocols.Protocol, backend_type: type[BaseBackend]
) -> None:
    if reserved := sorted(backend_type.reserved_options & config.engine.keys()):
        raise InputError(f"--engine {reserved[0]}=...: the run sets this itself, from MODEL and its other options")
    if protocol.scores_options:
        _check_options(config, methods, backend_type)
    has = backend_type.capabilities | ({"stated"} if protocol.scale else set())
    has |= {"protocol options"} if protocol.scores_options else set()
    for name, method in methods.items():
        if missing := method.needs - has:
            what = "a protocol that asks for a confidence" if missing == {"stated"} else ", ".join(sorted(missing))
            raise CapabilityError(
                f"method {name} needs {what}; backend {config.backend} with protocol {protocol.name} does not give it"
            )
    if config.force_answer and any("log_probabilities" in method.needs for method in methods.values()):
        raise InputError(
            "--force-answer puts words into the answer, and token log-probabilities are of the model's own"
        )
    if config.draws > 1 and config.sampling().temperature == 0:
        raise InputError(
            f"--draws {config.draws} at temperature 0 would draw the same answer every time; give --temperature"
        )


def _check_options(config: RunConfig, methods: dict[str, Method], backend_type: type[BaseBackend]) -> None:
    if "log_likelihoods" not in backend_type.capabilities:
        raise CapabilityError(f"protocol options needs log_likelihoods; backend {config.backend} does not give them")
    if config.sampling().temperature > 0:
        raise InputError("protocol options draws nothing: leave --draws and --temperature out")
    if of_text := sorted(name for name, method in methods.items() if "protocol options" not in method.needs):
        raise CapabilityError(
            f"method {of_text[0]} needs a text that the model wrote; protocol options has none, only log-likelihoods:"
            " use --confidence choice_probability, or another protocol"
        )


def _of_scores(methods: dict[str, Method]) -> set[str]:
    """The methods that read the log-probabilities of an output's tokens."""
    return {name for name, method in methods.items() if "log_probabilities" in method.needs}


def _check_stored_scores(run: RunFile, config: RunConfig, selections: Sequence[Selection], names: set[str]) -> None:
    """Refuses methods that read log-probabilities of generations that were stored without them."""
    for selection in selections:
        tally = run.tally(selection.task.name, config.protocol)
        stored = tally.get("generation", 0)
        if lacking := sorted(name for name in names if tally.get(name, 0) < stored):
            raise CapabilityError(
                f"{run.path.parent} holds {stored} generations of {selection.task.name} whose token log-probabilities"
                f" were not asked for, so {', '.join(lacking)} cannot be read from them; choose another --out to"
                f" generate again, or leave {', '.join(lacking)} out of --confidence"
            )


async def _run(
    stream: _Stream,
    checkpoint: model.Checkpoint,
    known: dict[str, Any],
    scope: dict[str, Any],
    selections: Sequence[Selection],
) -> bool:
    """Asks what is missing; returns whether that was stopped early."""
    run, backend = stream.run, stream.backend
    stream.progress.stage(f"starting {stream.config.backend}")
    graders = GradingPool(max(1, (os.cpu_count() or 2) // 2), GRADER_SECONDS, [s.task.name for s in selections])
    try:
        await backend.start()
        engine = backend.describe()
        of_engine = {field: engine.get(field) for field in ("dtype", "quantization", "context")}
        merged = check_identity(run, {**known, **of_engine, "chat_template": backend.chat.fingerprint()})
        before = run.manifest()
        session = {"start": datetime.now(UTC).isoformat(timespec="seconds"), **environment(engine)}
        sessions = [*before.get("sessions", []), session]
        run.update_manifest(
            identity=merged,
            scope=scope,
            complete=False,
            sessions=sessions,
            **description(stream.config, checkpoint, selections, before.get("data", {}), backend.chat.has_template),
            **environment(engine),
        )
        stream.progress.stage("asking")
        begin = time.monotonic()
        interrupted = await stream.ask_all(selections, graders)
        session |= {"seconds": time.monotonic() - begin, "generated_tokens": stream.generated_tokens}
        complete = is_complete(run)
        run.update_manifest(complete=complete, sessions=sessions)
        return interrupted and not complete
    finally:
        graders.close()
        await backend.close()


class _Stream:
    """The moving parts of one run: what is asked, what is in flight, what waits for its commit."""

    def __init__(
        self, config: RunConfig, run: RunFile, backend: BaseBackend, methods: dict[str, Method],
        protocol: protocols.Protocol, progress: Progress,
    ):  # fmt: skip
        self.config = config
        self.run = run
        self.backend = backend
        self.progress = progress
        self._methods = methods
        self._protocol = protocol
        self._of_scores = _of_scores(methods)
        self._sampling = config.sampling()._replace(
            log_probabilities=bool(self._of_scores),
            entropies=not any("label_probabilities" in method.needs for method in methods.values()),
        )
        self._stop = asyncio.Event()
        self._unsaved: list[Record] = []
        self.generated_tokens = 0

    async def ask_all(self, selections: Sequence[Selection], graders: GradingPool) -> bool:
        """Asks whatever the run file lacks. Returns whether Ctrl-C or SIGTERM stopped it early."""
        self._slots = asyncio.Semaphore(self.backend.in_flight)
        self._graders = graders
        async with self._saving(), self._draining_on_signals():
            try:
                async with asyncio.TaskGroup() as draws:
                    for selection in selections:
                        self.progress.plan(
                            selection.task.name, selection.total * self.config.draws_of(selection.task.name)
                        )
                        await self._ask_task(selection, draws)
            except BaseExceptionGroup as group:
                raise _first_cause(group) from group
        return self._stop.is_set()

    async def _ask_task(self, selection: Selection, draws: asyncio.TaskGroup) -> None:
        wanted = {*self._methods, "grade"}
        for question in selection.questions(self.config.data):
            done = self.run.finished(question.task, question.question_id, self._protocol.name)
            missing = {draw: wanted - done.get(draw, set()) for draw in range(self.config.draws_of(question.task))}
            prompt = self._prompt(selection.task, question) if any(missing.values()) else None
            for draw, parts in missing.items():
                if not parts:
                    self.progress.done(question.task, None, 0)
                    await asyncio.sleep(0)  # lets Ctrl-C through while a long run is found to be done
                    continue
                if not await self._slot():
                    return
                ask = self._choose if isinstance(prompt, Options) else self._ask
                job = draws.create_task(ask(selection.task, question, prompt, draw, draw in done, parts))
                job.add_done_callback(lambda _: self._slots.release())

    def _prompt(self, task: Task, question: Question) -> Prompt | Options:
        if self._protocol.scores_options:
            return protocols.options_of(task, question)
        return self.backend.chat.first(protocols.first_turn(question, task.instruction, self._protocol))

    async def _slot(self) -> bool:
        """Waits for a free place among the requests in flight; False once the run is asked to stop."""
        if self._slots.locked():
            free, stop = asyncio.ensure_future(self._slots.acquire()), asyncio.ensure_future(self._stop.wait())
            await asyncio.wait({free, stop}, return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()
            if not free.done():
                free.cancel()
        else:
            await self._slots.acquire()
        return not self._stop.is_set()

    async def _ask(
        self, task: Task, question: Question, prompt: Prompt, draw: int, stored: bool, missing: set[str]
    ) -> None:
        if stored:
            generation = self.run.draws(question.task, question.question_id, self._protocol.name)[draw]
            parsed = self._parse(generation.text, generation.reasoning_opened, generation.finish_reason)
            answered = Answered(parsed, prompt.token_ids, generation.token_ids or ())
            generated = 0
        else:
            generation, parsed, scores = await self._generate(question, prompt, draw)
            answered = Answered(parsed, prompt.token_ids, generation.token_ids or (), scores)
            generated = (generation.reasoning_tokens or 0) + (generation.answer_tokens or 0)
            # Log-probabilities are not stored: what is read from them is committed together with the generation.
            read = [await self._read(name, generation, answered) for name in missing & self._of_scores]
            self._unsaved += [question, generation, *read]
            missing = missing - self._of_scores
        self.generated_tokens += generated
        answered = answered._replace(problem=protocols.body(question))
        await self._judge(task, question, generation, answered, missing, generated)

    async def _choose(
        self, task: Task, question: Question, asked: Options, draw: int, stored: bool, missing: set[str]
    ) -> None:
        """As `_ask`, under the protocol `options`: the option that wins stands for a text."""
        begin = time.monotonic()
        scored = await _likelihoods.score(self.backend, asked)
        if stored:
            generation = self.run.draws(question.task, question.question_id, self._protocol.name)[draw]
        else:
            generation = self._chosen(question, scored, draw, time.monotonic() - begin)
            self._unsaved += [question, generation]
        parsed = self._parse(generation.text, False, generation.finish_reason)
        answered = Answered(parsed, (), (), options=scored if isinstance(scored, _likelihoods.Scored) else None)
        await self._judge(task, question, generation, answered, missing, 0)

    def _chosen(
        self, question: Question, scored: _likelihoods.Scored | _likelihoods.NotScored, draw: int, latency: float
    ) -> Generation:
        key = self._draw_key(question, draw)
        if isinstance(scored, _likelihoods.NotScored):
            return _nothing(key, None, scored.prompt_tokens, False, scored.reason)
        return Generation(
            **key,
            seed=None,
            prompt_tokens=scored.prompt_tokens,
            cached_tokens=None,
            reasoning_tokens=0,
            answer_tokens=0,
            finish_reason="stop",
            latency=latency,
            reasoning_opened=False,
            reasoning=None,
            text=scored.winner(),
            token_ids=(),
        )

    async def _judge(
        self, task: Task, question: Question, generation: Generation, answered: Answered, missing: set[str],
        generated: int,
    ) -> None:  # fmt: skip
        """Reads and grades what is missing of a draw."""
        parts = [self._read(name, generation, answered) for name in missing if name != "grade"]
        verdicts = [self._grade(task, question, generation, answered.parsed)] if "grade" in missing else []
        results = await asyncio.gather(*verdicts, *parts)
        self._unsaved += results
        outcome = next((r.outcome for r in results if isinstance(r, Grade)), None)
        self.progress.done(question.task, outcome, generated)

    async def _generate(
        self, question: Question, prompt: Prompt, draw: int
    ) -> tuple[Generation, Parsed, TokenScores | None]:
        length, opened = len(prompt.token_ids), prompt.reasoning_opened
        key = self._draw_key(question, draw)
        seed = None
        if self._sampling.temperature > 0:
            seed = seed_of(self.config.seed, question.task, question.question_id) + draw
        if length >= self.backend.context:
            reason = f"prompt of {length} tokens leaves no room in a context of {self.backend.context}"
            return _nothing(key, seed, length, opened, reason), self._parse("", opened, "error"), None
        begin = time.monotonic()
        completion = await self.backend.complete(prompt.token_ids, self._sampling, seed)
        if self.config.force_answer:
            completion = await self._with_answer(question, prompt, completion, seed)
        latency = time.monotonic() - begin
        text = self.backend.chat.decode(completion.token_ids)
        finish = "stop" if completion.ended else "length"
        parsed = self._parse(text, opened, finish)
        reasoning_tokens = self.backend.chat.token_of(completion.token_ids, parsed.answer_start)
        generation = Generation(
            **key,
            seed=seed,
            prompt_tokens=length,
            cached_tokens=completion.cached_tokens,
            reasoning_tokens=reasoning_tokens,
            answer_tokens=len(completion.token_ids) - reasoning_tokens + completion.ended,
            finish_reason=finish,
            logprob=completion.scores and math.fsum(completion.scores.logprobs),
            latency=latency,
            reasoning_opened=opened,
            reasoning=parsed.reasoning,
            text=text,
            token_ids=completion.token_ids,
        )
        return generation, parsed, completion.scores

    async def _with_answer(
        self, question: Question, prompt: Prompt, completion: Completion, seed: int | None
    ) -> Completion:
        """What the model writes on when its output comes to no answer: reasoning closed, and `Answer:` put there.

        In the place of the format repair of EpiCaR (arXiv 2601.06786), whose trigger and words are not published.
        """
        parsed = self._parse(
            self.backend.chat.decode(completion.token_ids),
            prompt.reasoning_opened,
            "stop" if completion.ended else "length",
        )
        if question.tests or (not parsed.truncated and states_answer(parsed.answer_text)):
            return completion
        begun = self.backend.chat.answer_begun(closing=parsed.unclosed)
        room = self.backend.context - len(prompt.token_ids) - len(begun) - _FORCED_TOKENS
        if room <= 0:
            return completion
        output = (*completion.token_ids[:room], *begun)
        forced = await self.backend.complete(
            (*prompt.token_ids, *output), self._sampling._replace(max_tokens=_FORCED_TOKENS), seed
        )
        return Completion((*output, *forced.token_ids), forced.ended, completion.cached_tokens)

    def _draw_key(self, question: Question, draw: int) -> dict[str, Any]:
        return {
            "task": question.task,
            "question_id": question.question_id,
            "protocol": self._protocol.name,
            "draw": draw,
        }

    def _parse(self, text: str, reasoning_opened: bool, finish_reason: str) -> Parsed:
        return parse(text, reasoning_opened=reasoning_opened, scale=self._protocol.scale, finish_reason=finish_reason)

    async def _read(self, name: str, generation: Generation, answered: Answered) -> Confidence:
        if generation.error or answered.parsed.truncated:
            reading = Reading(None, "missing", None)
        else:
            reading = await self._methods[name].read(answered, self.backend)
        return Confidence(**_key(generation), method=name, **reading._asdict())

    async def _grade(self, task: Task, question: Question, generation: Generation, parsed: Parsed) -> Grade:
        if generation.error:
            verdict = Verdict("failed", None, generation.error)
        elif question.question_id in task.broken_gold:
            verdict = Verdict("failed", None, f"published gold is broken: {task.broken_gold[question.question_id]}")
        elif parsed.truncated:
            verdict = Verdict("truncated", None, f"inside the {parsed.truncated}")
        else:
            verdict = await asyncio.wrap_future(self._graders.submit(task.name, question, parsed.answer_text))
        return Grade(
            **_key(generation),
            answer=verdict.answer,
            outcome=verdict.outcome,
            grader=task.grader,
            detail=verdict.detail,
        )

    # -- saving and stopping ------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _saving(self) -> AsyncIterator[None]:
        """Commits finished records in small batches; the last ones on the way out, however it goes."""
        saver = asyncio.create_task(self._save_forever())
        owner = asyncio.current_task()
        saver.add_done_callback(lambda task: None if task.cancelled() else owner.cancel())
        try:
            yield
        finally:
            saver.cancel()
            (end,) = await asyncio.gather(saver, return_exceptions=True)
            if isinstance(end, CalibenchError):
                raise end
            self._save()

    async def _save_forever(self) -> None:
        while True:
            await asyncio.sleep(_COMMIT_SECONDS)
            self._save()

    def _save(self) -> None:
        if self._unsaved:
            self.run.write(self._unsaved)
            self._unsaved = []

    @contextlib.asynccontextmanager
    async def _draining_on_signals(self) -> AsyncIterator[None]:
        """The first Ctrl-C or SIGTERM stops asking and lets what is in flight end; the second one gives that up too."""
        loop, owner = asyncio.get_running_loop(), asyncio.current_task()

        def stop() -> None:
            if self._stop.is_set():
                owner.cancel()
            self._stop.set()
            self.progress.stage("stopping: waiting for what is in flight (again to drop it)")

        signals = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
        for number in signals:
            loop.add_signal_handler(number, stop)
        try:
            yield
        except asyncio.CancelledError:
            if not self._stop.is_set():
                raise
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


def _nothing(
    key: dict[str, Any], seed: int | None, prompt_tokens: int, reasoning_opened: bool, reason: str
) -> Generation:
    """What is stored of a draw that could not be asked for."""
    return Generation(
        **key, seed=seed, prompt_tokens=prompt_tokens, cached_tokens=None, reasoning_tokens=None, answer_tokens=None,
        finish_reason="error", latency=None, reasoning_opened=reasoning_opened, reasoning=None, text="",
        token_ids=None, error=reason,
    )  # fmt: skip


def _key(generation: Generation) -> dict[str, Any]:
    return {name: getattr(generation, name) for name in ("task", "question_id", "protocol", "draw")}


def _first_cause(group: BaseExceptionGroup) -> BaseException:
    """The error to report for a group of failed draws: an engine that died fails all of them."""
    leaves: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        error = pending.pop()
        pending += error.exceptions if isinstance(error, BaseExceptionGroup) else []
        leaves += [] if isinstance(error, BaseExceptionGroup) else [error]
    return next((e for e in leaves if isinstance(e, CalibenchError)), leaves[0])
