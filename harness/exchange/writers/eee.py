"""Every Eval Ever, schema 0.3: a folder with its `data/`, an aggregate file of the run and a file of its samples.

The schema has no field for a confidence: it stands in the metadata of a sample, and what calibration says of all of
them among the metrics. A generation that failed is no wrong answer, and has no other place there; it is left out.
"""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from calibench.errors.characters import visible
from calibench.exchange.writers.base import RunContent, Writer
from calibench.files import replacing, write_text
from calibench.records import Draw, MeasureInfo
from calibench.reports.tables import headline

_SCHEMA = "0.3.0"
_OF_ANSWERS, _OF_CONFIDENCES = ("accuracy",), ("coverage", "ece", "brier", "auroc")
"""The metrics that are written, all of them between 0 and 1; those of answers once for all methods."""
_NO_OWNER = "local"
"""Stands for who made a model that no hub has."""


def _write(content: RunContent, path: Path) -> None:
    owner, _, name = content.model.rpartition("/")
    folder = Path("data", "calibench", _portable(owner or _NO_OWNER), _portable(name))
    digest = hashlib.sha256(msgspec.json.encode([content.name, content.manifest.get("identity"), content.manifest]))
    number = str(uuid.UUID(bytes=digest.digest()[:16], version=4))
    made = str(int(time.time()))
    about = {"evaluation_id": f"calibench/{content.model}/{made}", "model_id": content.model}
    samples = folder / f"{number}_samples.jsonl"
    n, checksum = _write_samples(content, path / samples, about)
    aggregate = {
        "schema_version": _SCHEMA,
        "evaluation_id": about["evaluation_id"],
        "retrieved_timestamp": made,
        "source_metadata": {
            "source_type": "evaluation_run",
            "source_organization_name": "not stated",
            "evaluator_relationship": "other",
        },
        "eval_library": {"name": "calibench", "version": content.version},
        "model_info": {
            "name": content.name,
            "id": content.model,
            **({} if owner else {"developer": _NO_OWNER}),
            "additional_details": {"deployment_type": "unknown", "model_availability": "unknown"},
        },
        "evaluation_results": list(_results(content)),
    }
    if n:
        aggregate["detailed_evaluation_results"] = {
            "format": "jsonl", "file_path": samples.as_posix(), "hash_algorithm": "sha256", "checksum": checksum,
            "total_rows": n,
        }  # fmt: skip
    text = msgspec.json.format(msgspec.json.encode(aggregate), indent=1).decode()
    write_text(path / folder / f"{number}.json", text + "\n")


