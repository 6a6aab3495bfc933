"""lm-eval: the sample logs of its `--log_samples`, with the results file beside them.

A log has a row per document and filter; the texts are the same for every filter, so only the rows of the first are
read. lm-eval writes no finish reason, no token counts and no log-probabilities of a generation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import msgspec

from calibench.errors import DataError
from calibench.exchange.readers.base import (
    AnswerLog,
    Columns,
    Logged,
    Reader,
    Start,
    Tell,
    converted,
    document,
    lines,
    nothing_found,
)
from calibench.records import Outcome, Question

_SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.-]+)\.jsonl(?:\.gz)?")
_OURS = re.compile(r"calibench_(?P<task>.+?)(?P<options>_options)?")
"""The names under which calibench's own tasks run there (`calibench lm-eval-tasks`)."""
_VERDICTS = ("exact_match", "acc", "em", "accuracy", "pass@1", "pass_at_1", "mc1")
"""Metrics that say right or wrong of one answer, the first that a row has."""
_SETTINGS = ("model_source", "model_name", "config", "versions", "n-shot", "date", "git_hash", "chat_template_sha")


class _Row(msgspec.Struct):
    doc: dict[str, Any]
    resps: list[Any]
    doc_id: int | str
    target: Any = None
    arguments: Any = None
    filter: str = "none"
    metrics: list[str] = []


class _Counted(msgspec.Struct):
    effective: int


class _Results(msgspec.Struct, rename={"samples": "n-samples"}):
    model_name: str = ""
    model_source: str = ""
    lm_eval_version: str = ""
    samples: dict[str, _Counted] = {}
    """Task -> documents that were asked."""


def _recognizes(start: Start) -> bool:
    return {"doc", "resps", "filtered_resps"} <= start.row.keys() or _are_results(start)


def _are_results(start: Start) -> bool:
    return bool(re.match(r'\s*\{\s*"results"\s*:', start.text)) and '"alias"' in start.text


def _read(paths: Sequence[Path], tell: Tell, _columns: Columns) -> AnswerLog:
    samples = [path for path in paths if path.name.removesuffix(".gz").endswith(".jsonl")]
    named = [path for path in paths if path not in samples]
    if not samples:
        raise nothing_found(paths, "sample logs of lm-eval (samples_*.jsonl, which --log_samples writes)")
    results = named or sorted({beside for path in samples if (beside := _beside(path))})
    if not results:
        tell("no results_*.json of lm-eval lies beside the samples: the model, its settings and versions are not known")
    found = [(converted(of, _Results, str(path)), of) for path in results if (of := document(path, dict))]
    models = {about.model_name or about.model_source for about, _ in found} - {""}
    if len(models) > 1:
        raise DataError(f"{', '.join(map(str, results))}: expected one model, found {', '.join(sorted(models))}")
    model = next(iter(models), None)
    versions = sorted({about.lm_eval_version for about, _ in found} - {""})
    settings = {
        path.name: {k: of[k] for k in _SETTINGS if k in of} for path, (_, of) in zip(results, found, strict=True)
    }
    asked = {task: of.effective for about, _ in found for task, of in about.samples.items()}
    answers = (answer for path in samples for answer in _answers(path, model, asked, tell))
    return AnswerLog(" ".join(["lm-eval", *versions]), answers, settings)


def _beside(samples: Path) -> Path | None:
    """The results file that lm-eval wrote at the same time."""
    named = _SAMPLES.fullmatch(samples.name)
    path = samples.with_name(f"results_{named['date']}.json") if named else None
    return path if path and path.is_file() else None


def _answers(path: Path, model: str | None, asked: Mapping[str, int], tell: Tell) -> Iterator[Logged]:
    named = _SAMPLES.fullmatch(path.name)
    task = named["task"] if named else path.name.partition(".")[0]
    kept: str | None = None
    others: set[str] = set()
    documents: set[int | str] = set()
    for place, values in lines(path, tell):
        row = converted(values, _Row, place)
        kept = row.filter if kept is None else kept
        if row.filter == kept:
            documents.add(row.doc_id)
            yield from _of_row(row, values, task, model, place)
        elif row.filter not in others:
            others.add(row.filter)
            tell(f"{path}: lm-eval's verdicts are those of its filter {kept!r}, not of {row.filter!r}")
    if len(documents) != asked.get(task, len(documents)):
        tell(f"{path}: {len(documents):,} documents, where lm-eval's results are of {asked[task]:,}")


