"""Distils how often a model is right into the confidence that it states. This project's own recipe.

K answers are sampled to every training question. Each of them is followed by the share of the K that is right, as a
percentage; the share is pulled a little to the middle, (right + prior) / (K + 2 prior), since K answers prove no
certainty. Right answers are learned too; of wrong ones, only the percentage after them.

The percentage is taught where the protocol has it: with `stated`, at the end of the answer; with one that asks for no
confidence, as `plain`, as the reply to the second turn of the method `asked`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from calibench.errors import InputError
from calibench.finetune.job import Job
from calibench.finetune.recipes.base import Recipe
from calibench.finetune.rows import Row, asked_row, confidence_row
from calibench.finetune.sampling import Sampled
from calibench.finetune.self_training import Iteration, SelfTrainingOptions, right_answers, train
from calibench.prompting import protocols


class ConfidenceOptions(SelfTrainingOptions, frozen=True):
    iterations: Annotated[int, Meta(ge=1, description="rounds of sampling and training")] = 1
    draws: Annotated[int, Meta(ge=2, description="answers sampled per question and iteration (K)")] = 16
    prior: Annotated[float, Meta(ge=0, description="answers added to both the right and the wrong ones")] = 0.5


def rows(iteration: Iteration) -> Iterator[Row]:
    """A row for each graded draw, copies left out, with the success rate of its question; if that is asked for in a
    second turn, one for each right answer before."""
    job = iteration.job
    chat = job.chat
    in_one_turn = job.config.protocol == "stated"
    for question in iteration.sampled:
        percent = percentage(question, job.options.prior)
        if not in_one_turn:
            yield from right_answers(question, chat)
        graded = {trace.output: trace for trace in question.traces if trace.outcome in ("correct", "incorrect")}
        for trace in graded.values():
            what = chat, trace.prompt, trace.output, trace.parsed, percent, chat.end
            right = trace.outcome == "correct"
            yield confidence_row(*what, learn_output=right) if in_one_turn else asked_row(*what)


def percentage(question: Sampled, prior: float) -> int:
    """Share of right answers among the graded draws of a question, drawn to the middle, in percent."""
    graded = [trace.outcome for trace in question.traces if trace.outcome in ("correct", "incorrect")]
    return round(100 * (graded.count("correct") + prior) / (len(graded) + 2 * prior))


def run(job: Job) -> Path:
    protocol = protocols.protocol(job.config.protocol)
    if protocol.name != "stated" and protocol.scale is not None:
        raise InputError(
            "recipe confidence_sft teaches a percentage: expected protocol `stated`, or one that asks for no"
            f" confidence, as `plain`; found --protocol {protocol.name}"
        )
    return train(job, rows)


RECIPE = Recipe(
    description="teaches to state the share of K sampled answers that is right",
    source="calibench's own",
    kind="sft",
    options=ConfidenceOptions,
    train=run,
)
