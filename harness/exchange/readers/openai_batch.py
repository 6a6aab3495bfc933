"""OpenAI batch files: the output of the batch interface, with its input, as OpenAI, vLLM and others write them.

The input has the prompts, which find the question where `custom_id` is no id of the task's. Chat completions,
completions and responses are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from math import fsum
from pathlib import Path
from typing import Any

import msgspec

from calibench.errors import DataError
from calibench.exchange.readers.base import (
    AnswerLog,
    Columns,
    Logged,
    Reader,
    Start,
    Tell,
    converted,
    lines,
    nothing_found,
)  # fmt: skip
from calibench.prompting.completions import ServerAnswer, TokenUsage


class _Request(msgspec.Struct):
    custom_id: str
    body: dict[str, Any]


class _Response(msgspec.Struct):
    status_code: int = 200
    body: dict[str, Any] | None = None


class _Error(msgspec.Struct):
    message: str | None = None
    code: str | None = None


class _Row(msgspec.Struct):
    custom_id: str
    response: _Response | None = None
    error: _Error | None = None


class _Content(msgspec.Struct):
    type: str
    text: str = ""
    refusal: str = ""


class _Item(msgspec.Struct):
    """Of what a response holds."""

    type: str
    content: list[_Content] | None = None


class _OfResponses(msgspec.Struct):
    output: list[_Item]
    model: str | None = None
    status: str | None = None


def _recognizes(start: Start) -> bool:
    return "custom_id" in start.row and ("response" in start.row or {"method", "url", "body"} <= start.row.keys())


def _read(paths: Sequence[Path], tell: Tell, _columns: Columns) -> AnswerLog:
    asked: dict[str, tuple[str, str | None]] = {}
    settings: dict[str, Any] = {}
    outputs = []
    for path in paths:
        rows = lines(path, tell)
        first = next(rows, None)
        if first is None:
            raise nothing_found([path], "requests or responses of a batch")
        if "body" not in first[1]:
            outputs.append(path)
            continue
        for place, values in lines(path, tell):
            request = converted(values, _Request, place)
            asked[request.custom_id] = (_prompt(request.body), request.body.get("model"))
            settings = settings or {k: v for k, v in request.body.items() if k not in ("messages", "prompt", "input")}
    if not outputs:
        raise nothing_found(paths, "the output of a batch, whose rows have a field `response`")
    if not asked:
        tell("the input of the batch is not given, so that questions are found by custom_id alone")
    return AnswerLog("OpenAI batch", _answers(outputs, asked, tell), settings)


def _prompt(body: Mapping[str, Any]) -> str:
    """The last turn of the user."""
    asked = body.get("messages", body.get("input", body.get("prompt")))
    if isinstance(asked, list):
        turns = [turn for turn in asked if isinstance(turn, dict) and turn.get("role") == "user"]
        asked = turns[-1].get("content") if turns else None
    if isinstance(asked, list):
        asked = "\n".join(
            part["text"] for part in asked if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    return asked if isinstance(asked, str) else ""


def _answers(outputs: Sequence[Path], asked: Mapping[str, tuple[str, str | None]], tell: Tell) -> Iterator[Logged]:
    seen: dict[str, tuple[bytes, str]] = {}
    for path in outputs:
        for place, values in lines(path, tell):
            row = converted(values, _Row, place)
            digest = sha256(repr(values.get("response")).encode("utf-8", "replace")).digest()[:8]
            before, first = seen.setdefault(row.custom_id, (digest, place))
            if first != place and before != digest:
                raise DataError(f"{place}: custom_id {row.custom_id!r:.60} was answered otherwise in {first}")
            if first != place:
                tell(f"{place}: custom_id {row.custom_id!r:.60} a second time, word for word, which is left out")
                continue
            prompt, model = asked.get(row.custom_id, (None, None))
            of_all = Logged(place=place, task=path.stem, model=model, sample=row.custom_id, prompt=prompt or None)
            yield from _of_row(of_all, row, place)
    if missing := asked.keys() - seen.keys():
        tell(f"{len(missing):,} of {len(asked):,} requests of the batch have no response, as {min(missing)!r:.60}")


def _of_row(of_all: Logged, row: _Row, place: str) -> Iterator[Logged]:
    response = row.response
    if response is None or response.body is None or response.status_code != 200:
        said = row.error and (row.error.message or row.error.code)
        status = f"status {response.status_code}" if response else "no response"
        yield of_all._replace(error=said or _said(response) or status)
        return
    if "output" in response.body:
        yield _of_responses(of_all, converted(response.body, _OfResponses, f"{place}, response.body"))
        return
    body = converted(response.body, ServerAnswer, f"{place}, response.body")
    usage = body.usage or TokenUsage()
    alone: dict[str, Any] = {}
    if len(body.choices) == 1:  # counts are of all choices together
        alone = {"output_tokens": usage.completion_tokens, "reasoning_tokens": usage.reasoning_tokens}
    for choice in body.choices:
        tokens = choice.logprobs and choice.logprobs.content
        yield of_all._replace(
            model=of_all.model or body.model,
            text=choice.reply.answer,
            reasoning=choice.reply.thought,
            finish="length" if choice.finish_reason == "length" else "stop" if choice.finish_reason else None,
            logprob=fsum(token.logprob for token in tokens) if tokens else None,
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_tokens,
            **alone,
        )


def _said(response: _Response | None) -> str | None:
    """The message of a request that was refused."""
    error = response and response.body and response.body.get("error")
    found = error.get("message") if isinstance(error, dict) else None
    return found if isinstance(found, str) else None


def _of_responses(of_all: Logged, body: _OfResponses) -> Logged:
    parts = [part for item in body.output if item.type == "message" for part in item.content or ()]
    return of_all._replace(
        model=of_all.model or body.model,
        text="\n".join(part.text or part.refusal for part in parts),
        finish="stop" if body.status == "completed" else "length" if body.status == "incomplete" else None,
    )


READER = Reader(
    description="output files of OpenAI's batch interface, with the input files",
    recognizes=_recognizes,
    read=_read,
)
