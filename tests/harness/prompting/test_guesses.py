"""Protocol `top_k`: of several guesses in one turn the likeliest is the answer, and its probability the confidence."""

from __future__ import annotations

import pytest
from fakes import FakeBackend

from calibench import tasks
from calibench.errors import CapabilityError
from calibench.prompting import protocols
from calibench.prompting.parsing import parse
from calibench.records import Confidence, Grade
from calibench.store import RunFile

LISTED = "Guess 1: 18\nProbability 1: 0.3\nGuess 2: 20\nProbability 2: 0.5\nGuess 3: 7\nProbability 3: 0.1\nGuess 4: 9"


def read(text: str, finish_reason: str = "stop", opened: bool = False):
    return parse(text, reasoning_opened=opened, scale="guesses", finish_reason=finish_reason)


@pytest.mark.parametrize(
    ("text", "answer", "confidence", "status"),
    [
        (LISTED, "20", 0.5, "ok"),
        ("Guess 1: Paris\nProbability 1: 0.5\nGuess 2: Lyon\nProbability 2: 0.5", "Paris", 0.5, "ok"),
        ("**G1:** Paris\n**P1:** 80%\nG2: Lyon\nP2: 0.1", "Paris", 0.8, "ok"),
        ("First 3 + 4 = 7.\n\nGuess 1: 7\nProbability 1: 0.9", "7", 0.9, "ok"),
        ("Guess 1: 7\nGuess 2: 8\nProbability 2: 0.2", "8", 0.2, "ok"),
        ("Guess 1: 7\nGuess 2: 8", "7", None, "missing"),
        ("Guess 1: 7\nProbability 1: 1.4", "7", None, "out_of_range"),
        ("Answer: 7\nConfidence: 90%", "Answer: 7\nConfidence: 90%", None, "missing"),
    ],
)
def test_the_likeliest_guess_is_the_answer(text, answer, confidence, status):
    parsed = read(text)
    assert (parsed.answer_text, parsed.confidence, parsed.status) == (answer, confidence, status)
    kept = list(text)
    for start, end in parsed.cut_spans:
        kept[start:end] = "\0" * (end - start)
    assert "".join(kept).strip("\0") == answer
    if parsed.confidence_span:
        assert text[slice(*parsed.confidence_span)] == parsed.raw


def test_guesses_of_the_reasoning_do_not_count():
    text = "Guess 1: 1\nProbability 1: 0.9</think>\nGuess 1: 2\nProbability 1: 0.4"
    parsed = read(text, opened=True)
    assert (parsed.answer_text, parsed.confidence, parsed.guesses) == ("2", 0.4, (("2", 0.4),))
    assert parsed.cut_spans[0][0] == text.index("</think>") + len("</think>")
    assert read(text[:20], "length", opened=True).truncated == "reasoning"


def test_a_list_that_the_limit_cut_may_lack_the_likeliest():
    assert read(LISTED, "length").truncated == "answer"
    assert read(f"{LISTED}\nProbability 4: 0.1", "length").truncated is None
    assert [text for text, _ in read(LISTED).guesses] == ["18", "20", "7", "9"]


def test_a_run_reads_answer_and_confidence_from_one_turn(launch):
    def listing(prompt: str, seed: int | None) -> str:
        assert prompt.count('"Guess 1: ..."') == 1
        number = int(prompt.partition("What is ")[2].partition(" ")[0])
        return f"Guess 1: 0\nProbability 1: 0.2\nGuess 2: {2 * number}\nProbability 2: 0.7"

    backend = FakeBackend(listing)
    launch(backend, protocol="top_k", confidence=None, limit=4)
    assert len(backend.completed) == 4
    with RunFile.open(launch.out) as run:
        assert {c.value for c in run.select(Confidence, method="stated")} == {0.7}
        assert {grade.outcome for grade in run.select(Grade)} == {"correct"}


def test_programs_have_no_guesses():
    task = tasks.load("mbpp")
    row = {"task_id": 11, "text": "Add.", "code": "def f(x): return x", "test_list": ["assert f(1) == 1"]}
    with pytest.raises(CapabilityError, match="task mbpp asks for programs, which protocol top_k lists no guesses of"):
        protocols.asked_text(task, task.to_question(row, "row 1"), protocols.PROTOCOLS["top_k"])
