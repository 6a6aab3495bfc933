"""Training rows that give away evaluation questions: which are found, which are not, and on real data."""

from __future__ import annotations

import json
import os
import random

import pytest

from calibench import tasks
from calibench.finetune import leaks
from calibench.finetune.leaks import TrainingText
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.micro import algebra, programs, words
from calibench.tasks.micro.world import draw

# 46 words: long enough for the n-gram rule.
STAMPS = (
    "Max bought stamps at the post office. Some of the stamps had a snowflake design, some had a truck design, and "
    "some had a rose design. Max bought 16 snowflake stamps. He bought 3 more truck stamps than snowflake stamps, and "
    "9 fewer rose stamps than truck stamps. How many stamps did Max buy in all?"
)


def question(text: str, question_id: str = "q1", **fields) -> Question:
    return Question(task="t", question_id=question_id, text=text, gold=("1",), domain="math", split="test", **fields)


def rules(asked: str | Question, *rows: str | TrainingText) -> list[str]:
    evaluation = [asked if isinstance(asked, Question) else question(asked)]
    training = [TrainingText(f"f:{n}", row) if isinstance(row, str) else row for n, row in enumerate(rows, 1)]
    return [leak.rule for leak in leaks.find(training, evaluation)]


def questions(task: Task) -> list[Question]:
    asked = (task.to_question(row, place) for place, row in task.open(os.environ.get("CALIBENCH_DATA")).rows)
    return [question for question in asked if question is not None]


def test_an_id_counts_only_with_its_task():
    here = TrainingText("a", "x", task="t", question_id="q1")
    elsewhere = TrainingText("b", "x", task="u", question_id="q1")
    assert rules("What is 3 + 4?", here, elsewhere, TrainingText("c", "x", question_id="q1")) == ["same id"]


@pytest.mark.parametrize(
    ("asked", "trained"),
    [
        ("What is 3 + 4?", "what is  3+4"),
        ("It costs $1,000. How much is half?", "It costs $1000; how much is half"),
        (r"Compute $\frac{1}{2}\,x\left(y\right)$.", r"compute \( \dfrac{1}{2} x (y) \)"),
        ("Is 5² − 1 = 24?", "Is 5^2 - 1 = 24 ?"),
        ("Ｆｕｌｌ ｗｉｄｔｈ １２", "full width 12"),
        ("It’s Ana’s well-known book.", "It's Ana's well known book"),
        ("Why “now”?", 'Why "now"?'),
        ("東京はどこですか？", "東京は、どこですか"),
    ],
)
def test_case_punctuation_and_spacing_make_no_other_question(asked, trained):
    assert rules(asked, trained) == ["same normalised text"]
    assert rules(asked, asked) == ["same text"]


@pytest.mark.parametrize(
    ("asked", "trained"),
    [
        ("Ana has 12 apples.", "Ana has 13 apples."),
        ("Ana has 1.5 apples.", "Ana has 15 apples."),
        ("Ana has .5 apples.", "Ana has 5 apples."),
        ("What is 3 + 4?", "What is 3 - 4?"),
        ("What is 3 * 4?", "What is 3 / 4?"),
        ("What is -3?", "What is 3?"),
        ("What is 5!?", "What is 5?"),
        ("What is 5²?", "What is 52?"),
        ("What is 3½?", "What is 31/2?"),
        ("Solve 2(x + 12) = 40 for x.", "Solve 2x + 12 = 40 for x."),
    ],
)
def test_other_numbers_and_operators_make_another_question(asked, trained):
    assert rules(asked, trained) == []


def test_a_reasoning_that_quotes_the_question_gives_it_away():
    asked = "Which bird lays the largest egg?"
    rest = ("They once asked me: which bird lays the largest egg? The ostrich.",)
    quoted = TrainingText("a", "Another question", rest=rest)
    assert rules(asked, quoted) == ["contained"]
    assert rules(asked, "Think first.\nWhich bird lays the largest egg?\nAnswer briefly.") == ["contained"]
    assert rules(asked, TrainingText("a", "x", rest=("We find which bird lays the largest egg by measuring.",))) == []


def test_a_question_that_goes_on_is_another_one():
    assert rules("We need f(x) that takes x modulo 9.", "We need f(x) that takes x modulo 9 if x is odd.") == []


