"""Each task reads answers in the form that each protocol asks for; a task of somebody else's that does not is found."""

from __future__ import annotations

import os
from itertools import islice

import pytest
from fakes import FakeBackend, checkpoint_folder
from own_rows import OWN_ROWS, ROWS

from calibench import tasks
from calibench.backends import base
from calibench.cli import main
from calibench.grading import forms, sandbox
from calibench.prompting.parsing import parse
from calibench.prompting.protocols import PROTOCOLS
from calibench.running import suites
from calibench.store import RunFile
from calibench.tasks.base import Program

ASKING = [p for p in PROTOCOLS.values() if p.writes]
GENERATED = tasks.expand(["micro", "puzzles", "puzzles_compact"])


def marked(name: str):
    published = name not in GENERATED and name not in OWN_ROWS
    return pytest.param(
        name, marks=[pytest.mark.data] * published + [pytest.mark.sandbox] * bool(tasks.load(name).finish)
    )


def graded(task, question, text: str, protocol) -> tuple[str, float | None]:
    """Outcome and confidence of an answer that a model writes as the protocol asks."""
    (form,) = forms.asked_forms(task, question, protocol)
    parsed = parse(
        forms.reply(text, form, protocol), reasoning_opened=False, scale=protocol.scale, finish_reason="stop"
    )
    verdict = task.grade(question, parsed.answer_text)
    if isinstance(verdict, Program):
        verdict = task.finish(question, verdict, sandbox.run(verdict))
    return verdict.outcome, parsed.confidence


@pytest.mark.parametrize("name", [marked(name) for name in tasks.names()])
def test_answers_are_read_in_the_form_that_each_protocol_asks_for(name):
    task = tasks.load(name)
    opened = task.open(str(ROWS) if name in OWN_ROWS else os.environ.get("CALIBENCH_DATA"))
    asked = (task.to_question(row, place) for place, row in opened.rows)
    asked = [q for q in islice(asked, 40) if q is not None and q.gold and q.question_id not in task.broken_gold]
    for question in asked[: 1 if task.finish else 12]:
        for protocol in (p for p in ASKING if not (p.name == "top_k" and question.tests)):
            outcome, confidence = graded(task, question, task.gold_text(question)[0], protocol)
            assert outcome == "correct", (protocol.name, question)
            assert (confidence is None) == (protocol.scale is None), protocol.name
            assert graded(task, question, task.wrong_text(question), protocol)[0] == "incorrect", protocol.name


def test_every_suite_asks_tasks_and_protocols_that_the_test_above_covers():
    for suite in suites.SUITES.values():
        assert set(suite.tasks) <= set(tasks.names())
        assert suite.settings["protocol"] in {p.name for p in ASKING}


BOXES = '''
"""Reads a box and nothing else."""
import re
from calibench.records import Question
from calibench.tasks.base import Rows, Task, Verdict

def grade(question, text):
    box = re.search(r"\\\\boxed\\{(\\d+)\\}", text)
    if box is None:
        return Verdict("unparsed", None)
    return Verdict("correct" if box[1] == question.gold[0] else "incorrect", box[1])

TASK = Task(
    name="boxes", domain="math", description="doubles", instruction="The answer is a number.",
    open=lambda data: Rows(((str(n), {"n": n}) for n in range(3)), "v1", "generated"),
    to_question=lambda row, place: Question(
        task="boxes", question_id=place, text=f"What is twice {place}?", gold=(str(2 * row["n"]),), domain="math",
        split="test",
    ),
    grade=grade, grader="boxes/1", gold_text=lambda question: [f"\\\\boxed{{{question.gold[0]}}}"],
    wrong_text=lambda question: "\\\\boxed{99}",
)
'''


@pytest.fixture
def boxes(tmp_path, monkeypatch):
    (tmp_path / "boxes.py").write_text(BOXES)
    checkpoint_folder(tmp_path / "model")

    class Boxed(FakeBackend):
        def __init__(self, *_arguments):
            super().__init__(lambda prompt, _: f"\\boxed{{{2 * int(prompt.partition('twice ')[2][0])}}}")

    monkeypatch.setattr(base, "load", lambda name: Boxed)
    monkeypatch.setattr(tasks, "SOURCES", dict(tasks.SOURCES))
    monkeypatch.chdir(tmp_path)


def test_check_task_finds_a_grader_that_does_not_read_what_is_asked_for(boxes, capsys):
    assert main(["check-task", "--task-file", "boxes.py"]) == 1
    out = capsys.readouterr().out
    assert "NOT READ AS ASKED: protocol plain, stated," in out
    assert 'the prompt asks for a line "Answer: ..."; read: no form' in out
    assert "  protocol boxed: \\boxed{...}: asked for and read" in out


def test_check_task_of_one_protocol_says_nothing_of_the_others(boxes, capsys):
    main(["check-task", "--task-file", "boxes.py", "--protocol", "boxed"])
    out = capsys.readouterr().out
    assert "boxed" in out
    assert "stated" not in out


def test_a_run_whose_answers_would_all_be_wrong_is_refused_before_it_starts(boxes, capsys):
    command = ["run", "model", "--task-file", "boxes.py", "--out", "run"]
    assert main([*command, "--protocol", "tags"]) == 2
    said = capsys.readouterr().err
    assert "task boxes: protocol tags asks for <answer> tags, and the task's grader reads no answer there" in said
    assert "choose --protocol boxed" in said
    assert main([*command, "--protocol", "boxed"]) == 0
    with RunFile.open("run") as run:
        assert set(run.frame()["outcome"]) == {"correct"}
