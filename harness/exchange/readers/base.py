"""What a reader of logs is: a function from files to the answers in them, as the tool wrote them down.

A reader is one file in this folder that defines `READER`; the file's name is the format's name. An installed package
gives others by entry points of the group `calibench.readers`. A reader says what stands in the log and nothing else:
it grades nothing, and leaves None what the log does not hold.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from calibench import registry
from calibench.errors import DataError, InputError
from calibench.records import Outcome, Question
from calibench.tasks import packed, table

_T = TypeVar("_T")
Tell = Callable[[str], None]
"""Takes what a reader of the numbers must know of the log."""
Columns = Mapping[str, str]
"""Role -> column of a table, as the user names them; also `scale` and `missing`, as `calibench score` has them."""
_START = 2**16
"""Bytes that a format is recognized by."""
_DOCUMENT = 2**29
"""Bytes of a log that is one JSON value, which cannot be read in parts."""


class Logged(NamedTuple):
    """One answer, as a log has it."""

    place: str
    """File and line, for messages."""
    task: str
    """The log's name for what was asked."""
    model: str | None
    sample: str | None
    """The log's id of the question."""
    draw: int | None = None
    """Which of the answers to the question, from 0; None: they are told apart by their order."""
    asked: Question | None = None
    """The question as calibench itself wrote it into the log."""
    protocol: str | None = None
    """The protocol that asked, where it was calibench's own."""
    row: Mapping[str, Any] | None = None
    """The row of the publisher's data."""
    prompt: str | None = None
    """What the model was shown last."""
    question: str | None = None
    """What is asked, where the log has it without instructions."""
    choices: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    """Accepted answers; letters where there are `choices`."""
    text: str | None = None
    """What the model wrote; None where the log keeps no texts."""
    reasoning: str | None = None
    """Reasoning that the log keeps apart from `text`."""
    finish: Literal["stop", "length", "error"] | None = None
    error: str | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    """Reasoning included."""
    reasoning_tokens: int | None = None
    latency: float | None = None
    """Seconds."""
    logprob: float | None = None
    """Sum over the output tokens (nats)."""
    likelihoods: tuple[float, ...] = ()
    """Log-likelihood (nats) of each of `choices`, where an answer was chosen by them and none was written."""
    verdict: Outcome | None = None
    """What the tool found of the answer: correct, incorrect, or abstained."""
    answer: str | None = None
    """What the tool took for the answer in the text."""
    judged_by: str | None = None
    """What gave that verdict: a metric, a scorer."""
    confidence: float | None = None
    """In [0, 1], where the log has a number."""
    confidence_column: str | None = None
    """What the log calls that; None: it has none, and a row without a number is no missing one."""


class AnswerLog(NamedTuple):
    """What files of one tool hold."""

    tool: str
    """Its name, with the version where the log says it."""
    answers: Iterator[Logged]
    settings: Mapping[str, Any] = {}
    """How the model was asked, as far as the log says it; JSON values."""


class Start(NamedTuple):
    """What a format is recognized by."""

    path: Path
    members: frozenset[str]
    """Names in the archive; empty of what is none."""
    text: str
    """The beginning; empty of an archive."""
    row: Mapping[str, Any]
    """The JSON object that is the first line; empty if that is none."""


class Reader(NamedTuple):
    description: str
    """One line for `calibench import --help`."""
    recognizes: Callable[[Start], bool]
    """Whether a file is of this format. No two readers take the same one."""
    read: Callable[[Sequence[Path], Tell, Columns], AnswerLog]
    """(files, where to tell what is missing, columns of a table) -> the log. DataErrors name file, line, field."""


_FAMILY = registry.Family("log format", "calibench.exchange.readers", "calibench.readers", "READER")


def names() -> list[str]:
    """Names of all formats; none is imported."""
    return registry.names(_FAMILY)


def load(name: str) -> Reader:
    """The reader of that name.

    Raises:
        InputError: unknown name; the message gives the nearest names.
        PluginError: another package's, and not to be had.
    """
    reader: Reader = registry.load(_FAMILY, name, Reader)
    return reader


