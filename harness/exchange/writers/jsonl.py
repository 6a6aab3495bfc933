"""JSON Lines: an object for each draw."""

from __future__ import annotations

from pathlib import Path

import msgspec

from calibench.exchange.writers._rows import rows
from calibench.exchange.writers.base import RunContent, Writer
from calibench.files import replacing


def _write(content: RunContent, path: Path) -> None:
    with replacing(path) as partial, partial.open("xb") as file:
        for row in rows(content):
            file.write(msgspec.json.encode(row) + b"\n")


WRITER = Writer(
    "JSON Lines, an object for each draw: question, reasoning, output, verdict, confidences, tokens", _write
)
