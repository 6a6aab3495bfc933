"""Supervised fine-tuning on given reasoning traces, as in distillation.

The traces are a file of JSON Lines with the fields `question`, `answer`, and, where there is one, `reasoning`,
`confidence` (0 to 1) and `task`. A question is posed as the benchmark poses it: with the instruction of its task, and a
request for a confidence (protocol `stated`, else `plain`) where the trace has one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from calibench import tasks
from calibench.errors import DataError, InputError
from calibench.finetune.config import TuneConfig
from calibench.finetune.job import Job, Taught
from calibench.finetune.options import TrainingOptions
from calibench.finetune.recipes.base import Recipe
from calibench.finetune.rows import Row, answer_row
from calibench.prompting import protocols
from calibench.prompting.chat import reasoning_tags
from calibench.records import Question
from calibench.tasks.data import content_id, sha256


class SftOptions(TrainingOptions, frozen=True):
    traces: Annotated[str, Meta(description="file of reasoning traces, JSON Lines")] = ""
    reasoning_format: Annotated[str, Meta(description="how a trace's reasoning is written before the answer")] = (
        "<think>\n{reasoning}\n</think>\n\n"
    )


_FIELDS = "expected texts `question`, `answer`, and, where there are, `reasoning`, `task` and `confidence` (0 to 1)"


class _Trace(msgspec.Struct, forbid_unknown_fields=True):
    """One line of the file."""

    question: Annotated[str, Meta(min_length=1)]
    answer: Annotated[str, Meta(min_length=1)]
    reasoning: str = ""
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    task: str | None = None


def _read(config: TuneConfig, options: SftOptions) -> Iterator[tuple[Taught, _Trace]]:
    """The traces with the questions that they answer; a question that occurs again has a number after its id.

    Raises:
        InputError: no file is named, or a protocol in which traces are not written.
        DataError: it cannot be read; names the line and what was expected.
    """
    if not options.traces:
        raise InputError("recipe sft: --traces FILE is missing: JSON Lines with question, answer and reasoning")
    if config.protocol not in ("stated", "plain"):
        raise InputError(
            "recipe sft: a trace is learned as the reply to protocol `stated` if it has a confidence, else to `plain`;"
            f" expected one of them, found --protocol {config.protocol}"
        )
    if not config.tasks:
        raise InputError("recipe sft: --tasks is missing: the tasks that the traces' questions are posed as")
    names = tasks.expand(list(config.tasks))
    loaded = {name: tasks.load(name) for name in names}
    seen: dict[str, int] = {}
    path = Path(options.traces)
    try:
        lines = path.open("rb")
    except OSError as error:
        raise DataError(f"{path}: expected a file of traces, found {error.strerror}") from error
    with lines:
        for number, line in enumerate(lines, 1):
            line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            if not line.strip():
                continue
            place = f"{path}:{number}"
            try:
                trace = msgspec.json.decode(line, type=_Trace)
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                raise DataError(f"{place}: not a trace: expected UTF-8 text, found the byte 0x{byte:02x}") from error
            except msgspec.MsgspecError as error:
                raise DataError(f"{place}: not a trace: {error}; {_FIELDS}") from error
            name = trace.task or (names[0] if len(names) == 1 else None)
            if name not in loaded:
                raise DataError(
                    f"{place}: expected one of {', '.join(names)} in the field 'task', found {trace.task!r}"
                )
            question_id = content_id(trace.question)
            count = seen[question_id] = seen.get(question_id, 0) + 1
            question = Question(
                task=name,
                question_id=question_id if count == 1 else f"{question_id}-{count}",
                text=trace.question,
                gold=(trace.answer,),
                domain=loaded[name].domain,
                cluster=question_id,
                split="train",
            )
            yield Taught((loaded[name], question), (trace.reasoning,), place), trace


def questions(config: TuneConfig, options: SftOptions) -> list[Taught]:
    found = [taught for taught, _ in _read(config, options)]
    if not found:
        raise DataError(f"{options.traces}: expected traces, found an empty file")
    return found if config.limit is None else list(_of_first(config.limit, found))


def _of_first(limit: int, found: Iterable[Taught]) -> Iterator[Taught]:
    """All traces of the first questions of each task."""
    chosen: dict[str, set[str | None]] = {}
    for taught in found:
        _, question = taught.asked
        of_task = chosen.setdefault(question.task, set())
        if len(of_task) < limit or question.cluster in of_task:
            of_task.add(question.cluster)
            yield taught


def contents(options: SftOptions) -> dict[str, str]:
    """Name and hash of the file: all that a trace says is learned, or asked."""
    path = Path(options.traces)
    return {"traces": f"{path.name} sha256:{sha256(path)}"}


def rows(job: Job) -> Iterator[Row]:
    """A row for each trace that is not held out."""
    kept = {(question.task, question.question_id) for _, question in job.training}
    tokenizer = job.chat.tokenizer
    for taught, trace in _read(job.config, job.options):
        task, question = taught.asked
        if (question.task, question.question_id) in kept:
            protocol = protocols.protocol("plain" if trace.confidence is None else "stated")
            prompt = job.chat.first(protocols.first_turn(question, task, protocol))
            tags = reasoning_tags(job.chat.decode(prompt.token_ids))
            text = _reply(trace, job.options.reasoning_format, tags)
            reply = tokenizer.encode(text, add_special_tokens=False)
            yield answer_row(prompt.token_ids, reply, job.chat.end)


def _reply(trace: _Trace, reasoning_format: str, tags: tuple[str, str] | None) -> str:
    """What is learned of a trace, after a prompt that opens the reasoning with the first of the tags, if there are."""
    if tags:
        reasoning_format = _continuing(reasoning_format if trace.reasoning else "", *tags)
    reasoning = reasoning_format.replace("{reasoning}", trace.reasoning) if trace.reasoning or tags else ""
    answer = trace.answer if "```" in trace.answer else f"Answer: {trace.answer}"
    confidence = "" if trace.confidence is None else f"\nConfidence: {round(100 * trace.confidence)}%"
    return f"{reasoning}{answer}{confidence}"


def _continuing(reasoning_format: str, opening: str, closing: str) -> str:
    """The format after a prompt that ends with the opening tag: without it, and with the closing tag."""
    same_tags = reasoning_format.replace("<think>", opening).replace("</think>", closing)
    after = re.sub(rf"\A\s*{re.escape(opening)}", "", same_tags)
    return after if closing in after else f"{after.rstrip()}\n{closing}\n\n"


def run(job: Job) -> Path:
    path, summary = job.write_rows("training", rows(job))
    trained = job.train("training", job.parent.path, path)
    job.notes.update(rows=summary._asdict(), curve=trained.curve)
    return trained.folder


RECIPE = Recipe(
    description="fine-tuning on given reasoning traces (--traces FILE)",
    source="supervised fine-tuning; learning rate and epochs are ours",
    kind="sft",
    options=SftOptions,
    train=run,
    questions=questions,
    contents=contents,
)
