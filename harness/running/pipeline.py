"""A run: question -> generations -> confidences -> grades, as one stream, into the run file.

Only what the run file lacks is made, so the same code starts a run and continues one; and the model is started only
where something needs it: a draw that is not there, or a confidence that is not read from the stored text.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from calibench import tasks
from calibench.backends import base as backends
from calibench.confidence import base as confidence
from calibench.confidence.base import Method
from calibench.errors import InputError, PluginError, unknown_name
from calibench.grading import sandbox
from calibench.model import Checkpoint, ServedModel
from calibench.prompting import protocols
from calibench.records import Grade
from calibench.running import adapters, judges, languages, manifest, sampling
from calibench.running.checks import (
    require_capabilities,
    require_draws,
    require_engine,
    require_sampling,
    require_stored_scores,
)
from calibench.running.config import RunConfig
from calibench.running.judging import judge_answers
from calibench.running.loop import run_loop
from calibench.running.progress import Progress
from calibench.running.selection import Selection, Shard, select, split_of
from calibench.running.session import Session, make
from calibench.running.steps import Asked, Steps, StoppingRule
from calibench.store import RunFile
from calibench.tasks.base import Task


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
    """Runs or continues a run; returns its file, open for writing. For the rest see `execute_all`.

    Raises:
        InputError: several adapters are given, each of which is a run of its own.
    """
    if len(given := adapters.listed(config.adapter)) > 1:
        raise InputError(f"--adapter: expected at most one here, as each is a run of its own; found {len(given)}")
    (result,) = execute_all(config, progress, chosen, rule)
    return result


def execute_all(
    config: RunConfig,
    progress: Progress,
    chosen: Sequence[Task] | None = None,
    rule: StoppingRule | None = None,
) -> list[RunResult]:
    """Runs or continues a run, or one for each of several adapters; returns their files, open for writing.

    Args:
        config: what to do.
        progress: receives what happens.
        chosen: asks these instead of the tasks that `config.tasks` names; they keep the names, and so the graders, of
            tasks that `tasks.load` finds.
        rule: what `config.until` says: `calibench.analysis.rules.rule_of(config, tell)`.

    Raises:
        InputError: one of `config.until` and `rule` is given without the other.
        CalibenchError: see `calibench.errors`; everything finished so far is in the run files.
    """
    if (config.until is None) != (rule is None):
        raise InputError("--until: expected together with `rule`, as rule_of(config, tell) gives it; found one alone")
    shard = _shard(config)
    chosen = _chosen(config, chosen)
    config.askings()  # raises what is wrong with them
    languages.check(config, chosen)
    asked = _asked(config)
    (protocol, methods), *_ = asked
    backend_type = backends.load(config.backend)
    require_engine(config, backend_type)
    require_capabilities(config, methods, protocol, backend_type.capabilities)
    if any(task.finish for task in chosen):
        sandbox.require()
    checkpoint = backend_type.identify(config.model, progress.stage, trust_remote_code=config.trust_remote_code)
    adapted = adapters.read(config, checkpoint)
    judge = judges.judge_of(config, chosen, progress.stage)
    config = sampling.resolved(config, checkpoint)
    require_sampling(config, protocol)
    require_draws(config, methods, chosen)
    progress.stage("reading questions")
    selections = _selected(config, chosen, shard)
    for selection in selections:
        protocols.require_options(selection.task, selection.first, protocol)
    with contextlib.ExitStack() as opened:
        runs = [opened.enter_context(RunFile.create(one.out)) for one in adapted]
        progress.stage("hashing weights")
        checkpoint = checkpoint.hashed()
        sessions = [
            _session(config, run, checkpoint.adapted(one.adapter), selections, asked, rule, one.shown(progress))
            for one, run in zip(adapted, runs, strict=True)
        ]
        interrupted = False
        faults: Counter[str] = Counter()
        if lacking := [s for s in sessions if not manifest.was_finished(s.run, s.scope())]:
            for session in lacking if rule is None else ():
                if session.run.manifest().get("until"):
                    session.run.update_manifest(until=None)  # no rule stops what goes on now
            interrupted, faults = run_loop(make(lacking, backend_type, Path(config.out) / "engine.log", progress))
        if judge:
            for run in runs:
                interrupted = interrupted or run_loop(judge_answers(run, judge, chosen, progress))
        told = _faults_told(config.out, faults)
        results = [
            RunResult(
                s.run, interrupted, [*s.run.manifest()["notes"], *told, *_failures_told(s.run, config, selections)]
            )
            for s in sessions
        ]
        opened.pop_all()
        return results


def _asked(config: RunConfig) -> Asked:
    (protocol, names), *further = config.askings()
    methods = {name: _method(name).asking_in(config.language, name) for name in names}
    return [(protocol, methods), *((of, {name: methods[name] for name in read}) for of, read in further)]


def _session(
    config: RunConfig, run: RunFile, checkpoint: Checkpoint | ServedModel, selections: Sequence[Selection],
    asked: Asked, rule: StoppingRule | None, progress: Progress,
) -> Session:  # fmt: skip
    """What there is to do for a run, after what an earlier command finished.

    Raises:
        CalibenchError: the run in the file is another one.
    """
    known = manifest.identity(config, checkpoint, selections)
    manifest.check_identity(run, known)
    judges.require_same(run, config)
    (_, methods), *_ = asked
    require_stored_scores(run, config, selections, methods)
    for selection in selections:
        run.remove(_to_grade_again(run, config, selection))
    steps = Steps(config, run, asked, selections, rule)
    while steps.advance():
        pass  # through what an earlier command finished
    return Session(config, run, checkpoint, selections, asked, known, steps, progress)


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


def _faults_told(out: str, faults: Counter[str]) -> list[str]:
    return [
        f"answers that could not be graded: {n}. {fault}; once that is mended,"
        f" `calibench report {out} --rescore` grades them"
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
