"""`calibench run --until`: a run asks in steps until a number is known that well; with a fake backend."""

from __future__ import annotations

import pytest
from fake_runs import add, rows
from fakes import FakeBackend, Given, checkpoint_folder, gsm8k_folder

from calibench.analysis.report import report
from calibench.analysis.rules import rule_of
from calibench.analysis.until import width
from calibench.backends import base
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
