"""Token log-probabilities: when they are asked for, what the methods make of them, and that a run continues with them.

The fake backend writes digits with probability 1/2, the end of the turn with 1/4 and all else with 1, a byte a token.
"""

import math

import msgspec
import pytest
from fake_runs import DiesAfter, add, rows
from fakes import FakeBackend, tokenizer

from calibench.backends.base import TokenScores
from calibench.confidence import base as confidence
from calibench.confidence.answer_probability import answer_spans
from calibench.confidence.base import token_reading
from calibench.errors import CapabilityError, EngineError
from calibench.prompting.chat import ChatFormat
from calibench.prompting.parsing import parse
from calibench.records import TokenFeatures
from calibench.store import RunFile

METHODS = ("stated", "sequence_probability", "answer_probability")
HALF, QUARTER = math.log(0.5), math.log(0.25)


def readings(out) -> dict[str, list]:
    with RunFile.open(out) as run:
        return {method: list(run.confidences(method)) for method in METHODS}


def test_probabilities_are_those_of_all_tokens_and_of_the_answer_alone(launch):
    launch(FakeBackend(lambda p, s: "<think>12</think>Answer: 345\nConfidence: 85%"), confidence=METHODS, limit=1)
    read = readings(launch.out)
    with RunFile.open(launch.out) as run:
        generation = next(iter(run.draws("gsm8k", next(run.questions()).question_id, "stated").values()))
    total = 7 * HALF + QUARTER  # 12, 345, 85 and the end of the turn
    n = len("12Answer: 345\nConfidence: 85%") + 2 + 1  # two tags and the end of the turn
    assert generation.logprob == pytest.approx(total)
    assert read["sequence_probability"][0].value == pytest.approx(math.exp(total / n))
    features = msgspec.json.decode(read["sequence_probability"][0].raw, type=TokenFeatures)
    assert features == TokenFeatures(total / n, total, QUARTER, n, pytest.approx(-total / n))
    assert read["answer_probability"][0].value == pytest.approx(0.5), "neither the reasoning nor the stated 85 count"
    features = msgspec.json.decode(read["answer_probability"][0].raw, type=TokenFeatures)
    assert (features.total_logprob, features.tokens) == (pytest.approx(3 * HALF), 3)


class _Notes(FakeBackend):
    """Remembers with which sampling it was asked."""

    def __init__(self):
        super().__init__(add)
        self.samplings = set()

    async def complete(self, prompt, sampling, seed):
        self.samplings.add((sampling.max_tokens > 100, sampling.log_probabilities, sampling.entropies))
        return await super().complete(prompt, sampling, seed)


@pytest.mark.parametrize(
    ("methods", "asked"),
    [
        (("stated", "p_true"), {(True, False, False)}),
        (("stated", "answer_probability"), {(True, True, True)}),
        # The engine gives no entropies where label probabilities are asked of it at the same time.
        (("p_true", "answer_probability"), {(True, True, False)}),
        # A follow-up's reply needs no log-probabilities.
        (("asked", "sequence_probability"), {(True, True, True), (False, False, False)}),
    ],
)
def test_the_engine_is_asked_only_for_what_a_method_needs(launch, methods, asked):
    backend = _Notes()
    launch(backend, confidence=methods)
    assert backend.samplings == asked


def test_a_run_without_such_a_method_stores_no_log_probability(launch):
    launch(FakeBackend(add))
    with RunFile.open(launch.out) as run:
        assert run._db.execute("SELECT count(*), count(logprob) FROM generations").fetchone()[:] == (10, 0)


def test_a_run_that_died_continues_to_the_same_file(launch, tmp_path):
    """A follow-up per answer makes the engine die between a generation and its last confidence."""
    options = {"confidence": (*METHODS, "asked"), "draws": 2, "temperature": 1.0}
    launch(FakeBackend(add), **options)
    broken = tmp_path / "broken"
    with pytest.raises(EngineError, match="died"):
        launch(DiesAfter(13), out=str(broken), **options)
    kept = rows(broken)
    read = [c for c in kept["confidences"] if c[4] in ("sequence_probability", "answer_probability")]
    assert 0 < len(kept["generations"]) < 20
    assert len(read) == 2 * len(kept["generations"])
    assert len([c for c in kept["confidences"] if c[4] == "asked"]) < len(kept["generations"])
    launch(FakeBackend(add), out=str(broken), **options)
    assert rows(broken) == rows(launch.out)


