"""The loop that self-training recipes share: sample, build rows, fine-tune, again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import mean, pstdev
from typing import Annotated, Any, Literal, NamedTuple, get_args

from msgspec import Meta

from calibench.errors import InputError
from calibench.finetune import rows as rows_of
from calibench.finetune.job import Asked, Job, Key, key
from calibench.finetune.options import TrainingOptions
from calibench.finetune.rows import Row, Summary, answer_row
from calibench.finetune.sampling import Sampled
from calibench.prompting.chat import ChatFormat
from calibench.records import Outcome


class SelfTrainingOptions(TrainingOptions, frozen=True):
    iterations: Annotated[int, Meta(ge=1, description="rounds of sampling and training; EpiCaR: 3")] = 3
    draws: Annotated[int, Meta(ge=1, description="answers sampled per question and iteration (K)")] = 8
    temperature: Annotated[float, Meta(gt=0, le=2, description="of the sampling")] = 1.0
    repair: Annotated[
        bool, Meta(description="where a sampled output comes to no answer, lets the model finish one")
    ] = False
    start: Annotated[
        Literal["parent", "previous"],
        Meta(description="what each iteration fine-tunes: the parent anew (as STaR does), or the last checkpoint"),
    ] = "parent"
    fresh: Annotated[
        bool,
        Meta(description="each iteration asks a part of the questions of its own, none of which was learned before"),
    ] = False


class Iteration(NamedTuple):
    """One round, as the row builders see it."""

    job: Job
    name: str
    model: Path
    """Folder of the checkpoint that was sampled from."""
    sampled: Iterable[Sampled]


BuildRows = Callable[[Iteration], Iterator[Row]]


def train(job: Job, build: BuildRows, factors: Callable[[Any, Summary], dict[str, float]] = lambda *_: {}) -> Path:
    """Runs the iterations; returns the last checkpoint.

    Args:
        job: with `SelfTrainingOptions`.
        build: makes the rows of an iteration.
        factors: (options, what the rows are) -> factor on the loss of each kind of row.

    Raises:
        InputError: an iteration has no right answer to learn from, or no question; what was there before is untouched.
    """
    options = job.options
    parts = fresh_parts(job.training, options.iterations) if options.fresh else [None] * options.iterations
    checkpoint = job.parent.path
    history = job.notes["iterations"] = []
    for number, part in enumerate(parts, start=1):
        name = f"iteration-{number}"
        sampled = job.sample(
            f"{name}/samples",
            checkpoint,
            options.draws,
            options.temperature,
            repair=options.repair,
            asked=job.asking(part) if part else None,
        )
        seen = _figures(sampled)
        if not seen["correct"]:
            outcomes = ", ".join(f"{seen[outcome]} {outcome}" for outcome in get_args(Outcome) if seen.get(outcome))
            raise InputError(
                f"iteration {number}: none of the {seen['draws']} sampled answers is right, so there is nothing to"
                f" learn from ({outcomes}). Sample more (--draws), ask easier questions, or give the"
                " model a start by the recipe sft; each with another --out"
            )
        rows, summary = job.write_rows(name, build(Iteration(job, name, checkpoint, sampled)))
        start = job.parent.path if options.start == "parent" else checkpoint
        if weights := factors(options, summary):
            rows_of.weigh(rows, weights)
        trained = job.train(name, start, rows)
        history.append({"sampled": seen, "rows": summary._asdict(), "curve": trained.curve})
        checkpoint = trained.folder
    return checkpoint


def fresh_parts(training: Sequence[Asked], parts: int) -> list[set[Key]]:
    """Keys of the questions, dealt out in `parts` parts, each with as much of every task as the others.

    Questions of one cluster, which are not independent, come into one part.

    Raises:
        InputError: there are fewer clusters than parts.
    """
    dealt: list[set[Key]] = [set() for _ in range(parts)]
    clusters: dict[tuple[str, str], list[Key]] = {}
    for _, question in training:
        clusters.setdefault((question.task, question.cluster or question.question_id), []).append(key(question))
    shuffled = sorted(clusters, key=lambda cluster: (cluster[0], hashlib.sha256("\0".join(cluster).encode()).digest()))
    for number, cluster in enumerate(shuffled):
        dealt[number % parts].update(clusters[cluster])
    if not all(dealt):
        raise InputError(
            f"--fresh: expected a training question of its own for each of {parts} iterations, found {len(clusters)}"
        )
    return dealt


def _figures(sampled: Iterable[Sampled]) -> dict[str, Any]:
    """What the sampling shows: how often it is right, and how much answers and confidences differ within a question."""
    outcomes: Counter[str] = Counter()
    distinct, spreads, confidences = [], [], []
    for question in sampled:
        outcomes.update(trace.outcome for trace in question.traces)
        distinct.append(len({trace.answer for trace in question.traces if trace.answer is not None}))
        stated = [trace.parsed.confidence for trace in question.traces if trace.parsed.confidence is not None]
        confidences += stated
        if stated:
            spreads.append(pstdev(stated))
    return {
        "draws": outcomes.total(),
        **outcomes,
        "correct": outcomes["correct"],
        "distinct_answers_per_question": mean(distinct) if distinct else None,
        "confidence_mean": mean(confidences) if confidences else None,
        "confidence_spread": pstdev(confidences) if confidences else None,
        "confidence_spread_within_question": mean(spreads) if spreads else None,
    }


def right_answers(question: Sampled, chat: ChatFormat, prompt: Sequence[int] | None = None) -> list[Row]:
    """A row for each right answer that is no copy of another; learned after `prompt` instead of its own, if given.

    One that the token limit cut is left out: right as it is, it would teach to end in the middle of a confidence.
    """
    right = (
        trace for trace in question.traces if trace.outcome == "correct" and trace.generation.finish_reason != "length"
    )
    outputs = {trace.output: trace for trace in right}
    end = chat.end
    return [answer_row(trace.prompt if prompt is None else prompt, output, end) for output, trace in outputs.items()]
