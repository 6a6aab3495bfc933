"""Confidence targets: each is asked anew in one command, declining is read, and saying is held against doing."""

from __future__ import annotations

import pytest
from fakes import FakeBackend, NeverStarts

from calibench import tasks
from calibench.analysis.report import numbers, report
from calibench.errors import InputError
from calibench.prompting import protocols
from calibench.reports.formats import csv
from calibench.reports.run import run_report
from calibench.reports.targets import sentence, targets_table, targets_text
from calibench.store import RunFile

RULE = (
    "Answer only if you are more than 75% confident, since a wrong answer costs 3 points, a right answer earns 1 point,"
    ' and the answer "I don\'t know" earns 0 points.'
)


def cautious(prompt: str, seed: int | None) -> str:
    """Is sure of even numbers alone, which it gets right; told that errors cost 3 or more, it declines the others."""
    number = int(prompt.partition("What is ")[2].partition(" ")[0])
    sure = number % 2 == 0
    if "How likely is it" in prompt:
        return f"Confidence: {90 if sure else 20}%"
    if "costs 3 points" in prompt and not sure:
        return "Answer: I don't know"
    return f"Answer: {2 * number + (not sure)}"


def test_the_prompt_tells_target_and_penalty():
    assert protocols.protocol("target_0.75") == protocols.target(0.75)
    form = protocols.form_asked(tasks.load("gsm8k"), protocols.target(0.75))
    assert form.endswith(RULE)
    assert form.startswith(protocols.form_asked(tasks.load("gsm8k"), protocols.PROTOCOLS["plain"]).rstrip("."))
    assert "costs 1 point," in protocols.target(0.5).instruction
    for name in ("target_", "target_1.0", "target_0.750", "target_nan"):
        with pytest.raises(InputError, match="protocol"):
            protocols.protocol(name)


def test_one_command_asks_every_target_and_holds_doing_against_saying(launch):
    backend = FakeBackend(cautious)
    launch(backend, protocol="plain", confidence="asked", targets="0.5,0.75")
    assert len(backend.completed) == 10 * (2 + 2)
    with RunFile.open(launch.out) as run:
        assert run.manifest()["complete"] is True
        summary = report(run)
    half, three_quarters = summary.targets
    assert (half.target, half.answered.value, half.utility.value, half.agreement.value) == (0.5, 1.0, 0.0, 0.5)
    assert (half.answers_unsure, half.declines_sure) == (5, 0)
    assert (three_quarters.answered.value, three_quarters.accuracy.value) == (0.5, 1.0)
    assert (three_quarters.agreement.value, three_quarters.utility.value) == (1.0, 0.5)
    assert three_quarters.utility_by_confidence.value == 0.5
    page = run_report(summary)
    assert "Does it do what it says?" in page
    assert sentence(half).replace("'", "&#39;") in page
    assert "It does what it says in 50 % of 10 cases: 5 are answered without being so sure" in sentence(half)
    assert "Told to answer only if more than 75 % sure, it answers 50 % (100 % of them right)" in targets_text(summary)
    assert csv(targets_table({"run": summary})).count("\n") == 3
    assert numbers(summary)["targets"] == summary.targets


def test_a_finished_run_is_asked_only_for_the_targets_that_it_lacks(launch):
    launch(FakeBackend(cautious), protocol="plain", limit=3)
    backend = FakeBackend(cautious)
    launch(backend, protocol="plain", limit=3, targets=(0.9,))
    assert len(backend.completed) == 3
    launch(NeverStarts(), protocol="plain", limit=3)
    with RunFile.open(launch.out) as run:
        assert set(run.manifest()["scope"]["gsm8k"]) == {"plain", "target_0.9"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": "1"}, r"targets: expected a list, each a finite number \(above 0, below 1\), found '1'"),
        ({"targets": (0.0,)}, r"targets: expected a list, each a finite number \(above 0, below 1\), found \(0.0,\)"),
        ({"targets": "half"}, "targets: expected a list, each a finite number"),
        ({"targets": "0.5,0.50"}, "--targets: expected each once, found 0.5, 0.5"),
        ({"targets": "0.5", "confidence": "none"}, "--targets: expected a confidence"),
        ({"targets": "0.5", "protocol": "options"}, "--targets: protocol options cannot decline"),
    ],
)
def test_targets_that_make_no_sense_are_refused_before_any_work(launch, options, message):
    with pytest.raises(InputError, match=message):
        launch(NeverStarts(), **{"protocol": "plain", **options})
    assert not launch.out.exists()
