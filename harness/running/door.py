"""What each function of `calibench` does around its work."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from calibench.errors import CalibenchError
from calibench.errors.secrets import masked
from calibench.errors.working import working
from calibench.fields import as_keywords, bound
from calibench.running.guard import require_main_guard
from calibench.store.places import check_places

_SHOWING, _STARTING = ("run", "tune"), ("import_log", "run", "tune", "votes")
"""Functions that show how far they are by themselves, and those that start processes."""


@contextlib.contextmanager
def entered(name: str, signature: inspect.Signature, arguments: tuple, keywords: Mapping[str, Any]) -> Iterator[None]:
    """Refuses what the command line refuses before any work, and says of errors what a caller in Python can do.

    Raises:
        InputError: a keyword that there is not, an argument that is missing, or an empty path.
        StorageError: nothing can be written where the call would write, or something would be lost there.
    """
    given = bound(name, signature, arguments, keywords)
    try:
        check_places(name, given)
        if name in _STARTING:
            require_main_guard(name)
        with contextlib.nullcontext() if name in _SHOWING else working(name):
            yield
    except CalibenchError as error:
        error.args = (as_keywords(masked(str(error))),)
        raise
