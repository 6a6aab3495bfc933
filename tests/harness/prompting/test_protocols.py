"""What the protocols ask for, and that the parser reads an answer that gives just that."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from calibench import tasks
from calibench.prompting.parsing import parse
from calibench.prompting.protocols import PROTOCOLS, Protocol, first_turn, form_asked
from calibench.records import Question

STATING = [protocol for protocol in PROTOCOLS.values() if protocol.scale and protocol.name != "top_k"]
QUESTION = Question(
    task="t", question_id="1", text="Which?", choices=("a", "b"), gold=("A",), domain="other", split="test"
)
WRITTEN = {"percent": "80%", "probability": "0.8", "words": "very good chance", "score": "8", "letters": "B"}
VALUES = {"letters": 0.7}
"""In a scale that has no 0.8."""


@pytest.mark.parametrize("protocol", STATING, ids=lambda protocol: protocol.name)
@pytest.mark.parametrize("confidence_first", [False, True])
def test_the_form_that_a_protocol_asks_for_is_read(protocol: Protocol, confidence_first: bool):
    tagged = "<confidence>" in protocol.instruction
    answer = "<answer>42</answer>" if tagged else "Answer: 42"
    value = WRITTEN[protocol.scale]
    confidence = f"<confidence>{value}</confidence>" if tagged else f"Confidence: {value}"
    text = "\n".join([confidence, answer] if confidence_first else [answer, confidence])
    parsed = parse(text, reasoning_opened=False, scale=protocol.scale, finish_reason="stop")
    expected = VALUES.get(protocol.scale, 0.8)
    assert (parsed.confidence, parsed.status, parsed.answer_text) == (expected, "ok", answer)


@pytest.mark.parametrize(
    ("scale", "written", "expected"),
    [
        ("score", "8/10", (0.8, "ok")),
        ("score", "10", (1.0, "ok")),
        ("score", "1", (0.1, "ok")),
        ("score", "85%", (0.85, "ok")),
        ("score", "0.8", (None, "ambiguous")),
        ("score", "11", (None, "out_of_range")),
        ("letters", "A", (0.9, "ok")),
        ("letters", "**(C)**", (0.5, "ok")),
        ("letters", "E (0 to 20%)", (0.1, "ok")),
        ("letters", "B: quite sure", (0.7, "ok")),
        ("letters", "85%", (0.85, "ok")),
        ("letters", "85", (None, "ambiguous")),
        ("letters", "A lot of it", (None, "missing")),
        ("letters", "F", (None, "missing")),
        ("percent", "B", (None, "missing")),
    ],
)
def test_scores_and_letters_are_read_where_they_were_asked_for(scale, written, expected):
    text = f"Answer: B\nConfidence: {written}"
    parsed = parse(text, reasoning_opened=False, scale=scale, finish_reason="stop")
    assert (parsed.confidence, parsed.status) == expected
    assert parsed.answer_text == "Answer: B"


@pytest.mark.parametrize("protocol", STATING, ids=lambda protocol: protocol.name)
def test_a_question_that_says_how_to_answer_is_asked_for_nothing_but_the_confidence(protocol: Protocol):
    task = tasks.load("gsm8k")._replace(instruction=None)
    turn = first_turn(replace(QUESTION, choices=()), task, protocol)
    assert turn == f"Which?\n\n{protocol.alone}"
    assert "onfidence" in turn
    assert protocol.answer_form not in turn


@pytest.mark.parametrize("protocol", [p for p in PROTOCOLS.values() if p.writes], ids=lambda protocol: protocol.name)
def test_where_the_answer_stands_is_said_once(protocol: Protocol):
    turn = first_turn(QUESTION, tasks.load("gpqa_diamond"), protocol)
    assert turn.startswith("Which?\nA) a\nB) b\n\nThink step by step. The answer is the letter of one option.\n")
    assert turn.count(protocol.answer_form) == 1


def test_what_is_answered_by_its_first_token_is_not_to_be_thought_about_in_steps():
    turn = first_turn(QUESTION, tasks.load("gpqa_diamond"), PROTOCOLS["decision"])
    assert turn.endswith("\n\nThe answer is the letter of one option.\nReply with that letter and nothing else.")


def test_a_task_says_where_its_answer_stands_unless_the_protocol_has_a_place_for_it():
    question, task = replace(QUESTION, choices=()), tasks.load("creak")
    plain = first_turn(question, task, PROTOCOLS["plain"])
    form = 'Is this claim true or false?\nWrite the final answer as "Answer: true" or "Answer: false".'
    assert plain == f"Which?\n\n{form}"
    assert "<answer> and </answer>" in first_turn(question, task, PROTOCOLS["tags"])
    assert "Answer:" not in first_turn(question, task, PROTOCOLS["boxed"])


@pytest.mark.parametrize("name", ["gsm8k", "math500", "aime24", "aime25", "strategyqa", "gpqa_diamond", "supergpqa"])
def test_tasks_that_reward_reasoning_ask_for_it_under_the_default_protocol(name: str):
    assert "step by step" in form_asked(tasks.load(name), PROTOCOLS["plain"])


def test_the_turn_of_zeng_et_al_asks_for_answer_then_confidence_in_tags():
    # arXiv 2504.06564, appendix A: step by step, <answer>, then <confidence>, worked example 80% (V) and 0.8 (V.Prob).
    for name, example in (("stated_tags", "80%"), ("stated_tags_probability", "0.8")):
        instruction = PROTOCOLS[name].instruction
        assert "step by step" in instruction
        assert instruction.index("<answer>") < instruction.index("<confidence>")
        assert f"<confidence>{example}</confidence>" in instruction
