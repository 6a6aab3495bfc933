"""Graders against case tables: text, gold, outcome, and where the case comes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibench import tasks
from calibench.prompting.parsing import parse, states_answer
from calibench.records import Question
from calibench.tasks.grading.alias import grade_alias, normalised
from calibench.tasks.grading.answer import stated, stated_answer, unwrapped
from calibench.tasks.grading.choice import TRUE_FALSE, grade_choice
from calibench.tasks.grading.code import program_of
from calibench.tasks.grading.math import grade_math
from calibench.tasks.grading.number import grade_number, read_number
from calibench.tasks.grading.option import grade_option
from calibench.tasks.grading.refusal import is_refusal

CASES = Path(__file__).parent / "cases"


def cases(name: str) -> list:
    rows = json.loads((CASES / f"{name}.json").read_text())
    return [pytest.param(row, id=f"{row['text'][:40]!r} gold {row.get('gold')!r:.30}") for row in rows]


@pytest.mark.parametrize("case", cases("number"))
def test_number(case: dict):
    verdict = grade_number([case["gold"]], case["text"])
    assert verdict.outcome == case["outcome"], verdict
    if verdict.outcome != "abstained":
        assert verdict.answer == case["answer"]


@pytest.mark.parametrize("case", cases("alias"))
def test_alias(case: dict):
    verdict = grade_alias(case["gold"], case["text"])
    assert verdict.outcome == case["outcome"], verdict
    if case["answer"]:
        assert verdict.answer == case["answer"]


@pytest.mark.parametrize("case", cases("choice"))
def test_choice(case: dict):
    verdict = grade_choice(TRUE_FALSE, [case["gold"]], case["text"])
    assert verdict.outcome == case["outcome"], verdict
    if case["answer"]:
        assert verdict.answer == case["answer"]


@pytest.mark.parametrize("case", cases("math"))
def test_math(case: dict):
    assert grade_math([case["gold"]], case["text"]).outcome == case["outcome"]


@pytest.mark.parametrize("case", cases("labels"))
def test_labels_of_the_tasks(case: dict):
    question = Question(task=case["task"], question_id="1", text="?", gold=(case["gold"],), domain="fact", split="test")
    verdict = tasks.load(case["task"]).grade(question, case["text"])
    assert verdict.outcome == case["outcome"], verdict
    if case["answer"]:
        assert verdict.answer == case["answer"]


@pytest.mark.parametrize("case", cases("option"))
def test_option(case: dict):
    verdict = grade_option(case["choices"], ["B"], case["text"])
    assert verdict.outcome == case["outcome"], verdict
    if verdict.outcome != "abstained":
        assert verdict.answer == case["answer"]


@given(st.lists(st.text("ab I.)('", min_size=1, max_size=8), min_size=2, max_size=13), st.data())
def test_a_letter_before_its_own_text_is_that_letter(choices: list[str], data: st.DataObject):
    index = data.draw(st.integers(0, len(choices) - 1))
    letter = chr(ord("A") + index)
    for text in (f"Answer: {letter}", f"Answer: ({letter}) {choices[index]}"):
        assert grade_option(choices, [letter], text).outcome in {"correct", "unparsed"}
    assert grade_option(choices, [letter], f"Answer: {letter}").outcome == "correct"


def test_a_missed_name_inside_an_incorrect_answer_is_noted():
    assert grade_alias(["politician"], "Answer: a politician and lawyer").detail == "contains the accepted 'politician'"


def test_any_accepted_answer_is_right():
    assert grade_alias(["journo", "journalist"], "Answer: journalist").outcome == "correct"
    assert grade_number(["3", "4"], "Answer: 4").outcome == "correct"
    assert grade_math(["3", "4"], "Answer: $4$").outcome == "correct"


@pytest.mark.data
def test_math_agrees_with_adjudicated_grades(benchmark_data: Path):
    """MATH-500 answers of three 7B models, graded by hand where machines differed (`label`).

    Of the 752 labelled rows, 2 differ: one label counts the text behind an option's letter against it; one answer
    stands inside a reasoning that is closed after it. Every second row is graded here.
    """
    lines = (benchmark_data / "recorded/math_graded.jsonl").read_text().splitlines()
    rows = [row for line in lines[::2] if (row := json.loads(line))["label"] is not None]
    wrong = []
    for row in rows:
        parsed = parse(row["text"], reasoning_opened=False, scale="probability", finish_reason="stop")
        correct = bool(parsed.answer_text) and grade_math([row["gold"]], parsed.answer_text).outcome == "correct"
        if correct != row["label"]:
            wrong.append((row["id"], row["gold"], row["final_answer"], parsed.answer_text))
    assert len(rows) > 300
    assert len(wrong) <= 0.01 * len(rows), wrong


def test_stated_answer_prefers_the_last_label_to_a_sentence():
    assert stated_answer("The answer is 3.\nAnswer: 4") == "4"
    assert stated_answer("Answer: 4\nThe answer is correct.") == "4"
    assert stated_answer("Answer: 4\nAnswer: **5**") == "5"
    assert stated_answer("\\boxed{\\frac{1}{2}} is it") == "\\frac{1}{2}"
    assert stated_answer("4") is None


def test_unwrapped_keeps_markup_that_does_not_surround():
    assert unwrapped("**$18$**.") == "18"
    assert unwrapped("$a$ and $b$") == "$a$ and $b$"
    assert unwrapped("[-2, 7]") == "[-2, 7]"


@pytest.mark.parametrize(
    "text", ["No, it is not.", "None", "Unknown Pleasures", "Knowing", "Sorry", "N/A Records", "0"]
)
def test_answers_that_look_like_refusals_are_none(text):
    assert not is_refusal(text)


@given(
    st.integers(-(10**12), 10**12), st.sampled_from(["{}", "${}", "{} dollars", "**{}**", "about {}", "x = {}", "{}."])
)
def test_any_integer_is_read_in_any_dress(number, dress):
    assert read_number(dress.format(number)) == number
    assert read_number(dress.format(f"{number:,}")) == number


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(text):
    assert normalised(normalised(text)) == normalised(text)


@given(st.text(max_size=60), st.text(max_size=20))
def test_graders_accept_any_text(text, gold):
    for grade in (grade_number, grade_alias):
        assert grade([gold or "x"], text).outcome in {"correct", "incorrect", "abstained", "unparsed", "failed"}
    assert grade_choice(TRUE_FALSE, ["true"], text).outcome in {"correct", "incorrect", "abstained", "unparsed"}
    assert grade_option([gold, "x"], ["B"], text).outcome in {"correct", "incorrect", "abstained", "unparsed"}


PIECES = st.sampled_from(
    [
        *("Answer: ", "**Answer:** ", "Final answer", ": ", "Guess: ", "答案：", '"answer": ', "<answer>", "</answer>"),
        *("#### ", "\\boxed{", "\\boxed {", "}", "The answer is ", "the answer should be ", "answer would be: "),
        *("5", "18", "x", "B", "$", "**", ".", "\n", "\n\n", " ", '"', "\\[", "\\]", "Confidence: 85%"),
        *("```python\n", "```\n", "def f(x):\n", "answer = 3\n", "# Answer: 4\n"),
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join), st.sampled_from(["stop", "length"]))
def test_parser_and_graders_agree_on_what_states_an_answer(text, finish_reason):
    """An answer that the parser finds complete is one that graders read, and the other way round."""
    parsed = parse(text, reasoning_opened=False, scale=None, finish_reason=finish_reason)
    answer = stated(parsed.answer_text)
    program = program_of(parsed.answer_text, set()) is not None
    if states_answer(parsed.answer_text):
        assert answer or program
    if answer:
        assert states_answer(parsed.answer_text)
        assert answer.start < answer.end
    if finish_reason == "length" and answer and answer.close is not None and not program:
        assert parsed.truncated is None
    if finish_reason == "length" and parsed.truncated is None:
        assert answer or program


@pytest.mark.parametrize(
    ("text", "answer", "truncated"),
    [
        ("So \\boxed {5", "5", "answer"),
        ("So \\boxed {5}", "5", None),
        ("The answer should be 18", "18", "answer"),
        ('{"answer": "18", "sure": tr', "18", None),
        ("Answer: 5\nAnswer:", "5", None),
        ("```python\nanswer = 5\n```\nThe answer is 18", "18", None),
    ],
)
def test_an_answer_cut_at_the_limit_is_read_alike_by_parser_and_grader(text, answer, truncated):
    parsed = parse(text, reasoning_opened=False, scale="percent", finish_reason="length")
    assert (stated_answer(parsed.answer_text), parsed.truncated) == (answer, truncated)
    assert states_answer(parsed.answer_text)
