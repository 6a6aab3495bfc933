"""`calibench score`: predictions from a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from calibench.cli import output
from calibench.cli.parser import add, renamed
from calibench.errors import InputError
from calibench.errors.terminal import tell
from calibench.fields import flag

_COLUMNS = {
    "confidence_column": "confidence",
    "correct": "the verdict",
    "question": "an id; rows that share one are not independent",
    "group": "a task or data set; each is scored on its own",
    "model": "a model; each becomes a run, and they are compared in pairs",
    "answer": "what the model answered: for --grader, and for `calibench votes`",
    "gold": "accepted answers, in place of --correct",
    "choices": "lists of options, for --grader option",
}
_DEFAULTS = {"confidence_column": "confidence", "correct": "correct"}


def register(commands: Any) -> None:
    score = add(
        commands,
        "score",
        _score,
        "score predictions from a file, with a confidence and a verdict per row; no model",
        table=True,
    )
    score.add_argument(
        "file",
        metavar="FILE",
        help="CSV, TSV, JSON Lines, a JSON array (each also with .gz), Parquet, Arrow, or a saved data set's folder",
    )
    for name, text in _COLUMNS.items():
        default = _DEFAULTS.get(name)
        shown = f"column with {text} (default: {default})" if default else f"column with {text}"
        score.add_argument(flag(name), metavar="COLUMN", default=default, help=shown)
    renamed(score, "--confidence", "--confidence-column")
    score.add_argument("--grader", metavar="NAME", help="grades answer by gold: number, math, choice, alias or option")
    score.add_argument("--labels", metavar="NAMES", help="the possible answers, for --grader choice (default: yes, no)")
    score.add_argument(
        "--scale", choices=("fraction", "percent"), default="fraction", help="of confidences (default: %(default)s)"
    )
    score.add_argument(
        "--missing",
        metavar="VALUE",
        action="append",
        default=[],
        help="what stands for no confidence, as -1; repeatable",
    )
    score.add_argument(
        "--decisions",
        metavar="FILE",
        help="typed decisions with gold, of each of which the other file predicts a distribution over its options",
    )
    score.add_argument("--shared", action="store_true", help="only the questions that every model answered")
    score.add_argument("--out", metavar="DIR", default="runs/score", help="folder of the run (default: %(default)s)")


def _score(options: argparse.Namespace) -> None:
    from calibench.analysis.score import publish, score

    if options.decisions is not None:
        _score_decisions(options)
        return
    columns = {name: getattr(options, name) for name in _COLUMNS}
    scored = score(
        options.file,
        **columns,
        grader=options.grader,
        labels=options.labels,
        scale=options.scale,
        missing=options.missing,
        shared=options.shared,
    )
    page = publish(scored, Path(options.out))
    for note in scored.notes:
        tell("note", note)
    cards = {name: of.summary.scorecard for name, of in scored.models.items()}
    if options.json:
        metrics = {name: card.metrics for name, card in cards.items()}
        output.print_json(metrics if options.model else metrics[""])
    elif options.format:
        output.print_headline_tables({name: of.summary for name, of in scored.models.items()}, options.format)
    else:
        output.print_headlines(cards, scored.comparison, page)


def _score_decisions(options: argparse.Namespace) -> None:
    from calibench.analysis.score_decisions import score_decisions

    others = [name for name in (*_COLUMNS, "grader", "labels", "missing", "shared") if name != "model"]
    if given := [name for name in others if getattr(options, name) not in (None, [], False, _DEFAULTS.get(name))]:
        raise InputError(f"{flag(given[0])} is of tables of verdicts: typed decisions name their own fields")
    found = score_decisions(options.file, options.decisions, options.out, options.model)
    cards = {name: summary.scorecard for name, summary in found.summaries.items()}
    if options.json:
        numbers = {
            name: {"metrics": summary.scorecard.metrics, "typed_decisions": summary.typed_decisions}
            for name, summary in found.summaries.items()
        }
        output.print_json(numbers if options.model else numbers[""])
    elif options.format:
        output.print_headline_tables(found.summaries, options.format)
    elif found.comparison is None:
        output.print_headline(next(iter(found.summaries.values())), found.page)
    else:
        output.print_headlines(cards, found.comparison, found.page)
