"""What every task file must hold: its data go through its grader as they should. A new file is tested by existing."""

from __future__ import annotations

import os
import re
from collections import Counter
from itertools import islice

import pytest
from own_rows import OWN_ROWS, ROWS

from calibench import tasks
from calibench.errors import DataError, InputError
from calibench.grading import sandbox
from calibench.records import Question
from calibench.tasks.base import Program, Task

GENERATED = tasks.expand(["micro", "puzzles", "puzzles_compact"])
PUBLISHED = [name for name in tasks.names() if name not in (*GENERATED, *OWN_ROWS)]
RUNNING = [name for name in tasks.names() if tasks.load(name).finish]
EVERY = [
    pytest.param(name, marks=[pytest.mark.data] * (name in PUBLISHED) + [pytest.mark.sandbox] * (name in RUNNING))
    for name in tasks.names()
]
PUBLISHED_ROWS = {
    "gsm8k": 1319,
    "mbpp": 500,
    "mbpp_sanitized": 257,
    "math500": 500,
    "creak": 1371,
    "fever": 6666,
    "truthfulqa": 817,
    "strategyqa": 229,
    "halueval": 4507,
    "popqa": 14267,
    "triviaqa": 1000,
}


def questions(task: Task, limit: int | None = None) -> list[Question]:
    opened = task.open(str(ROWS) if task.name in OWN_ROWS else os.environ.get("CALIBENCH_DATA"))
    asked = (task.to_question(row, place) for place, row in opened.rows)
    return list(islice((question for question in asked if question is not None), limit))


def outcome(task: Task, question: Question, text: str) -> str:
    verdict = task.grade(question, text)
    return (task.finish(question, verdict, sandbox.run(verdict)) if isinstance(verdict, Program) else verdict).outcome


@pytest.mark.parametrize("name", EVERY)
def test_gold_wrong_empty_and_refusing_answers_are_graded_as_such(name: str):
    task = tasks.load(name)
    for question in questions(task, 10 if task.finish else 60):
        if question.question_id in task.broken_gold:
            continue
        assert task.gold_text(question) or question.subject == "unanswerable", question
        for text in task.gold_text(question):
            assert outcome(task, question, text) == "correct", (question, text)
        assert outcome(task, question, task.wrong_text(question)) == "incorrect", question
        assert outcome(task, question, "") == "unparsed"
        assert outcome(task, question, "I don't know.") == "abstained"


@pytest.mark.parametrize("name", EVERY)
def test_questions_are_of_the_task_and_their_ids_are_unique(name: str):
    task = tasks.load(name)
    asked = questions(task)
    assert task.name == name
    assert {(q.task, q.domain) for q in asked} == {(name, task.domain)}
    assert len({q.question_id for q in asked}) == len(asked)
    assert set(task.broken_gold) <= {q.question_id for q in asked}
    assert all(q.text.strip() and bool(q.gold) != (q.subject == "unanswerable") for q in asked)
    assert re.fullmatch(r"[a-z_]+/\d+", task.grader)
    assert task.description


@pytest.mark.data
@pytest.mark.parametrize(("name", "rows"), PUBLISHED_ROWS.items())
def test_published_files_are_complete_and_as_published(name: str, rows: int):
    task = tasks.load(name)
    opened = task.open(os.environ["CALIBENCH_DATA"])
    assert opened.note is None
    assert sum(task.to_question(row, place) is not None for place, row in opened.rows) == rows


@pytest.mark.data
@pytest.mark.parametrize("name", ["gsm8k", "creak", "fever", "truthfulqa", "triviaqa", "strategyqa", "halueval"])
def test_questions_do_not_depend_on_the_order_of_the_rows(name: str):
    task = tasks.load(name)
    rows = list(islice(task.open(os.environ["CALIBENCH_DATA"]).rows, 20))
    forward = [task.to_question(row, place) for place, row in rows]
    assert [task.to_question(row, place) for place, row in reversed(rows)] == forward[::-1]
    assert any(forward)


@pytest.mark.data
def test_popqa_names_its_sixteen_relations_and_clusters_by_text():
    asked = questions(tasks.load("popqa"))
    assert None not in {q.subject for q in asked}
    assert len({q.subject for q in asked}) == 16
    assert len({q.cluster for q in asked}) == 13068


@pytest.mark.data
def test_math500_has_seven_subjects_and_five_levels():
    asked = questions(tasks.load("math500"))
    assert len({q.subject for q in asked}) == 7
    assert {q.level for q in asked} == {1, 2, 3, 4, 5}


def test_aime_golds_are_integers_however_they_are_published():
    assert [q.gold for q in questions(tasks.load("aime24"))] == [("73",), ("8",), ("999",), ("0",)]
    assert [q.gold for q in questions(tasks.load("aime25"))] == [("78",), ("180",)]


