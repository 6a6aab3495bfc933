"""Columns of texts that are read at once, where that is certain to give what reading their cells one by one gives.

Each function says None where it is not: the cells are then read one by one, which knows all ways to write a value, and
names the row of one that cannot be understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow


def is_column(cells: Any) -> bool:
    """Whether cells are an array of Arrow's, not a list."""
    return not isinstance(cells, list)


def numbers(cells: pyarrow.StringArray) -> np.ndarray | None:
    """[N] float, nan for empty cells; of plain finite numbers, which Arrow and Python read to the same bit."""
    import numpy as np
    import pyarrow
    from pyarrow import compute

    empty = compute.equal(cells, "")
    try:
        values = compute.if_else(empty, None, cells).cast("double")
    except pyarrow.ArrowInvalid:
        return None
    found = values.to_numpy(zero_copy_only=False)
    return found if np.isfinite(found).sum() == len(found) - empty.true_count else None


def names(cells: pyarrow.StringArray, missing: Iterable[str]) -> Any:
    """[N] texts, of which none is missing, or holds a space or a letter beyond ASCII.

    Args:
        missing: texts in small letters.
    """
    import numpy as np
    import pandas as pd
    import pyarrow
    from pyarrow import compute

    plain = compute.match_substring_regex(cells, "^[!-~]+$")
    named = compute.is_in(compute.ascii_lower(cells), pyarrow.array(sorted(missing)))
    if plain.true_count < len(cells) or named.true_count:
        return None
    return pd.Series(pd.StringDtype(na_value=np.nan).__from_arrow__(cells))


def distinct(cells: pyarrow.StringArray) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The distinct cells as they appear, the place of the first of each, and which of them each cell [N] is."""
    import numpy as np

    coded = cells.dictionary_encode()
    which = coded.indices.to_numpy()
    return coded.dictionary.to_pylist(), np.unique(which, return_index=True)[1], which
