"""What a run and a tuning are asked for: their fields' parts, their identities, and what Python may give."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from fakes import gsm8k_folder

import calibench
from calibench import tasks
from calibench.cli.run import _read_file
from calibench.errors import IdentityError, InputError
from calibench.fields import Options, fields, of_part
from calibench.finetune.config import TuneConfig
from calibench.finetune.recipes import base as recipes
from calibench.finetune.tune import _plan
from calibench.model import Checkpoint
from calibench.prompting.parsing import PARSER
from calibench.running.config import RunConfig
from calibench.running.manifest import check_identity, identity
from calibench.running.selection import select, split_of
from calibench.store import RunFile
from calibench.tasks.user.description import Description


def checkpoint(folder: Path, content: str = "{}") -> Checkpoint:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(content)
    (folder / "modeling.py").write_text("# executed with consent alone")
    return Checkpoint(folder.name, folder, None)


@pytest.mark.parametrize("kind", [RunConfig, TuneConfig])
def test_every_field_says_what_it_is_and_which_part_it_has(kind):
    for field in fields(kind).values():
        assert field.part in ("identity", "scope", "neither"), field.name
        assert field.description, field.name


RUN = {"model": "one", "tasks": "gsm8k", "out": "o", "data": "data"}
OTHER_RUN = {
    "model": "two",
    "backend": "other",
    "engine": {"dtype": "float32"},
    "temperature": 1.0,
    "top_p": 0.5,
    "top_k": 20,
    "min_p": 0.1,
    "presence_penalty": 1.5,
    "repetition_penalty": 1.05,
    "system": "Be brief.",
    "max_tokens": 5,
    "force_answer": True,
    "language": "de",
    "thinking": "on",
    "template": {"reasoning_effort": "low"},
    "seed": 1,
    "trust_remote_code": True,
    "split": "train",
    "shard": "1/2",
}
"""Another value of each field that is identity."""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gsm8k_folder(tmp_path / "data", 20, train=range(100, 140))
    checkpoint(Path("one"))
    checkpoint(Path("two"), '{"other": 1}')
    return tmp_path


def run_identity(monkeypatch, **options: object) -> dict:
    from calibench.backends import base

    real = base.load("vllm")
    monkeypatch.setattr(base, "load", lambda name: real)
    config = RunConfig(**{**RUN, **options})
    selections = [select(split_of(tasks.load(name), config.split), config.data, 3) for name in config.tasks]
    return identity(config, trusted(config), selections)


def trusted(config: RunConfig | TuneConfig) -> Checkpoint:
    return Checkpoint("m", Path(config.model), None, trust_remote_code=config.trust_remote_code)


# Keys and values of a run file that commit cbe69e4 made; `prompts` and `graders` follow wordings and versions.
def test_the_identity_of_a_run_is_the_one_that_run_files_hold(place, monkeypatch):
    one = run_identity(monkeypatch)
    assert {key: value for key, value in one.items() if key not in ("prompts", "graders", "data", "parser")} == {
        "weights": "sha256:1511bd8718560e753f7fe706f1fed3eda3a8a8ee2b9fa7f4c69bf732f6637702",
        "backend": "vllm",
        "temperature": 0.0,
        "top_p": 1.0,
        "top_k": 0,
        "min_p": 0.0,
        "presence_penalty": 0.0,
        "repetition_penalty": 1.0,
        "system": None,
        "language": "en",  # not in that file
        "max_tokens": 2048,
        "thinking": "auto",
        "force_answer": False,
        "seed": 0,
        "shard": None,  # not in that file
        "engine_options": "",
        "template": "",  # not in that file
        "remote_code": "",  # not in that file
    }
    assert one["data"] == {"gsm8k": "sha256:b273a7a07167123ae355412f3e8b9c60deced873a56b1064f150ec7c876d3f68"}
    assert one["prompts"].keys() == {"gsm8k, plain", "method asked"}
    assert one["graders"].keys() == {"gsm8k"}
    assert one["parser"] == PARSER
    other = run_identity(
        monkeypatch, draws=3, engine={"max_num_seqs": 3, "dtype": "float32", "revision": 2}, confidence="stated"
    )
    assert (other["temperature"], other["engine_options"]) == (0.7, "dtype=float32, revision=2")
    assert other["prompts"].keys() == {"gsm8k, stated", "method stated"}


@pytest.mark.parametrize("name", [field.name for field in of_part(RunConfig, "identity")])
def test_a_field_that_is_identity_changes_the_identity_of_a_run(place, monkeypatch, name):
    entry = fields(RunConfig)[name].entry
    one, other = run_identity(monkeypatch), run_identity(monkeypatch, **{name: OTHER_RUN[name]})
    assert one[entry] != other[entry]
    assert one.keys() == other.keys()


def test_nothing_is_added_to_a_run_that_does_not_say_what_made_it(place, monkeypatch):
    with RunFile.create("o") as run:
        run.update_manifest(name="a", identity={})
        with pytest.raises(IdentityError, match=r"does not say its backend, .*, weights: nothing is added"):
            check_identity(run, run_identity(monkeypatch))


def test_a_run_file_that_does_not_say_a_field_holds_what_it_was_made_with(place, monkeypatch):
    before = {field: value for field, value in run_identity(monkeypatch).items() if field != "template"}
    with RunFile.create("o") as run:
        run.update_manifest(identity=before)
        assert check_identity(run, run_identity(monkeypatch)) == run_identity(monkeypatch)
        with pytest.raises(IdentityError, match="template:  there, reasoning_effort=low now"):
            check_identity(run, run_identity(monkeypatch, template={"reasoning_effort": "low"}))


@pytest.mark.parametrize(
    "change", [{"out": "p"}, {"name": "n"}, {"kind": "rl"}, {"limit": 2}, {"draws": 1}, {"variants": 1}], ids=str
)
def test_labels_folders_and_sizes_leave_the_identity(place, monkeypatch, change):
    assert run_identity(monkeypatch, **change) == run_identity(monkeypatch)


def test_wordings_and_targets_add_their_prompts_to_the_identity(place, monkeypatch):
    one, other = run_identity(monkeypatch), run_identity(monkeypatch, variants=2, targets=(0.5,))
    assert one | {"prompts": {}} == other | {"prompts": {}}
    assert other["prompts"].keys() - one["prompts"].keys() == {"gsm8k, target_0.5", "method asked#2"}
    assert one["prompts"].items() <= other["prompts"].items()


TUNE = {"recipe": "star", "model": "one", "tasks": ("gsm8k",), "out": "o", "seed": 0}
OTHER_TUNE = {
    "recipe": "epicar",
    "model": "two",
    "tasks": "math500",
    "options": {"draws": 3},
    "limit": 3,
    "eval_tasks": "math500",
    "drop_leaks": True,
    "protocol": "plain",
    "max_tokens": 5,
    "thinking": "off",
    "validation": 3,
    "validate_every": 2,
    "processes": 2,
    "engine": {"dtype": "float32"},
    "seed": 1,
    "trust_remote_code": True,
}


def plan(**changed: object) -> dict:
    config = TuneConfig(**{**TUNE, **changed})
    options: Options = recipes.read_options(config.recipe, config.options)
    return _plan(config, options, trusted(config), (), (), {})


# The configuration in the lineage of a checkpoint that commit cbe69e4 made.
def test_the_lineage_is_the_one_that_checkpoints_hold(place):
    assert plan(engine={"max_num_seqs": 3})["configuration"] == {
        "tasks": ["gsm8k"],
        "limit": None,
        "eval_tasks": None,
        "drop_leaks": False,
        "protocol": "stated",
        "max_tokens": 2048,
        "thinking": "auto",
        "validation": 64,
        "validate_every": 0,
        "engine": {},
        "seed": 0,
    }
    assert plan().keys() == {"recipe", "parent", "options", "configuration", "questions"}


@pytest.mark.parametrize("name", [field.name for field in of_part(TuneConfig, "identity")])
def test_a_field_that_is_identity_changes_the_lineage(place, name):
    assert plan() != plan(**{name: OTHER_TUNE[name]})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"split": "dev"}, "split: expected one of test, train, found 'dev'"),
        ({"draws": 0}, "draws: expected a whole number"),
        ({"limit": 0}, "limit: expected a whole number"),
        ({"thinking": "perhaps"}, "thinking: expected one of auto, off, on"),
        ({"temperature": -1}, "temperature: expected a finite number"),
        ({"temprature": 1}, "unknown option 'temprature'. Did you mean temperature"),
        ({"tasks": "gsm9k"}, "unknown task 'gsm9k'. Did you mean gsm8k"),
        ({"tasks": []}, "tasks: expected names of tasks, or a suite"),
        ({"tasks": 3}, "tasks: expected a list of names, found 3"),
        ({"suite": "zeng"}, "unknown suite 'zeng'. Did you mean zeng2025"),
        ({"task_draws": {"gsm9k": 2}}, "task_draws: unknown task 'gsm9k'. Did you mean gsm8k"),
    ],
    ids=str,
)
def test_python_is_told_what_does_not_fit_before_any_work(place, given, message):
    with pytest.raises(InputError) as raised:
        calibench.run(**{**RUN, **given})
    assert str(raised.value).startswith(message)
    assert not Path("o").exists()


@pytest.mark.parametrize(
    ("recipe", "options", "message"),
    [
        ("star", {"epochs": "2"}, "epochs: expected a finite number (above 0), found '2'"),
        ("star", {"draws": True}, "draws: expected a whole number (at least 1), found True"),
        ("star", {"epoch": 2}, "unknown option of recipe star 'epoch'. Did you mean epochs"),
    ],
)
def test_options_of_a_recipe_are_checked_from_python(recipe, options, message):
    with pytest.raises(InputError) as raised:
        recipes.read_options(recipe, options)
    assert str(raised.value).startswith(message)


def test_every_option_of_a_run_may_stand_in_its_file(tmp_path):
    given = {"limit": 3, "confidence": ["asked"], "draws": 2, "task_draws": {"gsm8k": 2}, "name": "n", "kind": "sft"}
    given |= {"variants": 2, "targets": [0.5, 0.75], "until": "ece decided", "against": "runs/a", "budgets": ["25%"]}
    given |= {"suite": "zeng2025", "protocol": "plain", "sampling": "model", "trust_remote_code": True}
    given |= {"adapter": ["lora", "lo,ra"], "base_url": ["http://localhost:8000"]}
    given |= {"judge": "other@openai", "judge_url": ["http://localhost:8001"], "judge_engine": {"timeout": 9}}
    given |= {**RUN, **OTHER_RUN, "tasks": ["gsm8k"]}
    described = dict.fromkeys(fields(Description), "labels")
    file = tmp_path / "run.toml"
    file.write_text("\ufeff" + "".join(f"{name} = {_toml(value)}\n" for name, value in (given | described).items()))
    read = _read_file(str(file))
    assert read.keys() == fields(RunConfig).keys() | fields(Description).keys()
    assert msgspec.json.decode(msgspec.json.encode(read)) == given | described


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + "}"
    return json.dumps(value)


def test_a_configuration_survives_json():
    config = RunConfig(**RUN, engine={"a": 1}, confidence="stated")
    assert msgspec.json.decode(json.dumps(msgspec.to_builtins(config)), type=RunConfig) == config
