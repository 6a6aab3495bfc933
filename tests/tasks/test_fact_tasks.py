"""What is particular to single tasks about facts: shuffled options, rows left out, balance of labels, clusters."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from scipy.stats import chisquare

from calibench import tasks
from calibench.records import Question
from calibench.tasks import truthfulqa


def questions(name: str) -> list[Question]:
    task = tasks.load(name)
    asked = (task.to_question(row, place) for place, row in task.open(os.environ["CALIBENCH_DATA"]).rows)
    return [question for question in asked if question is not None]


def position(question: Question) -> int:
    return ord(question.gold[0]) - ord("A")


@pytest.mark.data
def test_truthfulqa_puts_the_true_option_everywhere_equally_often():
    """The publisher lists it first. By number of options, where there are enough questions for a test of uniformity."""
    asked = questions("truthfulqa")
    for n, enough in Counter(len(q.choices) for q in asked).items():
        if enough >= 10 * n:
            counts = Counter(position(q) for q in asked if len(q.choices) == n)
            assert chisquare([counts[i] for i in range(n)]).pvalue > 0.01, (n, counts)
    share = Counter(position(q) for q in asked)[0] / len(asked)
    assert share == pytest.approx(sum(1 / len(q.choices) for q in asked) / len(asked), abs=0.05)


@pytest.mark.data
def test_truthfulqa_keeps_the_published_truth_through_the_shuffle():
    task = tasks.load("truthfulqa")
    for place, row in task.open(os.environ["CALIBENCH_DATA"]).rows:
        question = task.to_question(row, place)
        assert sorted(question.choices) == sorted(row["mc1_targets"])
        assert row["mc1_targets"][question.choices[position(question)]] == 1


def test_truthfulqa_shows_the_same_order_in_every_version_and_for_every_published_order():
    """The order is a golden value: it is part of what a run asks."""
    targets = {"Nauru.": 1, "Vatican City.": 0, "Monaco.": 0, "The United States.": 0}
    text = "What is the smallest country?"
    forward = truthfulqa.to_question({"question": text, "mc1_targets": targets}, "row 1")
    backward = truthfulqa.to_question({"question": text, "mc1_targets": dict(reversed(targets.items()))}, "row 9")
    hub = truthfulqa.to_question(
        {"question": text, "mc1_targets": {"choices": list(targets), "labels": list(targets.values())}}, "row 1"
    )
    assert forward == backward == hub
    assert forward.choices == ("Nauru.", "Monaco.", "Vatican City.", "The United States.")
    assert forward.choices[position(forward)] == "Nauru."


@pytest.mark.data
def test_fever_is_balanced_and_leaves_out_what_has_no_truth():
    asked = questions("fever")
    assert Counter(q.gold for q in asked) == {("SUPPORTS",): 3333, ("REFUTES",): 3333}
    row = {"id": 91198, "label": "NOT ENOUGH INFO", "claim": "Tilda Swinton is a vegan.", "evidence": [[[1, None]]]}
    assert tasks.load("fever").to_question(row, "row 1") is None


@pytest.mark.data
def test_fever_lists_every_claim_that_is_labelled_both_ways():
    broken = set(tasks.load("fever").broken_gold)
    labels: dict[str, set[str]] = {}
    asked = questions("fever")
    for question in asked:
        if question.question_id not in broken:
            labels.setdefault(question.text, set()).update(question.gold)
    assert {text for text, given in labels.items() if len(given) > 1} == set()
    both = {q.text for q in asked if q.question_id in broken}
    assert both == {"Janet Leigh was a person.", "The Hundred Years' War includes the Civil War."}


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "clusters", "largest"), [("fever", 557, 25), ("truthfulqa", 745, 56), ("strategyqa", 218, 3)]
)
def test_questions_that_are_not_independent_share_a_cluster(name: str, clusters: int, largest: int):
    counts = Counter(q.cluster for q in questions(name))
    assert (len(counts), max(counts.values())) == (clusters, largest)


@pytest.mark.data
def test_rows_with_the_same_claim_share_a_cluster():
    clusters: dict[str, set[str | None]] = {}
    for question in questions("fever"):
        clusters.setdefault(question.text, set()).add(question.cluster)
    assert {len(c) for c in clusters.values()} == {1}


@pytest.mark.data
def test_the_balance_of_the_labels_is_as_documented():
    assert Counter(q.gold for q in questions("halueval")) == {("yes",): 815, ("no",): 3692}
    assert Counter(q.gold for q in questions("strategyqa")) == {("yes",): 107, ("no",): 122}


def test_halueval_tells_rows_apart_that_the_publisher_gave_one_id():
    task = tasks.load("halueval")
    rows = [
        {"ID": "ID", "user_query": query, "chatgpt_response": "Here.", "hallucination": "no"}
        for query in ("Summarize this.", "Write this.")
    ]
    asked = [task.to_question(row, "row 1") for row in rows]
    assert asked[0].question_id != asked[1].question_id
    assert asked[0].text == "Request:\nSummarize this.\n\nResponse:\nHere."
