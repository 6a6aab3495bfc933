"""`calibench run --until`: a run asks in steps until a number is known that well; and `compare --until`, which lets two
runs ask. With fake backends."""

from __future__ import annotations

import json
import re

import pytest
from fake_runs import add, rows
from fakes import FakeBackend, Given, checkpoint_folder, gsm8k_folder

from calibench.analysis.report import report
from calibench.analysis.rules import rule_of
from calibench.analysis.until import width
from calibench.backends import base
from calibench.cli import main
from calibench.errors import InputError
from calibench.running.config import RunConfig
from calibench.running.pipeline import execute
from calibench.running.progress import Silent
from calibench.store import RunFile

QUESTIONS = 200


@pytest.fixture
def ask(monkeypatch, tmp_path):
    """Runs on 200 questions with a rule; returns how many were asked, and what a report says of the rule."""
    model, data = checkpoint_folder(tmp_path / "model"), gsm8k_folder(tmp_path / "data", QUESTIONS)

    backend = FakeBackend(add)
    monkeypatch.setattr(base, "load", lambda name: Given(backend))

    def ask(until, out="run", **options):
        backend.completed.clear()
        config = RunConfig(
            model=str(model), tasks=("gsm8k",), out=str(tmp_path / out), data=str(data), protocol="stated",
            until=until, **options,
        )  # fmt: skip
        execute(config, Silent(), rule=rule_of(config, lambda _: None)).run.close()
        with RunFile.open(tmp_path / out) as run:
            return len(backend.completed), report(run).until

    return ask


def test_a_run_stops_at_the_first_look_that_knows_enough(ask, tmp_path):
    # Two of three are right: from there, a 99.64 % interval of Wilson's reaches .17 of 75 questions, .21 of 50.
    asked, (outcome,) = ask("accuracy ±0.18")
    assert [look.questions for look in outcome.looks] == [50, 75]
    assert asked == 75
    assert outcome.reason == "reached"
    first, last = outcome.looks
    assert first.value - first.low > 0.18 > last.value - last.low
    with RunFile.open(tmp_path / "run") as run:
        assert run.manifest()["complete"] is True
        assert run.manifest()["scope"]["gsm8k"]["stated"]["questions"] == 75


def test_the_same_command_asks_nothing_more_and_a_stricter_rule_goes_on(ask, tmp_path):
    ask("accuracy ±0.18")
    assert ask("accuracy ±0.18")[0] == 0
    asked, (outcome,) = ask("accuracy ±0.12")
    assert 75 + asked == outcome.looks[-1].questions
    assert outcome.reason == "reached"
    assert ask("accuracy ±0.12", out="at_once")[0] == outcome.looks[-1].questions
    assert rows(tmp_path / "run") == rows(tmp_path / "at_once")


def test_a_run_that_asked_everything_says_how_many_would_be_needed(ask):
    asked, (outcome,) = ask("ece +-0.001")
    assert asked == QUESTIONS
    assert (outcome.reason, outcome.available) == ("all asked", QUESTIONS)
    assert outcome.needed > 10 * QUESTIONS
    assert sum(look.level for look in outcome.looks) == pytest.approx(0.04)


def test_a_limit_ends_at_its_last_look_and_a_larger_one_goes_on(ask):
    asked, (outcome,) = ask("ece +-0.001", limit=100)
    assert (asked, outcome.reason) == (75, "not reached")
    assert ask("ece +-0.001", limit=120)[0] == 112 - 75


def test_a_later_command_without_a_rule_takes_it_away(ask):
    ask("accuracy ±0.18")
    assert ask(None) == (QUESTIONS - 75, ())


@pytest.mark.parametrize(
    ("until", "options", "message"),
    [
        ("mce +-0.02", {}, "unknown measure 'mce'"),
        ("ece", {}, "as \"ece .-0.02\", found 'ece'"),
        ("ece +-0", {}, "above 0 and below 0.5"),
        ("gap +-1", {}, "above 0 and below 1"),
        ("ece +-many", {}, "found 'many'"),
        ("brier +-0.1", {"confidence": ("none",)}, "--confidence none"),
        ("ece +-0.1", {"limit": 20}, "after 50 questions for the first time"),
    ],
)
def test_what_no_rule_can_do_is_refused_before_any_work(ask, until, options, message):
    with pytest.raises(InputError, match=message):
        ask(until, **options)


