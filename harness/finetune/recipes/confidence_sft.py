"""Distils how often a model is right into the confidence that it states. This project's own recipe.

K answers are sampled to every training question. Each of them is followed by the share of the K that is right, as a
percentage; the share is pulled a little to the middle, (right + prior) / (K + 2 prior), since K answers prove no
certainty. Right answers are learned with it; of wrong ones, only the percentage after them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from calibench.errors import InputError
from calibench.finetune.job import Job
from calibench.finetune.recipes.base import Recipe
from calibench.finetune.rows import Row, confidence_row
from calibench.finetune.sampling import Sampled
from calibench.finetune.self_training import Iteration, SelfTrainingOptions, train


class ConfidenceOptions(SelfTrainingOptions, frozen=True):
    iterations: Annotated[int, Meta(ge=1, description="rounds of sampling and training")] = 1
    draws: Annotated[int, Meta(ge=2, description="answers sampled per question and iteration (K)")] = 16
    prior: Annotated[float, Meta(ge=0, description="answers added to both the right and the wrong ones")] = 0.5


def rows(iteration: Iteration) -> Iterator[Row]:
    """A row for each graded draw, copies left out, with the success rate of its question."""
    job = iteration.job
    end = job.chat.end
    for question in iteration.sampled:
        graded = {trace.output: trace for trace in question.traces if trace.outcome in ("correct", "incorrect")}
        for trace in graded.values():
            yield confidence_row(
                job.chat, trace.prompt, trace.output, trace.parsed, percentage(question, job.options.prior), end,
                learn_output=trace.outcome == "correct",
            )  # fmt: skip


def percentage(question: Sampled, prior: float) -> int:
    """Share of right answers among the graded draws of a question, drawn to the middle, in percent."""
    graded = [trace.outcome for trace in question.traces if trace.outcome in ("correct", "incorrect")]
    return round(100 * (graded.count("correct") + prior) / (len(graded) + 2 * prior))


def run(job: Job) -> Path:
    if job.config.protocol != "stated":
        raise InputError(
            "recipe confidence_sft teaches a stated percentage, for which protocol `stated` asks; found --protocol"
            f" {job.config.protocol}"
        )
    return train(job, rows)


RECIPE = Recipe(
    description="teaches to state the share of K sampled answers that is right",
    source="calibench's own",
    kind="sft",
    options=ConfidenceOptions,
    train=run,
)
