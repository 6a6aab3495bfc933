"""A stage of training: a process of its own that turns a folder with settings into one with a checkpoint.

A process of its own gives its memory back, may be one of several (`accelerate launch`), and when the system kills it
for want of memory, the run that started it can say so. A trainer is a module of this package that defines `Settings` (a
Struct) and `fit(folder, settings, report)`, which writes `folder/checkpoint` in one step when it is done, continues
from its own states in `folder/states`, and reports figures as it goes.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from calibench import errors
from calibench.errors import CalibenchError, EngineError, StorageError
from calibench.errors.lifeline import Lifeline
from calibench.errors.secrets import Log
from calibench.files import is_whole, settle
from calibench.model import is_inside
from calibench.model.gguf import VERDICT

CHECKPOINT = "checkpoint"
STATES = "states"
_SETTINGS = "settings.json"
CURVE = "curve.json"
_LOG = "log.txt"
_LOG_SECONDS = 5.0
"""Until what was written to the log is there."""

Report = Callable[[int, int, dict[str, float | None]], None]
"""Told the steps done, the steps in all, and figures by name."""


class Trained(NamedTuple):
    folder: Path
    """The checkpoint."""
    curve: list[dict]
    """Figures by step."""


def run(trainer: str, folder: Path, settings: msgspec.Struct, report: Report, launcher: Sequence[str] = ()) -> Trained:
    """Trains, or continues, or finds that the checkpoint is there already.

    Args:
        trainer: name of the module.
        folder: where settings, states, log and checkpoint lie.
        settings: the module's `Settings`.
        report: gets figures as the stage goes.
        launcher: what the Python interpreter runs to start several processes; empty for one.

    Raises:
        CalibenchError: what the trainer raised; EngineError if it died.
        KeyboardInterrupt: Ctrl-C; the states stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not is_there(folder / CHECKPOINT):
        (folder / _SETTINGS).write_bytes(msgspec.json.format(msgspec.json.encode(settings), indent=1))
        _process(trainer, folder, report, launcher)
        shutil.rmtree(folder / STATES, ignore_errors=True)
    return Trained(folder / CHECKPOINT, _curve(folder / CHECKPOINT / CURVE))


def is_there(checkpoint: Path) -> bool:
    """Whether a stage has made its checkpoint; takes away what a power cut left of one."""
    if is_whole(checkpoint, unless_noted=True):
        return True
    shutil.rmtree(checkpoint, ignore_errors=True)
    return False


def _curve(file: Path) -> list[dict]:
    try:
        return [_reported(entry) for entry in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise StorageError(
            f"{file}: expected the curve of a training as its trainer writes it ({error}); without {file.parent}, the"
            " same command trains it again"
        ) from error


def _reported(entry: dict[str, float]) -> dict[str, float]:
    """A point of the curve without what the trainer counts for itself: what has a slash in its name, and the tokens,
    which it counts from where it was continued."""
    return {
        name: float(f"{value:.5g}") if isinstance(value, float) else value
        for name, value in entry.items()
        if ("/" not in name and name != "num_tokens") or name == "completions/mean_length"
    }


def _process(trainer: str, folder: Path, report: Report, launcher: Sequence[str]) -> None:
    command = [sys.executable, "-P", *launcher, "-m", "calibench.finetune.stage", trainer, str(folder)]
    log = Log(folder / _LOG)
    lifeline = Lifeline()
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=log.descriptor,
        stdin=subprocess.DEVNULL,
        text=True,
        env=_environment(one_gpu=not launcher),
    )
    log.handed_out()
    assert child.stdout
    failure = None
    cause = ""
    try:
        for line in child.stdout:
            message = json.loads(line) if line.startswith("{") else {}
            if "error" in message:
                failure = message
            elif "cause" in message and not cause:  # other processes then fail of this one's end
                cause = f": {message['cause']}"
            elif "step" in message:
                report(message["step"], message["of"], message["figures"])
        code = child.wait()
    finally:
        lifeline.release()
        child.wait()
        child.stdout.close()
        log.settle(_LOG_SECONDS)
    if failure:
        raise getattr(errors, failure["error"], CalibenchError)(failure["message"])
    if code:
        memory = code in (-9, 137)
        raise EngineError(
            f"training ended with exit code {code}{cause}"
            + (f"; the system killed it, most likely for want of memory. {OUT_OF_MEMORY}" if memory else "")
            + f" (see {folder / _LOG}); the same command "
            + ("continues from the last state that it saved" if last_state(folder) else "begins this training again")
        )


OUT_OF_MEMORY = (
    "Lower --batch-size (and raise --accumulation by as much, for the same result; but rl and rlcr sample the replies "
    "of both together), --max-length or --max-tokens, or train adapters with --lora-rank 16; each needs another --out"
)


