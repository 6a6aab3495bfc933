"""The bridge to lm-eval, both ways.

Theirs here: `lm_eval:NAME` is a generation task of the installed lm-eval. Its prompt (description and few-shot examples
included) is the user's turn, its stop strings, filters and metric judge the answer, and every confidence method works
on it. Only the request for a confidence is ours, and the confidence is cut out before lm-eval sees the answer.

Ours there: `write_configurations` makes every task of calibench run under the stock `lm_eval` command, with the
confidence stated in one turn. lm-eval tells nothing but the text of an answer, so a cut answer is read as far as it
goes, and a task is scored by the measures of the scorecard, in the same conventions. `harness.lm_eval.model` offers our
backends as a model of lm-eval's.
"""

from __future__ import annotations

import atexit
import difflib
import functools
import hashlib
import importlib.metadata
import json
import logging
import os
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import tasks
from harness import protocols, sandbox
from harness.errors import DataError, InputError, StorageError
from harness.grading_pool import GradingPool
from harness.parsing import parse
from harness.pipeline import GRADER_SECONDS
from harness.records import Outcome, Question
from harness.selection import select
from tasks.base import Rows, Task, Verdict
from tasks.data import content_id

if TYPE_CHECKING:
    from datasets import Dataset
    from lm_eval.api.task import ConfigurableTask

_PROTOCOL = protocols.protocol("stated")

# -- their tasks in a run of ours -------------------------------------------------------------------------------------

_TASK_NAME = re.compile(r"""^["']?task["']?:[ \t]*(["']?)([^\s"'#\[{-][^\n"'#]*?)\1[ \t]*(?:#.*)?$""", re.MULTILINE)
_RIGHT_OR_WRONG = ("exact_match", "acc", "em")
"""Metrics that say of one answer whether it is right, in the order of preference."""
_INVALID = "[invalid]"
"""What lm-eval's regular-expression filters give where nothing matches."""


def register() -> None:
    """Makes `tasks.load` find the tasks of the installed lm-eval as `lm_eval:NAME`."""
    tasks.SOURCES["lm_eval"] = load


@functools.cache
def load(name: str) -> Task:
    """A generation task of the installed lm-eval; reads its data.

    Args:
        name: `NAME`, or `NAME:FILTER` for a task that reads its answers in several ways. NAME may be the path of a
            task's YAML file.

    Raises:
        InputError: there is no such task, or it is none that can be asked and graded here.
        DataError: its data cannot be had.
    """
    name, _, filter_name = name.partition(":")
    bridge = _Bridge(name, _instantiate(name), filter_name)
    return Task(
        name=bridge.name,
        domain="other",
        description=f"{name} of lm-eval {importlib.metadata.version('lm_eval')}",
        instruction=None,
        open=lambda _data: bridge.open(),
        to_question=bridge.to_question,
        grade=bridge.grade,
        grader=bridge.grader,
        gold_text=lambda question: list(question.gold),
        wrong_text=lambda question: "",
    )


def _instantiate(name: str) -> ConfigurableTask:
    from lm_eval.tasks import TaskManager

    path = _configuration(name)
    _require_support(name, path)
    _seed()
    try:
        (task,) = TaskManager(include_defaults=False).load([str(path)])["tasks"].values()
    except Exception as error:  # whatever the hub, the loader and the task's own code raise
        raise DataError(f"lm_eval:{name}: lm-eval cannot load it: {type(error).__name__}: {error}") from error
    return task


def _configuration(name: str) -> Path:
    """The YAML file of a task. The folder is read as text: lm-eval's own index of it takes several seconds."""
    if name.endswith(".yaml"):
        return Path(name)
    found: dict[str, Path] = {}
    folder = Path(find_spec("lm_eval").origin).parent / "tasks"
    for file in sorted(folder.rglob("*.yaml")):
        if stated := _TASK_NAME.search(file.read_text(encoding="utf-8", errors="replace")):
            found.setdefault(stated[2], file)
    if name not in found:
        near = " or ".join(difflib.get_close_matches(name, found, n=3, cutoff=0.5))
        hint = f" Did you mean {near}?" if near else ""
        raise InputError(f"lm-eval has no single task {name!r}.{hint} `lm_eval ls subtasks` lists them")
    return found[name]


