"""How much a method's confidences differ: one that says the same of every answer tells nothing apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from calibench.errors import InputError
from calibench.fields import Share
from calibench.prompting import protocols
from calibench.prompting.echo import example_value
from calibench.results import Spread
from calibench.store import RunFile

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LABELS = ("p_true", "option_probability")
"""The methods whose `raw` holds the probabilities of their labels."""


def spreads(frame: pd.DataFrame, masses: Mapping[tuple[str, str, str], float]) -> tuple[Spread, ...]:
    """One per task, protocol and method.

    Args:
        frame: of `RunFile.frame`.
        masses: of `label_mass`.
    """
    read = frame[frame["status"] == "ok"]
    found = []
    for (task, protocol, method), values in read.groupby(["task", "protocol", "method"])["value"]:
        example = _example(protocol) if method == "stated" else None
        found.append(
            Spread(
                task=task, protocol=protocol, method=method, n=len(values), distinct=int(values.nunique()),
                deviation=float(values.std()) if len(values) > 1 else None,
                label_mass=masses.get((task, protocol, method)),
                example=example,
                copies=int((values == _value(example)).sum()) if example else 0,
            )
        )  # fmt: skip
    return tuple(found)


def counted_spread(
    task: str, protocol: str, method: str, values: np.ndarray, n: np.ndarray, *, exact: bool
) -> Spread | None:
    """That of a method, from how often each value occurs; None where near values are counted together.

    Args:
        values: [L] different ones.
        n: [L] how often each occurs.
        exact: whether equal values alone are counted together.
    """
    if not exact or not n.sum():
        return None
    example = _example(protocol) if method == "stated" else None
    mean = n @ values / n.sum()
    return Spread(
        task=task, protocol=protocol, method=method, n=int(n.sum()), distinct=len(values),
        deviation=math.sqrt(n @ (values - mean) ** 2 / (n.sum() - 1)) if n.sum() > 1 else None,
        label_mass=None, example=example, copies=int(n[values == _value(example)].sum()) if example else 0,
    )  # fmt: skip


def label_mass(run: RunFile) -> dict[tuple[str, str, str], float]:
    """(task, protocol, method) -> mean probability of all labels that the method reads."""
    masses: dict[tuple[str, str, str], list[float]] = {}
    for reading in (reading for method in LABELS for reading in run.confidences(method)):
        if reading.status == "ok" and reading.raw:
            mass = math.fsum(run.evidence(reading, dict[str, Share]).values())
            masses.setdefault((reading.task, reading.protocol, reading.method), []).append(mass)
    return {key: math.fsum(of) / len(of) for key, of in masses.items()}


def _example(protocol: str) -> str | None:
    try:
        return example_value(protocols.protocol(protocol).instruction)
    except InputError:  # of a file that another tool or a newer version made
        return None


def _value(example: str) -> float:
    return float(example.rstrip("%")) / 100 if example.endswith("%") else float(example)
