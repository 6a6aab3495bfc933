"""The README and its pages say what is true: their commands, options, tables, links and programs."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from calibench import errors, tasks
from calibench.confidence import base as methods
from calibench.finetune.recipes import base as recipes
from calibench.metrics.measures import MEASURES
from calibench.metrics.scorecard import scorecard
from calibench.metrics.self_knowledge import SELF_KNOWLEDGE
from calibench.metrics.vote_measures import VOTE_MEASURES
from calibench.prompting import protocols
from calibench.records import Confidence, Generation, Grade, Question
from calibench.running import suites
from calibench.running.config import RunConfig
from calibench.store import RunFile

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("conventions", "decide", "lm-eval", "methods", "python", "run-file")),
    *(ROOT / "docs" / f"{name}.md" for name in ("figures", "power", "puzzles", "score", "stopping", "tasks")),
]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
CODE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def programs(language: str, containing: str = "") -> list[str]:
    return [code for found, code in CODE.findall(TEXT) if found == language and containing in code]


def table(heading: str) -> list[list[str]]:
    """The cells of the table whose first heading is `heading`, without the heading row and without backticks."""
    rows = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-| ]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)[1]
    return [[cell.strip() for cell in row.replace("`", "").strip("|").split("|")] for row in rows.splitlines()]


def test_names_in_the_tables_exist():
    known_tasks = set(tasks.names())
    for names, *_ in table("task"):
        assert set(tasks.expand(names.split(", "))) <= known_tasks
    assert {row[0].split()[0] for row in table("`--protocol`")} == set(protocols.PROTOCOLS)
    assert {row[0].split()[0] for row in table("`--confidence`")} == set(methods.names())
    assert {name for row in table("suite") for name in row[0].split(", ")} == set(suites.SUITES)
    assert {row[0] for row in table("recipe")} == set(recipes.names())


def test_the_tasks_with_a_training_split_are_those_that_have_one():
    sentence = re.search(r"^(.*), the puzzles and the micro tasks have a training split", TEXT, re.MULTILINE)[1]
    named = {*re.findall(r"`(\w+)`", sentence), *tasks.expand(["puzzles", "puzzles_compact", "micro"])}
    assert named == {name for name in tasks.names() if tasks.load(name).training}


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))],
    ids=lambda page: page.stem,
)
def test_every_link_to_a_file_or_heading_leads_there(page):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        name, _, heading = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        headings = re.findall(r"^#+ (.*)", file.read_text(encoding="utf-8"), re.MULTILINE) if heading else ()
        assert not heading or heading in {
            re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings
        }, target


def test_every_metric_that_is_written_has_its_entry():
    page = (ROOT / "docs" / "conventions.md").read_text(encoding="utf-8")
    assert [
        name for name in (*MEASURES, *VOTE_MEASURES, *(m.name for m in SELF_KNOWLEDGE)) if f"`{name}`" not in page
    ] == []


def test_data_files_are_where_the_table_says():
    for names, *_, files in table("task"):
        if files != "none needed":
            for name, file in zip(names.split(", "), files.split(", "), strict=True):
                with pytest.raises(errors.DataError, match=re.escape(file)):
                    tasks.load(name).open("no-such-folder")


def test_the_schema_table_names_every_column(tmp_path):
    RunFile.create(tmp_path).close()
    database = sqlite3.connect(tmp_path / "run.sqlite")
    documented = {name: set(f"{key}, {rest.replace(' (JSON)', '')}".split(", ")) for name, key, rest in table("table")}
    actual = {
        name: {column[1] for column in database.execute(f"PRAGMA table_info({name})")}
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    database.close()
    assert documented == actual


def test_exit_codes_are_those_of_the_errors():
    documented = {int(code) for code, _ in table("exit code")}
    raised = {error.exit_code for error in vars(errors).values() if hasattr(error, "exit_code")}
    assert raised
    assert raised <= documented


def test_python_example_uses_real_options():
    keywords = set(re.findall(r"(\w+)=", programs("python", "from calibench import open_run, run")[0]))
    assert keywords <= set(RunConfig.__struct_fields__)


def test_the_example_task_grades_its_gold_right_and_its_wrong_text_wrong():
    scope: dict = {}
    exec(compile(programs("python", "TASK = Task(")[0], "tasks/capitals.py", "exec"), scope)
    task = scope["TASK"]
    question = task.to_question({"country": "Peru", "capital": "Lima"}, "test.jsonl:1")
    assert [task.grade(question, text).outcome for text in task.gold_text(question)] == ["correct"]
    assert task.grade(question, task.wrong_text(question)).outcome == "incorrect"
    with pytest.raises(errors.DataError, match=r"test\.jsonl:2"):
        task.to_question({"country": "Peru"}, "test.jsonl:2")


def test_the_independent_program_computes_the_scorecards_ece(tmp_path):
    with RunFile.create(tmp_path) as run:
        # 0.05 k lies on edges and beside them (0.05 * 6 is above 0.3), and neighbours pull a bin's gap both ways.
        run.write(record for k in range(21) for record in _answered(k, value=min(0.05 * k, 1), correct=k % 2 == 0))
        expected = {m.metric: m.value for m in scorecard(run.frame(), resamples=10).metrics if m.task == "t"}
    program = programs("python", "sqlite3")[0]
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "run.sqlite"], capture_output=True, text=True)
    task, method, value = done.stdout.split()
    assert (task, method) == ("t", "stated")
    assert float(value) == pytest.approx(expected["ece"], abs=1e-9)


def _answered(k: int, *, value: float, correct: bool) -> Iterator:
    key = {"task": "t", "question_id": f"q{k}", "protocol": "stated", "draw": 0}
    yield Question(task="t", question_id=f"q{k}", text="?", gold=("1",), domain="math", split="test")
    yield Generation(
        **key, seed=None, prompt_tokens=1, cached_tokens=None, reasoning_tokens=0, answer_tokens=1, latency=None,
        finish_reason="stop", reasoning_opened=False, reasoning=None, text="1", token_ids=None,
    )  # fmt: skip
    yield Confidence(**key, method="stated", value=value, status="ok", raw=None)
    yield Grade(**key, answer="1", outcome="correct" if correct else "incorrect", grader="number/1")
