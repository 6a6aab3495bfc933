"""LoRA adapters: what is one, and that a run with one asks the changed model by either engine."""

import json
from pathlib import Path

import pytest
import warm
from some_adapters import random_adapter

from calibench import model
from calibench.cli import main
from calibench.errors import ModelError
from calibench.model.adapter import read
from calibench.store import RunFile

GOOD = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]}


def folder(place: Path, config: object = GOOD, weights: bytes | None = b"weights") -> Path:
    place.mkdir()
    (place / "adapter_config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    if weights is not None:
        (place / "adapter_model.safetensors").write_bytes(weights)
    return place


def test_its_weights_are_part_of_the_models_fingerprint(tmp_path):
    base = model.resolve("micro-sft")
    one, other = (base.adapted(read(str(folder(tmp_path / name, weights=name.encode())))) for name in ("one", "other"))
    assert one.name == "micro-sft+one"
    assert len({base.fingerprint(), one.fingerprint(), other.fingerprint()}) == 3
    assert one.fingerprint().startswith(base.fingerprint())
    assert read(str(folder(tmp_path / "ranks", GOOD | {"rank_pattern": {"v_proj": 32}}))).rank == 32


@pytest.mark.parametrize(
    ("config", "weights", "said"),
    [
        ("{", b"w", "expected the configuration of a LoRA adapter"),
        ({"r": 4}, b"w", "peft_type"),
        (GOOD | {"peft_type": "IA3"}, b"w", "found peft_type 'IA3'"),
        (GOOD | {"use_dora": True}, b"w", "found use_dora"),
        (GOOD | {"bias": "all"}, b"w", "found bias 'all'"),
        (GOOD | {"modules_to_save": ["lm_head"]}, b"w", "found modules_to_save"),
        (GOOD | {"r": 0}, b"w", "found rank 0"),
        (GOOD | {"r": 1000}, b"w", "found rank 1000"),
        (GOOD | {"rank_pattern": {"(([a-z.])*)*X": 2}}, b"w", "found the pattern"),
        (GOOD | {"alpha_pattern": {".*.*.*.*.*X": 2}}, b"w", "found the pattern"),
        (GOOD, None, "expected a folder with adapter_config.json and adapter_model.safetensors"),
    ],
)
def test_what_is_no_adapter_says_so(tmp_path, config, weights, said):
    with pytest.raises(ModelError, match=said):
        read(str(folder(tmp_path / "adapter", config, weights)))
    with pytest.raises(ModelError, match="expected a folder with"):
        read(str(tmp_path / "nothing"))


def arguments(out: Path, *options: str) -> list[str]:
    asked = ("--tasks", "micro", "--limit", "4", "--max-tokens", "48", "--confidence", "stated,p_true")
    return ["run", "micro-sft", "--out", str(out), *asked, *options]


def run(out: Path, *options: str) -> int:
    return main(arguments(out, *options))


def rows(out: Path):
    with RunFile.open(out) as found:
        return found.frame().sort_values(["task", "question_id", "method"]), found.manifest()


def test_the_changed_model_is_asked(tmp_path, capsys):
    adapter = random_adapter(tmp_path / "random", "micro-sft")
    plain = ("--backend", "transformers", "--engine", "dtype=float32")
    assert run(tmp_path / "base", *plain) == run(tmp_path / "adapted", *plain, "--adapter", str(adapter)) == 0
    (base, _), (adapted, about) = rows(tmp_path / "base"), rows(tmp_path / "adapted")
    assert base.value.tolist() != adapted.value.tolist()
    assert about["name"] == "micro-sft+random"
    for name in ("target_modules", "exclude_modules"):  # PEFT would search it for ever
        settings = json.loads((adapter / "adapter_config.json").read_text())
        (adapter / "adapter_config.json").write_text(json.dumps(settings | {name: "(([a-z_0-9.])*)*X"}))
    assert run(tmp_path / "endless", *plain, "--adapter", str(adapter)) == 0
    assert rows(tmp_path / "endless")[0].value.tolist() == pytest.approx(adapted.value.tolist(), nan_ok=True)
    capsys.readouterr()
    assert run(tmp_path / "base", *plain, "--adapter", str(adapter)) == 3
    assert "weights: sha256:" in capsys.readouterr().err


@pytest.mark.engine
@pytest.mark.slow
def test_vllm_asks_several_changed_models_and_the_model_itself_by_one_engine(tmp_path):
    adapters = []
    for name, rank, alpha in (("one", 4, 2), ("other", 16, 64)):
        adapters += ["--adapter", str(random_adapter(tmp_path / name, "micro-sft", rank=rank, alpha=alpha))]
    adapters += ["--adapter", "none"]
    assert run(tmp_path / "plain", "--backend", "transformers", *adapters) == 0
    done = warm.run("calibench", *arguments(tmp_path / "vllm", *adapters))
    assert done.returncode == 0, done.stderr
    for name in ("one", "other", "base"):
        (ours, _), (theirs, _) = rows(tmp_path / "vllm" / name), rows(tmp_path / "plain" / name)
        assert ours.answer.fillna("").tolist() == theirs.answer.fillna("").tolist()
        assert ours.value.tolist() == pytest.approx(theirs.value.tolist(), abs=1e-3, nan_ok=True)
    assert (tmp_path / "vllm" / "engine.log").read_text().count("Initializing a V1 LLM engine") == 1
