"""One import name: in a project with `tasks`, `metrics`, `reports` and `harness` of its own, everything that calibench
starts takes its code from itself, whether it is installed in place or from a wheel."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest
from traps import SOURCES, found_first, met, set_traps

ROOT = Path(__file__).resolve().parent.parent


class Project(NamedTuple):
    """A user's project, in which one interpreter finds the user's own packages before all that is installed."""

    folder: Path
    interpreter: Path

    def run(self, *command: str, code: int = 0) -> str:
        """What a command prints; none of the project's own packages was imported by it."""
        done = self.start(*command)
        assert done.returncode == code, done.stdout + done.stderr
        assert self.met() == []
        return done.stdout

    def start(self, *command: str) -> subprocess.CompletedProcess[str]:
        program = [str(self.interpreter.with_name(command[0])), *command[1:]]
        return subprocess.run(program, cwd=self.folder, env=found_first(self.folder), capture_output=True, text=True)

    def met(self) -> list[str]:
        return met(self.folder)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, which a build may fill with its own files."""
    copy, wheels = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheels")
    for name in SOURCES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, copy)
    (file,) = wheels.glob("calibench-*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """An interpreter with the wheel; the libraries are those of this one."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    interpreter = folder / "bin" / "python"
    pip(interpreter, "install", "--no-deps", "--no-index", wheel)
    (packages,) = folder.glob("lib/python*/site-packages")
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "libraries.pth").write_text("\n".join(libraries))
    return interpreter


def pip(interpreter: Path | str, *arguments: Path | str) -> None:
    command = [sys.executable, "-m", "pip", "--python", interpreter, "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(params=["editable", "wheel"])
def project(request, tmp_path) -> Project:
    set_traps(tmp_path)
    interpreter = Path(sys.executable) if request.param == "editable" else request.getfixturevalue("installed")
    return Project(tmp_path, interpreter)


def test_the_projects_own_packages_come_first(project):
    place = project.run("python", "-c", "import calibench; print(calibench.__file__)").strip()
    assert Path(place).is_relative_to(ROOT) == (project.interpreter == Path(sys.executable))
    for name in SOURCES:
        assert project.start("python", "-c", f"import {name}").returncode == 1
    assert project.met() == sorted(SOURCES)


def test_the_command_and_the_module(project):
    assert "micro_words" in project.run("calibench", "tasks")
    assert "micro_words" in project.run("python", "-m", "calibench", "tasks")


def test_everything_can_be_imported(project):
    project.run(
        "python", "-c",
        "import pkgutil, importlib, calibench\n"
        "for module in pkgutil.walk_packages(calibench.__path__, 'calibench.'):\n"
        "    importlib.import_module(module.name)",
    )  # fmt: skip


@pytest.mark.sandbox
def test_spawned_graders_and_the_sandbox(project):
    row = {"task_id": 11, "text": "Add one.", "code": "def f(x):\n    return x + 1", "test_setup_code": "",
           "test_list": ["assert f(1) == 2"], "challenge_test_list": []}  # fmt: skip
    (project.folder / "data" / "mbpp").mkdir(parents=True)
    (project.folder / "data" / "mbpp" / "mbpp.jsonl").write_text(json.dumps(row) + "\n")
    told = project.run("calibench", "check-task", "mbpp", "--data", "data")
    assert "1 correct" in told, told


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("project", ["wheel"], indirect=True)
def test_a_script_with_engine_and_graders(project):
    """From the editable install: tests/test_python_page.py."""
    (project.folder / "script.py").write_text(
        "from calibench import run\n"
        "if __name__ == '__main__':\n"
        "    run('micro-sft', tasks=['micro_words', 'micro_programs'], limit=2, max_tokens=128, out='out')\n"
    )
    project.run("python", "script.py")
    card = json.loads((project.folder / "out" / "scorecard.json").read_text())["metrics"]
    asked = [m["value"] for m in card if m["metric"] == "accuracy" and m["subset"] == "all" and m["method"] == "asked"]
    assert len(asked) == 3  # two tasks and their mean
    assert (project.folder / "out" / "report.html").stat().st_size > 10_000


@pytest.mark.slow
def test_tune_with_the_processes_of_its_stages(project):
    examples = [{"question": f"What is {n} + {n}?", "answer": str(2 * n), "confidence": 0.9} for n in range(3, 7)]
    (project.folder / "traces.jsonl").write_text("".join(f"{json.dumps(example)}\n" for example in examples))
    given = ("--model", "micro-sft", "--tasks", "micro_words", "--traces", "traces.jsonl", "--out", "out")
    project.run("calibench", "tune", "sft", *given, "--validation", "0", "--epochs", "1")
    assert json.loads((project.folder / "out" / "lineage.json").read_text())["rows"]["rows"] == {"answer": 4}


def test_the_wheel_has_the_bundled_checkpoints_and_the_pages_templates(wheel):
    held = set(ZipFile(wheel).namelist())
    ours = {f"calibench/{file.relative_to(ROOT / 'harness')}" for file in (ROOT / "harness" / "models").rglob("*.*")}
    pages = {f"calibench/{file.relative_to(ROOT)}" for file in (ROOT / "reports" / "templates").iterdir()}
    assert any(name.endswith(".safetensors") for name in ours)
    assert any(name.endswith(".html") for name in pages)
    assert ours | pages <= held
    assert {name.split("/")[0].split("-")[0] for name in held} == {"calibench"}
