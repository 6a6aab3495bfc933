"""EpiCaR: self-training that also learns when to trust itself.

Yeom et al. 2026 (arXiv 2601.06786), algorithm 1. Each iteration samples K answers to every training question. A right
one gives a row that teaches the answer and a row that teaches "Yes" to the question whether it is correct; a wrong one
gives a row that teaches "No". All rows are shuffled and trained on by one loss. The question is that of the method
`p_true`, which reads the confidence off again.

Format repair: where an output comes to no answer, its reasoning is closed, the answer begun, and the model finishes it.
What still cannot be read, is cut or refuses is taught neither as right nor as wrong, so that the judgement is about
knowledge and not about form.

Not stated in the paper's public sources, and ours: K, temperature, learning rate, epochs, batch, and that each
iteration starts from the parent. `alpha` weighs the two losses as in the paper's rebuttal; without it, the loss is the
mean over the learned tokens of a step, of which a verdict has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from calibench.errors import InputError
from calibench.finetune.job import Job
from calibench.finetune.recipes.base import Recipe
from calibench.finetune.rows import Row, Summary, verdict_row
from calibench.finetune.self_training import Iteration, SelfTrainingOptions, right_answers, train


class EpicarOptions(SelfTrainingOptions, frozen=True):
    repair: Annotated[
        bool, Meta(description="where a sampled output comes to no answer, lets the model finish one")
    ] = True
    alpha: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        Meta(description="share of the answers in the loss; not given: their share of the tokens"),
    ] = None
    balance: Annotated[bool, Meta(description='gives "Yes" and "No" the same total weight')] = False
    verdicts: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="most verdicts per question; not given: one for each draw"),
    ] = None


def rows(iteration: Iteration) -> Iterator[Row]:
    """For each question: its right answers, each text once, then a verdict on each draw that was graded."""
    job = iteration.job
    for question in iteration.sampled:
        yield from right_answers(question, job.chat)
        graded = [trace for trace in question.traces if trace.outcome in ("correct", "incorrect")]
        for trace in graded[: job.options.verdicts]:
            yield verdict_row(job.chat, trace.prompt, trace.output, trace.parsed, trace.outcome == "correct")


def factors(options: EpicarOptions, summary: Summary) -> dict[str, float]:
    """Factor on the loss of each kind of row; empty if none is weighted.

    Raises:
        InputError: the answers are to have a share of the loss, and no row of them is left.
    """
    learned = summary.learned_tokens
    factor = dict.fromkeys(learned, 1.0)
    verdicts = [kind for kind in ("yes", "no") if kind in learned]
    of_verdicts = sum(learned[kind] for kind in verdicts)
    if options.alpha is not None and verdicts:
        if "answer" not in learned:
            raise InputError(
                f"--alpha {options.alpha:g}: expected rows of answers beside those of verdicts, found none: all are"
                f" longer than --max-length {options.max_length}. Raise it, and choose another --out"
            )
        total = sum(learned.values())
        factor["answer"] = options.alpha * total / learned["answer"]
        factor |= dict.fromkeys(verdicts, (1 - options.alpha) * total / of_verdicts)
    if options.balance:
        factor |= {kind: factor[kind] * of_verdicts / (len(verdicts) * learned[kind]) for kind in verdicts}
    return factor if set(factor.values()) != {1.0} else {}


def run(job: Job) -> Path:
    return train(job, rows, factors)


RECIPE = Recipe(
    description="self-training on right answers and on verdicts about all answers (P(True))",
    source="EpiCaR, Yeom et al. 2026, arXiv 2601.06786, algorithm 1; K, learning rate, epochs and restart are ours",
    kind="sft",
    options=EpicarOptions,
    train=run,
)
