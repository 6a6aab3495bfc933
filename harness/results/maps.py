"""Maps of confidences for use outside: what `calibench recalibrate --save` writes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from calibench.records import Record


class SavedMap(Record, kw_only=True, frozen=True):
    """From the confidences of one task and method to the chance that an answer is right."""

    task: str
    protocol: str
    method: str
    recalibration: str
    """Which kind of map, of `calibench.metrics.recalibration.OF_CONFIDENCES`."""
    parameters: dict[str, float]
    knots: tuple[tuple[float, float], ...]
    """Of `isotonic`: (confidence, what it becomes), linear in between; of `histogram`: (middle of a bin, what all of it
    becomes). Empty for maps with a formula."""
    n_fit: Annotated[int, Meta(ge=1)]
    """Answers that it was fitted on."""


class Recommendation(Record, kw_only=True, frozen=True):
    """Which map is the best for the confidences of one method, in words."""

    protocol: str
    method: str
    recalibration: str | None
    """None: to leave them as they are."""
    words: str


class SavedMaps(Record, kw_only=True, frozen=True):
    """A file of maps: for each method of a run that a map is recommended for, one per task."""

    schema: Literal["calibench-map/1"]
    calibench: str
    """The version that made it."""
    name: str
    """Of the run that it was made from."""
    model: str
    fitted_on: str
    """Which answers, in words."""
    identity: dict[str, str | int | float | bool | None]
    """What the answers came from, as far as it is known, without their prompts."""
    recommendations: tuple[Recommendation, ...]
    maps: tuple[SavedMap, ...]
