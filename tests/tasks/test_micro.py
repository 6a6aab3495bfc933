"""The micro suite through the task contract, and its promise that no test question is ever trained on."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from calibench import tasks
from calibench.tasks.generated import LEVELS, split_of
from calibench.tasks.grading.program import outputs
from calibench.tasks.micro import algebra, facts, programs, words
from calibench.tasks.micro.world import PER_LEVEL, draw, held_out

FAMILIES = {"micro_words": words, "micro_algebra": algebra, "micro_programs": programs}
NAMES = [*FAMILIES, "micro_facts"]


def questions(name):
    task = tasks.load(name)
    return [task.to_question(row, place) for place, row in task.open(None).rows]


def plain(text):
    return " ".join(text.lower().split())


def test_the_group_micro_is_the_four_tasks():
    assert sorted(tasks.expand(["micro"])) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_asks_the_same_questions_whenever_it_is_opened(name):
    task = tasks.load(name)
    assert questions(name) == questions(name)
    assert task.open(None).fingerprint == task.open("ignored").fingerprint


@pytest.mark.parametrize("name", NAMES)
def test_questions_are_different_and_spread_over_five_levels(name):
    asked = questions(name)
    assert len({q.question_id for q in asked}) == len({plain(q.text) for q in asked}) == len(asked)
    counts = Counter(q.level for q in asked)
    assert set(counts) == set(LEVELS)
    assert min(counts.values()) >= (20 if name == "micro_facts" else PER_LEVEL)
    assert {q.split for q in asked} == {"test"}


@pytest.mark.parametrize("name", NAMES)
def test_gold_answers_are_correct_and_others_are_not(name):
    task = tasks.load(name)
    for question in questions(name):
        assert [task.grade(question, text).outcome for text in task.gold_text(question)] == ["correct"]
        assert task.grade(question, task.wrong_text(question)).outcome == "incorrect"
        assert task.grade(question, "").outcome == "unparsed"
        assert task.grade(question, "Answer: I don't know").outcome == "abstained"


@pytest.mark.parametrize("name", FAMILIES)
def test_training_questions_never_meet_test_questions(name):
    rng = random.Random(7)
    sample = FAMILIES[name].sample
    drawn = {plain(draw(sample, rng, rng.choice(LEVELS), "train").text) for _ in range(4000)}
    assert not drawn & {plain(q.text) for q in questions(name)}


def test_case_and_spacing_do_not_change_the_split():
    texts = [example.text for example in held_out(words.sample)]
    assert {split_of(f"  {text.upper()} ") for text in texts} == {"test"}


@pytest.mark.parametrize("name", ["micro_words", "micro_algebra"])
def test_every_line_of_working_is_true_and_the_last_gives_the_answer(name):
    for example in held_out(FAMILIES[name].sample):
        steps = [step.removeprefix("x=").split("=") for step in example.working.split("; ")]
        steps = [step for step in steps if "x" not in step[0]]
        for expression, result in steps:
            assert outputs(f"def f(x): return {expression.replace('/', '//')}")[0] == int(result), example
        if example.subject != "common divisor":
            assert steps[-1][1] == example.answer


def test_the_greatest_common_divisor_divides_both_numbers():
    asked = [q for q in questions("micro_algebra") if q.subject == "common divisor"]
    for question in asked:
        large, small = (int(w.strip("?")) for w in question.text.split() if w.strip("?").isdigit())
        assert large % int(question.gold[0]) == small % int(question.gold[0]) == 0
    assert len(asked) > 20


def test_the_reference_programs_of_one_step_do_what_the_sentence_says():
    says = {
        "doubles x": "def f(x): return 2*x",
        "negates x": "def f(x): return 0-x",
        "squares x": "def f(x): return x*x",
    }
    rng, seen = random.Random(3), set()
    while seen != set(says):
        example = programs.sample(rng, 1)
        for phrase in says:
            if phrase in example.text:
                assert outputs(example.answer) == outputs(says[phrase])
                seen.add(phrase)


def test_facts_of_one_place_share_a_cluster_and_the_place_is_named_in_text_and_statement():
    rng = random.Random(1)
    everything = facts.all_facts()
    for fact in everything:
        kind, place = fact.cluster.split()
        sentence = facts.statement(fact, rng)
        assert f"{kind} {place}" in fact.text
        assert {place, kind, fact.subject, fact.answer} <= set(re.findall(r"\w+", sentence))
    assert max(Counter(fact.cluster for fact in everything).values()) == 3


def test_no_two_places_share_a_name():
    kinds = {}
    for fact in facts.all_facts():
        kind, place = fact.cluster.split()
        assert kinds.setdefault(place, kind) == kind


def test_neither_test_nor_training_facts_are_asked_in_the_text_of_the_checkpoints():
    in_text = {fact.text for fact in facts.all_facts() if facts.is_asked_in_text(fact)}
    task = tasks.load("micro_facts")
    for split in (task, task.training):
        asked = {split.to_question(row, place).text for place, row in split.open(None).rows}
        assert len(asked) > 100
        assert asked.isdisjoint(in_text)
