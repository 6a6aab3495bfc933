"""What a checkpoint is made from and looked at with: the questions, without those that leak, in their lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from calibench import tasks
from calibench.errors import InputError
from calibench.finetune import leaks
from calibench.finetune.config import TuneConfig
from calibench.finetune.job import TRAINING, Asked, Taught, has_answer
from calibench.records import Question
from calibench.running.selection import select, split_of


def taught(config: TuneConfig) -> list[Taught]:
    """The training split of the tasks."""
    if not config.tasks:
        raise InputError("tune: --tasks is missing: the tasks whose training questions are learned from")
    names = tasks.expand(list(config.tasks))
    selections = [select(split_of(tasks.load(name), "train"), config.data, config.limit) for name in names]
    return [
        Taught((selection.task, question)) for selection in selections for question in selection.questions(config.data)
    ]


def require_answers(recipe: str, taught: Sequence[Taught]) -> None:
    """Raises InputError if a question has no answer to grade by."""
    for (_, question), _, place, _ in taught:
        if not has_answer(question):
            where = place or f"{question.task} {question.question_id}"
            raise InputError(f"recipe {recipe} grades answers: {where}: expected a question with an answer, found none")


def lists(taught: Sequence[Taught]) -> tuple[list[Asked], dict[str, tuple[Asked, ...]]]:
    """The questions of the list that is trained on, and those of each list beside it."""
    parts: dict[str, list[Asked]] = {TRAINING: []}
    for each in taught:
        parts.setdefault(each.part, []).append(each.asked)
    return parts.pop(TRAINING), {name: tuple(part) for name, part in parts.items()}


def without_leaks(config: TuneConfig, taught: list[Taught]) -> tuple[list[Taught], list[leaks.Leak]]:
    """The training questions that give no evaluation question away, and the leaks.

    Raises:
        InputError: there are leaks, and they are not to be dropped, or nothing else is left.
    """
    evaluation = [
        question
        for name in tasks.expand(list(config.eval_tasks or config.tasks))
        for question in select(tasks.load(name), config.data, None).questions(config.data)
    ]
    rows = [leaks.row(each.asked[1], each.texts, each.place) for each in taught]
    found = leaks.find(rows, evaluation)
    if found and not config.drop_leaks:
        raise InputError(f"{leaks.refusal(found)}\n--drop-leaks trains without them")
    leaking = {leak.place for leak in found}
    kept = [each for each, row in zip(taught, rows, strict=True) if row.place not in leaking]
    if taught and not kept:
        raise InputError(f"{leaks.refusal(found)}\nNo other training question is left")
    return kept, found


def listed(leak: leaks.Leak) -> dict[str, str]:
    """The leak as the lineage names it."""
    return {"place": leak.place, "task": leak.task, "question_id": leak.question_id, "rule": leak.rule}


def held_out(
    asked: Sequence[Asked], wanted: int, further: Mapping[str, Sequence[Asked]] | None = None
) -> tuple[tuple[Asked, ...], tuple[Asked, ...]]:
    """Training and validation questions; the latter are at most a fifth of all.

    Clusters, whose questions are not independent, are held out as wholes: those with the smallest hash that fit. One
    with a question that cannot be graded, or that stands in a further list too, stays.
    """
    texts = {q.text for part in (further or {}).values() for _, q in part}
    staying = {_cluster(q) for _, q in asked if not has_answer(q) or q.text in texts}
    clusters = Counter(_cluster(q) for _, q in asked)
    room = min(wanted, len(asked) // 5)
    held: set[tuple[str, str]] = set()
    for cluster in sorted(clusters.keys() - staying, key=lambda cluster: _digest(*cluster)):
        if clusters[cluster] <= room:
            room -= clusters[cluster]
            held.add(cluster)

    def is_held(pair: Asked) -> bool:
        return _cluster(pair[1]) in held

    return tuple(pair for pair in asked if not is_held(pair)), tuple(pair for pair in asked if is_held(pair))


def _cluster(question: Question) -> tuple[str, str]:
    return question.task, question.cluster or question.question_id


def _digest(task: str, cluster: str) -> bytes:
    import hashlib

    return hashlib.sha256(f"validation\0{task}\0{cluster}".encode()).digest()
