"""Columns of one kind that are read at once, where that is certain to give what reading their cells one by one gives.

Each reader says None where it is not: the cells are then read one by one, which knows all ways to write a value, and
names the row of one that cannot be understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow


_KINDS = {str: "string", float: "double", int: "int64", bool: "bool"}
"""Python's name of a kind -> Arrow's."""


def column(cells: list) -> Any:
    """The cells as an array of Arrow's if they are all of one kind, else as they are."""
    import pyarrow

    kinds = {*map(type, cells)}
    if len(kinds) > 1 or (kind := _KINDS.get(kinds.pop())) is None:
        return cells
    try:
        return pyarrow.array(cells, kind)
    except (pyarrow.ArrowInvalid, OverflowError, UnicodeEncodeError):  # of a number beyond 64 bits, of half a character
        return cells


def as_column(found: Any) -> Any:
    """An array or a chunked array of Arrow's as it is if it is of one kind and complete, else as a list."""
    import pyarrow

    if found.type == "large_string":
        found = found.cast("string")
    if found.null_count or str(found.type) not in _KINDS.values():
        return found.to_pylist()
    return found.combine_chunks() if isinstance(found, pyarrow.ChunkedArray) else found


def is_column(cells: Any) -> bool:
    """Whether cells are an array of Arrow's, not a list."""
    return not isinstance(cells, list)


def numbers(cells: pyarrow.Array) -> np.ndarray | None:
    """[N] float, nan for empty cells: of numbers, and of plain finite ones as texts, which Arrow and Python read to the
    same bit."""
    import numpy as np
    import pyarrow
    from pyarrow import compute

    if cells.type == "bool":
        return None
    if cells.type != "string":
        return cells.to_numpy().astype(np.float64, copy=False)
    empty = compute.equal(cells, "")
    try:
        values = compute.if_else(empty, None, cells).cast("double")
    except pyarrow.ArrowInvalid:
        return None
    found = values.to_numpy(zero_copy_only=False)
    return found if np.isfinite(found).sum() == len(found) - empty.true_count else None


def names(cells: pyarrow.Array, missing: Iterable[str]) -> Any:
    """[N] texts, or whole numbers as texts, of which none is missing, or holds a space or a letter beyond ASCII.

    Args:
        missing: texts in small letters.
    """
    import numpy as np
    import pandas as pd
    import pyarrow
    from pyarrow import compute

    if cells.type == "int64":
        cells = cells.cast("string")
    if cells.type != "string":
        return None
    plain = compute.match_substring_regex(cells, "^[!-~]+$")
    named = compute.is_in(compute.ascii_lower(cells), pyarrow.array(sorted(missing)))
    if plain.true_count < len(cells) or named.true_count:
        return None
    return pd.Series(pd.StringDtype(na_value=np.nan).__from_arrow__(cells))


def distinct(cells: pyarrow.Array) -> tuple[list, np.ndarray, np.ndarray] | None:
    """The distinct cells as they appear, the place of the first of each, and which of them each cell [N] is; not of
    numbers with a fraction, of which equal ones may be written otherwise."""
    import numpy as np

    if cells.type == "double":
        return None
    coded = cells.dictionary_encode()
    which = coded.indices.to_numpy()
    return coded.dictionary.to_pylist(), np.unique(which, return_index=True)[1], which
