"""The bridge to lm-eval, both ways.

Theirs here: `lm_eval:NAME` is a task of the installed lm-eval, with its own prompt, description and few-shot examples
included. The prompt of a generation task is the user's turn, its stop strings, filters and metric judge the answer, and
every confidence method works on it. Only the request for a confidence is ours, and the confidence is cut out before
lm-eval sees the answer. Under the protocol `options`, the options of a multiple-choice task are scored as the `lm_eval`
command does without chat template, and its metric (`acc`, or `acc_norm` as `lm_eval:NAME:acc_norm`) decides which one
wins. Under other protocols the same question is asked in a turn, to be answered by the letter of an option.

Ours there: `write_configurations` makes every task of calibench run under the stock `lm_eval` command, with the
confidence stated in one turn; and those with a closed set of answers also by their options, with the softmax over them
as confidence. lm-eval tells nothing but the text of an answer or the log-likelihoods, so a cut answer is read as far as
it goes, and a task is scored by the measures of the scorecard, in the same conventions. `harness.lm_eval.model` offers
our backends as a model of lm-eval's.
"""

from __future__ import annotations

import abc
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
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

import msgspec

import tasks
from harness import options, protocols, sandbox
from harness.backends.base import LogLikelihood
from harness.errors import DataError, InputError, StorageError
from harness.grading_pool import GradingPool
from harness.parsing import parse
from harness.pipeline import GRADER_SECONDS
from harness.records import Outcome, Question
from harness.selection import select
from tasks.base import Options, Rows, Task, Verdict
from tasks.data import content_id
from tasks.grading.option import GRADER as OPTION_GRADER
from tasks.grading.option import grade_option

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
    """A generation or multiple-choice task of the installed lm-eval; reads its data.

    Args:
        name: `NAME`; or `NAME:FILTER` for a generation task that reads its answers in several ways, `NAME:METRIC` for a
            multiple-choice task that decides between its options in several ways. NAME may be the path of a task's YAML
            file.

    Raises:
        InputError: there is no such task, or it is none that can be asked and graded here.
        DataError: its data cannot be had.
    """
    name, _, reading = name.partition(":")
    task = _instantiate(name)
    bridge = (_Choosing if task.OUTPUT_TYPE == "multiple_choice" else _Writing)(name, task, reading)
    return Task(
        name=bridge.name,
        domain="other",
        description=f"{name} of lm-eval {importlib.metadata.version('lm_eval')}",
        instruction=bridge.instruction,
        open=lambda _data: bridge.open(),
        to_question=bridge.to_question,
        grade=bridge.grade,
        grader=bridge.grader,
        gold_text=lambda question: list(question.gold),
        wrong_text=lambda question: "",
        labels=bridge.labels,
        options=bridge.options,
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
        f"its output type is {kind}, and only generate_until and multiple_choice say right or wrong": kind
        not in ("generate_until", "multiple_choice"),
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


class _Bridge(abc.ABC):
    """One loaded task of lm-eval, rendered document by document."""

    def __init__(self, name: str, task: ConfigurableTask, reading: str):
        self._task = task
        self.name = f"lm_eval:{name}" + (f":{reading}" if reading else "")
        self.grader = f"lm_eval/{importlib.metadata.version('lm_eval')}"
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
            choices=tuple(row.get("choices", ())),
            gold=tuple(row["gold"]),
            domain="other",
            split=self._split,
        )

    @functools.cached_property
    def _rows(self) -> list[dict]:
        """Rendered in the order of the documents, as lm-eval does: few-shot examples are drawn one after another."""
        from lm_eval.defaults import DEFAULT_OTHER_SEED

        self._task.set_fewshot_seed(DEFAULT_OTHER_SEED)
        return [{"id": identifier, **self._row(document)} for identifier, document in self._documents.items()]

    @abc.abstractmethod
    def _row(self, document: dict) -> dict:
        """What is asked (`text`), what is accepted (`gold`), and more."""

    def _context(self, document: dict) -> str | list[str]:
        return self._task.fewshot_context(document, num_fewshot=self._task.config.num_fewshot or 0)


class _Writing(_Bridge):
    """A generation task, graded by its own filter and metric."""

    instruction = None
    labels = ()
    options = None

    def __init__(self, name: str, task: ConfigurableTask, filter_name: str):
        super().__init__(name, task, filter_name)
        self._filter = _one_filter(name, [f.name for f in task._filters], filter_name)
        self._metric = _one_metric(name, list(task.aggregation()))
        self.grader += f" {self._metric},{self._filter}"

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

    def _row(self, document: dict) -> dict:
        target = self._task.doc_to_target(document)
        gold = [str(gold) for gold in (target if isinstance(target, list) else [target])]
        return {"text": self._context(document), "gold": gold}


