"""How a checkpoint does on held-out training questions while it is trained, by the model in memory.

Greedy answers, the benchmark's own prompts, parser and graders; a sign of progress, not a result: results are runs of
`calibench run`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from calibench import tasks
from calibench.confidence import p_true
from calibench.grading.pool import GRADER_SECONDS, GradingPool
from calibench.lm_eval import theirs
from calibench.metrics.calibration import expected_calibration_error
from calibench.prompting import protocols
from calibench.prompting.chat import ChatFormat
from calibench.prompting.parsing import Parsed, parse
from calibench.records import Outcome, Question

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_BATCH = 16
Asked = tuple[str, Question]
"""The first user turn that asks a question, and the question."""


class Figures(NamedTuple):
    """Of the questions that were asked."""

    accuracy: float
    """Share of right answers among all."""
    stated_ece: float | None
    """Of the stated confidences, over the answers graded correct or incorrect; None if there is none."""
    p_true_ece: float | None
    """Of P(True), over the same answers; None if there is none, or the tokenizer cannot write its labels."""
    stated_mean: float | None
    """Mean stated confidence."""


def graders(workers: int, task_files: Sequence[str], asked: Sequence[Asked]) -> GradingPool:
    """Processes that grade answers to the questions, in a process that knows no task but those of the project.

    Args:
        workers: number of processes.
        task_files: the user's tasks among theirs, as `file:REFERENCE`.
        asked: all questions.

    Raises:
        InputError: a task of theirs cannot be loaded.
    """
    theirs.register()
    for reference in task_files:
        tasks.load(reference)
    return GradingPool(workers, GRADER_SECONDS, sorted({question.task for _, question in asked}))


def validate(
    model: PreTrainedModel,
    chat: ChatFormat,
    asked: Sequence[Asked],
    protocol_name: str,
    max_tokens: int,
    pool: GradingPool,
) -> Figures:
    """Asks every question once and scores the answers. Leaves the model as it was, and draws no random number."""
    import numpy as np
    import torch

    protocol = protocols.protocol(protocol_name)
    was_training = model.training
    model.eval()
    outcomes: list[Outcome] = []
    stated: list[float | None] = []
    judged: list[float | None] = []
    with torch.no_grad():
        for batch in _batches(chat, asked):
            prompts = [prompt.token_ids for _, prompt in batch]
            outputs = _generate(model, chat, prompts, max_tokens)
            readings = []
            for (question, prompt), (output, ended) in zip(batch, outputs, strict=True):
                parsed = parse(
                    chat.decode(output),
                    reasoning_opened=prompt.reasoning_opened,
                    scale=protocol.scale,
                    finish_reason="stop" if ended else "length",
                    markup=chat.markup,
                )
                readings.append((question, output, parsed))
            grades = [pool.submit(q.task, q, parsed.answer_text) for q, _, parsed in readings]
            outcomes += [
                "truncated" if parsed.truncated else grade.result().outcome
                for grade, (_, _, parsed) in zip(grades, readings, strict=True)
            ]
            stated += [parsed.confidence for _, _, parsed in readings]
            judged += _p_true(model, chat, prompts, [(output, parsed) for _, output, parsed in readings])
    model.train(was_training)

    def ece(values: list[float | None]) -> float | None:
        pairs = [
            (value, outcome == "correct")
            for value, outcome in zip(values, outcomes, strict=True)
            if value is not None and outcome in ("correct", "incorrect")
        ]
        if not pairs:
            return None
        confidence, right = zip(*pairs, strict=True)
        return float(expected_calibration_error(np.array(confidence), np.array(right)))

    known = [value for value in stated if value is not None]
    accuracy = outcomes.count("correct") / len(outcomes)
    return Figures(accuracy, ece(stated), ece(judged), sum(known) / len(known) if known else None)


def _batches(chat: ChatFormat, asked: Sequence[Asked]) -> Iterator[list]:
    for start in range(0, len(asked), _BATCH):
        yield [(question, chat.first(turn)) for turn, question in asked[start : start + _BATCH]]


def padded(model: PreTrainedModel, chat: ChatFormat, prompts: Sequence[Sequence[int]]) -> dict:
    """Token ids and mask, padded on the left, so that all prompts end together."""
    import torch

    longest = max(map(len, prompts))
    padding = pad_token(chat)
    ids = torch.tensor([[padding] * (longest - len(p)) + list(p) for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    return {"input_ids": ids.to(model.device), "attention_mask": mask.to(model.device)}


def pad_token(chat: ChatFormat) -> int:
    """The token that fills up batches; where the tokenizer has none, the end token, which labels and masks ignore."""
    padding = chat.tokenizer.pad_token_id
    return chat.tokenizer.eos_token_id if padding is None else padding


def end_tokens(model: PreTrainedModel, chat: ChatFormat) -> set[int]:
    """Tokens that end a reply: those of the chat format, and those that the checkpoint declares."""
    declared = model.generation_config.eos_token_id
    return {*chat.ends, *(declared if isinstance(declared, list) else [declared])} - {None}


def _generate(
    model: PreTrainedModel, chat: ChatFormat, prompts: Sequence[Sequence[int]], max_tokens: int
) -> list[tuple[tuple[int, ...], bool]]:
    """Greedy output tokens of each prompt without the end of the turn, and whether it was reached."""
    inputs = padded(model, chat, prompts)
    length = inputs["input_ids"].shape[1]
    room = model.config.max_position_embeddings - length
    ends = end_tokens(model, chat)
    written = model.generate(
        **inputs,
        do_sample=False,
        repetition_penalty=1.0,  # some checkpoints declare one, which the benchmark's own runs do not apply
        max_new_tokens=max(1, min(max_tokens, room)),
        pad_token_id=pad_token(chat),
        eos_token_id=sorted(ends),
    )
    outputs = []
    for row in written[:, length:].tolist():
        stop = next((place for place, token in enumerate(row) if token in ends), None)
        outputs.append((tuple(row[:stop]), stop is not None))
    return outputs


def _p_true(
    model: PreTrainedModel, chat: ChatFormat, prompts: Sequence[Sequence[int]], answers: Sequence[tuple]
) -> list[float | None]:
    """P(True) of each answer that is complete."""
    yes, no = chat.label_tokens("A"), chat.label_tokens("B")
    if not yes or not no:
        return [None] * len(answers)
    asked = [
        _follow_up(chat, prompt, output, parsed) for prompt, (output, parsed) in zip(prompts, answers, strict=True)
    ]
    complete = [question for question in asked if question]
    if not complete:
        return [None] * len(answers)
    # The logits of all places would take gigabytes where vocabulary and answers are long.
    read = model(**padded(model, chat, complete), use_cache=False, logits_to_keep=1)
    probability = read.logits[:, -1].double().softmax(-1)
    p_yes, p_no = probability[:, yes].sum(-1), probability[:, no].sum(-1)
    values = iter((p_yes / (p_yes + p_no)).tolist())
    return [next(values) if question else None for question in asked]


def _follow_up(chat: ChatFormat, prompt: Sequence[int], output: Sequence[int], parsed: Parsed) -> tuple[int, ...]:
    if parsed.truncated:
        return ()
    return chat.follow_up(prompt, chat.without(output, parsed.cut_spans), p_true.QUESTION)