@pytest.mark.parametrize("text", ["073", "73.", "$73$", "073^\\circ", "\\boxed{073}", "x = 073"])
def test_aime_answers_may_have_leading_zeros(text: str):
    task = tasks.load("aime24")
    assert outcome(task, questions(task, 1)[0], f"<answer>{text}</answer>") == "correct"


def test_gpqa_shuffles_its_options_by_question():
    asked = questions(tasks.load("gpqa_diamond"))
    assert [q.choices["ABCD".index(q.gold[0])] for q in asked] == ["Hydrogen", "Gravity", "A mature red blood cell"]
    assert {q.subject for q in asked} == {"Chemistry", "Physics", "Biology"}
    row = {"Question": "?", **dict.fromkeys(("Correct Answer", "Incorrect Answer 1"), "a")}
    with pytest.raises(DataError, match="expected four different options"):
        tasks.load("gpqa_diamond").to_question({**row, "Incorrect Answer 2": "b", "Incorrect Answer 3": "c"}, "row 7")
    rows = [
        {"Question": f"Which, {n}?", "Correct Answer": "r", **{f"Incorrect Answer {i}": str(i) for i in (1, 2, 3)}}
        for n in range(200)
    ]
    golds = Counter(tasks.load("gpqa_diamond").to_question(row, "there").gold[0] for row in rows)
    assert min(golds[letter] for letter in "ABCD") > 30  # 50 each are expected; fewer than 31 is a chance of 1 in 2,000


def test_mmlu_pro_and_simpleqa_have_the_subjects_of_their_publishers():
    asked = {name: questions(tasks.load(name)) for name in ("mmlu_pro", "simpleqa", "simpleqa_verified")}
    assert [(q.gold[0], q.subject) for q in asked["mmlu_pro"]] == [("C", "physics"), ("A", "economics")]
    assert [(q.gold[0], q.subject) for q in asked["simpleqa"]] == [("Rhine", "Geography"), ("1989", "History")]
    for name in ("simpleqa", "simpleqa_verified"):
        assert "only the published answer is right" in (tasks.load(name).open(str(ROWS)).note or "")
    assert [q.gold[0] for q in asked["simpleqa_verified"]] == ["4806", "Jane Austen"]


def test_of_abstention_bench_whatever_is_answered_to_what_cannot_be_is_incorrect():
    task = tasks.load("abstention_bench")
    river, trains, tallest = asked = questions(task)
    assert [q.subject for q in asked] == ["answerable", "unanswerable", "unanswerable"], "no reference, no question"
    assert outcome(task, river, "Answer: Donau") == "correct"
    for question in (trains, tallest):
        assert outcome(task, question, "Answer: 4") == "incorrect"
        assert outcome(task, question, "This cannot be determined from the question.") == "abstained"
        assert task.gold_text(question) == []


def test_math_takes_the_last_box_and_knows_levels_that_are_known():
    asked = questions(tasks.load("math"))
    assert [q.gold[0] for q in asked] == ["7", r"\frac{5}{12}", r"\{-3,3\}", "42"]
    assert [q.level for q in asked] == [2, 1, None, 5]


def test_scifact_leaves_out_claims_without_evidence_and_clusters_by_abstract():
    assert [(q.gold[0], q.cluster) for q in questions(tasks.load("scifact"))] == [
        ("SUPPORT", "101"), ("CONTRADICT", "101"),
    ]  # fmt: skip


@pytest.mark.sandbox
def test_what_stands_before_a_begun_function_need_not_be_repeated():
    task = tasks.load("humaneval")
    longest, shifted_back, _ = questions(task)
    for question, body in ((longest, "max(words, key=len, default='')"), (shifted_back, "shifted(text, -1)")):
        head = "def longest(words: List[str]):" if question is longest else "def shifted_back(text):"
        assert outcome(task, question, f"```python\n{head}\n    return {body}\n```") == "correct"


