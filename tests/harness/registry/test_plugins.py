"""Tasks, methods, backends and recipes of an installed package, through the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import checkpoint_folder

from calibench.store import RunFile

TESTS = Path(__file__).parents[2]

TASK = """
from calibench.records import Question
from calibench.tasks.base import Rows, Task
from calibench.tasks.grading.number import GRADER, grade_number


def to_question(row, place):
    gold = str(2 * row["number"])
    return Question(
        task="acme_doubles", question_id=str(row["number"]), text=f"What is {row['number']} plus {row['number']}?",
        gold=(gold,), domain="math", split="test")


def grade(question, text):
    return grade_number(question.gold, text)


TASK = Task(
    name="acme_doubles", domain="math", description="doubles of small numbers", instruction="The answer is a number.",
    open=lambda data: Rows(((f"row {i}", {"number": i}) for i in range(4)), "v1", "made here"),
    to_question=to_question, grade=grade, grader=GRADER,
    gold_text=lambda question: [f"Answer: {question.gold[0]}"], wrong_text=lambda question: "Answer: -1",
)
"""
METHOD = """
from calibench.confidence.base import Method, Reading


async def read(answered, backend):
    return Reading(1 / len(answered.parsed.answer_text), "ok", None)


METHOD = Method(description="shorter is surer", needs=frozenset(), read=read)
"""
BACKEND = '''"""Writes the double of the first number."""
import re

from fakes import FakeBackend


class Backend(FakeBackend):
    """Needs no model."""

    def __init__(self, model, engine_options, thinking, log):
        super().__init__(lambda text, seed: f"Answer: {2 * int(re.search(r'[0-9]+', text)[0])}\\nConfidence: 80%")
'''
RECIPE = """
import shutil

from calibench.finetune.options import Options
from calibench.finetune.recipes.base import Recipe


def train(job):
    raise RuntimeError("no teacher\\nfar or near")


RECIPE = Recipe(
    description="copies its parent", source="Acme", kind=None, options=Options, train=train,
    questions=lambda config, options: [])
