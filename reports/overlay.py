"""Diagrams of several runs in one axes, as plain SVG like the small multiples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from markupsafe import Markup

from calibench.records import Reliability, RiskCoverage
from calibench.reports.figures import SERIES

MOST_RUNS = len(SERIES)
"""More could not be told apart."""
_SIDE, _LEFT, _TOP = 150, 27, 6
_DASHES = {"-": "", "--": "5 2.5", "-.": "5 2 1 2", ":": "1.2 1.8"}
_MARKS = {
    "o": "M-{r} 0a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0",
    "s": "M-{r} -{r}h{d}v{d}h-{d}z",
    "D": "M0 -{k}L{k} 0L0 {k}L-{k} 0z",
    "^": "M0 -{k}L{k} {r}L-{k} {r}z",
    "v": "M0 {k}L{k} -{r}L-{k} -{r}z",
    "P": "M-{r} 0H{r}M0 -{r}V{r}",
}
"""Around their middle; r: half their width, d: twice that, k: a little more than r."""

Point = tuple[float, float]


def reliability_overlay(diagrams: Sequence[Reliability | None], description: str) -> Markup:
    """Accuracy against confidence of each run, in the order of the runs; None for a run without such a diagram. Larger
    marks hold more answers."""
    lines, sizes = [], []
    for d in diagrams:
        filled = [(b.confidence, b.accuracy, b.n) for b in (d.bins if d else ()) if b.n]
        lines.append([(x, y) for x, y, _ in filled if x is not None and y is not None])
        sizes.append([1.6 + 2.9 * (n / d.n_used) ** 0.5 if d else 0.0 for _, _, n in filled])
    diagonal = f'<path d="{_trace([(0, 0), (1, 1)])}" stroke="var(--muted)" stroke-dasharray="4 3" stroke-width=".8"/>'
    return _svg(lines, description, diagonal, sizes)


def risk_overlay(curves: Sequence[RiskCoverage | None], description: str) -> Markup:
    """Risk against coverage of each run, as above."""
    return _svg([[(p.coverage, p.risk) for p in c.points] if c else [] for c in curves], description)


def swatch(i: int) -> Markup:
    """How the i-th run is drawn, for the key."""
    line = f'<path d="M1 7H25" fill="none" {_stroke(i)}/>{_mark(i, 13, 7, 3.2)}'
    return Markup(f'<svg width="26" height="14" aria-hidden="true">{line}</svg>')


def _svg(
    lines: Sequence[Sequence[Point]], description: str, behind: str = "", sizes: Sequence[Sequence[float]] | None = None
) -> Markup:
    """Curves, with a mark of each size on every point, or of one size on every fifth."""
    parts = [*_axes(), behind]
    for i, points in enumerate(lines):
        if points:
            parts.append(f'<path d="{_trace(points)}" fill="none" {_stroke(i)}/>')
            marks = zip(points, sizes[i], strict=True) if sizes else ((point, 3.2) for point in points[4::5])
            parts += [_mark(i, *_at(point), round(size, 1)) for point, size in marks]
    box = f'viewBox="0 0 186 {_TOP + _SIDE + 22}" role="img" aria-label="{escape(description)}"'
    return Markup(f"<svg {box}>{''.join(parts)}</svg>")


def _at(point: Point) -> Point:
    return _LEFT + _SIDE * point[0], _TOP + _SIDE * (1 - point[1])


def _trace(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in map(_at, points))


def _stroke(i: int) -> str:
    role, _, dashes = SERIES[i]
    dashed = f' stroke-dasharray="{_DASHES[dashes]}"' if _DASHES[dashes] else ""
    return f'stroke="var(--{role})" stroke-width="1.3"{dashed}'


def _mark(i: int, x: float, y: float, r: float) -> str:
    role, marker, _ = SERIES[i]
    shape = _MARKS[marker].format(r=r, d=round(2 * r, 2), k=round(1.35 * r, 2))
    look = f'stroke="var(--{role})" stroke-width="1.8"' if marker == "P" else 'stroke="var(--card)" stroke-width=".8"'
    return f'<path d="{shape}" transform="translate({x:.1f} {y:.1f})" fill="var(--{role})" {look}/>'


def _axes() -> Iterator[str]:
    for value, name in ((0, "0"), (0.5, "0.5"), (1, "1")):
        yield f'<path d="{_trace([(0, value), (1, value)])}" stroke="var(--band)"/>'
        x, y = _at((value, value))
        yield f'<text class="tick" x="{_LEFT - 5}" y="{y + 3.5:.1f}" text-anchor="end">{name}</text>'
        yield f'<text class="tick" x="{x:.1f}" y="{_TOP + _SIDE + 16}" text-anchor="middle">{name}</text>'
