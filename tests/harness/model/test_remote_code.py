"""The Python files of a checkpoint: no road executes them without consent, whatever stands on standard input."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import hostile
import pytest
from fake_runs import add
from fakes import FakeBackend, gsm8k_folder, tiny_checkpoint

import calibench
from calibench import model
from calibench.backends import _cpu
from calibench.errors import CalibenchError, EngineError, IdentityError, InputError, ModelError
from calibench.finetune import averaging
from calibench.finetune.options import TrainingOptions
from calibench.finetune.trainers import base as trainers
from calibench.model import dequantize
from calibench.store import RunFile

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def marker(tmp_path):
    """What the files of hostile checkpoints write to."""
    return tmp_path / "executed"


@pytest.fixture
def checkpoint(tmp_path, marker):
    return hostile.with_code(tmp_path / "hostile", marker)


@pytest.fixture(autouse=True)
def cache_of_code(tmp_path, monkeypatch):
    """Where transformers copies the files before it executes them; and a user who says yes to everything."""
    import transformers.dynamic_module_utils as of

    monkeypatch.setattr(of, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "transformers_modules"]:
        monkeypatch.delitem(sys.modules, name)  # of another cache
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n" * 100))


ROADS = {
    "resolve": lambda folder, out: model.resolve(str(folder)),
    "size for the engine": lambda folder, out: _cpu.size_of(folder),
    "trainer": lambda folder, out: trainers.load(
        trainers.TrainerSettings(model=str(folder), options=TrainingOptions())
    ),
    "merge, configuration": lambda folder, out: averaging._configuration(folder, False),
    "merge, tokenizer": lambda folder, out: averaging._tokenizer(folder, False),
    "unpacked GGUF": lambda folder, out: dequantize.prose_likelihood(folder),
    "run": lambda folder, out: calibench.run(str(folder), "micro", out),
    "run of a suite": lambda folder, out: calibench.run(str(folder), "micro", out, suite="zeng2025"),
    "tune": lambda folder, out: calibench.tune("sft", str(folder), "micro", out),
    "tune merge": lambda folder, out: calibench.tune("merge", "micro-sft", "", out, others=str(folder)),
    "score": lambda folder, out: calibench.score(folder, out=out),
}


@pytest.mark.parametrize("road", ROADS)
def test_no_road_executes_them_without_consent(road, checkpoint, marker, tmp_path):
    with pytest.raises((CalibenchError, ValueError)):
        ROADS[road](checkpoint, tmp_path / "out")
    assert not marker.exists()


@pytest.mark.engine
def test_the_engine_does_not_execute_them_either(checkpoint, marker, tmp_path):
    import asyncio

    from calibench.backends.vllm import Backend

    with pytest.raises((EngineError, ModelError), match=r"custom code|trust_remote_code"):
        asyncio.run(Backend(str(checkpoint), {"max_model_len": 64}, "auto", tmp_path / "log").start())
    assert not marker.exists()


def test_a_checkpoint_that_transformers_can_read_itself_is_read_without_them(tmp_path, marker):
    folder = hostile.with_code(tmp_path / "native", marker, native=True)
    loaded, chat = trainers.load(trainers.TrainerSettings(model=str(folder), options=TrainingOptions()))
    assert type(loaded).__name__ == "LlamaForCausalLM"
    assert chat.plain("a")
    assert model.resolve(str(folder)).code() == {}
    assert not marker.exists()


def test_a_pipe_that_says_yes_is_no_consent(checkpoint, marker, tmp_path):
    """As a user would meet it: the command, and `yes |` before it."""
    data = gsm8k_folder(tmp_path / "data", 2)
    command = [sys.executable, "-m", "calibench", "run", str(checkpoint), "--tasks", "gsm8k", "--data", str(data)]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "run")],
        input="y\n" * 1000,
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HOME": str(tmp_path / "home")},
    )
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "--trust-remote-code" in done.stderr
    assert not marker.exists()


def test_nobody_reads_standard_input(tmp_path):
    program = (
        "import sys\nfrom calibench.cli import lists, main\n"
        "lists.output.print_list = lambda *_: print(repr(sys.stdin.read()), flush=True)\n"
        "main(['backends'])\nprint(repr(sys.stdin.read()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], input="yes", capture_output=True, text=True)
    assert done.stdout.splitlines() == ["''", "'yes'"]


def test_with_consent_they_are_executed_and_the_lineage_says_which(tmp_path, marker):
    folders = [hostile.with_code(tmp_path / name, marker) for name in ("one", "two")]
    out = calibench.tune("merge", str(folders[0]), (), tmp_path / "out", others=str(folders[1]), trust_remote_code=True)
    assert {"configuration_hostile", "tokenization_hostile"} <= set(marker.read_text().split())
    recorded = json.loads((out / "lineage.json").read_text())["configuration"]["executed_code"]
    assert recorded == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folders[0].glob("*.py")}


def test_with_consent_a_trainer_reads_the_checkpoint(checkpoint, marker):
    settings = trainers.TrainerSettings(model=str(checkpoint), options=TrainingOptions(), trust_remote_code=True)
    loaded, _ = trainers.load(settings)
    assert type(loaded).__name__ == "HostileForCausalLM"
    assert len(set(marker.read_text().split())) == 3


def test_a_run_records_the_files_and_holds_them_to_what_they_were(launch):
    file = launch.model / "modeling_x.py"
    file.write_text("x = 1\n")
    launch(FakeBackend(add), limit=1, trust_remote_code=True)
    with RunFile.open(launch.out) as run:
        executed = run.manifest()["model"]["executed_code"]
    assert executed == {"modeling_x.py": hashlib.sha256(b"x = 1\n").hexdigest()}
    with pytest.raises(IdentityError, match=r"remote_code: modeling_x\.py sha256"):
        launch(FakeBackend(add), limit=2)
    file.write_text("x = 2\n")
    with pytest.raises(IdentityError, match=r"remote_code: modeling_x\.py sha256"):
        launch(FakeBackend(add), limit=2, trust_remote_code=True)


def test_consent_is_no_engine_option(launch):
    with pytest.raises(InputError, match="give --trust-remote-code"):
        launch(FakeBackend(add), engine={"trust_remote_code": True})


class _Opens:
    """A pickle that opens a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.fixture(params=["as torch writes it", "alone"])
