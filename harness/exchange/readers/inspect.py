"""Inspect: its `.eval` logs, and those of `--log-format json`.

An `.eval` log is a ZIP archive with a file for each sample and epoch. It is read as it is, since Inspect need not be
installed where logs are read; versions 1 and 2 of the format are known. An epoch is a draw.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from calibench.errors import DataError
from calibench.exchange.readers.base import (
    AnswerLog,
    Columns,
    Logged,
    Reader,
    Start,
    Tell,
    archive_errors,
    converted,
    decoded,
    document,
    one_task,
    start_of,
)  # fmt: skip
from calibench.records import Outcome
from calibench.tasks import packed, table

_HEADER, _STARTED = "header.json", "_journal/start.json"
"""The second stands alone in the log of an evaluation that did not end."""
_ZSTD = 93
"""Of the ways to pack a member, the one that Python's own module does not know before 3.14."""
_LONGEST = 2**28
"""Bytes of a sample."""
_VERSIONS = (1, 2)
_VERDICTS: dict[Any, Outcome] = {"C": "correct", "I": "incorrect", "N": "abstained", 1: "correct", 0: "incorrect"}
"""Inspect's letters, as its own metrics read them; P, partly right, is none of the two."""
_ATTACHED = "attachment://"


class _Eval(msgspec.Struct):
    task: str
    model: str
    packages: dict[str, str] = {}
    task_args: dict[str, Any] = {}
    model_generate_config: dict[str, Any] = {}
    model_args: dict[str, Any] = {}
    created: str = ""


class _Header(msgspec.Struct):
    version: int
    eval: _Eval
    status: str = "started"
    plan: dict[str, Any] = {}


class _Part(msgspec.Struct):
    """Of a message's content."""

    type: str
    text: str = ""
    reasoning: str = ""


class _Message(msgspec.Struct):
    role: str = ""
    content: str | list[_Part] = ""


class _Choice(msgspec.Struct):
    message: _Message
    stop_reason: str = "unknown"


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_tokens_cache_read: int | None = None


