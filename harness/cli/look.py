"""Commands that look into run files: which runs there are, and all that a run holds of one question."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from calibench.cli import output
from calibench.cli.parser import add
from calibench.errors import InputError


def register(commands: Any) -> None:
    listing = add(commands, "ls", _ls, "list the runs below a folder: model, tasks, state and headline", table=True)
    listing.add_argument("folder", metavar="FOLDER", nargs="?", default="runs", help="default: %(default)s")
    show = add(commands, "show", _show, "show one question of a run: prompt, output, grade, and each confidence")
    show.add_argument("run", metavar="RUN")
    show.add_argument("question", metavar="QUESTION", help="its id, as in the report and in run.sqlite")
    show.add_argument("--task", metavar="NAME", help="where several tasks of the run have a question of that id")
    show.add_argument("--draw", metavar="N", type=int, help="only this draw (default: all)")


def _ls(options: argparse.Namespace) -> None:
    from calibench.analysis.look import listed
    from calibench.reports.listing import runs_table, runs_text

    if not options.folder:
        raise InputError("ls: expected a folder of runs, found an empty path")
    output.print_found(options, listed(Path(options.folder)), runs_table, runs_text)


def _show(options: argparse.Namespace) -> None:
    from calibench.analysis.look import shown

    found = shown(options.run, options.question, options.task, options.draw)
    if options.json:
        output.print_json(found if len(found) > 1 else found[0])
    else:
        print("\n\n".join("\n".join(_text(one)) for one in found))


def _text(shown: dict[str, Any]) -> Iterator[str]:
    question = shown["question"]
    yield f"{question.task}, question {question.question_id}"
    yield f"gold: {' | '.join(question.gold) or '-'}"
    for test in question.tests:
        yield f"test: {test}"
    for one in shown["generations"]:
        generation, grade = one["generation"], one["grade"]
        yield f"\n== {generation.protocol}, draw {generation.draw}"
        yield f"\n-- prompt\n{one['prompt']}"
        if generation.reasoning:
            yield f"\n-- reasoning\n{generation.reasoning.strip()}"
        yield f"\n-- output\n{(generation.error or generation.text).strip()}"
        yield f"\n-- grade\n{'not graded yet' if grade is None else _grade(grade)}"
        if one["judgements"] and one["own_grade"] is not None:
            yield f"\n-- grade by the task's own grader\n{_grade(one['own_grade'])}"
        for judgement in one["judgements"]:
            sure = "" if judgement.probability is None else f", probability {judgement.probability:.3f}"
            yield f"\n-- judge: {judgement.judge}\n{judgement.outcome}{sure}, read from {judgement.reply!r}"
        for reading in one["confidences"]:
            value = reading.status if reading.value is None else f"{reading.value:g}"
            raw = "" if reading.raw is None else f", read from {reading.raw!r}"
            yield f"\n-- confidence: {reading.method}\n{value}{raw}"


def _grade(grade: Any) -> str:
    detail = f" ({grade.detail})" if grade.detail else ""
    return f"{grade.outcome}, answer {grade.answer!r}, by {grade.grader}{detail}"
