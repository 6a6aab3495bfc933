"""Several guesses with probabilities in a second turn: how they are read, and which of them is the answer's."""

import msgspec
import pytest
from fake_runs import RIGHT
from fakes import FakeBackend

from calibench.confidence.top_k import Candidate, Guesses, guesses_in, place_of
from calibench.store import RunFile

LISTED = "Guess 1: {}\nProbability 1: 0.6\nGuess 2: 7 apples\nProbability 2: 0.3\nGuess 3: none\nProbability 3: 0.1"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Guess 1: 18\nProbability 1: 0.7\nGuess 2: 20\nProbability 2: .2", [("18", 0.7), ("20", 0.2)]),
        ("G1: Paris\nP1: 0.9\n\nG2: Lyon\nP2: 0.05", [("Paris", 0.9), ("Lyon", 0.05)]),
        ("**Guess 1:** 18\n**Probability 1:** 70%\n- Guess 2: 9", [("18", 0.7), ("9", None)]),
        ("Probability 2: 0.2\nGuess 2: b\nGuess 1: a\nProbability 1: 0.8", [("b", 0.2), ("a", 0.8)]),
        ("Guess 1: 18\nProbability 1: 1.4\nGuess 1: 9\nProbability 1: 0.1", [("18", None)]),
        ("<think>\nGuess 1: 5\nProbability 1: 0.9\n</think>\nGuess 1: 6\nProbability 1: 0.4", [("6", 0.4)]),
        ("18, I am sure of it: 0.9", []),
    ],
)
def test_guesses_are_read_with_the_probability_of_their_number(reply, expected):
    assert [(guess.text, guess.probability) for guess in guesses_in(reply)] == expected


@pytest.mark.parametrize(
    ("answer", "place"),
    [("18", 1), ("new york", 2), ("**New  York**.", 2), ("-18", None), ("1.8", None), ("York", None)],
)
def test_the_answer_is_found_by_its_text(answer, place):
    assert place_of(answer, [Candidate("20", 0.5), Candidate("18.", 0.4), Candidate('"New York"', 0.1)]) == place


def test_the_value_is_that_of_the_answer_or_missing(launch):
    def answering(prompt: str, _seed: int | None) -> str:
        if "Guess 1" not in prompt:
            return RIGHT.partition("\n")[0].format(4)
        return LISTED.format(4 if "What is 2" in prompt else 5)

    launch(FakeBackend(answering), protocol="plain", limit=9, confidence="top_k")
    with RunFile.open(launch.out) as run:
        texts = {question.question_id: question.text for question in run.questions()}
        read = {texts[c.question_id]: c for c in run.confidences("top_k")}
    assert {text: (c.status, c.value) for text, c in read.items()} == {
        text: ("ok", 0.6) if "What is 2" in text else ("missing", None) for text in read
    }
    assert {c.status for c in read.values()} == {"ok", "missing"}
    found = {text: msgspec.json.decode(c.raw, type=Guesses) for text, c in read.items()}
    assert {(len(of.guesses), of.given) for of in found.values()} == {(3, 0), (3, None)}
