"""STaR: self-training on the model's own right answers.

Zelikman et al. 2022 (arXiv 2203.14465). Each iteration samples K answers to every training question and fine-tunes the
parent on the right ones. With `rationalise`, questions without a right answer are asked again with the gold answer as a
hint, if they have one, and what then comes out right is learned without the hint.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from calibench.finetune.job import Job, Key, key
from calibench.finetune.recipes.base import Recipe
from calibench.finetune.rows import Row
from calibench.finetune.self_training import Iteration, SelfTrainingOptions, right_answers, train
from calibench.records import Question


class StarOptions(SelfTrainingOptions, frozen=True):
    rationalise: Annotated[bool, Meta(description="asks again, with the gold answer as a hint, where all failed")] = (
        False
    )


def rows(iteration: Iteration) -> Iterator[Row]:
    """A row for each right answer that is not a copy of another to the same question."""
    job = iteration.job
    failed: set[Key] = set()
    for question in iteration.sampled:
        right = right_answers(question, job.chat)
        if not right and question.question.gold:
            failed.add(key(question.question))
        yield from right
    if job.options.rationalise and failed:
        yield from _rationalised(iteration, failed)


def _rationalised(iteration: Iteration, failed: set[Key]) -> Iterator[Row]:
    job = iteration.job
    plain = {key(question): question for _, question in job.training}
    asked = job.asking(failed, _hinted)
    options = job.options
    hinted = job.sample(
        f"{iteration.name}/hinted",
        iteration.model,
        options.draws,
        options.temperature,
        repair=options.repair,
        asked=asked,
    )
    for question in hinted:
        prompt = job.prompt(question.task, plain[key(question.question)])
        yield from right_answers(question, job.chat, prompt)


def _hinted(question: Question) -> Question:
    return msgspec.structs.replace(question, text=f"{question.text}\n(Hint: the answer is {question.gold[0]}.)")


def run(job: Job) -> Path:
    return train(job, rows)


RECIPE = Recipe(
    description="self-training on the model's own right answers, iterated",
    source="STaR, Zelikman et al. 2022, arXiv 2203.14465; K, learning rate and epochs are ours",
    kind="sft",
    options=StarOptions,
    train=run,
)
