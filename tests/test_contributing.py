"""CONTRIBUTING.md says what is true: its map is that of the tree, and each of its examples works as one file."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAP = re.search(r"## The map\n\n```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]
FILES, OF_METRIC = PAGE.partition("## How to add")[2].split("### A metric")
EXAMPLES = dict(re.findall(r"^`([\w/]+\.py)`.*?^```python\n(.*?)^```$", FILES, re.MULTILINE | re.DOTALL))
FUNCTION, ROW = re.findall(r"^```python\n(.*?)^```$", OF_METRIC, re.MULTILINE | re.DOTALL)


def mapped() -> set[str]:
    """The paths that the map names; a line stands in the folder above it that is indented less."""
    found, within = set(), []
    for line in MAP.splitlines():
        name, depth = line.split()[0], (len(line) - len(line.lstrip())) // 2
        within = [*within[:depth], name]
        found.add("".join(within))
    return found


def test_every_file_and_folder_of_the_map_exists():
    assert [path for path in mapped() if not (ROOT / path).exists()] == []


def test_the_map_names_every_folder_of_the_tree_and_every_file_directly_in_harness():
    names = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True).stdout.split("\n")
    code = [Path(name) for name in names if name.endswith(".py")]
    folders = {f"{folder}/" for path in code for folder in path.parents if folder != Path()}
    files = {str(path) for path in code if path.parent == Path("harness")}
    mirrors = {f"tests/{folder}" for folder in folders}
    assert (folders | files) - mirrors - mapped() == set()


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """A copy of the project with the examples added, each as the page says."""
    folder = tmp_path_factory.mktemp("house")
    for name in ("harness", "tasks", "metrics", "reports"):
        inner = folder / "calibench" / ("" if name == "harness" else name)
        shutil.copytree(ROOT / name, inner, ignore=shutil.ignore_patterns("__pycache__", "models"), dirs_exist_ok=True)
    (folder / "calibench" / "models").symlink_to(ROOT / "harness" / "models")
    for path, code in EXAMPLES.items():
        (folder / "calibench" / path.removeprefix("harness/")).write_text(code)
    measures = folder / "calibench" / "metrics" / "measures.py"
    place = "CONFIDENCE_MEASURES = (\n"
    assert measures.read_text().count(place) == 1
    measures.write_text(measures.read_text().replace(place, f"{FUNCTION}\n\n{place}{ROW}"))
    return folder


def calibench(house: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "calibench", *arguments],
        capture_output=True, text=True, cwd=house, env={**os.environ, "PYTHONPATH": str(house)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_examples_of_task_method_backend_and_metric_make_a_run(house: Path):
    assert sorted(EXAMPLES) == [
        "harness/backends/parrot.py",
        "harness/confidence/brevity.py",
        "harness/finetune/recipes/warmer.py",
        "tasks/larger.py",
    ]
    calibench(
        house, "run", "micro-sft", "--backend", "parrot", "--tasks", "larger", "--confidence", "stated,brevity",
        "--out", "run",
    )  # fmt: skip
    rows = [
        row for row in json.loads((house / "run" / "scorecard.json").read_text())["metrics"] if row["task"] == "larger"
    ]
    assert {row["value"] for row in rows if row["metric"] == "accuracy"} == {0.5}  # the first number is the larger one
    found = {row["method"]: row["value"] for row in rows if row["metric"] == "confident_errors"}
    assert found == {"stated": 0.5, "brevity": 0.0}  # 95 %, and 1 / 9 for "Answer: 7"
    assert "Confident errors" in (house / "run" / "report.html").read_text()


def test_the_example_task_passes_the_check_of_tasks(house: Path):
    assert "larger" in calibench(house, "check-task", "larger")


@pytest.mark.slow
def test_the_example_of_a_recipe_makes_a_checkpoint(house: Path):
    calibench(house, "tune", "warmer", "--model", "micro-sft", "--temperature", "1.25", "--out", "warm")
    assert json.loads((house / "warm" / "generation_config.json").read_text())["temperature"] == 1.25
    lineage = json.loads((house / "warm" / "lineage.json").read_text())
    assert (lineage["recipe"], lineage["options"]) == ("warmer", {"temperature": 1.25})
