"""Every Eval Ever: instance-level records, one per line (`instance_level_eval.schema.json`, versions 0.2 and 0.3).

The schema has no field for a confidence. Several outputs of a record, and several records of a sample, are draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from calibench.exchange.readers.base import AnswerLog, Columns, Logged, Reader, Start, Tell, converted, lines, one_task
from calibench.records import Outcome


class _Input(msgspec.Struct):
    raw: str
    reference: list[str] = []
    choices: list[str] | None = None


class _Output(msgspec.Struct):
    raw: list[str]
    reasoning_trace: list[str] | None = None


class _Turn(msgspec.Struct):
    role: str
    content: str | None = None
    reasoning_trace: str | None = None


class _Answer(msgspec.Struct):
    extracted_value: str
    is_terminal: bool = True


class _Evaluation(msgspec.Struct):
    is_correct: bool
    score: float | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_tokens_cache_read: int | None = None


class _Performance(msgspec.Struct):
    latency_ms: float | None = None
    generation_time_ms: float | None = None


class _Row(msgspec.Struct):
    schema_version: str
    model_id: str
    evaluation_name: str
    sample_id: str
    interaction_type: str
    input: _Input
    evaluation: _Evaluation
    output: _Output | None = None
    messages: list[_Turn] | None = None
    answer_attribution: list[_Answer] = []
    token_usage: _Usage | None = None
    performance: _Performance | None = None
    error: str | None = None


def _recognizes(start: Start) -> bool:
    return {"schema_version", "evaluation_id", "sample_id", "interaction_type"} <= start.row.keys()


def _read(paths: Sequence[Path], tell: Tell, _columns: Columns) -> AnswerLog:
    return AnswerLog("Every Eval Ever", (answer for path in paths for answer in _answers(path, tell)))


def _answers(path: Path, tell: Tell) -> Iterator[Logged]:
    for place, values in lines(path, tell):
        row = converted(values, _Row, place)
        outputs = _outputs(row)
        usage = row.token_usage or _Usage()
        time = row.performance or _Performance()
        latency = time.latency_ms if time.latency_ms is not None else time.generation_time_ms
        alone: dict[str, Any] = {}
        if len(outputs) == 1:  # of several, nobody says which one was judged, or how long each took
            verdict: Outcome = "correct" if row.evaluation.is_correct else "incorrect"
            final = [answer.extracted_value for answer in row.answer_attribution if answer.is_terminal]
            alone = {
                "verdict": verdict,
                "judged_by": "is_correct",
                "answer": final[-1] if final else None,
                "cached_tokens": usage.input_tokens_cache_read,
                "output_tokens": usage.output_tokens,
                "reasoning_tokens": usage.reasoning_tokens,
                "latency": None if latency is None else latency / 1000,
            }
        for text, reasoning in outputs:
            yield Logged(
                place=place,
                task=one_task(row.evaluation_name, place),
                model=row.model_id,
                sample=row.sample_id,
                prompt=row.input.raw,
                question=row.input.raw,
                choices=tuple(row.input.choices or ()),
                gold=tuple(row.input.reference),
                text=None if row.error else text,
                reasoning=None if row.error else reasoning,
                error=row.error or (None if text is not None else "the log has no output of the model"),
                prompt_tokens=usage.input_tokens,
                **alone,
            )


def _outputs(row: _Row) -> list[tuple[str | None, str | None]]:
    """Text and reasoning of each answer; of a conversation, those of the model's last turn."""
    if row.output is not None:
        traces = row.output.reasoning_trace or []
        traces = traces if len(traces) == len(row.output.raw) else ["\n".join(traces)] * (len(row.output.raw) == 1)
        return [(text, traces[i] if i < len(traces) else None) for i, text in enumerate(row.output.raw)]
    turns = [turn for turn in row.messages or () if turn.role == "assistant"]
    return [(turns[-1].content, turns[-1].reasoning_trace)] if turns else [(None, None)]


READER = Reader(
    description="instance-level records of Every Eval Ever, JSON Lines",
    recognizes=_recognizes,
    read=_read,
)