def test_rules_are_read_as_people_write_them():
    assert {width(text) for text in ("ece +-0.02", "ECE ±0.02", " ece  +/- .02")} == {("ece", 0.02)}
    assert width("gap±.1") == ("signed_gap", 0.1)


def test_targets_are_asked_of_the_questions_that_the_rule_asked(ask):
    assert ask("accuracy ±0.18")[0] == 75
    assert ask("accuracy ±0.18", confidence="stated", targets=(0.5,))[0] == 75
    assert ask("accuracy ±0.18", confidence="stated", targets=(0.5,))[0] == 0


def test_a_rule_without_what_it_says_is_refused(ask, tmp_path):
    config = RunConfig(model="m", tasks=("gsm8k",), out=str(tmp_path / "run"), until="accuracy +-0.1")
    with pytest.raises(InputError, match="together with `rule`"):
        execute(config, Silent())


def less(prompt, seed):
    """As `add`, but wrong of multiples of seven too."""
    number = int(re.search(r"What is (\d+)", prompt)[1])
    return f"Answer: {2 * number + (number % 3 == 0 or number % 7 == 0)}\nConfidence: 85%"


@pytest.fixture
def two(monkeypatch, tmp_path):
    """Two configurations, of backends that answer as `add` and `less`; returns what each backend was asked."""
    model, data = checkpoint_folder(tmp_path / "model"), gsm8k_folder(tmp_path / "data", QUESTIONS)
    backends = {"vllm": FakeBackend(add), "transformers": FakeBackend(less)}
    monkeypatch.setattr(base, "load", lambda name: Given(backends[name]))
    monkeypatch.chdir(tmp_path)
    for name, backend in (("a", "vllm"), ("b", "transformers")):
        (tmp_path / f"{name}.toml").write_text(
            f"model = '{model}'\ntasks = ['gsm8k']\ndata = '{data}'\nprotocol = 'stated'\nout = 'runs/{name}'\n"
            f"name = '{name}'\nbackend = '{backend}'\n"
        )
    return {name: backend.completed for name, backend in zip("ab", backends.values(), strict=True)}


def grow(*runs, rule="accuracy decided"):
    assert main(["compare", *runs, "--until", rule, "--out", "out"]) == 0
    with open("out/comparison.json") as file:
        return json.load(file)["decisions"][0]


def test_one_command_lets_two_runs_ask_until_they_are_told_apart(two, tmp_path):
    decision = grow("a.toml", "b.toml")
    assert (decision["run_a"], decision["run_b"], decision["verdict"]) == ("a", "b", "worse")
    looks = [look["questions"] for look in decision["looks"]]
    assert looks == [50, 75, 112, 168, 200][: len(looks)]
    assert 1 < len(looks) < 5, "it took more than one look, and not all questions"
    assert [len(of) for of in two.values()] == [looks[-1]] * 2
    assert (tmp_path / "runs" / "a" / "report.html").is_file()
    for of in two.values():
        of.clear()
    assert grow("a.toml", "b.toml") == decision
    assert [len(of) for of in two.values()] == [0, 0], "the same command asks nothing again"


def test_a_run_that_is_there_does_not_grow_and_ends_the_other(two):
    assert main(["run", "-c", "a.toml", "--limit", "75"]) == 0
    decision = grow("runs/a", "b.toml")
    assert (decision["verdict"], decision["finished"]) == ("undecided", 75)
    assert [len(of) for of in two.values()] == [75, 75]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.toml", "b.toml"], "goes with --until"),
        (["a.toml", "b.toml", "a.toml", "--until", "decided"], "expected two runs"),
        (["a.toml", "a.toml", "--until", "decided"], "found one twice"),
        (["a.toml", "b.toml", "--until", "ece +-0.1"], "expected decided"),
        (["a.toml", "nowhere.toml", "--until", "decided"], "nowhere.toml"),
        (["a.toml", "nowhere", "--until", "decided"], "nowhere"),
        (["a.toml", "b.toml", "--until", "decided", "--baseline", "b"], "the first is the baseline"),
    ],
)
def test_runs_that_cannot_grow_together_are_refused_before_any_work(two, capsys, arguments, message):
    assert main(["compare", *arguments, "--out", "out"]) != 0
    assert message in capsys.readouterr().err
    assert not any(two.values())
