"""Suites and a user's own files through the real command, with a backend that needs no engine."""

from __future__ import annotations

import json
import re

import pytest
from fakes import FakeBackend, checkpoint_folder, gsm8k_folder

import calibench
from calibench import tasks
from calibench.backends import base
from calibench.cli import main
from calibench.confidence import base as methods
from calibench.errors import DataError, InputError
from calibench.prompting import protocols
from calibench.running import suites
from calibench.running.config import RunConfig
from calibench.store import RunFile

SUMS = "q,a\n" + "".join(f"What is {n} plus {n}?,{2 * n}\n" for n in range(12))


class _Fake(FakeBackend):
    prompts: list[str] = []

    def __init__(self, model, engine_options, thinking, log):
        super().__init__(self.reply)

    def reply(self, prompt: str, _seed: int | None) -> str:
        self.prompts.append(prompt)
        if "Proposed solution" in prompt:
            return "<confidence>30%</confidence>"
        number = int(prompt.partition("What is ")[2].split()[0])
        return f"<answer>{2 * number}</answer><confidence>{60 + number}%</confidence>"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with a checkpoint `model`, data `data`, a table `sums.csv` and a fake backend."""
    real = base.load
    monkeypatch.setattr(base, "load", lambda name: real(name) and _Fake)
    monkeypatch.setattr(_Fake, "prompts", [])
    monkeypatch.setattr(tasks, "SOURCES", dict(tasks.SOURCES))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALIBENCH_DATA", raising=False)
    checkpoint_folder(tmp_path / "model")
    gsm8k_folder(tmp_path / "data", 12)
    (tmp_path / "sums.csv").write_text(SUMS)
    return tmp_path


def run(*options: str) -> int:
    return main(["run", "model", "--data", "data", "--out", "run", *options])


OWN = ("--task-file", "sums.csv", "--question", "q", "--answer", "a", "--grader", "number")


def test_a_table_runs_and_continues_and_is_known_by_its_content(place, capsys):
    assert run(*OWN, "--limit", "5", "--protocol", "stated_tags") == 0
    assert run(*OWN, "--protocol", "stated_tags") == 0
    assert len(_Fake.prompts) == 12  # the five of the first command are not asked again
    with RunFile.open("run") as stored:
        frame = stored.frame()
        assert set(frame["task"]) == {"sums"}
        assert (frame["outcome"] == "correct").all()
        assert len(frame) == 12
        assert stored.manifest()["data"]["sums"]["origin"] == "sums.csv: question 'q', answer 'a'"
    assert run(*OWN[:5], "q", *OWN[6:], "--protocol", "stated_tags") == 3
    assert "answer 'a' there, sha256:" in (error := capsys.readouterr().err), error
    (place / "sums.csv").write_text(SUMS + "What is 99 plus 99?,198\n")
    assert run(*OWN, "--protocol", "stated_tags") == 3
    assert "data[sums]: sha256:" in capsys.readouterr().err


def test_a_moved_table_is_the_same_task(place):
    assert run(*OWN, "--protocol", "stated_tags") == 0
    (place / "elsewhere").mkdir()
    (place / "sums.csv").rename(place / "elsewhere" / "sums.csv")
    assert run("--task-file", "elsewhere/sums.csv", *OWN[2:], "--protocol", "stated_tags") == 0
    assert len(_Fake.prompts) == 12


def test_a_configuration_file_describes_a_table(place):
    (place / "run.toml").write_text(
        'model = "model"\nout = "run"\nprotocol = "stated_tags"\n'
        'task-file = "sums.csv"\nquestion = "q"\nanswer = "a"\ngrader = "number"\nlimit = 3\n'
    )
    assert main(["run", "--config", "run.toml", "--limit", "4"]) == 0
    assert len(_Fake.prompts) == 4


def test_a_table_is_checked_by_the_command(place, capsys):
    assert main(["check-task", *OWN]) == 0
    assert "sums: passed, 12 questions from sums.csv" in capsys.readouterr().out
    assert main(["check-task"]) == 2
    assert "expected a task's name, or --task-file" in capsys.readouterr().err


def test_a_suite_runs_from_python(place):
    with calibench.run("model", ["gsm8k"], "run", suite="zeng2025", kind="sft", data="data", limit=2) as stored:
        assert stored.manifest()["suite"]["changed"] == ["limit", "tasks"]
        assert stored.manifest()["identity"]["max_tokens"] == 16384
    with pytest.raises(DataError, match="math500"):
        calibench.run("model", [], "other", suite="epicar", data="data")  # the suite's tasks: their files are not there


def test_columns_without_a_file_are_refused(place, capsys):
    assert run("--tasks", "gsm8k", "--grader", "number") == 2
    assert "--grader describes a file: name it by --task-file" in capsys.readouterr().err


def test_two_tasks_of_one_name_are_refused(place, capsys):
    (place / "other").mkdir()
    (place / "other" / "sums.csv").write_text(SUMS)
    assert run(*OWN, "--tasks", "file:other/sums.csv?question=q&answer=a&grader=number") == 2
    assert "'sums' more than once" in capsys.readouterr().err


def test_a_suite_gives_the_settings_that_are_not_given(place, capsys):
    assert run("--suite", "zeng2025", "--kind", "rl", "--tasks", "gsm8k", "--max-tokens", "500", "--limit", "3") == 0
    assert "lacks SimpleQA, FreshQA, LiveBench-Reasoning" in capsys.readouterr().err
    with RunFile.open("run") as stored:
        manifest = stored.manifest()
    identity = manifest["identity"]
    assert (identity["temperature"], identity["top_p"], identity["max_tokens"]) == (0.6, 0.95, 500)
    assert list(manifest["scope"]["gsm8k"]) == ["stated_tags"]
    assert manifest["suite"]["name"] == "zeng2025"
    assert "arXiv 2504.06564" in manifest["suite"]["source"]
    assert manifest["suite"]["changed"] == ["limit", "max_tokens", "tasks"]
    assert "Settings of suite zeng2025 were changed: limit, max_tokens, tasks." in manifest["notes"]


def test_self_reflection_asks_in_a_fresh_prompt_and_shows_no_stated_confidence(place):
    assert run("--suite", "zeng2025_reflection", "--kind", "instruct", "--tasks", "gsm8k", "--limit", "3") == 0
    reflections = [prompt for prompt in _Fake.prompts if "Proposed solution" in prompt]
    assert len(reflections) == 3
    for prompt in reflections:
        assert prompt.count("<|user|>") == 1
        assert "<answer>" in prompt
        assert "plus" in prompt
    with RunFile.open("run") as stored:
        assert set(stored.frame()["method"]) == {"reflected"}
        assert set(stored.frame()["value"]) == {0.3}


def test_draws_differ_by_task(place, monkeypatch):
    suite = suites.SUITES["epicar"]
    monkeypatch.setitem(
        suites.SUITES,
        "toy",
        suite._replace(
            name="toy",
            tasks=("gsm8k", "file:sums.csv?question=q&answer=a&grader=number"),
            settings={"protocol": "stated_tags", "temperature": 1.0, "task_draws": {"sums": 3}},
        ),
    )
    assert run("--suite", "toy", "--limit", "2") == 0
    with RunFile.open("run") as stored:
        counts = stored.frame()["task"].value_counts().to_dict()
    assert counts == {"gsm8k": 2, "sums": 6}


def test_a_suite_by_kind_needs_the_kind(place, capsys):
    assert run("--suite", "zeng2025") == 2
    assert "expected --kind, one of instruct, sft, rl, found none" in capsys.readouterr().err


def test_an_unknown_suite_is_answered_with_the_nearest(place, capsys):
    assert run("--suite", "zeng") == 2
    assert "Did you mean zeng2025" in capsys.readouterr().err


def test_draws_that_are_given_hold_for_all_tasks():
    merged = suites.applied({"suite": "zeng2025", "kind": "rl", "draws": 2})
    assert "task_draws" not in merged
    assert merged["draws"] == 2
    assert suites.applied({"suite": "zeng2025", "kind": "rl"})["task_draws"] == {
        "aime24": 5,
        "aime25": 5,
    }


# Table 6 of Zeng et al. 2025 (arXiv 2504.06564v3).
@pytest.mark.parametrize(
    ("kind", "temperature", "top_p", "max_tokens"),
    [("instruct", 0.7, 0.8, 3072), ("sft", 0.6, 0.95, 16384), ("rl", 0.6, 0.95, 16384)],
)
@pytest.mark.parametrize("name", ["zeng2025", "zeng2025_probability", "zeng2025_reflection"])
def test_the_sampling_of_zeng_et_al(name, kind, temperature, top_p, max_tokens):
    settings = suites.load(name).settings_for(kind)
    assert (settings["temperature"], settings["top_p"], settings["max_tokens"]) == (temperature, top_p, max_tokens)


@pytest.mark.parametrize("suite", suites.SUITES.values(), ids=lambda suite: suite.name)
def test_a_suite_names_what_exists(suite):
    assert set(suite.tasks) <= set(tasks.names())
    for kind in suite.by_kind or {None: {}}:
        settings = suite.settings_for(kind)
        assert settings.keys() <= set(RunConfig.__struct_fields__)
        protocol = protocols.protocol(settings["protocol"])
        for name in settings["confidence"]:
            assert "stated" not in methods.load(name).needs or protocol.scale
        config = RunConfig(model="m", out="o", **settings)
        assert config.draws == 1 or config.token_sampling().temperature > 0
        assert config.task_draws.keys() <= set(config.tasks)


def test_the_lm_eval_tasks_that_a_suite_advises_are_in_the_installed_lm_eval():
    from calibench.lm_eval.theirs import _configuration

    named = {t for s in suites.SUITES.values() for why in s.missing.values() for t in re.findall(r"lm_eval:(\w+)", why)}
    assert named
    assert all(_configuration(name).is_file() for name in named)


def test_suites_are_listed_as_text_and_json(capsys):
    assert main(["suites"]) == 0
    text = capsys.readouterr().out
    assert "without SimpleQA" in text
    assert "settings for rl: temperature 0.6" in text
    assert main(["suites", "--json"]) == 0
    assert [suite["name"] for suite in json.loads(capsys.readouterr().out)] == list(suites.SUITES)


def test_settings_for_an_unknown_kind_are_refused():
    with pytest.raises(InputError, match="found base"):
        suites.load("zeng2025").settings_for("base")