def pickled(request, tmp_path, marker):
    """A checkpoint whose weights are such a pickle."""
    import torch

    folder = tiny_checkpoint(tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    weights = {"lm_head.weight": _Opens(marker)}
    if request.param == "alone":
        (folder / "pytorch_model.bin").write_bytes(pickle.dumps(weights, 2))
    else:
        torch.save(weights, folder / "pytorch_model.bin")
    return folder


_REFUSED = r"(?i)weights.only"


def test_pickled_weights_that_call_something_are_refused(pickled, marker):
    with pytest.raises(ModelError, match=_REFUSED):
        trainers.load(trainers.TrainerSettings(model=str(pickled), options=TrainingOptions()))
    assert not marker.exists()


@pytest.mark.engine
@pytest.mark.filterwarnings("ignore")  # of what the engine imports
def test_the_engine_refuses_them_too(pickled, marker):
    """By what it reads weights with; it has no other call of `torch.load`."""
    import vllm
    from vllm.model_executor.model_loader import weight_utils

    files = [str(pickled / "pytorch_model.bin")]
    for read in (weight_utils.pt_weights_iterator, weight_utils.multi_thread_pt_weights_iterator):
        with pytest.raises(pickle.UnpicklingError, match=_REFUSED):
            list(read(files, False))
    assert not marker.exists()
    unsafe = []
    for path in Path(vllm.__file__).parent.rglob("*.py"):
        if "torch.load(" in (text := path.read_text(encoding="utf-8")):
            calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
            loads = [call for call in calls if ast.unparse(call.func) == "torch.load"]
            safe = {"weights_only=True"}
            unsafe += [f"{path}:{c.lineno}" for c in loads if not safe & {ast.unparse(k) for k in c.keywords}]
    assert unsafe == []


def test_consent_is_for_the_checkpoint_that_lies_there(checkpoint, marker):
    config = json.loads((checkpoint / "config.json").read_text())
    config["auto_map"]["AutoConfig"] = "someone/else--configuration_hostile.HostileConfig"
    (checkpoint / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="code of another repository"):
        model.resolve(str(checkpoint), trust_remote_code=True)
    assert not marker.exists()


def test_every_call_that_loads_says_whether_code_may_be_executed():
    loading = {"from_pretrained", "load_dataset", "load_dataset_builder", "AsyncEngineArgs", "EngineArgs", "LLM"}
    harmless = {"PeftModel", "PeftConfig"}  # have no way to execute code of an adapter
    silent = []
    for folder in ("harness", "tasks", "metrics", "reports"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                of, _, name = ast.unparse(node.func).rpartition(".")
                if name in loading and of not in harmless and "trust_remote_code" not in {k.arg for k in node.keywords}:
                    silent.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert silent == []
