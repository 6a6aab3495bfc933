"""An engine's processes end with the process that started them, also those that give themselves another name."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

OWNER = """
import subprocess, sys, time
from calibench.errors.lifeline import Lifeline
open(Lifeline().folder() + "/socket", "w").close()
subprocess.Popen([sys.executable, "-c", sys.argv[1]])
time.sleep(600)
"""
NAMED = """
import os, setproctitle, time
setproctitle.setproctitle("VLLM::EngineCore")
print(os.getpid(), flush=True)
time.sleep(600)
"""


def test_a_process_that_renamed_itself_dies_with_its_owner_and_so_does_their_folder(tmp_path):
    pytest.importorskip("setproctitle", reason="vLLM, which needs it, is not installed")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    owner = subprocess.Popen([sys.executable, "-c", OWNER, NAMED], stdout=subprocess.PIPE, text=True, env=environment)
    assert owner.stdout
    engine = psutil.Process(int(owner.stdout.readline()))
    try:
        assert engine.cmdline()[0].strip() == "VLLM::EngineCore"
        assert [*tmp_path.glob("calibench-*/socket")]
        os.kill(owner.pid, signal.SIGKILL)
        owner.communicate(timeout=30)  # its output ends with the last process that could write to it
        end = time.monotonic() + 30
        while [*tmp_path.iterdir()]:
            assert time.monotonic() < end, [*tmp_path.rglob("*")]
            time.sleep(0.05)
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            engine.kill()