def _require_support(name: str, path: Path) -> None:
    """Refuses what cannot be asked in one turn of text and graded safely, before anything is downloaded."""
    from lm_eval.tasks._yaml_loader import load_yaml

    try:
        config = load_yaml(path, resolve_func=False)
    except Exception as error:  # whatever the parser and the loader raise
        raise InputError(f"lm_eval:{name}: not a configuration of lm-eval: {error}") from error
    kind = config.get("output_type", "generate_until")
    reasons = {
        f"its output type is {kind}, and only generate_until is supported: the backends give no log-likelihood of a "
        "given text": kind != "generate_until",
        "it runs programs that the model writes, without a sandbox": config.get("unsafe_code"),
        "it asks about images or sound": config.get("doc_to_image") or config.get("doc_to_audio"),
        "it is programmed as a class of its own": config.get("class"),
        "it begins the model's reply (gen_prefix)": config.get("gen_prefix"),
        "it votes over repeated answers (repeats)": config.get("repeats", 1) > 1,
    }
    for reason, applies in reasons.items():
        if applies:
            raise InputError(f"lm_eval:{name} cannot be run here: {reason}")


def _seed() -> None:
    """Seeds what tasks draw from while they load, as the lm_eval command does."""
    import numpy as np
    from lm_eval.defaults import DEFAULT_OTHER_SEED, DEFAULT_RANDOM_SEED

    random.seed(DEFAULT_RANDOM_SEED)
    np.random.seed(DEFAULT_OTHER_SEED)  # noqa: NPY002


class _Bridge:
    """One loaded task of lm-eval, asked and graded document by document."""

    def __init__(self, name: str, task: ConfigurableTask, filter_name: str):
        self._task = task
        self._filter = _one_filter(name, [f.name for f in task._filters], filter_name)
        self._metric = _one_metric(name, list(task.aggregation()))
        self.name = f"lm_eval:{name}" + (f":{filter_name}" if filter_name else "")
        self.grader = f"lm_eval/{importlib.metadata.version('lm_eval')} {self._metric},{self._filter}"
        self._split = task.config.test_split or task.config.validation_split
        self._documents = dict(_identified(task.eval_docs))

    def open(self) -> Rows:
        origin = f"{self.name}, split {self._split}"
        digest = hashlib.sha256(json.dumps(self._rows, sort_keys=True).encode()).hexdigest()
        placed = ((f"{origin}, document {number}", row) for number, row in enumerate(self._rows))
        return Rows(placed, f"prompts-sha256:{digest}", origin)

    def to_question(self, row: dict, _place: str) -> Question:
        return Question(
            task=self.name,
            question_id=row["id"],
            text=row["text"],
            gold=tuple(row["gold"]),
            domain="other",
            split=self._split,
        )

    def grade(self, question: Question, answer_text: str) -> Verdict:
        """The verdict of the task's own stop strings, filter and metric."""
        from lm_eval.api.instance import Instance

        if not answer_text:
            return Verdict("unparsed", None)
        document = self._documents[question.question_id]
        instance = Instance("generate_until", document, (question.text, {}), 0, (self.name, 0, 1))
        instance.resps = [until_stop(answer_text, self._task.config.generation_kwargs.get("until") or [])]
        self._task._instances = [instance]
        self._task.apply_filters()
        read = instance.filtered_resps[self._filter]
        value = self._task.process_results(document, [read])[self._metric]
        answer = str(read)
        if answer == _INVALID:
            return Verdict("unparsed", None, f"filter {self._filter} found no answer")
        if value not in (0, 1):
            return Verdict("failed", answer, f"{self._metric} is {value!r}: neither right nor wrong")
        return Verdict("correct" if value else "incorrect", answer)

    @functools.cached_property
    def _rows(self) -> list[dict]:
        """Rendered in the order of the documents, as lm-eval does: few-shot examples are drawn one after another."""
        from lm_eval.defaults import DEFAULT_OTHER_SEED

        self._task.set_fewshot_seed(DEFAULT_OTHER_SEED)
        return [
            {"id": identifier, "text": self._prompt(document), "gold": self._gold(document)}
            for identifier, document in self._documents.items()
        ]

    def _prompt(self, document: dict) -> str:
        return self._task.fewshot_context(document, num_fewshot=self._task.config.num_fewshot or 0)

    def _gold(self, document: dict) -> list[str]:
        target = self._task.doc_to_target(document)
        return [str(gold) for gold in (target if isinstance(target, list) else [target])]


def until_stop(text: str, stops: str | Sequence[str]) -> str:
    """The text before the first stop string."""
    for stop in filter(None, [stops] if isinstance(stops, str) else stops):
        text = text.partition(stop)[0]
    return text


