"""What commands print."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, TypeVar

from calibench.errors import PluginError
from calibench.errors.characters import escaped, one_line
from calibench.errors.terminal import tell

T = TypeVar("T")


def warn_if_unfinished(run: Any) -> None:
    from calibench.store.finished import unfinished

    if warning := unfinished(run):
        tell("warning", warning)


def print_place(page: Path) -> None:
    print(f"\nreport: {one_line(str(page))}")


def print_headline(summary: Any, report: Path) -> None:
    from calibench.reports.conventions import conventions_text
    from calibench.reports.judging import agreement_text
    from calibench.reports.labels import labelled_text
    from calibench.reports.run import spread_notes
    from calibench.reports.tables import headline, measures_of, text
    from calibench.reports.targets import targets_text
    from calibench.reports.thinking import thinking_text
    from calibench.reports.typed_decisions import typed_decisions_text
    from calibench.reports.unstarted import unstarted_text
    from calibench.reports.until import notices, until_text
    from calibench.reports.wording import wordings_text
    from calibench.results.judging import judge_notes

    print(text(headline(summary.scorecard)) if summary.counts else unstarted_text(summary))
    if summary.until:
        print(f"\n{until_text(summary.until, measures_of([summary.scorecard]))}")
    if summary.typed_decisions:
        print(f"\n{typed_decisions_text(summary)}")
    if summary.conventions:
        print(f"\n{conventions_text(summary)}")
    if summary.wordings:
        print(f"\n{wordings_text(summary)}")
    if summary.targets:
        print(f"\n{targets_text(summary)}")
    if summary.thinking:
        print(f"\n{thinking_text(summary)}")
    if summary.agreements:
        print(f"\n{agreement_text(summary.agreements)}")
    if summary.labelled:
        print(f"\n{labelled_text(summary.labelled)}")
        for note in summary.labelled.notes:
            tell("note", note)
    for note in judge_notes(summary.manifest):
        tell("note", note)
    for note in (note for spread in summary.spreads for note in spread_notes(spread)):
        tell("note", note)
    for notice in notices(summary):
        tell("note", notice)
    print_place(report)


def print_headline_tables(summaries: dict[str, Any], form: str, further: Collection[str] = ()) -> None:
    """The headline of every run or model, and its numbers under other conventions, in a form of `--format`; with
    `wordings`, `targets` and `budgets` among the `further` also those of each, and the corrected ones where there are
    labels; before it those of typed decisions."""
    from calibench.reports.conventions import conventions_table
    from calibench.reports.labels import labelled_table
    from calibench.reports.tables import headline_table
    from calibench.reports.targets import targets_table
    from calibench.reports.thinking import thinking_table
    from calibench.reports.typed_decisions import typed_decisions_table
    from calibench.reports.wording import variances_table, wordings_table

    asked = [conventions_table(summaries)] if any(summary.conventions for summary in summaries.values()) else []
    asked += [variances_table(summaries), wordings_table(summaries)] if "wordings" in further else []
    asked += [targets_table(summaries)] if "targets" in further else []
    asked += [thinking_table(summaries)] if "budgets" in further else []
    asked += [labelled_table(of.labelled) for of in summaries.values() if of.labelled]
    typed = [typed_decisions_table(summaries)] if any(of.typed_decisions for of in summaries.values()) else []
    cards = {name: summary.scorecard for name, summary in summaries.items()}
    print_tables(form, *typed, headline_table(cards), asked=asked)


def print_headlines(cards: dict[str, Any], comparison: Any, page: Path) -> None:
    """The headline of every model, by task, and how each differs from the first."""
    from calibench.reports import tables, typed_decisions

    rows = [
        row | ({"method": model} if model else {}) for model, card in cards.items() for row in tables.headline(card)
    ]
    tasks = list(dict.fromkeys(row["task"] for row in rows if row["task"] != "macro"))
    rows.sort(key=lambda row: [*tasks, "macro"].index(row["task"]))
    print(tables.text(rows))
    if comparison and comparison.differences:
        print(f"\n{tables.baseline_text(comparison)}")
    if comparison and (typed := typed_decisions.differences_text(comparison)):
        print(f"\n{typed}")
    print_place(page)


def print_json(value: Any) -> None:
    import msgspec

    print(escaped(msgspec.json.format(msgspec.json.encode(value), indent=1).decode()))


def print_found(
    chosen: argparse.Namespace, found: T, table: Callable[[T], Any], text: Callable[[T], str], notes: Sequence[str] = ()
) -> None:
    """What a command found, as it was asked for: as JSON, as a table in a format, or as text; after its notes."""
    for note in notes:
        tell("note", note)
    if chosen.json:
        print_json(found)
    elif chosen.format:
        print_tables(chosen.format, table(found))
    else:
        print(text(found))


def print_tables(form: str, *tables: Any, asked: Sequence[Any] = ()) -> None:
    """Prints tables alone, an empty line between two; as CSV only those that an option asked for, if one did."""
    from calibench.reports.formats import FORMATS

    shown = asked if asked and form == "csv" else (*tables, *asked)
    print("\n".join(FORMATS[form](table) for table in shown), end="")  # type: ignore[index]


def loaded(names: Sequence[str], load: Callable[[str], T]) -> list[tuple[str, T]]:
    """Each name with its plug-in; what is wrong with one that cannot be loaded is printed, and the others stay."""
    found = []
    for name in names:
        try:
            found.append((name, load(name)))
        except PluginError as error:
            tell("calibench", str(error))
    return found


def print_list(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Rows with the same keys, the first of which is their name."""
    if options.json:
        print_json(rows)
        return
    texts = [
        {k: ", ".join(v) if isinstance(v, list) else "-" if v is None else str(v) for k, v in row.items()}
        for row in rows
    ]
    keys = list(texts[0]) if texts else []
    if options.format:
        from calibench.reports.formats import Column, Table, TableCell

        columns = tuple(Column(key, (key,), is_name=True) for key in keys)
        print_tables(
            options.format, Table(columns, tuple(tuple(TableCell(row[k], (row[k],)) for k in keys) for row in texts))
        )
        return
    widths = {key: max(len(key), *(len(row[key]) for row in texts)) for key in keys}
    for row in [{key: key for key in keys}, *texts]:
        print("  ".join(row[key].ljust(widths[key]) for key in keys).rstrip())


def is_text(options: argparse.Namespace) -> bool:
    """Whether a command prints for a reader, and not for a program."""
    return not (options.json or options.format)


def print_json_of(found: dict[str, Any]) -> None:
    """What was found of one run; of several, by the names of their folders."""
    print_json(found if len(found) > 1 else next(iter(found.values())))
