"""Reasoning gain: the formula by hand, the steps, what is asked of the model, and that shuffled steps gain less."""

from __future__ import annotations

import json
import math

import pytest
from fakes import FakeBackend, tokenizer

from calibench.confidence.reasoning_gain import forced, gain, step_ends
from calibench.prompting.chat import ChatFormat
from calibench.prompting.parsing import parse
from calibench.store import RunFile

WRITTEN = "<think>1+1=2; 2+2=4; 4+3=7</think>\nAnswer: 7\nConfidence: 90%"


def asked(text: str, opening: str = "", finish_reason: str = "stop", **options):
    chat = ChatFormat(tokenizer(opening), "auto")
    prompt = chat.first("What?")
    parsed = parse(text, reasoning_opened=prompt.reasoning_opened, scale="percent", finish_reason=finish_reason)
    output = tuple(chat.tokenizer.encode(text, add_special_tokens=False))
    found = forced(chat, prompt.token_ids, output, parsed, **options)
    if isinstance(found, str):
        return found
    before = chat.decode(prompt.token_ids)
    return [chat.decode(prefix).removeprefix(before) for prefix in found.prefixes], chat.decode(found.answer)


def test_the_formula_by_hand():
    rising = gain([-3.0, -2.0, -1.0])
    assert (rising.net, rising.monotonicity) == (2.0, 1.0)
    assert rising.value == pytest.approx(math.tanh(2))
    mixed = gain([-2.0, -1.0, -1.5, -0.5], scale=2.0)  # steps +1, -.5, +1: 2 of 2.5 go up; net 1.5
    assert mixed.monotonicity == pytest.approx(0.8)
    assert mixed.value == pytest.approx(0.8 * math.tanh(0.75))
    falling = gain([-1.0, -2.0, -1.5])
    assert falling.value == pytest.approx((0.5 / 1.5) * math.tanh(-0.5))
    assert gain([-1.0, -1.0, -1.0]) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("reasoning", "steps"),
    [
        ("", []),
        ("  ", []),
        ("one thought", ["one thought"]),
        ("a\nb\n\nc. d", ["a\nb\n\n", "c. d"]),
        ("First. b\nSecond", ["First. b\n", "Second"]),
        ("6/3=2; 2+1=3. So 3.", ["6/3=2; ", "2+1=3. ", "So 3."]),
        ("\n\nalone\n\n", ["\n\nalone\n\n"]),
        ("是。否", ["是。", "否"]),
    ],
)
def test_steps_are_paragraphs_else_lines_else_sentences(reasoning, steps):
    ends = step_ends(reasoning)
    assert [reasoning[a:b] for a, b in zip([0, *ends], ends, strict=False)] == steps


def test_many_steps_are_taken_together():
    reasoning = "\n".join(map(str, range(100)))
    ends = step_ends(reasoning)
    assert (len(ends), ends[-1]) == (16, len(reasoning))
    sizes = [len(reasoning[a:b].split()) for a, b in zip([0, *ends], ends, strict=False)]
    assert set(sizes) == {6, 7}


def test_the_answer_is_put_behind_each_step_and_never_sees_the_confidence():
    prefixes, answer = asked(WRITTEN)
    assert answer == " 7"
    assert prefixes == [
        "<think>\n</think>\n\nAnswer:",
        "<think>1+1=2; \n</think>\n\nAnswer:",
        "<think>1+1=2; 2+2=4; \n</think>\n\nAnswer:",
        "<think>1+1=2; 2+2=4; 4+3=7\n</think>\n\nAnswer:",
    ]


def test_the_answer_line_is_begun_in_other_words_without_a_space_behind_a_wide_colon():
    prefixes, answer = asked(WRITTEN, cue="答案：")
    assert (prefixes[0], answer) == ("<think>\n</think>\n\n答案：", "7")
    prefixes, answer = asked(WRITTEN, cue="Antwort:")
    assert (prefixes[0], answer) == ("<think>\n</think>\n\nAntwort:", " 7")


def test_reasoning_that_the_prompt_opens_and_reasoning_without_tags_have_steps_too():
    prefixes, _ = asked(WRITTEN.removeprefix("<think>"), opening="<think>")
    assert prefixes[0].startswith("\n</think>")
    assert prefixes[1].startswith("1+1=2; \n</think>")
    prefixes, answer = asked("Two and two are four. Three more is seven.\nAnswer: 7")
    assert answer == " 7"
    assert prefixes == [
        "Answer:", "Two and two are four. \nAnswer:", "Two and two are four. Three more is seven.\n\nAnswer:"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<think>so it is</think>Answer: 7", "reasoning of 1 step; expected 2 or more"),
        ("Answer: 7", "reasoning of 0 steps"),
        ("<think>a; b</think>```python\nprint(1)\n```", "the answer is a program"),
        ("<think>a; b</think>Answer: " + "long " * 40, "an answer of 200 tokens; expected 1 to 64"),
        ("<think>a; b</think>", "an answer of 0 tokens"),
    ],
)
def test_what_has_no_gain_says_why(text, reason):
    assert asked(text).startswith(reason)
    assert asked(WRITTEN[:20], finish_reason="length") == "the token limit cut the output"


class _Likelihoods(FakeBackend):
    """Finds the answer the likelier the more of the steps stand in order before it; 32 tokens of each prompt cached."""

    async def token_probabilities(self, prompt, tokens):
        text = self.chat.decode(prompt)
        self.chosen.append(text)
        steps = ["1+1=2", "2+2=4", "4+3=7"]
        there = next(n for n in (3, 2, 1, 0) if "; ".join(steps[:n]) in text)
        return {token: math.exp(there - 4) for token in tokens}, 32


def test_a_run_reads_it_from_single_tokens_behind_cached_prompts(launch):
    backend = _Likelihoods(lambda prompt, seed: WRITTEN.replace("Answer: 7", "Answer: 17"))
    launch(backend, confidence=("reasoning_gain",), limit=1)
    with RunFile.open(launch.out) as run:
        (read,) = run.confidences("reasoning_gain")
    value, raw, cached = read.value, read.raw, read.cached_tokens
    assert read.status == "ok"
    assert value == pytest.approx((1 + math.tanh(3)) / 2)
    told = json.loads(raw)
    assert told["supports"] == pytest.approx([-4, -3, -2, -1])
    # " 17" has three tokens of the byte tokenizer: each is asked for behind those before it, after 0 to 3 steps.
    assert told["requests"] == len(backend.chosen) == 4 * 3
    assert sum(text.endswith("Answer: 1") for text in backend.chosen) == 4
    assert cached == 12 * 32


def test_shuffled_steps_are_the_same_steps_in_another_order_and_gain_less():
    plain, _ = asked(WRITTEN)
    for seed in "abcdef":
        shuffled, _ = asked(WRITTEN, shuffled=seed)
        assert shuffled != plain
        assert shuffled[0] == plain[0]
        assert sorted(shuffled[-1]) == sorted(plain[-1])
    assert asked(WRITTEN, shuffled="a") == asked(WRITTEN, shuffled="a")

    def supports(prefixes):
        steps = ["1+1=2", "2+2=4", "4+3=7"]
        return [max(n for n in (3, 2, 1, 0) if "; ".join(steps[:n]) in text) - 4.0 for text in prefixes]

    assert gain(supports(asked(WRITTEN, shuffled="a")[0])).value < gain(supports(plain)).value