class _Choosing(_Bridge):
    """A multiple-choice task. Which options are right is asked of lm-eval's own scoring, by log-likelihoods that make
    one option win after the other; that its rule is the one assumed here, by random ones."""

    instruction = "The answer is the letter of one option."
    labels = tuple(ascii_uppercase)

    def __init__(self, name: str, task: ConfigurableTask, metric: str):
        super().__init__(name, task, metric)
        self._metric = _one_metric(name, list(task.aggregation()), tuple(_LENGTHS), metric)
        self.grader += f" {self._metric}, {OPTION_GRADER}"

    def options(self, question: Question) -> Options:
        return self._options[question.question_id]

    def grade(self, question: Question, answer_text: str) -> Verdict:
        if not question.gold:
            return Verdict("failed", None, "the task's target is none of its options")
        choices = self._task.doc_to_choice(self._documents[question.question_id])
        return grade_option(choices, question.gold, answer_text)

    @functools.cached_property
    def _options(self) -> dict[str, Options]:
        return {
            row["id"]: Options(self.labels[: len(row["pairs"])], tuple(row["pairs"]), row["lengths"])
            for row in self._rows
        }

    def _row(self, document: dict) -> dict:
        context, choices = self._context(document), self._task.doc_to_choice(document)
        letters, lengths = self.labels[: len(choices)], _LENGTHS[self._metric](choices)
        if len(letters) < len(choices):
            raise DataError(f"{self.name}: expected 1 to {len(self.labels)} options, found {len(choices)}")
        if not all(lengths or (1,)):
            raise DataError(f"{self.name}: {self._metric} divides by the length of an option that is empty: {choices}")
        requests = self._task.construct_requests(document, context, metadata=(self.name, 0, 1))
        pairs = [request.args for request in requests[: len(choices)]]
        text, shown = context, [] if list(choices) == list(letters) else choices
        if self._task.multiple_input:
            text, shown = "Which text is right?", ["".join(pair) for pair in pairs]
        return {
            "text": text,
            "choices": shown,
            "gold": [letters[i] for i in self._right(document, len(requests), lengths or [1] * len(choices))],
            "pairs": pairs,
            "lengths": lengths,
        }

    def _right(self, document: dict, requests: int, lengths: Sequence[int]) -> list[int]:
        """The options that lm-eval counts as right.

        Raises:
            InputError: it does not count the option right whose log-likelihood per length is the highest.
        """
        n = len(lengths)

        def counted(values: Sequence[float]) -> float:
            padded = [*values, *([0.0] * (requests - n))]  # `acc_mutual_info` asks for more than the options
            return self._task.process_results(document, [(value, False) for value in padded])[self._metric]

        right = [i for i in range(n) if counted([-float(i != j) for j in range(n)]) == 1]
        draw = random.Random(0)
        for _ in range(_PROBES):
            values = [draw.uniform(-20, -1) for _ in range(n)]
            best = max(range(n), key=lambda i: values[i] / lengths[i])
            if counted(values) != (best in right):
                raise InputError(f"{self.name} cannot be run here: its {self._metric} follows a rule of its own")
        return right


_PROBES = 4
_LENGTHS: dict[str, Callable[[Sequence[str]], tuple[int, ...] | None]] = {
    "acc": lambda choices: None,
    "acc_norm": lambda choices: tuple(len(choice) for choice in choices),
    "acc_bytes": lambda choices: tuple(len(choice.encode()) for choice in choices),
}
"""lm-eval's metrics of multiple choice -> what it divides log-likelihoods by before it compares them."""


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


def _one_metric(name: str, known: list[str], usable: Sequence[str] = _RIGHT_OR_WRONG, wanted: str = "") -> str:
    chosen = next((metric for metric in usable if metric in known and metric == (wanted or metric)), None)
    if chosen is None:
        expected, found = " or ".join(usable), wanted or ", ".join(known) or "none"
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
task: calibench_{name}{suffix}
custom_dataset: !function harness.lm_eval.{documents}
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
process_results: !function harness.lm_eval.score
""",
}
_BY_OPTIONS = {
    "suffix": "_options",
    "documents": "documents_with_options",
    "asking": """\
output_type: multiple_choice
doc_to_choice: choices
target_delimiter: " "
process_results: !function harness.lm_eval.score_options
""",
}
_METRIC = """\
  - metric: {metric}
    aggregation: !function harness.lm_eval.{metric}
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
            "prompt": protocols.first_turn(question, task.instruction, _PROTOCOL),
            "target": question.gold[0],
        },
    )


def documents_with_options(task: str, data: str | None = None, **_metadata: Any) -> dict[str, Dataset]:
    """As `documents`, with the options as choices and the right one's place as target.

    Raises:
        CalibenchError: as `documents`; also where the task's answers are no closed set.
    """

    def asked(task: Task, question: Question) -> dict[str, Any]:
        labels, pairs, _ = options.of(task, question)
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
    asked = options.of(tasks.load(question.task), question)
    scored = options.Scored(asked, tuple(LogLikelihood(*result) for result in results), 0)
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

    from metrics.measures import MEASURES, Group, point
    from metrics.sample import OUTCOMES, Sample

    outcomes, confidences = zip(*items, strict=True)
    sample = Sample(
        confidence=np.array(confidences, dtype=np.float64),
        outcome=np.array([OUTCOMES.index(outcome) for outcome in outcomes]),
        cluster=np.arange(len(items)),
        n_clusters=len(items),
        question=np.arange(len(items)),
    )
    return point(Group("", _PROTOCOL.name, "stated", "all"), MEASURES[metric], sample).value


accuracy, coverage, ece, brier, auroc = (functools.partial(_aggregate, metric) for metric in METRICS)
