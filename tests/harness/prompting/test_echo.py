"""A reply that repeats the form is told from one that fills it in."""

from __future__ import annotations

import pytest
from fakes import FakeBackend

from calibench import tasks
from calibench.prompting.echo import example_value, repeats_form
from calibench.prompting.protocols import PROTOCOLS, form_asked
from calibench.store import RunFile

WORD = "Is this claim true or false? The answer is the word true or the word false."
CLAIM = form_asked(tasks.load("creak")._replace(instruction=WORD, answer_form=None), PROTOCOLS["plain"])
NUMBER = form_asked(tasks.load("gsm8k"), PROTOCOLS["boxed"])
TAGS = form_asked(tasks.load("gsm8k"), PROTOCOLS["stated_tags"])


@pytest.mark.parametrize(
    ("reply", "form"),
    [
        ("The answer is the word true or the word false.", CLAIM),
        ("Is this claim true or false?", CLAIM),
        ('Answer: ...', CLAIM),
        ("Answer:", CLAIM),
        ("**Answer:** <your answer>", CLAIM),
        ("The answer is a number.", NUMBER),
        (r"The final answer is in \boxed{}.", NUMBER),
        ("Solve it step by step, and put the final answer", NUMBER),
        ("<answer>80%</answer>", TAGS),
        ("<answer></answer>", TAGS),
        ("...", NUMBER),
    ],
)  # fmt: skip
def test_a_form_that_is_not_filled_in_is_an_echo(reply, form):
    assert repeats_form(reply, form)


@pytest.mark.parametrize(
    ("reply", "form"),
    [
        ("Answer: true", CLAIM),
        ("The claim is false.", CLAIM),
        ("I cannot say whether it is true or false, there is no such river.", CLAIM),
        ("Answer: 42", NUMBER),
        (r"\boxed{12}", NUMBER),
        ("<answer>70%</answer>", TAGS),
        ("<answer>80</answer>", TAGS),
        ("", NUMBER),
        ("Answer: Final Fantasy", NUMBER),
    ],
)
def test_an_answer_is_no_echo(reply, form):
    assert not repeats_form(reply, form)


def test_every_example_of_a_confidence_in_a_prompt_is_known():
    shown = {name: example_value(protocol.instruction) for name, protocol in PROTOCOLS.items()}
    assert {name: value for name, value in shown.items() if value} == {
        "stated_tags": "80%",
        "stated_tags_probability": "0.8",
    }
    assert not [name for name, p in PROTOCOLS.items() if "such as" in p.instruction and not shown[name]]


def test_an_echo_is_an_outcome_of_its_own_and_no_answer(launch):
    replies = iter(["Answer: ...", "Answer: a number", "Answer: 2"] + ["Answer: 3"] * 7)
    launch(FakeBackend(lambda prompt, seed: next(replies)), protocol="plain", confidence="none")
    with RunFile.open(launch.out) as run:
        frame = run.frame()
    assert frame["outcome"].value_counts()["echoed"] == 2
    assert frame[frame["outcome"] == "echoed"]["answer"].isna().all()
