"""Training splits: what a checkpoint may be tuned on is never what it is measured on."""

from __future__ import annotations

import pytest

from calibench import tasks

ROWS = {"gsm8k": 7473, "mbpp": 374, "mbpp_sanitized": 120, "creak": 10176, "strategyqa": 2061}  # as published


def questions(task, data):
    rows = ((task.to_question(row, place)) for place, row in task.open(data).rows)
    return [question for question in rows if question is not None]


@pytest.mark.data
@pytest.mark.parametrize("name", ROWS)
def test_published_training_rows_are_others_than_the_test_rows(name, benchmark_data):
    task = tasks.load(name)
    train, test = questions(task.training, str(benchmark_data)), questions(task, str(benchmark_data))
    assert task.training.open(str(benchmark_data)).note is None
    assert len(train) == ROWS[name]
    assert {q.split for q in train} == {"train"}
    assert {q.question_id for q in train}.isdisjoint(q.question_id for q in test)


@pytest.mark.parametrize("name", tasks.expand(["micro", "puzzles_compact"]))
def test_generated_training_questions_are_disjoint_from_the_test_questions_and_cover_every_level(name):
    task = tasks.load(name)
    train, test = questions(task.training, None), questions(task, None)
    assert {q.text for q in train}.isdisjoint(q.text for q in test)
    assert {q.level for q in train} == {1, 2, 3, 4, 5}
    assert len({q.text for q in train}) == len(train)
    assert {task.grade(q, f"Answer: {q.gold[0]}").outcome for q in train[:50]} == {"correct"}
