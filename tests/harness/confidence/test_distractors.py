"""Distractor-normalized confidence: the formula, which distractors count, and what each belief is asked about."""

from __future__ import annotations

import msgspec
import pytest
from fakes import FakeBackend

from calibench.backends.base import Choice
from calibench.confidence.distractor_normalized import Beliefs, normalized, others
from calibench.store import RunFile


@pytest.mark.parametrize(
    ("beliefs", "value"),
    [
        ([0.9, 0.6, 0.3], 0.5),  # 0.9 / 1.8
        ([0.4, 0.1], 0.4),  # less than 1 in all: as it is
        ([0.8], 0.8),
        ([1.0, 1.0, 1.0, 1.0, 1.0], 0.2),
        ([0.0, 0.9, 0.9], 0.0),
    ],
)
def test_the_belief_is_divided_by_the_sum_where_that_exceeds_one(beliefs, value):
    """By hand, with the formula of the paper where all of its NLI weights are 1."""
    assert normalized(beliefs) == pytest.approx(value)


def test_repeated_distractors_and_the_answer_itself_do_not_count():
    assert others("Paris", ["Lyon", "paris.", "**Lyon**", "Nice", "lyon", "Lille", "Metz", "Brest"]) == [
        "Lyon", "Nice", "Lille", "Metz"
    ]  # fmt: skip
    assert others("7", ["7", "**7**"]) == []


class Believer(FakeBackend):
    """Believes 0.8 in what is right, 0.4 in all else."""

    async def choose(self, prompt, labels):
        text = self.chat.decode(prompt.token_ids)
        self.chosen.append(text)
        problem, _, proposed = text.partition("Proposed answer:\n")
        number = int(problem.partition("What is ")[2].partition(" ")[0])
        belief = 0.8 if proposed.partition("<")[0].strip() == str(2 * number) else 0.4
        return Choice({"A": belief / 2, "B": (1 - belief) / 2}, 0)


def test_a_run_asks_for_distractors_and_then_for_each_belief_alone(launch):
    def answering(prompt: str, _seed: int | None) -> str:
        number = int(prompt.partition("What is ")[2].partition(" ")[0])
        if "Suppose that your answer above is wrong" not in prompt:
            return f"Answer: {2 * number}"
        return "none comes to mind" if number % 2 else f"Guess 1: 1\nGuess 2: {2 * number}\nGuess 3: 3\nGuess 4: 1"

    backend = Believer(answering)
    launch(backend, protocol="plain", limit=10, confidence="distractor_normalized")
    with RunFile.open(launch.out) as run:
        numbers = {q.question_id: int(q.text.partition("What is ")[2].partition(" ")[0]) for q in run.questions()}
        read = {numbers[c.question_id]: c for c in run.confidences("distractor_normalized")}
    even = {number for number in read if number % 2 == 0}
    assert {read[number].status for number in even} == {"ok"}
    assert {read[number].status for number in read.keys() - even} == {"missing"}
    for number in even:
        assert read[number].value == pytest.approx(0.8 / 1.6)  # distractors 1 and 3, 0.4 each
        kept = msgspec.json.decode(read[number].raw, type=Beliefs)
        assert [kept.answer.text, *(d.text for d in kept.distractors)] == [str(2 * number), "1", "3"]
    assert len(backend.chosen) == 3 * len(even)
    assert all(text.count("Proposed answer:") == 1 and "Suppose that" not in text for text in backend.chosen)
