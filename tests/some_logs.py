"""The same twenty generations as logs of every format that `calibench import` reads.

lm-eval, Inspect and vLLM's batch runner wrote theirs themselves (tests/golden/logs). The others are rewritten from the
batch file here: in the fields of HELM 0.5.16's dataclasses, of simple-evals' template, and of the schema of Every Eval
Ever 0.2.1.
"""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

LOGS = Path(__file__).resolve().parent / "golden" / "logs"


class Written(NamedTuple):
    """A log."""

    files: list[Path]
    options: tuple[str, ...]
    """What its import needs besides."""
    field: str
    """What every answer must have."""


class Answer(NamedTuple):
    question_id: str
    prompt: str
    text: str
    gold: str
    right: bool
    """Whether the gold stands in the text."""


def answers() -> list[Answer]:
    """In the order of the batch."""
    batch = LOGS / "openai_batch"
    asked = {row["custom_id"]: row["body"]["messages"][0]["content"] for row in rows(batch / "in.jsonl")}
    golds = {}
    for row in rows(next((LOGS / "lm_eval").glob("samples_*facts*"))):
        question = json.loads(row["doc"]["question"])
        golds[question["question_id"]] = question["gold"][0]
    found = []
    for row in rows(batch / "out.jsonl"):
        name = row["custom_id"]
        text = row["response"]["body"]["choices"][0]["message"]["content"]
        found.append(Answer(name, asked[name], text, golds[name], f"Answer: {golds[name]}\n" in text))
    return found


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def lines(path: Path, of: Iterable[dict]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in of), encoding="utf-8")
    return path


def lm_eval(folder: Path) -> Written:
    for path in (LOGS / "lm_eval").glob("*"):
        if "words" not in path.name:
            shutil.copy(path, folder)
    samples = next(folder.glob("samples_*"))
    ids = {answer.question_id for answer in answers()}
    lines(samples, [row for row in rows(samples) if json.loads(row["doc"]["question"])["question_id"] in ids])
    return Written([samples], (), "resps")


def inspect(folder: Path) -> Written:
    file = shutil.copy(next((LOGS / "inspect").glob("*facts*")), folder)
    return Written([Path(file)], ("--protocol", "stated"), "epoch")


def openai_batch(folder: Path) -> Written:
    files = [Path(shutil.copy(LOGS / "openai_batch" / name, folder)) for name in ("out.jsonl", "in.jsonl")]
    return Written(files, ("--task", "micro_facts", "--protocol", "stated"), "custom_id")


def every_eval_ever(folder: Path) -> Written:
    records = [
        {
            "schema_version": "0.2.1", "evaluation_id": "facts/1", "model_id": "org/micro-sft",
            "evaluation_name": "micro_facts", "sample_id": answer.question_id, "interaction_type": "single_turn",
            "input": {"raw": answer.prompt, "reference": [answer.gold]}, "output": {"raw": [answer.text]},
            "answer_attribution": [], "evaluation": {"score": float(answer.right), "is_correct": answer.right},
        }
        for answer in answers()
    ]  # fmt: skip
    file = lines(folder / "facts_samples.jsonl", records)
    return Written([file], ("--protocol", "stated"), "model_id")


def simple_evals(folder: Path) -> Written:
    def message(role: str, text: str) -> str:
        return (
            f'\n<div class="message {role}">\n    <div class="role">\n    {role}\n    \n    </div>\n'
            f'    <div class="content">\n    <pre>{html.escape(text)}</pre>\n    </div>\n</div>\n'
        )

    parts = [
        f"\n<h3>Prompt conversation</h3>\n{message('user', answer.prompt)}\n<h3>Sampled message</h3>\n"
        f"{message('assistant', answer.text)}\n<h3>Results</h3>\n<p>Correct Answer: {answer.gold}</p>\n"
        f"<p>Extracted Answer: {answer.gold if answer.right else 'None'}</p>\n<p>Score: {answer.right}</p>\n"
        for answer in answers()
    ]
    file = folder / "facts_micro-sft.html"
    file.write_text(f"<!DOCTYPE html>\n<html><body>\n<h1>Examples</h1>\n{'<hr>'.join(parts)}</body></html>\n")
    return Written([file], ("--task", "micro_facts", "--protocol", "stated"), "Sampled message")


def helm(folder: Path) -> Written:
    states = [
        {
            "instance": {
                "input": {"text": answer.prompt}, "split": "test", "id": answer.question_id,
                "references": [{"output": {"text": answer.gold}, "tags": ["correct"]}],
            },
            "train_trial_index": 0, "num_train_instances": 0, "prompt_truncated": False,
            "request": {"model": "org/micro-sft", "prompt": answer.prompt, "temperature": 0.0},
            "result": {
                "success": True, "embedding": [], "cached": False, "request_time": 0.5,
                "completions": [
                    {"text": answer.text, "logprob": 0, "tokens": [], "finish_reason": {"reason": "stop"}}
                ],
            },
        }
        for answer in answers()
    ]  # fmt: skip
    adapter = {"method": "generation", "model": "org/micro-sft", "max_tokens": 400}
    stats = [
        {
            "instance_id": answer.question_id, "train_trial_index": 0,
            "stats": [{"name": {"name": "exact_match", "split": "test"}, "count": 1, "mean": float(answer.right)}],
        }
        for answer in answers()
    ]  # fmt: skip
    file = folder / "scenario_state.json"
    file.write_text(json.dumps({"adapter_spec": adapter, "request_states": states}, indent=2))
    (folder / "run_spec.json").write_text(json.dumps({"name": "micro_facts:model=org_micro-sft"}, indent=2))
    (folder / "per_instance_stats.json").write_text(json.dumps(stats, indent=2))
    return Written([file], ("--protocol", "stated"), "instance")


def table(folder: Path) -> Written:
    file = lines(
        folder / "facts.jsonl",
        [{"id": a.question_id, "output": a.text, "model": "micro-sft", "right": a.right} for a in answers()],
    )
    columns = ("--text", "output", "--question", "id", "--model", "model", "--correct", "right")
    return Written([file], (*columns, "--task", "micro_facts", "--protocol", "stated"), "output")


WRITERS: dict[str, Callable[[Path], Written]] = {
    of.__name__: of for of in (every_eval_ever, helm, inspect, lm_eval, openai_batch, simple_evals, table)
}
"""Format -> writes its log into a folder."""
