"""Every command of the README and its pages can be given: what needs neither engine, training nor downloads is run on
small files, and of the rest the real parser reads the options, and the test of its smoke size is named here."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from some_runs import whole_run

from calibench import tasks
from calibench.analysis.export import export
from calibench.cli import main, parser
from calibench.cli.tune import recipe_options
from calibench.confidence import base as methods
from calibench.running.selection import split_of

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SMOKE = {
    "calibench run": "tests/harness/cli/test_cli.py::test_run_prints_the_headline_and_leaves_its_files",
    "calibench compare": "tests/harness/running/test_until.py::"
    "test_one_command_lets_two_runs_ask_until_they_are_told_apart",
    "calibench import": "tests/harness/exchange/test_writers.py::test_what_is_written_is_read_back_as_the_same_run",
    "calibench merge": "tests/harness/running/test_shards.py::test_merged_shards_are_the_run_without_shards",
    "calibench report": "tests/harness/exchange/test_trackers.py::"
    "test_a_tracker_is_given_numbers_with_intervals_settings_and_page",
    "calibench tune": "tests/harness/finetune/test_tune.py::test_given_traces_are_learned_and_nothing_is_unlearned",
    "calibench check-task": "tests/tasks/test_tasks.py::test_gold_wrong_empty_and_refusing_answers_are_graded_as_such",
    "make demo": "tests/harness/cli/test_cli.py::test_compare_pairs_two_runs_and_writes_a_page",
    "make study": "tests/harness/study/test_study.py::test_the_small_study_makes_real_cells_and_a_page",
    "make real": "tests/harness/study/test_real.py::test_a_standard_prompt_is_asked_and_nothing_else",
    "make models": "tests/harness/study/test_training.py::test_a_stopped_run_continues_to_the_same_weights",
}
"""Command -> the test that runs its smoke size, where it is not run here."""
IN_CI = {"make test", "make check", "make bench", "make setup", "make help"}
"""What `.ci/run` runs whole, or in its short round, and what these begin with."""
OF_A_PAGE = {"capitals", "larger", "warmer", "brevity", "my_server", "RECIPE"}
"""Plug-ins that a page shows how to write; test_readme.py and test_contributing.py run them."""
PLACES = {"RUN": "runs/sft", "FOLDER": "runs", "QUESTION": "q1", "FILE": "out.csv", "DIR": "out",
          "FORMAT": "parquet", "PATH": "out.parquet"}  # fmt: skip
"""What stands for a file or name of the reader's."""
MAY_END_WITH_1 = {"threshold", "check", "recalibrate"}
"""Commands whose exit code says what was found."""


def on_page(page: Path) -> Iterator[list[str]]:
    """The words of each command line on a page: those in blocks, and those within a sentence that have arguments."""
    text = page.read_text(encoding="utf-8")
    blocks = [code for language, code in FENCED.findall(text) if language in ("", "bash")]
    indented = "\n".join(line[4:] for line in FENCED.sub("", text).splitlines() if line.startswith("    "))
    for line in "\n".join([*blocks, indented]).replace("\\\n", " ").splitlines():
        if re.match(r"(calibench|make) ", line):
            yield shlex.split(line.partition(" > ")[0], comments=True)
    for line in re.findall(r"`((?:calibench|make) [^`<]*)`", FENCED.sub("", text)):
        words = shlex.split(line)
        if (
            words[0] == "make"
            or words[1:2] == ["--version"]
            or (len(words) > 2 and (words[1] != "tune" or len(words) > 3))
        ):
            yield words


COMMANDS = {shlex.join(words): words for page in PAGES for words in on_page(page)}
OURS = {line: words[1:] for line, words in COMMANDS.items() if words[0] == "calibench" and words[1] != "--version"}


def is_run_here(words: list[str]) -> bool:
    command, *rest = words
    if "--track" in rest:
        return False
    if command == "import" and rest[0] == "exported.csv":  # its task's data are not here
        return False
    if command == "check-task":
        return "--task-file" in rest
    return command not in ("run", "tune", "merge") and not any(word.endswith(".toml") for word in rest)


def shape(words: list[str]) -> tuple:
    """Commands of one shape differ in their values alone, and one of them is run."""
    return words[0], tuple(sorted(word for word in words if word.startswith("--")))


