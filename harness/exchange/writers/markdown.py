"""Markdown: the headline table, with the numbers of the page."""

from __future__ import annotations

from pathlib import Path

from calibench.exchange.writers.base import RunContent, Writer
from calibench.files import write_text
from calibench.reports.formats import markdown
from calibench.reports.tables import headline_table


def _write(content: RunContent, path: Path) -> None:
    write_text(path, markdown(headline_table({content.name: content.scorecard()})))


WRITER = Writer("the headline table in Markdown", _write)