def recognized(path: Path) -> str | None:
    """The name of the format that a file is of; None if it is of none.

    Raises:
        InputError: it cannot be read.
    """
    start = start_of(path)
    return next((name for name in names() if load(name).recognizes(start)), None)


def start_of(path: Path) -> Start:
    """What a file begins with.

    Raises:
        DataError: it cannot be read.
    """
    with table.file_errors(path):
        if zipfile.is_zipfile(path):
            with archive_errors(path), zipfile.ZipFile(path) as archive:
                return Start(path, frozenset(archive.namelist()), "", {})
        with table.open_bytes(path) as file:
            head = file.read(_START)
            if head.startswith(b"PK\x03\x04"):
                raise DataError(f"{path}: a ZIP archive that is damaged or cut off, so that nothing in it can be found")
            line = head.partition(b"\n")[0] if b"\n" in head else head + file.readline(2**24)
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    return Start(path, frozenset(), head.decode("utf-8", "replace"), row if isinstance(row, dict) else {})


@contextmanager
def archive_errors(path: Path) -> Iterator[None]:
    """Turns what opening and unpacking a ZIP archive raises into a DataError: one that is damaged, encrypted, or packed
    in an unknown way."""
    try:
        yield
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, struct.error, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path}: not a readable archive ({reason})") from error


def lines(path: Path, tell: Tell) -> Iterator[tuple[str, dict]]:
    """Place and object of every line that is not blank. A last line that was cut off is told and left out.

    Raises:
        DataError: another line is not one JSON object.
    """
    with table.file_errors(path), table.open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            packed.check_rows(path, number)
            if not line.strip():
                continue
            place = f"{path}, line {number:,}"
            try:
                row = msgspec.json.decode(line)
            except (msgspec.MsgspecError, RecursionError):  # as of NaN, which Python writes and JSON lacks
                try:
                    row = table.json_value(line, place)
                except DataError:
                    if line.endswith(b"\n"):
                        raise
                    tell(f"{place}: the log ends in the middle of a line, which is left out")
                    return
            if not isinstance(row, dict):
                raise DataError(f"{place}: expected an object per line, found {line.strip()!r:.80}")
            yield place, row


def document(path: Path, kind: type[_T]) -> _T:
    """A log that is one JSON value.

    Raises:
        DataError: it is larger than can be read at once, not valid JSON, or a field is otherwise than expected.
    """
    with table.file_errors(path), table.open_bytes(path) as file:
        text = file.read(_DOCUMENT + 1)
    if len(text) > _DOCUMENT:
        raise DataError(f"{path}: expected at most {_DOCUMENT:,} bytes in a log that is one JSON value")
    return converted(table.json_value(text, str(path)), kind, str(path))


def decoded(text: bytes, decoder: msgspec.json.Decoder[_T], place: str) -> _T:
    """What a JSON text says, as `converted` to the decoder's type."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        raise DataError(f"{place}: {_told(str(error))}") from None
    except (msgspec.MsgspecError, RecursionError):  # as of NaN, which Python writes and JSON lacks
        return converted(table.json_value(text, place), decoder.type, place)


def converted(value: Any, kind: type[_T], place: str) -> _T:
    """The value as one of a Struct's type.

    Raises:
        DataError: a field is missing or of another type; names it.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise DataError(f"{place}: {_told(str(error))}") from None


def _told(error: str) -> str:
    """msgspec's words with the field in front, as `field doc.text: Expected `str`, got `int``."""
    what, _, where = error.partition(" - at `$")
    return f"field {where.strip('`.') or '(all of it)'}: {what}" if where else what


def one_task(name: str | None, place: str) -> str:
    """A task's name as the run file takes it.

    Raises:
        DataError: there is none, or it stands for something else in every report.
    """
    if not name or name == "macro":
        raise DataError(f"{place}: expected the name of a task, found {name!r}")
    return name


def nothing_found(paths: Sequence[Path], what: str) -> InputError:
    """For a log without a single answer."""
    return InputError(f"{', '.join(map(str, paths))}: expected {what}, found none")