"""
FILES = {"task": TASK, "method": METHOD, "backend": BACKEND, "recipe": RECIPE}
ENTRIES = {
    "calibench.tasks": "acme_doubles = acme.task:TASK",
    "calibench.methods": "acme_short = acme.method:METHOD",
    "calibench.backends": "acme_echo = acme.backend:Backend",
    "calibench.recipes": "acme_copy = acme.recipe:RECIPE",
}


def install(site: Path, distribution: str, entries: dict[str, str], package: str = "", files: dict[str, str] = {}):  # noqa: B006
    """Lays a distribution down as an installer does."""
    about = site / f"{distribution.replace('-', '_')}-1.2.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text("".join(f"[{group}]\n{entry}\n" for group, entry in entries.items()))
    if package:
        (site / package).mkdir()
        for name, content in {"__init__": "", **files}.items():
            (site / package / f"{name}.py").write_text(content)


def calibench(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(map(str, (site, TESTS)))
    return subprocess.run(
        [sys.executable, "-m", "calibench", *arguments],
        capture_output=True, text=True, cwd=site, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


@pytest.fixture
def site(tmp_path: Path) -> Path:
    install(tmp_path / "site", "acme-calibench", ENTRIES, "acme", FILES)
    return tmp_path / "site"


def run(site: Path) -> subprocess.CompletedProcess[str]:
    model = checkpoint_folder(site.parent / "model")
    return calibench(
        site, "run", str(model), "--backend", "acme_echo", "--tasks", "acme_doubles", "--out", str(site.parent / "run"),
        "--confidence", "stated,acme_short",
    )  # fmt: skip


def test_a_package_s_task_method_and_backend_are_used_by_name_in_all_processes(site: Path):
    done = run(site)
    assert done.returncode == 0, done.stderr
    with RunFile.open(site.parent / "run") as made:
        frame = made.frame()
    assert frame["outcome"].tolist() == ["correct"] * 8
    assert dict(zip(frame["method"], frame["value"], strict=True)) == {"acme_short": 1 / 9, "stated": 0.8}


@pytest.mark.parametrize(
    ("command", "name"),
    [("tasks", "acme_doubles"), ("methods", "acme_short"), ("backends", "acme_echo"), ("recipes", "acme_copy")],
)
def test_they_are_listed_and_a_broken_one_breaks_no_list(site: Path, command: str, name: str):
    broken = {f"calibench.{command}": "zz_broken = broken.plugin:THING"}
    install(site, "broken", broken, "broken", {"plugin": "import json\n\njson.loads('{')\n"})
    done = calibench(site, command, "--json")
    assert done.returncode == 0, done.stderr
    listed = [row["name"] for row in json.loads(done.stdout)]
    assert name in listed
    assert len(listed) > 1
    noun = {"methods": "confidence method"}.get(command, command.rstrip("s"))
    (fault, advice) = done.stderr.splitlines()
    assert fault.startswith(f"calibench: {noun} zz_broken (broken/plugin.py, line 3): JSONDecodeError: Expecting")
    assert "package broken 1.2" in advice


@pytest.mark.parametrize("others", [{}, {"calibench.tasks": "gsm8k = nowhere:TASK"}])
def test_a_name_that_two_give_is_refused_with_both(site: Path, others: dict[str, str]):
    install(site, "impostor", others or {"calibench.tasks": "acme_doubles = nowhere:TASK"})
    name, givers = ("gsm8k", ["calibench "]) if others else ("acme_doubles", ["acme-calibench 1.2"])
    done = calibench(site, "check-task", name)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert all(giver in done.stderr for giver in (*givers, "impostor 1.2"))
    listed = calibench(site, "tasks")
    assert "impostor 1.2" in listed.stderr
    assert "math500" in listed.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("task", 'str(2 * row["number"])', 'row["answer"]',
         "task acme_doubles (acme/task.py, line 8): KeyError: 'answer'"),
        ("method", "1 / len(answered.parsed.answer_text)", "1 / 0",
         "confidence method acme_short (acme/method.py, line 6): ZeroDivisionError: division by zero"),
        ("backend", "text)[0]", "text)[7]", "backend acme_echo (acme/backend.py, line 11): IndexError: no such group"),
    ],
)  # fmt: skip
def test_what_a_plugin_raises_is_told_in_two_lines_as_its_own_fault(
    site: Path, file: str, old: str, new: str, told: str
):
    code = (site / "acme" / f"{file}.py").read_text()
    (site / "acme" / f"{file}.py").write_text(code.replace(old, new))
    done = run(site)
    assert done.returncode == 1, done.stderr
    fault = done.stderr[done.stderr.index("calibench: ") :].splitlines()
    assert fault[0] == f"calibench: {told}"
    assert fault[1].startswith("  The fault is in package acme-calibench 1.2, not in calibench")
    assert len(fault) == 2
    assert "Traceback" not in done.stderr


def test_a_grader_that_raises_fails_its_answers_and_they_are_graded_when_it_is_mended(site: Path):
    task = site / "acme" / "task.py"
    task.write_text(TASK.replace("    return grade", "    assert question.question_id != '2'\n    return grade"))
    done = run(site)
    assert done.returncode == 0, done.stderr
    (note,) = [
        line for line in done.stderr.splitlines() if line.startswith("note: answers that could not be graded: 1.")
    ]
    assert "task acme_doubles (acme/task.py, line 15): AssertionError; once that is mended, `calibench report" in note
    task.write_text(TASK)
    again = calibench(site, "report", str(site.parent / "run"), "--rescore")
    assert again.stdout.startswith("1 of 4 grades changed: 1 failed -> correct\n"), again.stderr


def test_a_recipe_that_raises_is_told_as_its_own_fault(site: Path):
    out = str(site.parent / "tuned")
    done = calibench(site, "tune", "acme_copy", "--model", "micro-sft", "--tasks", "micro_words", "--out", out)
    assert done.returncode == 1, done.stderr
    fault = "calibench: recipe acme_copy (acme/recipe.py, line 9): RuntimeError: no teacher\n"
    assert fault in done.stderr
    assert "Traceback" not in done.stderr
