"""The one check that every metric runs first on its arguments, the one sort that many of them need, and the one thread
that multiplies their matrices."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

F = TypeVar("F", bound=Callable[..., Any])

_REMEMBERED = 2_000_000
"""Values that are looked at again by every metric if there are more, so that little memory is held."""


class Distinct(NamedTuple):
    """What `numpy.unique` says of some values."""

    values: np.ndarray
    """[L], rising."""
    level: np.ndarray
    """[N], of each value among the distinct ones."""
    counts: np.ndarray
    """[L]"""


class _Last(threading.local):
    """What a function was last asked for in a thread: values, further arguments, and what it returned."""

    def __init__(self) -> None:
        self.found: deque[tuple[np.ndarray, tuple, Any]] = deque(maxlen=2)


def remembered(function: F) -> F:
    """A function of float values [N] that knows what it last returned, as a dozen metrics are of the same confidences.

    What it returns is shared, and may not be changed.
    """
    last = _Last()

    @wraps(function)
    def known_or_found(values: np.ndarray, *more: Any) -> Any:
        for known, of, found in last.found:
            if of == more and np.array_equal(known, values):
                return found
        found = function(values, *more)
        if len(values) <= _REMEMBERED:
            last.found.append((values.copy(), more, found))
        return found

    return cast("F", known_or_found)


@remembered
def distinct(values: np.ndarray) -> Distinct:
    """The distinct ones of float values [N]."""
    return Distinct(*np.unique(values, return_inverse=True, return_counts=True))


def checked(confidence: ArrayLike, correct: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Confidence as float64 [N] and correct as bool [N].

    A confidence of fewer bits stands for the shortest decimal that it is written as: 0.8 in float32 is 0.8, and on the
    edge of its bin.

    Raises:
        ValueError: shapes differ or are not [N]; a confidence is not finite or outside [0, 1]; correct is not 0 or 1.
    """
    confidence, correct = _as_written(np.asarray(confidence)), np.asarray(correct)
    if confidence.ndim != 1 or confidence.shape != correct.shape:
        raise ValueError(f"confidence and correct: expected [N] twice, found {confidence.shape} and {correct.shape}")
    outside = ~((confidence >= 0) & (confidence <= 1))
    if outside.any():
        raise ValueError(f"confidence: expected values in [0, 1], found {confidence[outside][0]}")
    if correct.dtype != bool and not np.isin(correct, (0, 1)).all():
        raise ValueError(f"correct: expected booleans, found {correct[~np.isin(correct, (0, 1))][0]}")
    return confidence, correct.astype(bool, copy=False)


def counted(
    codes: np.ndarray, weight: np.ndarray | None = None, of: np.ndarray | None = None, minlength: int = 0
) -> np.ndarray:
    """How many rows have each code, or their sum of something.

    Args:
        codes: [N] int from 0 on.
        weight: [N] rows that each stands for; None: one.
        of: [N] what is summed up; None: rows.
        minlength: codes that are counted at least.
    """
    if weight is not None:
        of = weight if of is None else weight * of
    return np.bincount(codes, of, minlength)


def mean(values: np.ndarray, weight: np.ndarray | None = None) -> np.floating:
    """Mean of values [N], each of which stands for `weight` rows; None: one."""
    return values.mean() if weight is None else weight @ values / weight.sum()


def number_of(values: np.ndarray, weight: np.ndarray | None = None) -> int:
    """Rows that values [N] are of, each of which stands for `weight` rows; None: one."""
    return len(values) if weight is None else int(weight.sum())


def _as_written(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind != "f" or values.dtype.itemsize >= 8:
        return values.astype(np.float64, copy=False)
    written, inverse = np.unique(values, return_inverse=True)
    return written.astype(str).astype(np.float64)[inverse]


@contextmanager
def one_thread() -> Iterator[None]:
    """Matrix products inside, or of a function that it decorates, are those of one thread.

    Numbers then do not depend on how many processors a machine has, as the order of additions does. The matrices here
    are narrow, and threads would wait for each other longer than they work.
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    """Of the libraries that numpy has loaded; looking for them takes 15 ms."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
