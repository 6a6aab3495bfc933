"""The parser against case tables, recorded model outputs, and properties that hold for any text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibench.prompting.hedges import SCALE
from calibench.prompting.parsing import Parsed, parse
from calibench.tasks.grading.answer import stated_answer

CASES = Path(__file__).parent / "cases"


def case_id(case: dict) -> str:
    return f"{case['text'][:50]!r} {case['finish_reason']}"


CONFIDENCES = [
    case
    for name in ("confidence", "confidence_forms", "confidence_kinds")
    for case in json.loads((CASES / f"{name}.json").read_text())
]


@pytest.mark.parametrize("case", CONFIDENCES, ids=case_id)
def test_stated_confidence(case: dict):
    parsed = parse(
        case["text"],
        reasoning_opened=False,
        scale=case["scale"],
        finish_reason=case["finish_reason"],
        answered_before=case.get("answered_before", False),
    )
    assert (parsed.confidence, parsed.status) == (case["confidence"], case["status"])
    if case["answer"] is not None:
        assert parsed.answer_text == case["answer"]


@pytest.mark.parametrize("case", json.loads((CASES / "reasoning.json").read_text()), ids=case_id)
def test_reasoning_and_truncation(case: dict):
    parsed = parse(
        case["text"],
        reasoning_opened=case["reasoning_opened"],
        scale="percent",
        finish_reason=case["finish_reason"],
    )
    found = (parsed.reasoning, parsed.answer_text, parsed.truncated)
    assert found == (case["reasoning"], case["answer"], case["truncated"])


@pytest.mark.parametrize("case", json.loads((CASES / "turns.json").read_text()), ids=case_id)
def test_reasoning_of_every_family_and_further_turns_are_no_answer(case: dict):
    parsed = parse(
        case["text"],
        reasoning_opened=case["reasoning_opened"],
        scale="percent",
        finish_reason=case["finish_reason"],
    )
    found = (stated_answer(parsed.answer_text), parsed.confidence, parsed.truncated)
    assert found == (case["answer"], case["confidence"], case["truncated"])


def test_confidence_inside_the_reasoning_does_not_count():
    parsed = parse(
        "<think>Confidence: 30%</think>Answer: 4", reasoning_opened=False, scale="percent", finish_reason="stop"
    )
    assert (parsed.confidence, parsed.status, parsed.reasoning) == (None, "missing", "Confidence: 30%")


def test_offsets_count_characters_of_the_text():
    text = "<think>２＋２</think>\n答案：４\n置信度：８５％"
    parsed = parse(text, reasoning_opened=False, scale="percent", finish_reason="stop")
    assert text[parsed.answer_start :] == "\n答案：４\n置信度：８５％"
    assert parsed.raw == "置信度：８５％"
    assert text[: parsed.confidence_span[0]] == "<think>２＋２</think>\n答案：４\n"
    assert parsed.answer_text == "答案：４"


def test_an_analysis_is_cut_from_what_a_further_question_shows():
    text = "<answer>4</answer>\n<analysis>I am fairly sure: 2 + 2.</analysis>\n<confidence>0.8</confidence>"
    parsed = parse(text, reasoning_opened=False, scale="probability", finish_reason="stop")
    shown = "".join(c for i, c in enumerate(text) if not any(a <= i < b for a, b in parsed.cut_spans))
    assert shown.strip() == "<answer>4</answer>"


@pytest.mark.data
def test_recorded_statements_are_read_as_labelled(benchmark_data: Path):
    """Real outputs of eight models; rows that a person could argue about are left out."""
    lines = (benchmark_data / "recorded/confidence_statements.jsonl").read_text().splitlines()
    rows = [row for line in lines if (row := json.loads(line))["ambiguous"] is None]
    scales = {"0-1": "probability", "0-100": "percent"}
    wrong = [
        (row["id"], row["expected_confidence"], parsed)
        for row in rows
        if (parsed := parse_recorded(row["text"], scales[row["scale_asked"]])).confidence != row["expected_confidence"]
    ]
    assert len(rows) > 250
    assert len(wrong) <= 0.01 * len(rows), wrong


@pytest.mark.parametrize("term", SCALE)
@pytest.mark.parametrize(
    "form",
    [
        "Answer: 4\nConfidence: {}",
        "**Confidence: {}**\nAnswer: 4",
        '{{"answer": "4", "confidence": "{}"}}',
        "<answer>4</answer>\n<confidence>\n{}\n</confidence>",
        "Answer: 4\n{}",
        "Answer: 4 ({})",
    ],
)
def test_every_term_of_the_verbal_scale_is_read_in_every_form(term: str, form: str):
    for written in (term, term.capitalize(), term.title(), term.upper()):
        parsed = parse(form.format(written), reasoning_opened=False, scale="words", finish_reason="stop")
        assert (parsed.confidence, parsed.status) == (SCALE[term], "ok"), written
        assert term not in parsed.answer_text.lower()


def test_terms_of_the_verbal_scale_fall_in_the_order_in_which_they_are_offered():
    # Medians of the survey; "probably" and "likely" stand the other way round in it than one may think.
    assert sorted(SCALE.values(), reverse=True) == list(SCALE.values())


def parse_recorded(text: str, scale: str) -> Parsed:
    return parse(text, reasoning_opened=False, scale=scale, finish_reason="stop")


PIECES = st.sampled_from(
    [
        *("<think>", "</think>", "[THINK]", "[/THINK]", "Answer: ", "Final answer", "\\boxed{", "}", "####"),
        *(
            "<answer>",
            "Confidence: ",
            "**Confidence:** ",
            '"confidence": ',
            "確信度：",
            "Probability: ",
            "my confidence is ",
            "<analysis>",
            "</analysis>",
        ),
        *(
            "85%",
            "I'm 90% sure",
            "0.9",
            "9/10",
            "80-90%",
            "８５％",
            "18",
            ",",
            ".",
            "\n",
            "\n\n",
            " ",
            "(",
            ")",
            "Question: ",
            "(95%)",
        ),
        *("almost certain", "not ", "likely", "I am sure", " that this is correct", "Probably"),
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join)


@settings(max_examples=400, deadline=None)
@given(
    text=TEXTS,
    opened=st.booleans(),
    scale=st.sampled_from(["percent", "probability", "words", "score", "letters", None]),
    finish_reason=st.sampled_from(["stop", "length"]),
)
def test_spans_never_overlap_and_status_agrees_with_value(text, opened, scale, finish_reason):
    parsed = parse(text, reasoning_opened=opened, scale=scale, finish_reason=finish_reason)
    assert (parsed.confidence is not None) == (parsed.status == "ok")
    assert parsed.confidence is None or 0 <= parsed.confidence <= 1
    assert parsed.truncated is None or finish_reason == "length"
    assert parsed.unclosed or parsed.truncated != "reasoning"
    assert not parsed.unclosed or parsed.answer_start == len(text)
    assert 0 <= parsed.answer_start <= len(text)
    assert (parsed.confidence_span is None) == (parsed.raw is None)
    if parsed.confidence_span:
        start, end = parsed.confidence_span
        assert 0 <= start < end <= len(text)
        assert parsed.raw == text[start:end]
        # What is left as the answer comes from outside the statement, in the order of the text.
        outside = iter(text[:start] + "\n" + text[end:] + "\n")
        assert all(c == "\n" or c in outside for c in parsed.answer_text)


@settings(max_examples=200, deadline=None)
@given(value=st.integers(0, 100), answer=st.integers(-999, 999))
def test_the_form_asked_for_is_always_read(value, answer):
    text = f"Answer: {answer}\nConfidence: {value}%"
    parsed = parse(text, reasoning_opened=False, scale="percent", finish_reason="stop")
    assert (parsed.confidence, parsed.status, parsed.answer_text) == (value / 100, "ok", f"Answer: {answer}")


@settings(max_examples=100, deadline=None)
@given(text=TEXTS, value=st.integers(0, 100))
def test_reasoning_changes_neither_answer_nor_confidence(text, value):
    text = text.replace("</think>", "").replace("[/THINK]", "")
    said = f"Answer: 18\nConfidence: {value}%"
    alone = parse(said, reasoning_opened=False, scale="percent", finish_reason="stop")
    after = parse(f"{text}</think>\n{said}", reasoning_opened=True, scale="percent", finish_reason="stop")
    assert after[1] == alone.answer_text
    assert (after.confidence, after.raw) == (alone.confidence, alone.raw)


PROGRAM = '''import re
# Problem: none
confidence = 95
answer = 5



TEXT = """a



b"""
def f(x):
    return "Confidence: 50%"'''


@pytest.mark.parametrize(
    ("text", "finish_reason", "confidence", "truncated"),
    [
        (f"Sure.\n```python\n{PROGRAM}\n```\nConfidence: 85%", "stop", 0.85, None),
        (f"Sure.\n```\n{PROGRAM}\n```\nConfidence: 85%", "stop", 0.85, None),
        (f"Let me see. Confidence: 85%\n\n```py\n{PROGRAM}\n```\nDone.", "stop", 0.85, None),
        (f"<think>No:\n```python\nx\n```\n</think>```python\n{PROGRAM}\n```\nConfi", "length", None, None),
        (f"```python\n{PROGRAM}", "length", None, "answer"),
        (f"Answer:\n```python\n{PROGRAM}", "length", None, "answer"),
    ],
)
def test_programs_are_kept_as_they_are_and_state_nothing(text, finish_reason, confidence, truncated):
    parsed = parse(text, reasoning_opened=False, scale="percent", finish_reason=finish_reason)
    assert PROGRAM in parsed.answer_text
    assert (parsed.confidence, parsed.truncated) == (confidence, truncated)
