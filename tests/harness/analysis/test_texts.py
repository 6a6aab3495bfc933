"""What a report quotes of a run's texts: an even sample of its answers, and examples of what could not be read."""

from __future__ import annotations

from collections import Counter

import pytest

from calibench.analysis import texts
from calibench.records import Confidence, Generation, Grade, Question
from calibench.store import RunFile

SURE = 0.95


def records(task, i, outcome, value):
    key = {"task": task, "question_id": f"q{i:03}"}
    yield Question(**key, text=f"How much is {i}?", gold=("4",), domain="math", split="test")
    key |= {"protocol": "stated", "draw": 0}
    yield Generation(
        **key, seed=0, prompt_tokens=9, cached_tokens=None, reasoning_tokens=3, answer_tokens=4, finish_reason="stop",
        latency=None, reasoning_opened=False, reasoning="hm", text=f"<think>hm</think>It is {i}.", token_ids=None,
    )  # fmt: skip
    yield Grade(**key, answer="4", outcome=outcome, grader="number/1", detail="why")
    yield Confidence(**key, method="stated", value=value, status="ok" if value else "missing", raw="95%")
    yield Confidence(**key, method="zeta", value=0.5, status="ok", raw=None)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One task of 90 sure and right answers, five wrong and five of little confidence; another that cannot be read."""
    with RunFile.create(tmp_path_factory.mktemp("run")) as made:
        for i in range(100):
            outcome, value = ("correct", SURE) if i < 90 else ("incorrect", SURE) if i < 95 else ("correct", 0.15)
            made.write(records("sums", i, outcome, value))
        for i in range(10):
            made.write(records("riddles", i, "unparsed" if i else "correct", None))
        yield made


def test_a_sample_has_as_many_of_each_outcome_and_tenth_however_rare(run, monkeypatch):
    monkeypatch.setattr(texts, "_SAMPLED", 17)
    sample = texts.sample(run, run.frame())
    kinds = Counter((item.task, item.outcome, item.readings[0].value) for item in sample.items)
    assert kinds == {
        ("sums", "correct", SURE): 4, ("sums", "incorrect", SURE): 4, ("sums", "correct", 0.15): 4,
        ("riddles", "unparsed", None): 4, ("riddles", "correct", None): 1,
    }  # fmt: skip
    assert (sample.n_total, sample.methods) == (110, ("stated", "zeta"))
    first = Counter((item.task, item.outcome, item.readings[0].value) for item in sample.items[:5])
    assert set(first) == set(kinds)


def test_a_sampled_answer_has_all_that_is_known_of_it(run):
    (item,) = (
        item for item in texts.sample(run, run.frame()).items if (item.task, item.question_id) == ("sums", "q091")
    )
    assert (item.question, item.gold, item.answer, item.outcome) == ("How much is 91?", ("4",), "4", "incorrect")
    assert (item.reasoning, item.text, item.tokens) == ("hm", "<think>hm</think>It is 91.", 7)
    assert (item.grader, item.detail) == ("number/1", "why")
    assert [(r.method, r.value, r.status, r.raw) for r in item.readings] == [
        ("stated", SURE, "ok", "95%"), ("zeta", 0.5, "ok", None),
    ]  # fmt: skip


def test_a_task_that_can_hardly_be_read_has_three_examples(run):
    items = texts.unread(run, run.frame())
    assert [(item.task, item.question_id, item.outcome) for item in items] == [
        ("riddles", f"q00{i}", "unparsed") for i in (1, 2, 3)
    ]
    assert items[0].text == "<think>hm</think>It is 1."