def _of_row(row: _Row, values: Mapping[str, Any], task: str, model: str | None, place: str) -> Iterator[Logged]:
    ours = _OURS.fullmatch(task)
    asked = _asked(row.doc, place) if ours else None
    by, verdict = _verdict(row, values)
    of_all = Logged(
        place=place,
        task=asked.task if asked else f"lm_eval:{task}",
        model=model,
        sample=str(row.doc_id),
        asked=asked,
        row=row.doc,
        prompt=_argument(row.arguments, 0, 0),
        verdict=verdict,
        judged_by=by,
    )
    if _is_likelihood(row.resps):
        yield _chosen(of_all, row, place)
        return
    (texts,) = row.resps if len(row.resps) == 1 else (None,)
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{place}: field resps: expected the texts of one request, found {row.resps!r:.80}")
    gold = row.target if isinstance(row.target, list) else [row.target]
    if len(texts) > 1:  # the metric is of all of them together
        of_all = of_all._replace(verdict=None, judged_by=None)
    for draw, text in enumerate(texts):
        yield of_all._replace(
            draw=draw,
            text=text,
            gold=() if row.target is None else tuple(str(one) for one in gold),
            protocol="stated" if asked else None,
        )


def _asked(doc: Mapping[str, Any], place: str) -> Question | None:
    """The question that calibench's own configuration put into the document."""
    written = doc.get("question")
    if not isinstance(written, str):
        return None
    try:
        return msgspec.json.decode(written, type=Question)
    except msgspec.MsgspecError as error:
        raise DataError(f"{place}: field doc.question: expected a question of calibench ({error})") from None


def _is_likelihood(resps: list[Any]) -> bool:
    """Whether the answers are log-likelihoods, each with whether it is the greedy one; lm-eval writes both as texts."""
    return bool(resps) and all(
        isinstance(of, list) and len(of) == 1 and isinstance(of[0], list) and len(of[0]) == 2 for of in resps
    )


def _chosen(of_all: Logged, row: _Row, place: str) -> Logged:
    try:
        values = tuple(float(of[0][0]) for of in row.resps)
    except (TypeError, ValueError):
        raise DataError(f"{place}: field resps: expected log-likelihoods, found {row.resps!r:.80}") from None
    choices = [_argument(row.arguments, i, 1) for i in range(len(values))]
    if None in choices or len(values) > len(ascii_uppercase):
        raise DataError(f"{place}: field arguments: expected a continuation for each of {len(values)} log-likelihoods")
    shown = tuple(str(choice).strip() for choice in choices)
    return of_all._replace(
        draw=0, choices=shown, gold=_letters(row.target, shown), likelihoods=values, protocol="options"
    )


def _letters(target: Any, choices: tuple[str, ...]) -> tuple[str, ...]:
    """The letters of the right options, of which lm-eval writes the number or the text."""
    found = []
    for one in target if isinstance(target, list) else [target]:
        place = int(one) if str(one).isdecimal() else choices.index(one) if one in choices else -1
        if 0 <= place < len(choices):
            found.append(ascii_uppercase[place])
    return tuple(found)


def _argument(arguments: Any, request: int, number: int) -> str | None:
    """A text that a request was made of: the context (0), or the continuation (1)."""
    if isinstance(arguments, dict):
        arguments = arguments.get(f"gen_args_{request}", {})
        found = arguments.get(f"arg_{number}") if isinstance(arguments, dict) else None
    else:  # as versions before 0.4.3 write it
        try:
            found = arguments[request][number]
        except (TypeError, IndexError, KeyError):
            found = None
    return found if isinstance(found, str) else None


def _verdict(row: _Row, values: Mapping[str, Any]) -> tuple[str | None, Outcome | None]:
    for name in _VERDICTS:
        value = values.get(name)
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):  # of calibench's own tasks
            value = {"correct": 1, "incorrect": 0}.get(value[0])
        if value in (0, 1):
            return f"{name}, {row.filter}", "correct" if value else "incorrect"
    return None, None


READER = Reader(
    description="lm-eval's sample logs, samples_*.jsonl; its results_*.json is read where it lies beside them",
    recognizes=_recognizes,
    read=_read,
)
