"""Theirs here: the tasks of the installed lm-eval in a run of ours."""

from __future__ import annotations

import abc
import difflib
import functools
import hashlib
import importlib.metadata
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from calibench import tasks
from calibench.errors import DataError, InputError
from calibench.lm_eval.ours import require_current
from calibench.records import Question
from calibench.tasks.base import AnswerOptions, Rows, Task, Verdict
from calibench.tasks.data import content_id
from calibench.tasks.grading.option import GRADER as OPTION_GRADER
from calibench.tasks.grading.option import grade_option

if TYPE_CHECKING:
    from lm_eval.api.task import ConfigurableTask


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
        wrong_text=bridge.wrong,
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
    spec = find_spec("lm_eval")
    assert spec, "it is one of the requirements"
    folder = Path(str(spec.origin)).parent / "tasks"
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
    require_current(path)
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
    def wrong(self, question: Question) -> str:
        """A wrong answer."""

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

    def wrong(self, question: Question) -> str:
        """The answer to another question; empty if all have the same."""
        golds = (row["gold"] for row in self._rows)
        return next((gold[0] for gold in golds if gold and not set(gold) & set(question.gold)), "")

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

    def options(self, question: Question) -> AnswerOptions:
        return self._options[question.question_id]

    def grade(self, question: Question, answer_text: str) -> Verdict:
        choices = self._task.doc_to_choice(self._documents[question.question_id])
        verdict = grade_option(choices, question.gold, answer_text)
        return (
            verdict if question.gold else Verdict("failed", verdict.answer, "the task's target is none of its options")
        )

    def wrong(self, question: Question) -> str:
        """The letter of the first option that is not right; empty if all are."""
        letters = self._options[question.question_id].labels
        return next((letter for letter in letters if letter not in question.gold), "")

    @functools.cached_property
    def _options(self) -> dict[str, AnswerOptions]:
        return {
            row["id"]: AnswerOptions(self.labels[: len(row["pairs"])], tuple(row["pairs"]), row["lengths"])
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
