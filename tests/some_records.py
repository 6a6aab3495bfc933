"""Records to put into a run file, told apart by a number."""

from __future__ import annotations

from calibench.records import Confidence, Generation, Grade, Question


def question(i: int) -> Question:
    return Question(
        task="t",
        question_id=f"q{i}",
        text=f"text {i}",
        choices=("a", "b"),
        gold=("a",),
        domain="math",
        level=i,
        split="test",
    )


def generation(i: int, draw: int = 0) -> Generation:
    return Generation(
        task="t",
        question_id=f"q{i}",
        protocol="stated",
        draw=draw,
        seed=2**31 - 1,
        prompt_tokens=5,
        cached_tokens=None,
        reasoning_tokens=1,
        answer_tokens=2,
        finish_reason="stop",
        latency=0.25,
        reasoning_opened=False,
        reasoning=None,
        text="Answer: a\u2028\udc80".encode("utf-8", "replace").decode(),
        token_ids=(1, 2, 3),
    )


def confidence(i: int, value: float | None, draw: int = 0) -> Confidence:
    status = "missing" if value is None else "ok"
    return Confidence(
        task="t",
        question_id=f"q{i}",
        protocol="stated",
        draw=draw,
        method="stated",
        value=value,
        status=status,
        raw=None,
    )


def grade(i: int, outcome: str, draw: int = 0) -> Grade:
    return Grade(
        task="t", question_id=f"q{i}", protocol="stated", draw=draw, answer="a", outcome=outcome, grader="choice/1"
    )
