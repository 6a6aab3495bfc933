"""What the cells of other tools' tables say: confidences, verdicts and names, in the ways they are written in the wild.

Where a cell can be read in two ways it is refused, and the message says how to write it. Readers take a column batch by
batch, since some things show only in the whole column: its scale, and what its letters mean.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from calibench.errors import InputError
from calibench.exchange import whole

if TYPE_CHECKING:
    import numpy as np

Scale = Literal["fraction", "percent"]

_MISSING = {"", "nan", "null", "none", "na", "n/a", "<na>"}
_CORRECT = """
    true yes correct right 1 1.0 1,0 richtig wahr ja korrekt vrai oui sí si verdadero correcto vero corretto sim
    verdadeiro correto waar juist tak prawda да истина верно правильно 是 真 对 對 正确 正確 はい 正解
"""
_INCORRECT = """
    false no incorrect wrong 0 0.0 0,0 falsch unwahr nein faux non falso incorrecto scorretto não nao incorreto onwaar
    onjuist nee nie fałsz нет ложь неверно неправильно 否 假 错 錯 错误 錯誤 いいえ 不正解
"""
_ABSTAINED = ("abstained", "abstain", "not attempted", "refused", "refusal", "declined", "no answer")
_WORDS = {
    **dict.fromkeys(_CORRECT.split(), "correct"),
    **dict.fromkeys(_INCORRECT.split(), "incorrect"),
    **dict.fromkeys(_ABSTAINED, "abstained"),
}
_LETTERS = {
    **{
        right: {right: "correct", wrong: "incorrect"}
        for right, wrong in (("y", "n"), ("j", "n"), ("s", "n"), ("t", "f"), ("v", "f"), ("r", "w"))
    },
    "i": {"c": "correct", "i": "incorrect", "n": "abstained"},
}
"""The letter that decides what a column's letters mean -> that: a lone `n` is "no" or "not attempted"."""
_FLOAT_NOISE = 1e-6
"""Confidences that are outside their range by no more than this, as sums of probabilities are, stand at its end."""
_ROUNDING = 1e-3
"""Confidences that are outside their range by no more than this are so by rounding, not by scale."""
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")


class Missing:
    """What stands for no value.

    Args:
        markers: the user's own, as `-1`; a number in any of its forms.
        words: whether the usual words for it (`n/a`, `null`) do too, which may be names.
    """

    def __init__(self, markers: Iterable[str] = (), *, words: bool = True) -> None:
        texts = [marker.strip().lower() for marker in markers]
        self.texts = {"", *texts, *(_MISSING if words else ())}
        self.numbers = {number for number in map(_float, texts) if number is not None}

    def __contains__(self, cell: Any) -> bool:
        if isinstance(cell, str):
            return cell.strip().lower() in self.texts or (bool(self.numbers) and _float(cell) in self.numbers)
        if _is_nothing(cell):
            return True
        return bool(self.numbers) and not isinstance(cell, bool | list | dict) and cell in self.numbers


def only(cell: Any) -> Any:
    """The element of a list of one, which is no list of several readings; any other cell as it is.

    Raises:
        ValueError: a list of several.
    """
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        cell = _list(cell)
    if not isinstance(cell, list):
        return cell
    if len(cell) > 1:
        raise ValueError(f"one value, not a list of {len(cell)}")
    return cell[0] if cell else None


