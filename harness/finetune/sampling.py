"""Training traces: the benchmark's own run over training questions, read back with its prompts and verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from calibench.prompting import protocols
from calibench.prompting.chat import ChatFormat
from calibench.prompting.parsing import Parsed, parse
from calibench.records import Generation, Outcome, Question
from calibench.running.config import RunConfig
from calibench.running.manifest import markup_of
from calibench.running.pipeline import execute
from calibench.store import RunFile
from calibench.tasks.base import Task

if TYPE_CHECKING:
    from calibench.running.progress import Progress


class SampledReply(NamedTuple):
    """One draw of one training question."""

    prompt: tuple[int, ...]
    generation: Generation
    parsed: Parsed
    answer: str | None
    outcome: Outcome

    @property
    def output(self) -> tuple[int, ...]:
        """Output tokens without the end of the turn."""
        return self.generation.token_ids or ()


class Sampled(NamedTuple):
    """All draws of one training question."""

    task: Task
    question: Question
    traces: tuple[SampledReply, ...]


def sample(config: RunConfig, asked: Sequence[Task], progress: Progress) -> None:
    """Runs or continues the run that draws the traces.

    Raises:
        KeyboardInterrupt: it was stopped; what is finished is kept.
        CalibenchError: see `calibench.running.pipeline.execute`.
    """
    result = execute(config, progress, asked)
    result.run.close()
    if result.interrupted:
        raise KeyboardInterrupt


def read(config: RunConfig, asked: Sequence[Task], chat: ChatFormat) -> Iterator[Sampled]:
    """The questions of a finished run, in the order of their tasks and ids, with their draws."""
    protocol = config.first_prompt()
    by_name = {task.name: task for task in asked}
    with RunFile.open(Path(config.out)) as run:
        markup = markup_of(run)
        for question in run.questions():
            task = by_name[question.task]
            prompt = chat.first(protocols.first_turn(question, task, protocol))
            grades = run.grades(question.task, question.question_id, protocol.name)
            draws = run.draws(question.task, question.question_id, protocol.name)
            traces = []
            for draw, generation in sorted(draws.items()):
                parsed = parse(
                    generation.text,
                    reasoning_opened=generation.reasoning_opened,
                    scale=protocol.scale,
                    finish_reason=generation.finish_reason,
                    markup=markup,
                )
                grade = grades[draw]
                traces.append(SampledReply(prompt.token_ids, generation, parsed, grade.answer, grade.outcome))
            yield Sampled(task, question, tuple(traces))
