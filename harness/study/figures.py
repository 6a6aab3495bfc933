"""Figures of the study page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from calibench.metrics.estimate import Ends
from calibench.records import Metric
from calibench.study.drawn import PAIR, budgets, trajectory, vote_method
from calibench.study.numbers import Numbers, Side
from calibench.study.tables import METHODS


def write_figures(numbers: Numbers, folder: Path) -> dict[str, str]:
    """Writes the figures that there are numbers for; name -> what the page says in its place."""
    from calibench.reports.figures import save

    folder.mkdir(parents=True, exist_ok=True)
    shown = {}
    for name, figure, caption in _figures(numbers):
        save(figure, folder / f"{name}.svg")
        shown[name] = f"![{caption}](study/{name}.svg)\n\n*{caption}*"
    return shown


def _figures(numbers: Numbers) -> Iterator[tuple]:
    from calibench.reports.figures import Curve, curve_figure, ladder_figure

    kinds = numbers.kinds()
    methods = ("stated", "p_true")
    series = {METHODS[w]: [_metric(numbers, Side(kind, "ece", w)) for kind in kinds] for w in methods}
    baseline = kinds.index("sft") if "sft" in kinds else 0
    yield (
        "kinds",
        ladder_figure(kinds, series, baseline),
        f"ECE of each kind, mean over tasks, with 95 % intervals; dashed: {kinds[baseline]}",
    )
    if all(numbers.seeds(kind) for kind in PAIR):
        looks = [("star", "majority", "correct", "s"), ("star", "weighted", "correct", ""),
                 ("epicar", "majority", "incorrect", "D"), ("epicar", "weighted", "incorrect", "")]  # fmt: skip
        curves = [
            Curve(
                f"{kind}, {m}",
                [_metric(numbers, Side(kind, f"{m}@{k}", vote_method(m)), f"k={k}") for k in budgets(numbers)],
                role,
                marker,
            )
            for kind, m, role, marker in looks
        ]
        yield (
            "votes",
            curve_figure(curves, "accuracy"),
            "Accuracy of votes by the number of draws, mean over tasks: STaR blue, EpiCaR orange; by majority with"
            " marks and 95 % bands, weighted by P(True) dashed",
        )
    lines = [
        Curve(kind, _trajectory_metrics(numbers, kind), role, marker)
        for kind, role, marker in (("star", "correct", "s"), ("epicar", "incorrect", "D"))
        if len(trajectory(numbers, kind)) > 2
    ]
    if lines:
        yield (
            "rounds",
            curve_figure(lines, "P(True) within a question", "rounds of self-training"),
            "Spread of P(True) within a question by round of self-training: STaR blue squares, EpiCaR orange diamonds",
        )


def _metric(numbers: Numbers, side: Side, subset: str = "all") -> Metric:
    found = numbers.estimate(side)
    return _row(side.metric, side.method, subset, None if found is None else found.value, numbers.interval(side))


def _trajectory_metrics(numbers: Numbers, kind: str) -> list[Metric]:
    return [
        _row("spread", "p_true", f"k={i}", mean["p_true_spread_within"], None) for i, mean in trajectory(numbers, kind)
    ]


def _row(metric: str, method: str, subset: str, value: float | None, ends: Ends) -> Metric:
    low, high = ends or (None, None)
    place = {"task": "macro", "protocol": "stated", "method": method, "subset": subset, "metric": metric}
    return Metric(**place, value=value, low=low, high=high, n_used=0, n_total=0, convention="")
