"""LaTeX: the headline table, with the numbers of the page; needs the package booktabs."""

from __future__ import annotations

from pathlib import Path

from calibench.exchange.writers.base import RunContent, Writer
from calibench.files import write_text
from calibench.reports.formats import latex
from calibench.reports.tables import headline_table


def _write(content: RunContent, path: Path) -> None:
    write_text(path, latex(headline_table({content.name: content.scorecard()})))


WRITER = Writer("the headline table in LaTeX, with the rules of the package booktabs", _write)
