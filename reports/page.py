"""What the pages share: environment, figures, glossary, flattened settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from calibench.records import Metric
from calibench.reports import svg, tables, text
from calibench.results import Difference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUTCOMES = {
    "correct": "an answer was read and graded right",
    "incorrect": "an answer was read and graded wrong",
    "abstained": "the model declined to answer",
    "echoed": "the reply repeats how to answer, and gives no answer",
    "unparsed": "finished, but no answer could be read",
    "truncated": "the token budget ended before the answer was complete",
    "failed": "no verdict for a reason that is not the model's answer",
}
STATUSES = ("ok", "missing", "out_of_range", "ambiguous", "failed")
SCENARIOS = {"worst": "missing = worst", "half": "missing = 0.5", "best": "missing = best"}
_EXCERPT = 3000
"""Characters of a question, a reasoning or an output that the gallery shows."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("calibench.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: text.visible(value) if type(value) is str else value,
    )
    environment.filters |= {
        "number": text.number,
        "signed": text.signed,
        "p_value": text.p_value,
        "clip": text.clip,
        "excerpt": lambda value: text.excerpt(value, _EXCERPT),
        "verdict": tables.verdict,
        "could_see": tables.could_see,
        "percent": lambda share: f"{100 * share:.1f} %",
        "unbroken": _unbroken,
    }
    environment.globals |= {
        "interval": text.interval,
        "OUTCOMES": OUTCOMES,
        "SCENARIOS": SCENARIOS,
    }
    return environment


def _unbroken(sentence: str) -> Markup:
    """The sentence, whose numbers stay on one line with their percent sign."""
    return escape(text.visible(sentence)).replace(" %", Markup("&nbsp;%"))


def render(template: str, **context: Any) -> str:
    """The page of a template in `reports/templates`; text in the context is shown literally."""
    return _environment().get_template(template).render(context)


def groups(items: Iterable, key: Callable) -> list[tuple[Any, list]]:
    """(key, items) in the order in which keys first occur."""
    items = list(items)
    order = {k: i for i, k in reversed(list(enumerate(map(key, items))))}
    return [(k, list(group)) for k, group in groupby(sorted(items, key=lambda item: order[key(item)]), key)]


def figure_maker() -> Callable:
    """A function (figure, label) -> markup that gives each figure of a page ids of its own."""
    made = iter(range(10_000))

    def make(figure: Figure, label: str) -> Markup:
        return Markup(svg.inline_svg(figure, f"f{next(made)}", text.visible(label)))

    return make


def glossary(metrics: Iterable[Metric | Difference]) -> list[tuple[str, list[str]]]:
    """Per metric, its distinct conventions."""
    return [
        (name, list(dict.fromkeys(m.convention for m in group))) for name, group in groups(metrics, lambda m: m.metric)
    ]


def flatten(value: Any, path: str = "") -> list[tuple[str, str]]:
    """(dotted path, value) of the leaves of nested dictionaries."""
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in flatten(item, f"{path}.{key}" if path else str(key))]
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return [(path, shown)]