def _one_filter(name: str, known: list[str], wanted: str) -> str:
    if wanted in known:
        return wanted
    if wanted or len(known) > 1:
        choices = " or ".join(f"lm_eval:{name}:{filter_name}" for filter_name in known)
        raise InputError(f"lm_eval:{name} reads its answers by the filters {', '.join(known)}; choose {choices}")
    return known[0]


def _one_metric(name: str, known: list[str]) -> str:
    chosen = next((metric for metric in _RIGHT_OR_WRONG if metric in known), None)
    if chosen is None:
        expected, found = " or ".join(_RIGHT_OR_WRONG), ", ".join(known) or "none"
        raise InputError(f"lm_eval:{name}: expected a metric that says right or wrong ({expected}), found {found}")
    return chosen


def _identified(documents: Any) -> Iterator[tuple[str, dict]]:
    """Documents with an id from their content alone; equal ones are numbered."""
    seen: Counter[str] = Counter()
    for document in documents:
        text = json.dumps(document, sort_keys=True, default=str)
        yield content_id(text, str(seen[text])), document
        seen[text] += 1


# -- our tasks under the lm_eval command ------------------------------------------------------------------------------

METRICS = {"accuracy": True, "coverage": True, "ece": False, "brier": False, "auroc": True}
"""Measure of the scorecard -> whether higher is better."""
_CONFIGURATION = """\
# Task {name} of calibench for the lm_eval command, made by `calibench lm-eval-tasks`.
task: calibench_{name}
custom_dataset: !function harness.lm_eval.documents
dataset_kwargs:
  task: {name}
test_split: test
output_type: generate_until
doc_to_text: prompt
doc_to_target: target
num_fewshot: 0
generation_kwargs:
  until: []
  do_sample: false
  temperature: 0.0
  max_gen_toks: 2048
process_results: !function harness.lm_eval.score
metric_list:
{metrics}metadata:
  version: {grader}
"""
_METRIC = """\
  - metric: {metric}
    aggregation: !function harness.lm_eval.{metric}
    higher_is_better: {higher_is_better}
"""


def write_configurations(folder: Path) -> list[Path]:
    """Writes one lm-eval configuration per task, `calibench_NAME.yaml`.

    Raises:
        StorageError: the folder cannot be written.
    """
    metrics = "".join(_METRIC.format(metric=m, higher_is_better=str(up).lower()) for m, up in METRICS.items())
    written = []
    for name in tasks.names():
        file = folder / f"calibench_{name}.yaml"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(_CONFIGURATION.format(name=name, metrics=metrics, grader=tasks.load(name).grader))
        except OSError as error:
            raise StorageError(f"{file}: cannot write ({error.strerror})") from error
        written.append(file)
    return written


def documents(task: str, data: str | None = None, **_metadata: Any) -> dict[str, Dataset]:
    """The questions of a task as lm-eval's documents: prompt, target, and the question as JSON.

    Args:
        task: name of the task.
        data: folder of original files (lm_eval's `--metadata '{"data": "DIR"}'`); else CALIBENCH_DATA, else the hub.

    Raises:
        CalibenchError: its data are missing or malformed, or it runs programs and there is no sandbox.
    """
    from datasets import Dataset

    data = data or os.environ.get("CALIBENCH_DATA")
    loaded = tasks.load(task)
    if loaded.finish:
        sandbox.require()
    selection = select(loaded, data, limit=None)
    if selection.note:
        logging.getLogger(__name__).warning(selection.note)
    rows = [
        {
            "prompt": protocols.first_turn(question, loaded.instruction, _PROTOCOL),
            "target": question.gold[0],
            "question": msgspec.json.encode(question).decode(),
        }
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


@functools.cache
def _graders() -> GradingPool:
    pool = GradingPool(1, GRADER_SECONDS)
    atexit.register(pool.close)
    return pool


def _aggregate(metric: str, items: Sequence[tuple[Outcome, float | None]]) -> float | None:
    """A measure of the scorecard over the items of `score`; None where it is undefined."""
    import numpy as np

    from metrics.measures import MEASURES, Group, point
    from metrics.sample import OUTCOMES, Sample

    outcomes, confidences = zip(*items, strict=True)
    sample = Sample(
        confidence=np.array(confidences, dtype=np.float64),
        outcome=np.array([OUTCOMES.index(outcome) for outcome in outcomes]),
        cluster=np.arange(len(items)),
        n_clusters=len(items),
    )
    return point(Group("", _PROTOCOL.name, "stated", "all"), MEASURES[metric], sample).value


accuracy, coverage, ece, brier, auroc = (functools.partial(_aggregate, metric) for metric in METRICS)
