"""Ours there: the tasks of calibench under the stock `lm_eval` command."""

from __future__ import annotations

import atexit
import functools
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from calibench import tasks
from calibench.backends import _likelihoods
from calibench.backends.base import LogLikelihood
from calibench.errors import InputError, StorageError
from calibench.grading import sandbox
from calibench.grading.pool import GRADER_SECONDS, GradingPool
from calibench.metrics.measures import MEASURES
from calibench.prompting import protocols
from calibench.prompting.parsing import parse
from calibench.records import Outcome, Question
from calibench.running.selection import select
from calibench.tasks.base import Task

if TYPE_CHECKING:
    from datasets import Dataset


_PROTOCOL = protocols.protocol("stated")
METRICS = {
    m.name: m.better == "higher"
    for m in MEASURES.values()
    if m.place is not None and m.interval and m.better in ("higher", "lower")
}
"""Measure of the scorecard's main tables that is better at one end -> whether that is the higher one."""
_CONFIGURATION = """\
# Task {name} of calibench for the lm_eval command, made by `calibench lm-eval-tasks`.
task: calibench_{name}{suffix}
custom_dataset: !function calibench.lm_eval.ours.{documents}
dataset_kwargs:
  task: {name}
test_split: test
doc_to_text: prompt
doc_to_target: target
num_fewshot: 0
{asking}metric_list:
{metrics}metadata:
  version: {grader}
"""
_STATED = {
    "suffix": "",
    "documents": "documents",
    "asking": """\
output_type: generate_until
generation_kwargs:
  until: []
  do_sample: false
  temperature: 0.0
  max_gen_toks: 2048
process_results: !function calibench.lm_eval.ours.score
""",
}
_BY_OPTIONS = {
    "suffix": "_options",
    "documents": "documents_with_options",
    "asking": """\
output_type: multiple_choice
doc_to_choice: choices
target_delimiter: " "
process_results: !function calibench.lm_eval.ours.score_options
""",
}
_METRIC = """\
  - metric: {metric}
    aggregation: !function calibench.lm_eval.ours.{metric}
    higher_is_better: {higher_is_better}
"""


def write_configurations(folder: Path) -> list[Path]:
    """Writes lm-eval's configurations of all tasks.

    `calibench_NAME.yaml` asks for an answer and a stated confidence; `calibench_NAME_options.yaml`, for tasks whose
    answers are a closed set, compares the log-likelihoods of the options.

    Raises:
        StorageError: the folder cannot be written.
    """
    metrics = "".join(_METRIC.format(metric=m, higher_is_better=str(up).lower()) for m, up in METRICS.items())
    written = []
    for task in map(tasks.load, tasks.names()):
        for way in (_STATED, _BY_OPTIONS) if task.labels else (_STATED,):
            file = folder / f"calibench_{task.name}{way['suffix']}.yaml"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                file.write_text(_CONFIGURATION.format(name=task.name, metrics=metrics, grader=task.grader, **way))
            except OSError as error:
                raise StorageError(f"{file}: cannot write ({error.strerror})") from error
            written.append(file)
    return written


def require_current(configuration: Path) -> None:
    """Refuses a configuration that names the tasks' functions by an import name that is no more.

    Raises:
        InputError: `write_configurations` of an earlier version made it.
    """
    if "!function harness.lm_eval." in configuration.read_text(encoding="utf-8", errors="replace"):
        raise InputError(
            f"{configuration}: expected functions of calibench.lm_eval, found those of harness.lm_eval, made by an "
            f"earlier version. Write the configurations again: calibench lm-eval-tasks --out {configuration.parent}"
        )


def documents(task: str, data: str | None = None, **_metadata: Any) -> dict[str, Dataset]:
    """The questions of a task as lm-eval's documents: prompt, target, and the question as JSON.

    Args:
        task: name of the task.
        data: folder of original files (lm_eval's `--metadata '{"data": "DIR"}'`); else CALIBENCH_DATA, else the hub.

    Raises:
        CalibenchError: its data are missing or malformed, or it runs programs and there is no sandbox.
    """
    return _documents(
        task,
        data,
        lambda task, question: {
            "prompt": protocols.first_turn(question, task, _PROTOCOL),
            "target": next(iter(question.gold), ""),
        },
    )


def documents_with_options(task: str, data: str | None = None, **_metadata: Any) -> dict[str, Dataset]:
    """As `documents`, with the options as choices and the right one's place as target.

    Raises:
        CalibenchError: as `documents`; also where the task's answers are no closed set.
    """

    def asked(task: Task, question: Question) -> dict[str, Any]:
        labels, pairs, _ = protocols.options_of(task, question)
        return {"prompt": pairs[0][0], "choices": labels, "target": labels.index(question.gold[0])}

    return _documents(task, data, asked)


def _documents(task: str, data: str | None, asked: Callable[[Task, Question], dict[str, Any]]) -> dict[str, Dataset]:
    from datasets import Dataset

    data = data or os.environ.get("CALIBENCH_DATA")
    loaded = tasks.load(task)
    if loaded.finish:
        sandbox.require()
    selection = select(loaded, data, limit=None)
    if selection.note:
        logging.getLogger(__name__).warning(selection.note)
    rows = [
        {**asked(loaded, question), "question": msgspec.json.encode(question).decode()}
        for question in selection.questions(data)
        if question.question_id not in loaded.broken_gold
    ]
    return {"test": Dataset.from_list(rows)}


def score(document: dict, results: list[str]) -> dict[str, tuple[Outcome, float | None]]:
    """Outcome and stated confidence of one answer, for each metric to aggregate."""
    question = msgspec.json.decode(document["question"], type=Question)
    parsed = parse(results[0], reasoning_opened=False, scale=_PROTOCOL.scale, finish_reason="stop")
    verdict = _graders().submit(question.task, question, parsed.answer_text).result()
    return dict.fromkeys(METRICS, (verdict.outcome, parsed.confidence))


def score_options(document: dict, results: list[tuple[float, bool]]) -> dict[str, tuple[Outcome, float | None]]:
    """Outcome and `choice_probability` of the option that wins, for each metric to aggregate."""
    question = msgspec.json.decode(document["question"], type=Question)
    asked = protocols.options_of(tasks.load(question.task), question)
    scored = _likelihoods.ScoredOptions(asked, tuple(LogLikelihood(*result) for result in results), 0)
    verdict = _graders().submit(question.task, question, scored.winner()).result()
    return dict.fromkeys(METRICS, (verdict.outcome, scored.probabilities()[scored.winner()]))


@functools.cache
def _graders() -> GradingPool:
    pool = GradingPool(1, GRADER_SECONDS)
    atexit.register(pool.close)
    return pool


def _aggregate(metric: str, items: Sequence[tuple[Outcome, float | None]]) -> float | None:
    """A measure of the scorecard over the items of `score`; None where it is undefined."""
    import numpy as np

    from calibench.metrics.measure import estimates
    from calibench.metrics.sample import OUTCOMES, Sample

    outcomes, confidences = zip(*items, strict=True)
    sample = Sample(
        confidence=np.array(confidences, dtype=np.float64),
        outcome=np.array([OUTCOMES.index(outcome) for outcome in outcomes]),
        cluster=np.arange(len(items)),
        n_clusters=len(items),
        question=np.arange(len(items)),
    )
    value = estimates([MEASURES[metric]], sample)[metric].value
    return None if np.isnan(value) else value


globals().update({metric: functools.partial(_aggregate, metric) for metric in METRICS})
# lm-eval finds an aggregation by its name in this module.
