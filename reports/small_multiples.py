"""Small reliability diagrams as plain SVG, for pages that show many of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from calibench.records import Reliability, ReliabilityBin

_SIDE, _LEFT, _TOP = 150, 27, 6
"""Of the square of a small multiple, in its own units."""
_STRIP, _STRIP_HALF = 194, 26
"""Middle and half height of the histogram below it."""


def tallest_share(diagram: Reliability) -> float:
    """The highest bar of a diagram's histogram, as a share of its answers."""
    return max((max(b.n_correct, b.n_incorrect) / diagram.n_used for b in diagram.bins if b.n), default=0.0)


def small_multiple(diagram: Reliability, behind: Reliability | None, tallest: float, description: str) -> str:
    """An `<svg>` element with a small reliability diagram above its histogram, for many of them side by side.

    It is written without matplotlib, which takes four times the bytes and 0.25 s for each: a page may hold hundreds.

    Args:
        diagram: what is shown.
        behind: another run's diagram, drawn as hollow dots behind it; None for none.
        tallest: share of the answers at which a bar of the histogram has full height.
        description: what a screen reader says.
    """
    parts = [*_axes_parts(), *_band_parts(diagram.bins)]
    parts.append(_path([(0, 0), (1, 1)], 'stroke="var(--muted)" stroke-dasharray="4 3"'))
    if behind:
        parts += _dots(behind, 'fill="var(--card)" stroke="var(--muted)"')
    for b in diagram.bins:
        if b.confidence is not None and b.accuracy_low is not None and b.accuracy_high is not None:
            ends = [(b.confidence, b.accuracy_low), (b.confidence, b.accuracy_high)]
            parts.append(_path(ends, 'stroke="var(--correct)" stroke-width="1.4"'))
    parts += _dots(diagram, 'fill="var(--correct)" stroke="var(--card)"')
    parts += _bar_parts(diagram, tallest)
    return f'<svg viewBox="0 0 186 236" role="img" aria-label="{escape(description)}">{"".join(parts)}</svg>'


def _at(confidence: float, accuracy: float) -> str:
    return f"{_LEFT + _SIDE * confidence:.1f} {_TOP + _SIDE * (1 - accuracy):.1f}"


def _path(points: Sequence[tuple[float, float]], look: str) -> str:
    return f'<path d="M{"L".join(_at(*point) for point in points)}" fill="none" {look}/>'


def _axes_parts() -> Iterator[str]:
    for value, name in ((0, "0"), (0.5, "0.5"), (1, "1")):
        yield _path([(0, value), (1, value)], 'stroke="var(--band)"')
        x, y = _at(value, value).split()
        yield f'<text class="tick" x="{_LEFT - 5}" y="{float(y) + 3.5:.1f}" text-anchor="end">{name}</text>'
        yield f'<text class="tick" x="{x}" y="232" text-anchor="middle">{name}</text>'


def _band_parts(bins: Sequence[ReliabilityBin]) -> Iterator[str]:
    for b in bins:
        if b.n and b.noise_low is not None and b.noise_high is not None:
            x, y = _at(b.low, b.noise_high).split()
            width, height = _SIDE * (b.high - b.low), _SIDE * (b.noise_high - b.noise_low)
            yield f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{height:.1f}" fill="var(--band)"/>'


def _dots(diagram: Reliability, look: str) -> Iterator[str]:
    for b in diagram.bins:
        if b.n and b.confidence is not None and b.accuracy is not None:
            x, y = _at(b.confidence, b.accuracy).split()
            yield f'<circle cx="{x}" cy="{y}" r="{2.4 + 3.2 * (b.n / diagram.n_used) ** 0.5:.1f}" {look}/>'


def _bar_parts(diagram: Reliability, tallest: float) -> Iterator[str]:
    for b in diagram.bins:
        for n, role, sign in ((b.n_correct, "correct", -1), (b.n_incorrect, "incorrect", 1)):
            if n:
                height = max(0.8, _STRIP_HALF * n / diagram.n_used / tallest)
                x, width = _LEFT + _SIDE * b.low + 1, _SIDE * (b.high - b.low) - 2
                y = _STRIP if sign == 1 else _STRIP - height
                size = f'width="{width:.1f}" height="{height:.1f}"'
                yield f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="var(--{role})"/>'
    yield f'<path d="M{_LEFT} {_STRIP}h{_SIDE}" stroke="var(--rule)"/>'
