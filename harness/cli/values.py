"""Values on the command line: from their texts, or an error that says what was expected."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any


def default_data() -> str | None:
    """The folder of data files that the environment names."""
    return os.environ.get("CALIBENCH_DATA") or None


def names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError("expected names separated by commas, found none")
    return names


def text(text: str) -> str:
    if not text.isprintable():
        raise argparse.ArgumentTypeError(f"expected printable text, found {text!r}")
    return text


def positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= sys.maxsize:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, found {text!r}")
    return int(text)


def seed(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 0, found {text!r}")
    return int(text)


def number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, found {text!r}") from None


def non_negative(text: str) -> float:
    if not 0 <= (value := number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of at least 0, found {text!r}")
    return value


def fraction(text: str) -> float:
    if not 0 < (value := number(text)) <= 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0 and up to 1, found {text!r}")
    return value


def key_value(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, found {text!r}")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, {"True": True, "False": False, "None": None}.get(value, value)