def test_supergpqa_has_the_levels_and_letters_of_its_publisher():
    assert [(q.level, q.gold[0], q.subject) for q in questions(tasks.load("supergpqa"))] == [
        (1, "J", "Science"), (2, "A", "Science"), (3, "B", "Engineering"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("gsm8k", {"question": "How many?"}, "row 7: expected text in the field 'answer', found the fields 'question'"),
        ("gsm8k", {"question": "How many?", "answer": "18"}, "row 7: expected a solution that ends in '#### NUMBER'"),
        ("gsm8k", {"question": "How many?", "answer": "#### eggs"}, "row 7: expected a solution that ends in"),
        ("creak", {"sentence": "Soup.", "label": "maybe", "ex_id": "1", "entity": "Soup"}, "row 7: expected the label"),
        ("math500", {"level": "Level 5"}, "row 7: expected a level from 1 to 5, found 'Level 5'"),
        ("math500", {"level": 5, "answer": "3"}, "row 7: expected text in the field 'unique_id'"),
        ("popqa", {"question": "Who?", "aliases": []}, r"row 7: expected a list of names .*found \[\]"),
        ("popqa", {"question": "Who?", "possible_answers": "["}, "row 7: expected a JSON list"),
        ("fever", {"id": 1, "label": "TRUE", "claim": "Soup."}, "row 7: expected the label SUPPORTS, REFUTES or NOT"),
        ("fever", {"id": None, "label": "REFUTES", "claim": "Soup."}, "row 7: expected a number in the field 'id'"),
        ("fever", {"id": 1, "label": "REFUTES", "claim": "Soup.", "evidence": [[]]}, "row 7: expected sets of"),
        ("truthfulqa", {"question": "Who?"}, "row 7: expected options with one true one in 'mc1_targets', found None"),
        ("truthfulqa", {"question": "Who?", "mc1_targets": {"I": 1, "You": 1}}, "row 7: expected options with one"),
        ("truthfulqa", {"question": "Who?", "mc1_targets": {"I": 0}}, "row 7: expected options with one"),
        ("triviaqa", {"question": "Who?", "golden_answers": [""]}, r"row 7: expected a list of names .*found \[''\]"),
        ("strategyqa", {"question": "Is it?", "answer": "yes"}, "row 7: expected true or false in the field 'answer'"),
        ("mbpp", {"text": "Add."}, "row 7: expected a number in the field 'task_id', found None"),
        ("mbpp", {"task_id": 11, "test_list": []}, r"row 7: expected a list of asserts in .* found \[\]"),
        ("mbpp", {"task_id": 11, "test_list": ["f(1)"]}, "row 7: expected an assert in each test"),
        ("mbpp", {"task_id": 11, "test_list": ["assert f("]}, "row 7: expected Python in tests and set-up"),
        ("mbpp", {"task_id": 11, "test_list": ["assert f()"]}, "row 7: expected text in the field 'text'"),
        ("mbpp_sanitized", {"task_id": 11, "test_imports": "os"}, "row 7: expected a list of imports in the field"),
        ("aime24", {"problem": "?", "answer": "1000"}, "row 7: expected an integer from 0 to 999 .*found '1000'"),
        ("aime25", {"problem": "?", "answer": "1/2"}, "row 7: expected an integer from 0 to 999"),
        ("gpqa_diamond", {"Question": "?"}, "row 7: expected text in the field 'Correct Answer'"),
        ("supergpqa", {"options": ["a"]}, r"row 7: expected 2 to 10 texts in 'options', found \['a'\]"),
        ("supergpqa", {"options": ["a", "b"], "answer_letter": "C"}, "row 7: expected the letter of an option"),
        ("supergpqa", {"options": ["a", "b"], "answer_letter": "B"}, "row 7: expected easy, middle, hard in"),
        ("math", {"level": "5"}, "row 7: expected 'Level 1' to 'Level 5' in 'level', found '5'"),
        (
            "math",
            {"level": "Level 5", "problem": "?", "solution": "4"},
            "row 7: expected a .boxed answer in 'solution'",
        ),
        ("mmlu_pro", {"options": ["a", "b"], "answer": "B", "answer_index": 0}, "row 7: expected 1 in 'answer_index'"),
        ("mmlu_pro", {"options": ["a", "b"], "answer": "C"}, "row 7: expected the letter of an option in 'answer'"),
        ("simpleqa", {"metadata": "{}"}, "row 7: expected a dict with a 'topic' in 'metadata', found '{}'"),
        ("abstention_bench", {"reference_answers": ["a"]}, "row 7: expected true or false in the field 'should_abst"),
        ("abstention_bench", {"should_abstain": False, "reference_answers": "a"}, "row 7: expected a list of answers"),
        ("scifact", {"evidence": {"1": [{"label": "NEI"}]}}, "row 7: expected one of SUPPORT and CONTRADICT in"),
        ("scifact", {"evidence": {"1": ["SUPPORT"]}}, "row 7: expected a label with each set of sentences"),
        ("humaneval", {"prompt": "def f():\n", "entry_point": "g", "canonical_solution": "  pass"}, "the function 'g'"),
        (
            "humaneval",
            {"prompt": "def f(", "entry_point": "f", "canonical_solution": "1"},
            "row 7: expected a program in",
        ),
        ("mbpp_plus", {"task_id": 1, "test_list": []}, r"row 7: expected a list of Python statements in .* found \[\]"),
        ("mbpp_plus", {"task_id": 1, "test_list": ["assert f("]}, "row 7: expected asserts in the field 'test_list'"),
        ("halueval", {"hallucination": "maybe"}, "row 7: expected 'yes' or 'no' in the field 'hallucination'"),
    ],
)
def test_malformed_rows_are_refused_with_their_place(name: str, row: dict, message: str):
    with pytest.raises(DataError, match=message):
        tasks.load(name).to_question(row, "row 7")


def test_an_unknown_task_names_its_neighbours():
    with pytest.raises(InputError, match=r"unknown task 'gsmk8'.*gsm8k"):
        tasks.load("gsmk8")