@pytest.mark.parametrize("words", OURS.values(), ids=OURS)
def test_the_parser_knows_what_every_command_is_given(words):
    options, further = parser().parse_known_args(words)
    named = [*(getattr(options, "tasks", None) or ()), *(getattr(options, "eval_tasks", None) or ())]
    known = [name for name in named if name not in OF_A_PAGE and not name.startswith("lm_eval:")]
    for name in tasks.expand(known):
        assert tasks.load(name)
    assert set(getattr(options, "confidence", None) or ()) <= {*methods.names(), *OF_A_PAGE, "none"}
    if words[0] == "tune":
        recipe_options(options.recipe, further)
        if options.recipe != "merge":
            assert options.tasks or options.train_file
        for name in tasks.expand(options.tasks or ()):
            split_of(tasks.load(name), "train")
    else:
        assert not further


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make ")])
def test_every_target_exists_and_what_it_would_run_can_be_given(line):
    done = subprocess.run(["make", "--dry-run", *shlex.split(line)[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for words in re.findall(r"\.venv/bin/calibench ((?:[\w,./-]+ ?)+)", done.stdout.replace("\\\n", " ")):
        assert parser().parse_known_args(shlex.split(words))[1] == []


def test_what_is_not_run_here_names_the_test_of_its_smoke_size():
    needed = {f"calibench {words[0]}" for words in OURS.values() if not is_run_here(words)}
    needed |= {" ".join(words[:2]) for words in COMMANDS.values() if words[0] == "make"} - IN_CI
    assert needed == SMOKE.keys()
    for name in SMOKE.values():
        file, _, test = name.partition("::")
        assert re.search(rf"^def {test}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), name
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert [line for line in ("make test", "make check", "make bench ROUND=short") if line not in ci] == []


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with all files that the pages' commands read."""
    folder = tmp_path_factory.mktemp("reader")
    for shift, name in enumerate(("sft", "instruct")):
        whole_run(folder / "runs" / name, name, ("gsm8k", "creak"), shift)
    for shift, name in enumerate(
        (
            "demo/sft",
            "demo/instruct",
            "demo/epicar",
            "pilot_a",
            "pilot_b",
            "epicar",
            "star",
            "stopped/sft",
            "stopped/epicar",
        )
    ):
        whole_run(folder / "runs" / name, name, shift=shift, methods=("stated",))
    for name in ("demo/rlcr", "votes", "mine", "predictions/bold", "which", "paper/base", "shapes/blind"):
        shutil.copytree(folder / "runs/epicar", folder / "runs" / name)
    export(folder / "runs/sft", "csv", folder / "exported.csv", print)
    heading, *cases = (ROOT / "tests/golden/conventions.csv").read_text().splitlines(keepends=True)
    (folder / "tests/golden").mkdir(parents=True)
    (folder / "tests/golden/conventions.csv").write_text(heading + "".join(cases[-100:]))
    rows = [f"{i},{i},{model},{0.5 + i % 5 / 10},{'yes' if (i + len(model)) % 3 else 'no'}" for i in range(30)
            for model in ("org/base", "org/tuned")]  # fmt: skip
    (folder / "gpqa.csv").write_text("\n".join(["question,id,model,confidence,correct", *rows]))
    (folder / "sums.jsonl").write_text(block("docs/score", "json"))
    (folder / "decisions.json").write_text(block("docs/typed-decisions", "json", '"questions"'))
    (folder / "predictions.jsonl").write_text(block("docs/typed-decisions", "json", '"answers"'))
    labelled = [f"{i},{0.6 if i % 4 else 0.95},{'yes' if i % 4 == 0 or i % 3 else 'no'}" for i in range(600)]
    for name in ("labelled", "month", "checked-since", "week1", "week2"):
        (folder / f"{name}.csv").write_text("\n".join(["id,confidence,correct", *(f"{name}{row}" for row in labelled)]))
    (folder / "new.csv").write_text("id,confidence\nn1,0.9\nn2,\n")
    labels = [f"{task},q{i},{'correct' if i % 3 else 'incorrect'}" for task in ("gsm8k", "creak") for i in range(12)]
    (folder / "labels.csv").write_text("\n".join(["task,question_id,label", *labels]))
    shutil.copy(ROOT / "docs/labels-triviaqa.csv", folder)
    (folder / "rivers.csv").write_text("q,a\nHow long is it in km?,12\n")
    shutil.copytree(ROOT / "tests/golden/logs", folder / "logs")
    (folder / "answers.csv").write_text("id,model,output,gold\nq1,m,Answer: 3,3\nq2,m,Answer: 4,5\n")
    (folder / "mine.py").write_text(block("CONTRIBUTING", "python", "TASK = Task(").replace("larger", "mine"))
    return folder


def block(page: str, language: str, containing: str = "") -> str:
    text = (ROOT / f"{page}.md").read_text(encoding="utf-8")
    return next(code for found, code in FENCED.findall(text) if found == language and containing in code)


RUN_HERE = {shape(words): (line, words) for line, words in reversed(OURS.items()) if is_run_here(words)}


@pytest.mark.parametrize("words", [words for _, words in reversed(RUN_HERE.values())],
                         ids=[line for line, _ in reversed(RUN_HERE.values())])  # fmt: skip
def test_every_command_that_needs_no_engine_runs_at_smoke_size(place, words, monkeypatch, capsys):
    monkeypatch.chdir(place)
    aside = ["--out", "aside.json"] if words[0] == "threshold" and "--out" not in words else []
    code = main([PLACES.get(word, word) for word in (*words, *aside)])
    assert code in ((0, 1) if words[0] in MAY_END_WITH_1 else (0,)), capsys.readouterr().err
