"""lm-eval: a folder with its `results_*.json` and, for each task, its `samples_*.jsonl`.

A task of this project stands there under the name that it has under lm-eval (`calibench lm-eval-tasks`). A row holds
all draws of a question under one protocol; a confidence has a field of its own, which lm-eval does not read.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from calibench.errors import InputError
from calibench.exchange.writers.base import RunContent, Writer
from calibench.files import replacing, write_text
from calibench.records import Draw, Question
from calibench.reports.tables import headline

_METRICS = ("ece", "brier", "auroc")


def _write(content: RunContent, path: Path) -> None:
    when = datetime.now(UTC)
    date = when.strftime("%Y-%m-%dT%H-%M-%S.%f")
    with contextlib.ExitStack() as files:
        counts = _write_samples(content, path, date, files)
    if not counts:
        raise InputError(f"{content.name}: expected answers with their texts, found none that is graded")
    results = {
        "results": _results(content, counts),
        "group_subtasks": {},
        "configs": {name: {"task": name, "output_type": "generate_until"} for name in counts},
        "versions": dict.fromkeys(counts, 0),
        "n-shot": dict.fromkeys(counts, 0),
        "higher_is_better": {name: {"exact_match": True} for name in counts},
        "n-samples": {name: {"original": n, "effective": n} for name, n in counts.items()},
        "config": {"model": "calibench", "model_args": content.model, "batch_size": None},
        "model_source": "calibench",
        "model_name": content.model,
        "model_name_sanitized": re.sub(r"[^\w.-]+", "__", content.model),
        "calibench_version": content.version,
        "date": when.timestamp(),
    }
    text = msgspec.json.format(msgspec.json.encode(results), indent=2).decode()
    write_text(path / f"results_{date}.json", text + "\n")


def _called(task: str, protocol: str, first: str) -> str:
    """The task's name there; of another protocol than the first it says so."""
    return re.sub(r"[^\w.-]+", "_", f"calibench_{task}" + ("" if protocol == first else f"_{protocol}"))


def _first_protocol(content: RunContent, task: str) -> str:
    return next(iter(content.manifest.get("scope", {}).get(task, {})), "")


def _write_samples(content: RunContent, path: Path, date: str, files: contextlib.ExitStack) -> dict[str, int]:
    """Name of a task there -> rows."""
    opened: dict[str, BinaryIO] = {}
    counts: dict[str, int] = {}
    left_out = 0
    for (task, _, protocol), of_question in groupby(content.draws(), key=lambda draw: draw[:3]):
        draws = list(of_question)
        graded = [draw for draw in draws if draw.generation and draw.grade and draw.grade.outcome != "failed"]
        left_out += len(draws) - len(graded)
        question = draws[0].question
        if not graded or question is None:
            continue
        name = _called(task, protocol, _first_protocol(content, task))
        if name not in opened:
            partial = files.enter_context(replacing(path / f"samples_{name}_{date}.jsonl"))
            opened[name] = files.enter_context(partial.open("xb"))
        number = counts.get(name, 0)
        opened[name].write(msgspec.json.encode(_sample(question, graded, number)) + b"\n")
        counts[name] = number + 1
    if left_out and counts:
        content.tell(f"{left_out} generations without a verdict are left out: lm-eval has no place for them")
    return counts


def _sample(question: Question, draws: list[Draw], number: int) -> dict[str, Any]:
    doc = {"question": msgspec.json.encode(question).decode()}
    target = question.gold[0] if question.gold else ""
    prompt = question.text
    return {
        "doc_id": number,
        "doc": doc,
        "target": target,
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {}}},
        "resps": [[draw.generation.text for draw in draws if draw.generation]],
        "filtered_resps": [draw.grade.answer or "" for draw in draws if draw.grade],
        "filter": "none",
        "metrics": ["exact_match"],
        "doc_hash": _hash(msgspec.json.encode(doc).decode()),
        "prompt_hash": _hash(prompt),
        "target_hash": _hash(target),
        "exact_match": sum(draw.grade.outcome == "correct" for draw in draws if draw.grade) / len(draws),
        "outcomes": [draw.grade.outcome for draw in draws if draw.grade],
        "confidences": [{name: of.value for name, of in draw.confidences.items()} for draw in draws],
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _results(content: RunContent, counts: dict[str, int]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for name, metric, value in _numbers(content):
        if name in counts:
            found.setdefault(name, {"alias": name})[metric] = value
    return found


def _numbers(content: RunContent) -> Iterator[tuple[str, str, float | None]]:
    for row in headline(content.scorecard()):
        if row["task"] == "macro":
            continue
        name = _called(row["task"], row["protocol"], _first_protocol(content, row["task"]))
        yield name, "exact_match,none", row["accuracy"]["value"]
        for metric in _METRICS:
            if row[metric]["value"] is not None:
                yield name, f"{metric}_{row['method']},none", row[metric]["value"]


WRITER = Writer("a folder with lm-eval's results_*.json and samples_*.jsonl", _write, in_folder=True)