def _portable(name: str) -> str:
    """As a folder's name."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f\x7f]+', "_", visible(name)).strip(". ") or "_"


# -- the run ----------------------------------------------------------------------------------------------------------


def _results(content: RunContent) -> Iterator[dict[str, Any]]:
    card = content.scorecard()
    measures = {measure.metric: measure for measure in card.measures}
    conventions = {(m.task, m.protocol, m.method, m.metric): m.convention for m in card.metrics if m.subset == "all"}
    seen = set()
    for row in headline(card):
        if row["task"] == "macro":
            continue
        for metric in (*_OF_ANSWERS, *_OF_CONFIDENCES):
            of_answers = metric in _OF_ANSWERS
            key = (row["task"], row["protocol"], "" if of_answers else row["method"], metric)
            if row[metric]["value"] is None or key in seen or (row["method"] == "none" and not of_answers):
                continue
            seen.add(key)
            convention = conventions[row["task"], row["protocol"], row["method"], metric]
            yield {
                "evaluation_result_id": _result_id(*key),
                "evaluation_name": row["task"],
                "source_data": _source(content, row["task"]),
                "metric_config": _metric(measures[metric], convention, key),
                "score_details": _score(row[metric]),
                "generation_config": _generation(content),
            }


def _result_id(*key: str) -> str:
    return "/".join(filter(None, key))


def _source(content: RunContent, task: str) -> dict[str, Any]:
    hub_id = content.hub_id(task)
    if hub_id is None:
        return {"dataset_name": task, "source_type": "other"}
    return {"dataset_name": task, "source_type": "hf_dataset", "hf_repo": hub_id}


def _metric(measure: MeasureInfo, convention: str, key: tuple[str, str, str, str]) -> dict[str, Any]:
    _, protocol, method, metric = key
    return {
        "evaluation_description": convention,
        "metric_id": metric,
        "metric_name": measure.title,
        "metric_kind": metric,
        "metric_unit": "proportion",
        "metric_parameters": {"protocol": protocol, **({"confidence_method": method} if method else {})},
        "lower_is_better": measure.better == "lower",
        "score_type": "continuous",
        "min_score": 0,
        "max_score": 1,
    }


def _score(cell: dict[str, Any]) -> dict[str, Any]:
    uncertainty: dict[str, Any] = {"num_samples": cell["n_used"]}
    if cell["low"] is not None:
        ends = {"lower": cell["low"], "upper": cell["high"], "confidence_level": 0.95}
        uncertainty["confidence_interval"] = {**ends, "method": "bootstrap over questions"}
    return {"score": cell["value"], "uncertainty": uncertainty}


def _generation(content: RunContent) -> dict[str, Any]:
    said = content.manifest.get("identity", {})
    names = ("temperature", "top_p", "top_k", "max_tokens")
    return {"generation_args": {name: said[name] for name in names if isinstance(said.get(name), int | float)}}


# -- samples ----------------------------------------------------------------------------------------------------------


def _write_samples(content: RunContent, path: Path, about: dict[str, str]) -> tuple[int, str]:
    """Rows, and the SHA-256 of the file; no file where the run has no texts, or no answer with a verdict."""
    n, left_out, digest = 0, 0, hashlib.sha256()
    with replacing(path) as partial, partial.open("xb") as file:
        for draw in content.draws():
            if draw.question is None or draw.generation is None:
                continue
            if draw.grade is None or draw.grade.outcome == "failed":
                left_out += 1
                continue
            line = msgspec.json.encode({"schema_version": _SCHEMA, **about, **_sample(draw)}) + b"\n"
            digest.update(line)
            file.write(line)
            n += 1
    if left_out:
        content.tell(f"{left_out} generations without a verdict are left out: the format has no place for them")
    if not n:
        path.unlink()
    return n, digest.hexdigest()


def _sample(draw: Draw) -> dict[str, Any]:
    question, generation, grade = draw.question, draw.generation, draw.grade
    assert question is not None  # nor the others, as `_write_samples` has it
    assert generation is not None
    assert grade is not None
    correct = grade.outcome == "correct"
    gold = list(question.gold or question.tests)
    found: dict[str, Any] = {
        "evaluation_name": draw.task,
        "evaluation_result_id": _result_id(draw.task, draw.protocol, "accuracy"),
        "sample_id": draw.question_id,
        "sample_hash": hashlib.sha256((question.text + "".join(gold)).encode(errors="replace")).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": question.text, "reference": gold, "choices": list(question.choices) or None},
        "output": {
            "raw": [generation.text],
            "reasoning_trace": None if generation.reasoning is None else [generation.reasoning],
        },
        "messages": None,
        "answer_attribution": [] if grade.answer is None else [
            {"turn_idx": 0, "source": "output.raw", "extracted_value": grade.answer,
             "extraction_method": grade.grader, "is_terminal": True}
        ],
        "evaluation": {"score": float(correct), "is_correct": correct},
        "metadata": {
            "draw": str(draw.draw), "protocol": draw.protocol, "outcome": grade.outcome,
            **{f"confidence.{name}": repr(c.value) for name, c in draw.confidences.items() if c.value is not None},
        },
    }  # fmt: skip
    if generation.prompt_tokens is not None and generation.answer_tokens is not None:
        written = generation.answer_tokens + (generation.reasoning_tokens or 0)
        found["token_usage"] = {
            "input_tokens": generation.prompt_tokens, "output_tokens": written,
            "total_tokens": generation.prompt_tokens + written,
            "input_tokens_cache_read": generation.cached_tokens, "reasoning_tokens": generation.reasoning_tokens,
        }  # fmt: skip
    if generation.latency is not None:
        found["performance"] = {"latency_ms": 1000 * generation.latency}
    return found


WRITER = Writer(
    "a folder as Every Eval Ever has it (schema 0.3): an aggregate file, and its samples", _write, in_folder=True
)