def test_a_long_question_with_a_word_changed_leaks_and_with_a_number_changed_does_not():
    assert rules(STAMPS, STAMPS.replace("Max", "Bella").replace("He", "She")) == ["long n-gram"]
    assert rules(STAMPS, STAMPS.replace("16", "11")) == []
    assert rules(STAMPS, STAMPS[: len(STAMPS) // 2] + " How many had a rose design?") == []


def test_the_shared_text_of_an_n_gram_is_its_longest_run():
    leak = leaks.find([TrainingText("a", STAMPS.replace("in all", "that day"))], [question(STAMPS)])[0]
    assert leak.shared.startswith("max bought stamps at the post office")
    assert leak.shared.endswith("how many stamps did max buy")


def test_many_questions_of_one_template_do_not_give_each_other_away():
    """Eleven, as more than 10 count; ten traces of one question are one question."""
    template = STAMPS.replace("Max", "{0}")
    others = [template.format(f"Name{chr(97 + n)}") for n in range(11)]
    assert rules(STAMPS, *others[:10]) == ["long n-gram"] * 10
    assert rules(STAMPS, *others) == []
    assert rules(STAMPS, *[others[0]] * 20) == ["long n-gram"] * 20
    unrelated = (f"What is {n} + 4?" for n in range(11_000))  # in 11,011 questions, 11 are within 0.1 %
    assert rules(STAMPS, *others, *unrelated) == ["long n-gram"] * 11


def test_choices_tell_questions_of_one_wording_apart():
    asked = question("Which of these statements is true?", choices=("Cats purr.", "Dogs purr."))
    same = TrainingText("a", asked.text, choices=("Cats purr", "Fish purr"))
    other = TrainingText("b", asked.text, choices=("Iron floats", "Ice sinks"))
    trace = TrainingText("c", "x", rest=(f"I was asked: {asked.text} Ice floats.",))
    assert rules(asked, same, other, trace) == ["same text"]
    assert rules(asked, trace._replace(rest=(f"I was asked: {asked.text} Cats purr.",))) == ["contained"]


def test_another_edition_with_other_tests_is_the_same_question():
    text = "Write a function to add numbers.\nYour code should pass these tests:\n\nassert add(1) == 1 "
    asked = question(text, tests=("assert add(1) == 1 ",))
    assert rules(asked, "Write a function to add numbers.") == ["same text"]


def test_the_refusal_lists_place_rule_and_text_and_says_what_to_do():
    evaluation = [question(f"What is {n} + 4?", str(n)) for n in range(30)]
    found = leaks.find([TrainingText(f"traces.jsonl:{n}", q.text) for n, q in enumerate(evaluation, 1)], evaluation)
    message = leaks.refusal(found).splitlines()
    assert message[0] == "30 training rows give away evaluation questions; take them out, or evaluate on others:"
    assert message[1] == "  traces.jsonl:1: same text as t 0: 'What is 0 + 4?'"
    assert message[-1] == "  and 10 more"
    assert len(message) == 22


@pytest.mark.parametrize("name", ["micro_words", "micro_algebra", "micro_programs", "micro_facts"])
def test_the_training_pools_of_the_micro_suite_give_nothing_away(name):
    task = tasks.load(name)
    assert leaks.find(map(leaks.row, questions(task.training)), questions(task)) == []


def test_fresh_questions_of_the_micro_templates_give_nothing_away():
    rng = random.Random(1)
    families = [(m, rng.randint(1, 5)) for _ in range(1500) for m in (words, algebra, programs)]
    rows = [TrainingText(str(n), draw(m.sample, rng, level, "train").text) for n, (m, level) in enumerate(families)]
    evaluation = [q for name in ("micro_words", "micro_algebra", "micro_programs") for q in questions(tasks.load(name))]
    assert leaks.find(rows, evaluation) == []


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # None is published in both splits, which the publisher of GSM8K says of his data as well.
        ("gsm8k", []),
        ("creak", []),
        ("strategyqa", []),
        # Read by eye: each asks for the same program as a test question in the same words, with other asserts.
        ("mbpp", [("first repeated character", "same text"), ("harmonic sum", "same text"), ("subset", "same text")]),
        # "one or more b's", there with a link behind it.
        ("mbpp_sanitized", [("one or more", "contained")]),
    ],
)
def test_published_training_splits(name, expected):
    task = tasks.load(name)
    found = leaks.find(map(leaks.row, questions(task.training)), questions(task))
    assert len(found) == len(expected)
    for part, rule in expected:
        assert [leak.rule for leak in found if part in leak.shared] == [rule]


@pytest.mark.data
def test_creaks_contrast_set_repeats_29_claims_of_the_development_set(benchmark_data):
    """24 of them character by character: counted from the two files with a comparison of strings."""
    task = tasks.load("creak")
    lines = (benchmark_data / "creak" / "contrast_set.json").read_text(encoding="utf-8").splitlines()
    claims = [TrainingText(f"contrast_set.json:{n}", json.loads(line)["sentence"]) for n, line in enumerate(lines, 1)]
    found = leaks.find(claims, questions(task))
    assert sorted({leak.rule for leak in found}) == ["same normalised text", "same text"]
    assert [leak.rule for leak in found].count("same text") == 24
    assert len(found) == 29