def _list(text: str) -> Any:
    """A list as JSON or as Python prints it; else the text."""
    import ast

    for decode in (json.loads, ast.literal_eval):
        try:
            found = decode(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return found if isinstance(found, list) else text
    return text


def shown(cell: Any) -> str:
    return "nothing" if _is_nothing(cell) or cell == "" else f"{cell!r:.80}"


def _is_nothing(cell: Any) -> bool:
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


class Names:
    """Reads a column of names or ids.

    Args:
        place: file and column, for messages.
        missing: what stands for no value, which is refused.
    """

    def __init__(self, place: str, missing: Missing) -> None:
        self._place, self._missing, self._rows = place, missing, 0
        self._parts: list[Any] = []

    def add(self, cells: Any) -> None:
        import pandas as pd

        if whole.is_column(cells):
            found = None if self._missing.numbers else whole.names(cells, self._missing.texts)
            if found is not None:
                self._rows += len(found)
                self._parts.append(found)
                return
            cells = cells.to_pylist()
        names = []
        for cell in cells:
            self._rows += 1
            name = cell if isinstance(cell, str) else _element(cell, self._place, self._rows)
            if name in self._missing:
                raise InputError(f"{self._place}, row {self._rows:,}: expected a name or id, found {shown(cell)}")
            names.append(str(name))
        self._parts.append(pd.Series(names, dtype="str"))

    def all(self) -> Any:
        """[N] texts."""
        import pandas as pd

        return pd.concat(self._parts, ignore_index=True)


class AnswerCells:
    """Reads a column of answers: texts, other values as JSON, or nothing.

    Args:
        place: file and column, for messages.
        missing: what stands for no answer.
    """

    def __init__(self, place: str, missing: Missing) -> None:
        self._place, self._missing, self._rows = place, missing, 0
        self._parts: list[Any] = []

    def add(self, cells: Any) -> None:
        import pandas as pd

        cells = _one_by_one(cells)
        answers = [_element(cell, self._place, row) for row, cell in enumerate(cells, self._rows + 1)]
        self._rows += len(cells)
        self._parts.append(pd.Series([None if a in self._missing else _text(a) for a in answers], dtype="str"))

    def all(self) -> Any:
        """[N] texts, missing where there is none."""
        import pandas as pd

        return pd.concat(self._parts, ignore_index=True)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


class AsWritten:
    """Keeps a column's cells as they are."""

    def __init__(self) -> None:
        self._cells: list = []

    def add(self, cells: Any) -> None:
        self._cells += _one_by_one(cells)

    def all(self) -> list:
        return self._cells


class Confidences:
    """Reads a column of confidences: numbers, percentages (`85%`), or nothing.

    Args:
        place: file and column, for messages.
        scale: of numbers without a percent sign.
        missing: what stands for no value.
    """

    def __init__(self, place: str, scale: Scale, missing: Missing) -> None:
        self._place, self._missing, self._unit = place, missing, 100 if scale == "percent" else 1
        self._parts: list[np.ndarray] = []
        self._rows = self._outside = self._plain = self._above = 0
        self._first: tuple[int, Any] | None = None
        self._only_by_rounding = self._within_percents = True

    def add(self, cells: Any) -> None:
        import numpy as np

        values = self._at_once(cells)
        if values is None:
            cells = _one_by_one(cells)
            values = np.array([self._value(cell, row) for row, cell in enumerate(cells, self._rows + 1)], dtype=float)
        ends = np.clip(values, 0, 1)
        values = np.where(np.abs(values - ends) <= _FLOAT_NOISE, ends, values)
        outside = np.flatnonzero((values < 0) | (values > 1))
        if len(outside):
            cells = _one_by_one(cells)
        for i in outside:
            self._note_outside(self._rows + i + 1, cells[i], values[i])
        plain = values if self._unit == 1 else values[:0]
        self._plain += int(np.isfinite(plain).sum())
        self._above += int((plain > 1).sum())
        self._rows += len(values)
        self._parts.append(values)

    def _at_once(self, cells: Any) -> np.ndarray | None:
        found = whole.numbers(cells) if whole.is_column(cells) and not self._missing.numbers else None
        return None if found is None else found / self._unit

    def _value(self, cell: Any, row: int) -> float:
        if isinstance(cell, str | float) and not self._missing.numbers:
            try:  # the usual case, of which there are millions
                return _plain(cell) / self._unit
            except ValueError:
                pass
        cell = _element(cell, self._place, row)
        if cell in self._missing:
            return math.nan
        try:
            percent = is_percentage(cell)
            return _number(cell.strip()[:-1] if percent else cell) / (100 if percent else self._unit)
        except ValueError as error:
            raise InputError(f"{self._place}, row {row:,}: expected {error}, found {shown(cell)}") from None

    def _note_outside(self, row: int, cell: Any, value: float) -> None:
        self._outside += 1
        self._first = self._first or (row, cell)
        self._only_by_rounding &= -_ROUNDING <= value <= 1 + _ROUNDING
        self._within_percents &= 1 < value <= 100 and not is_percentage(cell)

    def all(self) -> np.ndarray:
        """[N] float in [0, 1]; nan where there is none.

        Raises:
            InputError: some are outside; the message says why that may be.
        """
        import numpy as np

        if self._first:
            row, cell = self._first
            if self._only_by_rounding:
                remedy = "these are outside by rounding alone: write the nearest end of the range"
            elif self._unit == 1 and self._within_percents and 2 * self._above > self._plain:
                remedy = "add --scale percent if all of them are percentages"
            else:
                remedy = "correct them, or leave them empty; --missing names what stands for no confidence, as -1"
            end = "1" if self._unit == 1 else "100 (--scale percent)"
            raise InputError(
                f"{self._place}: expected confidences from 0 to {end}; {self._outside:,} of {self._rows:,} rows are"
                f" outside, the first is row {row:,}: {cell!r:.80}; {remedy}"
            )
        return np.concatenate(self._parts)


class Verdicts:
    """Reads a column of verdicts: right, wrong or not attempted, in words of many languages, as 1 and 0, or as letters.

    Args:
        place: file and column, for messages.
    """

    def __init__(self, place: str) -> None:
        self._place, self._rows = place, 0
        self._codes: dict[str, int] = {}
        self._first: list[tuple[int, Any]] = []
        self._parts: list[np.ndarray] = []

    def add(self, cells: Any) -> None:
        import numpy as np

        found = whole.distinct(cells) if whole.is_column(cells) else None
        if found:
            of_kind, first, which = found
            self._parts.append(self._coded(of_kind, first + self._rows + 1)[which])
        else:
            rows = np.arange(self._rows + 1, self._rows + len(cells) + 1)
            self._parts.append(self._coded(_one_by_one(cells), rows))
        self._rows += len(cells)

    def _coded(self, cells: Sequence, rows: np.ndarray) -> np.ndarray:
        """Code [N] of each of these cells, which stand in these rows [N]."""
        import numpy as np

        found = np.empty(len(cells), dtype=np.int32)
        for i, cell in enumerate(cells):
            if not isinstance(cell, str) or cell[:1] == "[":
                cell = _element(cell, self._place, int(rows[i]))
            text = "" if _is_nothing(cell) else str(cell)
            code = self._codes.get(text)
            if code is None:
                code = self._codes[text] = len(self._codes)
                self._first.append((int(rows[i]), cell))
            found[i] = code
        return found

    def all(self) -> np.ndarray:
        """[N] outcomes: correct, incorrect or abstained.

        Raises:
            InputError: a cell is no verdict, or a letter that may mean several things.
        """
        import numpy as np

        texts = [" ".join(re.split(r"[\s_-]+", text.strip().casefold())) for text in self._codes]
        letters = {text for text in texts if re.fullmatch("[a-z]", text)}
        meaning = dict(_WORDS)
        for telling, of_letters in _LETTERS.items():
            if telling in letters and letters <= of_letters.keys():
                meaning |= of_letters
        for text, (row, cell) in zip(texts, self._first, strict=True):
            if text not in meaning:
                raise InputError(f"{self._place}, row {row:,}: {_expected(text)}, found {shown(cell)}")
        outcomes = np.array([meaning[text] for text in texts], dtype=object)
        return outcomes[np.concatenate(self._parts)]


def _expected(text: str) -> str:
    if re.fullmatch("[a-z]", text):
        return (
            "expected a verdict in words, such as correct, incorrect and not attempted: these letters can be read in"
            " several ways; those of options are graded by --answer, --gold and --grader option"
        )
    return "expected a verdict: true/false, 1/0, yes/no, correct/incorrect or not attempted"


def _one_by_one(cells: Any) -> Sequence:
    return cells.to_pylist() if whole.is_column(cells) else cells


def is_percentage(cell: Any) -> bool:
    return isinstance(cell, str) and cell.strip().endswith("%")


def _element(cell: Any, place: str, row: int) -> Any:
    try:
        return only(cell)
    except ValueError as error:
        raise InputError(f"{place}, row {row:,}: expected {error}, found {shown(cell)}") from None


def _number(cell: Any) -> float:
    """A number, with a decimal point or a decimal comma.

    Raises:
        ValueError: says what was expected.
    """
    if isinstance(cell, str) and _THOUSANDS.fullmatch(cell.strip()):
        raise ValueError("a number with a decimal point, since this one may have a decimal comma or thousands of it")
    number = _float(cell)
    if number is None:
        raise ValueError("a number, a percentage or nothing")
    return number


def _plain(cell: Any) -> float:
    """As `float`, which also reads `0_1`, as 1.

    Raises:
        ValueError: no number.
    """
    if isinstance(cell, str) and "_" in cell:
        raise ValueError
    return float(cell)


def _float(cell: Any) -> float | None:
    try:
        if isinstance(cell, bool):
            return None
        return _plain(cell)
    except (ValueError, TypeError, OverflowError):
        decimal_comma = isinstance(cell, str) and cell.count(",") == 1 and "." not in cell
        return _float(cell.replace(",", ".")) if decimal_comma else None
