"""How much a benchmark does: `make bench` measures, `make bench ROUND=short` shows that everything can be measured.

A short round is as small as it may be, and asserts nothing about times: those of so little work say nothing. What kills
and continues has one size alone: its work must last long enough to be stopped in its middle; a short round does that to
one recipe of each trainer.
"""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")

MEASURED = os.environ.get("ROUND") != "short"


def size(full: T, short: T) -> T:
    return full if MEASURED else short
