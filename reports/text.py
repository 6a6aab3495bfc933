"""How text that a model or a data set wrote, and numbers, are shown to a reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from calibench.errors.characters import one_line
from calibench.errors.characters import visible as visible

MINUS = "\u2212"
UNDEFINED = "\u2014"


class Excerpt(NamedTuple):
    """A text without its middle, where it is too long to show whole."""

    head: str
    omitted: int
    """Characters left out between head and tail."""
    tail: str


def excerpt(text: str, limit: int) -> Excerpt:
    """The first two thirds and the last third of `limit` characters; the whole text if it is not longer than that."""
    if len(text) <= limit:
        return Excerpt(text, 0, "")
    tail = limit // 3
    return Excerpt(text[: limit - tail], len(text) - limit, text[-tail:])


def clip(text: str, width: int) -> str:
    """One line of at most `width` characters, ending in an ellipsis if something is left out."""
    line = " ".join(visible(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"


def clip_middle(text: str, width: int) -> str:
    """As `clip`, but the ellipsis stands in the middle, for names that begin alike."""
    line = clip(text, len(text) + 1)
    tail = (width - 1) // 2
    return line if len(line) <= width else f"{line[: width - 1 - tail]}…{line[len(line) - tail :]}"


def label(task: str, method: str, width: int, shorten: Callable[[str, int], str] = clip) -> str:
    """`task · method` in at most `width` characters: the task's name gives way first."""
    method = shorten(method, width // 2)
    return f"{shorten(task, width - len(method) - 3)} · {method}"


def labels(names: Sequence[tuple[str, str]], widths: Sequence[int]) -> list[str]:
    """The `label` of each (task, method), longer than its width where two of them would look the same otherwise."""
    for shorten in (clip, clip_middle):
        found = [label(*name, width, shorten) for name, width in zip(names, widths, strict=True)]
        named = dict(zip(found, names, strict=True))
        if all(named[shown] == name for shown, name in zip(found, names, strict=True)):
            return found
    return [f"{one_line(task)} · {one_line(method)}" for task, method in names]


def number(value: float | None, digits: int = 3) -> str:
    """Fixed decimals with a true minus sign; a dash if undefined."""
    return UNDEFINED if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def signed(value: float | None, digits: int = 3) -> str:
    """As `number`, with a plus sign on positive values."""
    return UNDEFINED if value is None else f"{value:+.{digits}f}".replace("-", MINUS)


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """`[0.100, 0.150]`; empty if there is none."""
    return "" if low is None or high is None else f"[{number(low, digits)}, {number(high, digits)}]"


def p_value(value: float | None) -> str:
    """Three decimals; `<0.001` below that."""
    if value is None:
        return UNDEFINED
    return "<0.001" if value < 0.001 else f"{value:.3f}"