def _environment(*, one_gpu: bool) -> dict[str, str]:
    """One thread computes small models fastest, and the same numbers on every machine.

    A process that trains alone must see one GPU: TRL refuses several, which transformers would share the rows among.
    """
    quiet = {"TOKENIZERS_PARALLELISM": "false", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    gpu = {"CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]} if one_gpu else {}
    return {"OMP_NUM_THREADS": "1", **os.environ, **quiet, **gpu}


# -- in the process ---------------------------------------------------------------------------------------------------


def main(trainer: str, folder: Path) -> int:
    """Runs the trainer; reports figures and a failure as lines of JSON on what was stdout."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print goes to the log
    rank = int(os.environ.get("RANK", "0"))

    def report(step: int, of: int, figures: dict[str, float | None]) -> None:
        if rank == 0:
            out.write(json.dumps({"step": step, "of": of, "figures": figures}) + "\n")

    module = importlib.import_module(f"calibench.finetune.trainers.{trainer}")
    try:
        settings = msgspec.json.decode((folder / _SETTINGS).read_bytes(), type=module.Settings)
        module.fit(folder, settings, report)
    except Exception as error:
        failure = _named(error)
        message = {"error": type(failure).__name__, "message": str(failure)} if failure else {"cause": _in_short(error)}
        with contextlib.suppress(OSError):
            out.write(json.dumps(message) + "\n")
        with contextlib.suppress(OSError):  # the log may lie on a full disk
            traceback.print_exc()
        return failure.exit_code if failure else 1
    return 0


def _in_short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:300]


def _named(error: Exception) -> CalibenchError | None:
    """The error in the project's vocabulary; None if it is a fault of the program."""
    import torch

    if isinstance(error, CalibenchError):
        return error
    of_memory = any(text in str(error) for text in _WANTS_MEMORY)
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or of_memory:
        return EngineError(f"out of memory. {OUT_OF_MEMORY}")
    if (isinstance(error, OSError) and error.errno is not None) or any(text in str(error) for text in _CANNOT_WRITE):
        return StorageError(f"cannot write ({error}); free some space and run the same command again")
    return None


_WANTS_MEMORY = (
    "can't allocate memory",  # torch on a CPU
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "Free memory on device",  # vLLM, of weights
    "available KV cache memory",  # vLLM, of what is left beside them
)
_CANNOT_WRITE = (
    *(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)),  # as safetensors says it
    "inline_container",  # the part of torch that writes, which does not say why it cannot
)


def last_state(folder: Path) -> Path | None:
    """The last whole state that a trainer of transformers saved; half-written ones are removed."""
    found = (path for path in (folder / STATES).glob("checkpoint-*") if path.is_dir())
    states = sorted(found, key=lambda state: int(state.name.rpartition("-")[2]))
    while states:
        if is_whole(states[-1]):
            return states[-1]
        shutil.rmtree(states.pop(), ignore_errors=True)  # another process may be at it
    return None


def save(folder: Path, model: Any, parent: Path, curve: list[dict], *, trust_remote_code: bool) -> None:
    """Writes `folder/checkpoint` in one step: the weights in the type of the parent's, and all its other files.

    Raises:
        CalibenchError: weights are not finite. No checkpoint is written.
    """
    from transformers import AutoConfig

    new = folder / f"{CHECKPOINT}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    if hasattr(model, "merge_and_unload"):
        model.save_pretrained(new / "adapter")
        model = model.merge_and_unload()
    model = model.to(AutoConfig.from_pretrained(parent, trust_remote_code=trust_remote_code).dtype)
    _require_finite(model)
    model.save_pretrained(new)
    for file in parent.iterdir():  # its configuration too, which trainers change for themselves
        named = file.suffix not in _WEIGHTS and file.name not in _NOT_INHERITED
        if named and file.is_file() and is_inside(file, parent):
            shutil.copy(file, new)
        elif file.name == "generation_config.json":  # what `save_pretrained` wrote of a link to any JSON of the user
            (new / file.name).unlink(missing_ok=True)
    (new / CURVE).write_text(json.dumps(curve))
    settle(new, folder / CHECKPOINT)


def _require_finite(model: Any) -> None:
    """Some trainings end before a loss that is NaN or infinite is seen, and a number may be too large for the type."""
    for name, tensor in model.named_parameters():
        if not tensor.isfinite().all():
            raise CalibenchError(
                f"the new weights are not finite in {tensor.dtype} (the first: {name}), and no checkpoint is written."
                " After an unstable training, lower --learning-rate or --clip, and choose another --out"
            )


_WEIGHTS = {".safetensors", ".bin", ".gguf", ".pt", ".pth"}
_NOT_INHERITED = {
    "lineage.json",
    "README.md",
    VERDICT,
    "model.safetensors.index.json",
    "pytorch_model.bin.index.json",
    CURVE,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
