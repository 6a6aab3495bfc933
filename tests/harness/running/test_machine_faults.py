"""What the machine does to a run: its folder turns read-only in mid-run, its clock goes backwards."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fake_runs import add, rows
from fakes import FakeBackend

from calibench.errors import EngineError, StorageError
from calibench.files import write_text
from calibench.running import session
from calibench.store import RunFile
from calibench.store.finished import unfinished


def _mount(*words: str | Path) -> bool:
    return subprocess.run(["mount", *words], capture_output=True).returncode == 0


class Disk:
    """A file system of its own. When its disk fails, the kernel makes it read-only, whoever writes there."""

    def __init__(self, folder: Path):
        self.image, self.folder = folder / "image", folder / "disk"

    def fail(self) -> None:
        assert _mount("-o", "remount,abort", self.folder)

    def mend(self) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=True)
        assert _mount("-o", "loop", self.image, self.folder)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path)
    disk.folder.mkdir()
    with disk.image.open("wb") as file:
        file.truncate(32 * 2**20)
    program = shutil.which("mkfs.ext4") or "/sbin/mkfs.ext4"
    made = Path(program).exists() and subprocess.run([program, "-q", disk.image], capture_output=True).returncode == 0
    if not made or not _mount("-o", "loop", disk.image, disk.folder):
        pytest.skip("needs a file system of its own, which this user may not mount here")
    yield disk
    subprocess.run(["umount", "--lazy", disk.folder], check=True)


class Meanwhile(FakeBackend):
    """Answers one request after the other; something happens before the sixth."""

    def __init__(self, happens: Callable[[], object]):
        super().__init__(add, in_flight=1)
        self._happens = happens

    async def complete(self, prompt, sampling, seed):
        if len(self.completed) == 5:
            self._happens()
        return await super().complete(prompt, sampling, seed)


@pytest.mark.mount
def test_a_folder_that_turns_read_only_is_an_error_and_the_run_continues(launch, disk):
    asked = {"confidence": ("stated", "asked")}
    launch(FakeBackend(add), **asked)
    out = disk.folder / "run"
    with pytest.raises(StorageError, match=r"disk/run/run\.sqlite: cannot write .*the same command"):
        launch(Meanwhile(disk.fail), out=str(out), **asked)
    with RunFile.open(out) as run:
        assert "is not finished" in unfinished(run)
    with pytest.raises(StorageError, match=r"disk/run: cannot write here \(Read-only file system\)"):
        launch(FakeBackend(add), out=str(out), **asked)
    with pytest.raises(StorageError, match=r"report\.html: cannot write \(Read-only file system\)"):
        write_text(out / "report.html", "page")
    disk.mend()
    launch(FakeBackend(add), out=str(out), **asked)
    assert rows(out) == rows(launch.out)


def test_a_clock_that_goes_backwards_changes_nothing(launch, monkeypatch):
    asked = {"confidence": ("stated", "asked")}
    launch(FakeBackend(add), **asked)
    whole, out = rows(launch.out), launch.out.with_name("backwards")
    clock = itertools.count(2_000_000_000, -3600)

    class Backwards(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.fromtimestamp(next(clock), zone or UTC)

    def die():
        raise EngineError("the engine died")

    monkeypatch.setattr(time, "time", lambda: float(next(clock)))
    monkeypatch.setattr(time, "time_ns", lambda: next(clock) * 10**9)
    monkeypatch.setattr(session, "datetime", Backwards)
    with pytest.raises(EngineError):
        launch(Meanwhile(die), out=str(out), **asked)
    launch(FakeBackend(add), out=str(out), **asked)
    assert rows(out) == whole
    with RunFile.open(out) as run:
        sessions = run.manifest()["sessions"]
        assert sessions[0]["start"] > sessions[-1]["start"]
        assert sessions[-1]["seconds"] >= 0
        assert all(g.latency >= 0 for q in run.questions() for g in run.draws(q.task, q.question_id, "stated").values())