class _Output(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    time: float | None = None
    error: str | None = None


class _Score(msgspec.Struct):
    value: Any = None
    answer: str | None = None


class _Error(msgspec.Struct):
    message: str = ""


class _Sample(msgspec.Struct):
    id: int | str
    epoch: int
    input: str | list[_Message]
    target: str | list[str] = ""
    choices: list[str] | None = None
    output: _Output = msgspec.field(default_factory=_Output)
    scores: dict[str, _Score] | None = None
    metadata: dict[str, Any] = {}
    error: _Error | None = None
    attachments: dict[str, str] = {}
    messages: list[_Message] = []


class _Document(_Header):
    """A log in one JSON value."""

    samples: list[_Sample] = []


def _recognizes(start: Start) -> bool:
    if start.members:
        return _STARTED in start.members or _HEADER in start.members
    head = start.text.lstrip()[:2000]
    return head.startswith("{") and all(f'"{name}"' in head for name in ("version", "status", "eval", "eval_id"))


def _read(paths: Sequence[Path], tell: Tell, _columns: Columns) -> AnswerLog:
    opened = [(path, *_open(path, tell)) for path in paths]
    versions = sorted({header.eval.packages.get("inspect_ai", "") for _, header, _ in opened} - {""})
    settings = {
        path.name: {
            "config": {**header.plan.get("config", {}), **header.eval.model_generate_config},
            "model_args": header.eval.model_args,
            "task_args": header.eval.task_args,
            "solvers": [step.get("solver") for step in header.plan.get("steps", []) if isinstance(step, dict)],
            "created": header.eval.created,
        }
        for path, header, _ in opened
    }
    answers = (_answer(place, sample, header.eval, tell) for _, header, samples in opened for place, sample in samples)
    return AnswerLog(" ".join(["Inspect", *versions]), answers, settings)


def _open(path: Path, tell: Tell) -> tuple[_Header, Iterator[tuple[str, _Sample]]]:
    if start_of(path).members:
        header, samples = _archive(path)
    else:
        whole = document(path, _Document)
        header, samples = whole, ((f"{path}, sample {i:,}", s) for i, s in enumerate(whole.samples, 1))
    if header.version not in _VERSIONS:
        raise DataError(f"{path}: expected a log of version 1 or 2 of Inspect's format, found version {header.version}")
    if header.status != "success":
        tell(f"{path}: the evaluation did not end (status {header.status}); what it logged is read")
    return header, samples


def _archive(path: Path) -> tuple[_Header, Iterator[tuple[str, _Sample]]]:
    with archive_errors(path), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        found = _HEADER if _HEADER in names else _STARTED
        if found not in names:
            raise DataError(f"{path}: expected an archive with {_HEADER}, found {', '.join(sorted(names)[:5])}")
        place = f"{path}, {found}"
        header = converted(table.json_value(_unpacked(archive, archive.getinfo(found)), place), _Header, place)
        of_samples = [
            member for member in archive.infolist()
            if member.filename.startswith("samples/") and member.filename.endswith(".json")
        ]  # fmt: skip
    return header, _samples(path, sorted(of_samples, key=lambda member: member.filename))


def _samples(path: Path, members: Sequence[zipfile.ZipInfo]) -> Iterator[tuple[str, _Sample]]:
    """Of all members, also of several that have one name."""
    with archive_errors(path), zipfile.ZipFile(path) as archive:
        unpacked = 0
        for member in members:
            unpacked += member.file_size
            packed.check_unpacked(path, unpacked)
            place = f"{path}, {member.filename}"
            yield place, decoded(_unpacked(archive, member), _DECODER, place)


_DECODER = msgspec.json.Decoder(_Sample)


def _unpacked(archive: zipfile.ZipFile, about: zipfile.ZipInfo) -> bytes:
    """The bytes of a member.

    Raises:
        DataError: they are more than a sample can have.
        zipfile.BadZipFile: it is damaged.
    """
    name = about.filename
    if about.file_size > _LONGEST:
        raise DataError(f"{archive.filename}, {name}: expected at most {_LONGEST:,} bytes, found {about.file_size:,}")
    if about.compress_type != _ZSTD:
        return archive.read(about)
    import pyarrow

    packed = _packed(archive, about)
    try:
        found = pyarrow.CompressedInputStream(pyarrow.BufferReader(packed), "zstd").read(about.file_size + 1)
    except OSError as error:
        raise zipfile.BadZipFile(f"{name}: {error}") from error
    if zlib.crc32(found) != about.CRC:
        raise zipfile.BadZipFile(f"{name}: its checksum is another one")
    return found


def _packed(archive: zipfile.ZipFile, about: zipfile.ZipInfo) -> bytes:
    """A member as it lies in the file: behind a local header of 30 bytes, its name, and what it has besides."""
    file = archive.fp
    assert file, "the archive is open"
    file.seek(about.header_offset)
    header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile(f"{about.filename}: no local header")
    name, extra = struct.unpack("<HH", header[26:30])
    file.seek(name + extra, io.SEEK_CUR)
    packed = file.read(about.compress_size)
    if len(packed) < about.compress_size:
        raise zipfile.BadZipFile(f"{about.filename}: the file ends before it does")
    return packed


# -- samples ----------------------------------------------------------------------------------------------------------


def _answer(place: str, sample: _Sample, of: _Eval, tell: Tell) -> Logged:
    by, verdict, answer = _verdict(sample, tell)
    output = sample.output
    usage = output.usage or _Usage()
    chosen = output.choices[0] if output.choices else None
    error = sample.error.message if sample.error else output.error
    if chosen is None and error is None:
        error = "the log has no output of the model"
    target = [sample.target] if isinstance(sample.target, str) else sample.target
    question = sample.metadata.get("question")
    return Logged(
        place=place,
        task=one_task(of.task, place),
        model=of.model,
        sample=str(sample.id),
        draw=sample.epoch - 1,
        prompt=_prompt(sample),
        question=_of(question, sample) if isinstance(question, str) else None,
        choices=tuple(sample.choices or ()),
        gold=tuple(gold for gold in target if gold),
        text=_text(chosen.message, sample) if chosen else None,
        reasoning=_reasoning(chosen.message, sample) or None if chosen else None,
        finish=_finish(chosen.stop_reason) if chosen else "error",
        error=None if chosen else error,
        prompt_tokens=usage.input_tokens,
        cached_tokens=usage.input_tokens_cache_read,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        latency=output.time,
        verdict=verdict,
        answer=answer,
        judged_by=by,
    )


def _of(text: str, sample: _Sample) -> str:
    """A text, which may stand elsewhere in the sample."""
    return sample.attachments.get(text.removeprefix(_ATTACHED), text) if text.startswith(_ATTACHED) else text


def _prompt(sample: _Sample) -> str:
    """The last turn of the user: that which solvers made, or the input."""
    turns = [message for message in sample.messages if message.role == "user"]
    if turns:
        return _text(turns[-1], sample)
    if isinstance(sample.input, str):
        return _of(sample.input, sample)
    return "\n\n".join(_text(message, sample) for message in sample.input if message.role == "user")


def _text(message: _Message, sample: _Sample) -> str:
    if isinstance(message.content, str):
        return _of(message.content, sample)
    return "\n".join(_of(part.text, sample) for part in message.content if part.type == "text")


def _reasoning(message: _Message, sample: _Sample) -> str:
    if isinstance(message.content, str):
        return ""
    return "\n".join(_of(part.reasoning, sample) for part in message.content if part.type == "reasoning")


def _finish(stop_reason: str) -> Literal["stop", "length"] | None:
    if stop_reason in ("max_tokens", "model_length"):
        return "length"
    return "stop" if stop_reason in ("stop", "tool_calls", "content_filter") else None


def _verdict(sample: _Sample, tell: Tell) -> tuple[str | None, Outcome | None, str | None]:
    """Of the first scorer that says right or wrong, with what it took for the answer."""
    scores: Mapping[str, _Score] = sample.scores or {}
    for name, score in scores.items():
        if isinstance(score.value, str | int | float | bool) and score.value in _VERDICTS:
            return name, _VERDICTS[score.value], score.answer
    if scores:
        tell(f"Inspect's scorers {', '.join(sorted(scores))} say of some answers neither right nor wrong")
    return None, None, None


READER = Reader(
    description="Inspect's .eval logs, and those of --log-format json; epochs are draws",
    recognizes=_recognizes,
    read=_read,
)
