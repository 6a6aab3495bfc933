"""Several adapters in one command: each run is the one that its own command makes, and one engine asks for all."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from fake_runs import RIGHT, add, rows
from fakes import FakeBackend, Given, NeverStarts, checkpoint_folder, gsm8k_folder
from safetensors.numpy import save_file

import calibench
from calibench.backends import base
from calibench.cli import main
from calibench.errors import CapabilityError, EngineError, InputError, ModelError
from calibench.model import resolve
from calibench.running.adapters import read
from calibench.running.config import RunConfig
from calibench.running.pipeline import execute, execute_all
from calibench.running.progress import Silent
from calibench.store import RunFile

LAYER = "model.layers.{}.self_attn.q_proj"


def adapter(place: Path, value: float = 1, *, layer: int = 0, rank: int = 4, shape: tuple[int, int] = (8, 6)) -> Path:
    place.mkdir(parents=True)
    settings = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]}
    (place / "adapter_config.json").write_text(json.dumps(settings))
    name = f"base_model.model.{LAYER.format(layer)}"
    rows, columns = shape
    matrices = {"A": np.full((rank, columns), value), "B": np.full((rows, rank), value)}
    save_file(
        {f"{name}.lora_{of}.weight": matrix for of, matrix in matrices.items()}, place / "adapter_model.safetensors"
    )
    return place


class Adapting(FakeBackend):
    """Answers as `add`, and with the adapter NAME as `add` plus the length of NAME; dies after so many answers."""

    capabilities = FakeBackend.capabilities | {"adapters"}

    def __init__(self, answers: int = 1000):
        super().__init__(add)
        self.loaded: list[str] = []
        self.starts = 0
        self.asked: list[str] = []
        self.before: dict[str, set[str]] = {}
        self._answers = answers

    def given(self, adapters):
        self.loaded = ["none" if one is None else one.path.parent.name for one in adapters]

    async def start(self):
        self.starts += 1

    def with_adapter(self, adapter):
        name = adapter.path.parent.name if adapter else "none"
        of_adapter = FakeBackend(lambda prompt, seed: self._reply(name, prompt, seed))
        of_adapter.in_flight = self.in_flight
        return of_adapter

    def _reply(self, name, prompt, seed):
        if len(self.asked) >= self._answers:
            raise EngineError("the engine died")
        self.asked.append(name)
        reply = add(prompt, seed)
        return reply if name == "none" or not reply.startswith("Answer") else RIGHT.format(len(name))


class GivenAdapters(Given):
    def __call__(self, model, options, *_):
        self._backend.given(options.get("adapters", [None]))
        return self._backend


@pytest.fixture
def go(tmp_path, monkeypatch):
    model, data = checkpoint_folder(tmp_path / "model"), gsm8k_folder(tmp_path / "data", 10)
    save_file({f"{LAYER.format(0)}.weight": np.zeros((8, 6), np.float32)}, model / "model.safetensors")
    adapter(tmp_path / "one" / "adapter")
    adapter(tmp_path / "three" / "adapter", 2)

    def go(backend: FakeBackend, *adapters: str, out: str = "runs", **options):
        monkeypatch.setattr(base, "load", lambda name: GivenAdapters(backend))
        options = {"confidence": ("stated", "asked", "p_true"), "protocol": "stated"} | options
        named = [name if name in ("none", ",") else str(tmp_path / name) for name in adapters]
        results = execute_all(
            RunConfig(
                model=str(model), tasks=("gsm8k",), out=str(tmp_path / out), data=str(data), adapter=named, **options
            ),
            Silent(),
        )
        for result in results:
            result.run.close()
        return results

    return go


BOTH = ("one/adapter", "three/adapter")


def test_each_run_is_that_of_its_own_command_and_one_engine_starts(go, tmp_path):
    backend = Adapting()
    results = go(backend, *BOTH, "none")
    assert (backend.starts, backend.loaded) == (1, ["one", "three", "none"])
    assert [r.run.path.parent.name for r in results] == ["one-adapter", "three-adapter", "base"]
    first = backend.asked[:20]
    assert {*first} == {"one", "three", "none"}, "all are asked side by side"
    for name, own, of in (("one", "one-adapter", BOTH[:1]), ("three", "three-adapter", BOTH[1:]), ("none", "base", ())):
        go(Adapting(), *of, out=name)
        assert rows(tmp_path / "runs" / own) == rows(tmp_path / name)
        with RunFile.open(tmp_path / "runs" / own) as ours, RunFile.open(tmp_path / name) as theirs:
            differing = {k for k, value in ours.manifest().items() if theirs.manifest()[k] != value}
        assert differing <= {"sessions"}
    assert rows(tmp_path / "one") != rows(tmp_path / "three")


def test_places_in_the_engine_are_shared(go):
    now, most = 0, 0

    class Counting(Adapting):
        def with_adapter(self, adapter):
            of_adapter = super().with_adapter(adapter)
            plain = of_adapter.complete

            async def complete(*given, **named):
                nonlocal now, most
                now += 1
                most = max(most, now)
                try:
                    return await plain(*given, **named)
                finally:
                    now -= 1

            of_adapter.complete = complete
            return of_adapter

    backend = Counting()
    backend.in_flight = 3
    go(backend, *BOTH, "none", confidence=("stated",))
    assert most == 3


def test_what_died_continues_and_what_is_finished_is_not_loaded(go, tmp_path):
    go(Adapting(), *BOTH, out="whole")
    with pytest.raises(EngineError, match="died"):
        go(Adapting(answers=9), *BOTH)
    go(Adapting(), BOTH[0], out="runs/one-adapter")  # its own command continues it too
    kept = rows(tmp_path / "runs" / "three-adapter")["generations"]
    second = Adapting()
    go(second, *BOTH)
    assert second.loaded == ["three"]
    assert len(second.asked) <= 20 - len(kept)
    for name in ("one-adapter", "three-adapter"):
        assert rows(tmp_path / "runs" / name) == rows(tmp_path / "whole" / name)

    class Never(NeverStarts):
        capabilities = Adapting.capabilities

    go(Never(), *BOTH)


def test_ctrl_c_stops_all_and_nothing_is_lost(go, tmp_path):
    class Stopped(Adapting):
        def _reply(self, *given):
            if len(self.asked) == 7:
                os.kill(os.getpid(), signal.SIGINT)
            return super()._reply(*given)

    go(Adapting(), *BOTH, out="whole")
    first, second = Stopped(), Adapting()
    assert all(result.interrupted for result in go(first, *BOTH))
    made = sum(len(rows(tmp_path / "runs" / f"{name}-adapter")["generations"]) for name in ("one", "three"))
    assert 0 < made < 20
    assert not any(result.interrupted for result in go(second, *BOTH))
    assert len(first.asked) + len(second.asked) == 40, "each is asked for an answer and a confidence, once"
    for name in ("one-adapter", "three-adapter"):
        assert rows(tmp_path / "runs" / name) == rows(tmp_path / "whole" / name)


@pytest.mark.parametrize(
    ("given", "options", "error", "said"),
    [
        (("one/adapter", "one/../one/adapter"), {}, InputError, "expected each once, found .*one/adapter again"),
        (("one/adapter", "copy"), {}, InputError, "copy again, which holds the same as .*one/adapter"),
        (("none", "one/adapter", "none"), {}, InputError, "found none again"),
        (("one/adapter", "missing"), {}, ModelError, "missing: expected a folder with adapter_config.json"),
        (("one/adapter", "large"), {}, ModelError, r"large: .*q_proj of 9 x 6, where the model's is 8 x 6"),
        (("one/adapter", "deep"), {}, ModelError, r"deep: .*layers.7.self_attn.q_proj, which the model does not have"),
        (("one/adapter", "wide"), {}, ModelError, "wide: .* rank 5 of .* rank 4 in adapter_config.json"),
        (("one/adapter", "torn"), {}, ModelError, "torn/adapter_model.safetensors: damaged"),
        (BOTH, {"name": "mine"}, InputError, "--name: expected with one adapter, whose run it names; found 2"),
        (BOTH, {"out": "before"}, InputError, "expected a folder for the runs of 2 adapters, found a run"),
        ((",",), {}, InputError, "--adapter: expected a folder, found nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_any_work(go, tmp_path, given, options, error, said):
    for name, about in {"copy": {}, "large": {"shape": (9, 6)}, "deep": {"layer": 7}, "wide": {"rank": 5}}.items():
        adapter(tmp_path / name, **about)
    torn = adapter(tmp_path / "torn") / "adapter_model.safetensors"
    torn.write_bytes(torn.read_bytes()[:-9])
    RunFile.create(tmp_path / "before").close()
    backend = Adapting()
    with pytest.raises(error, match=said):
        go(backend, *given, **options)
    assert backend.starts == 0
    assert not (tmp_path / "runs").exists()


def test_a_backend_without_adapters_is_named(go):
    with pytest.raises(CapabilityError, match="--adapter needs adapters; backend vllm does not take them"):
        go(FakeBackend(add), *BOTH)


def test_what_makes_a_single_run_takes_one_adapter(tmp_path):
    config = RunConfig(model="micro-sft", tasks=("micro",), out=str(tmp_path), adapter=("a,b",))
    with pytest.raises(InputError, match="expected at most one here, as each is a run of its own; found 2"):
        execute(config, Silent())


@pytest.mark.parametrize(
    ("given", "folders"),
    [
        (["r=4,a=8"], ["runs"]),
        (["one/adapter,{}/three/adapter", "r=4,a=8"], ["one-adapter", "three-adapter", "r=4,a=8"]),
        (["r=4,a=8", "none,", "none"], ["r=4,a=8", "none", "base"]),
        (["none"], ["runs"]),
    ],
)
def test_commas_part_folders_but_may_stand_in_the_name_of_one(go, tmp_path, given, folders):
    adapter(tmp_path / "r=4,a=8", 3)
    adapter(tmp_path / "none", 4)
    named = [name if name == "none" else f"{tmp_path}/{name.format(tmp_path)}" for name in given]
    config = RunConfig(model="any", tasks=("gsm8k",), out=str(tmp_path / "runs"), adapter=named)
    found = read(config, resolve(str(tmp_path / "model")))
    assert [one.out.name for one in found] == folders
    assert [one.adapter is None for one in found] == [folder == "base" or given == ["none"] for folder in folders]


def test_the_command_says_how_to_compare_and_python_returns_all(go, tmp_path, capsys, monkeypatch):
    go(Adapting(), *BOTH, "none")
    options = ["--tasks", "gsm8k", "--data", str(tmp_path / "data"), "--confidence", "stated,asked,p_true"]
    named = [str(tmp_path / name) for name in BOTH]
    command = ["run", str(tmp_path / "model"), "--out", str(tmp_path / "runs"), *options, "--protocol", "stated"]
    assert main([*command, "--adapter", named[0], "--adapter", f"{named[1]},none"]) == 0
    said = capsys.readouterr().out
    last = said.splitlines()[-1]
    folders = [str(tmp_path / "runs" / name) for name in ("base", "one-adapter", "three-adapter")]
    assert last == f"to compare them: calibench compare {' '.join(folders)}"
    assert said.count("report.html") == 3
    monkeypatch.setattr("calibench.running.door.require_main_guard", lambda _: None)
    asked = {"data": tmp_path / "data", "protocol": "stated", "confidence": ["stated", "asked", "p_true"]}
    runs = calibench.run(tmp_path / "model", "gsm8k", tmp_path / "runs", adapter=named, **asked)
    assert [run.path.parent.name for run in runs] == ["one-adapter", "three-adapter"]
    for run in runs:
        run.close()