def test_generations_stored_without_log_probabilities_are_refused_before_any_work(launch):
    launch(FakeBackend(add), limit=4)
    before = rows(launch.out)

    class Never(FakeBackend):
        async def start(self):
            raise AssertionError("the engine was started")

    with pytest.raises(CapabilityError, match=r"4 generations of gsm8k .*sequence_probability .*another --out"):
        launch(Never(add), confidence=("stated", "sequence_probability"))
    assert rows(launch.out) == before
    with RunFile.open(launch.out) as run:
        assert run.manifest()["scope"]["gsm8k"]["stated"]["methods"] == ["stated"]
    launch(FakeBackend(add), confidence=("stated",))


def test_other_methods_may_be_added_to_a_run_with_log_probabilities(launch):
    launch(FakeBackend(add), confidence=("sequence_probability",))
    launch(FakeBackend(add), confidence=("sequence_probability", "p_true"))
    with RunFile.open(launch.out) as run:
        assert run.frame().groupby("method").size().to_dict() == {"p_true": 10, "sequence_probability": 10}


def test_a_backend_without_log_probabilities_is_refused(launch):
    class Without(FakeBackend):
        capabilities = FakeBackend.capabilities - {"log_probabilities"}

    with pytest.raises(CapabilityError, match="sequence_probability needs log_probabilities"):
        launch(Without(add), confidence=("sequence_probability",))


def test_truncated_and_failed_generations_give_no_probability(launch):
    launch(FakeBackend(lambda p, s: "<think>" + "so" * 50), confidence=METHODS, max_tokens=30)
    assert {(c.status, c.value) for read in readings(launch.out).values() for c in read} == {("missing", None)}


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("<think>It is 4.</think>\nAnswer: 18 apples\nConfidence: 85%", ["18 apples"]),
        ("Answer: 3\nNo.\nAnswer: **7**\nConfidence: 90%", ["7"]),
        ("Confidence: 80%\nAnswer: 12", ["12"]),
        (r"So \boxed{\frac{1}{2}}. I'm 90% sure.", [r"\frac{1}{2}"]),
        ("<answer>Paris</answer><confidence>70</confidence>", ["Paris"]),
        ("It follows that the answer is Rome.\nConfidence: 60%", ["Rome"]),
        ("```python\ndef f(x):\n    answer = x\n    return answer\n```\nConfidence: 85%",
         ["def f(x):\n    answer = x\n    return answer"]),
        ("```python\nprint(6 * 7)\n```\nAnswer: 42", ["42"]),
        ("Paris\nConfidence: 75%", ["Paris"]),
        ("Paris. My confidence is 80%. It is in France.", ["Paris.", ". It is in France."]),
        ("Answer: 4\nConfidence: 85%\n\nQuestion: 3+3?\nAnswer: 6\nConfidence: 70%", ["4"]),
        ("<think>never closed", []),
    ],
)  # fmt: skip
def test_the_answer_is_found_where_a_grader_reads_it(text, answers):
    parsed = parse(text, reasoning_opened=False, scale="percent", finish_reason="stop")
    assert [text[start:end] for start, end in answer_spans(text, parsed)] == answers


def test_tokens_that_hold_a_part_of_the_answer_count():
    chat = ChatFormat(tokenizer(), "auto")
    tokens = chat._encode("Answer: é")
    assert len(tokens) == 10, "é is two bytes"
    assert list(chat.touching(tokens, 8, 9)) == [8, 9]


def test_no_token_is_a_missing_reading():
    assert token_reading(TokenScores((-1.0,), None), []).status == "missing"


def test_both_methods_are_listed_with_what_they_need():
    for name in ("sequence_probability", "answer_probability"):
        assert confidence.load(name).needs == {"log_probabilities"}
