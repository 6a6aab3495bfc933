"""Which protocols of a run an analysis is of: those of whole generations, or those that are named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from calibench.errors import InputError
from calibench.results.thinking import is_whole

if TYPE_CHECKING:
    import pandas as pd


def of_protocols(frame: pd.DataFrame, names: Sequence[str] | None, run: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows of the protocols that are named, and what a reader must know of the others.

    The answers behind a reasoning that was cut at a budget are no further draws or methods of the whole one: they share
    its beginning, and often are its own answer. They count where their protocol is named.

    Args:
        frame: of `RunFile.frame`.
        names: None: all but those of budgets.
        run: its name, for messages.

    Raises:
        InputError: the run has no such protocol.
    """
    known = sorted(frame["protocol"].unique())
    if names is not None:
        if strange := [name for name in names if name not in known]:
            raise InputError(f"{run}: has no answers under the protocol {strange[0]!r}; it has: {', '.join(known)}")
        return frame[frame["protocol"].isin(names)], []
    cut = [name for name in known if not is_whole(name)]
    if not cut or len(cut) == len(known):
        return frame, []
    note = f"{run}: left out, being answers behind a part of the reasoning: {', '.join(cut)}; --protocol names them"
    return frame[~frame["protocol"].isin(cut)], [note]
