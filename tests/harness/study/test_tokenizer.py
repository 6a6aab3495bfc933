"""The shared tokenizer and chat format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibench.prompting.chat import ChatFormat
from calibench.study.tokenizer import VOCABULARY, train_tokenizer
from calibench.study.tokenizer_text import tokenizer_texts

TOKENIZER = train_tokenizer(tokenizer_texts(0))


@given(st.text())
def test_any_text_survives(text):
    ids = TOKENIZER.encode(text, add_special_tokens=False)
    assert TOKENIZER.decode(ids, skip_special_tokens=False) == text


def test_the_vocabulary_is_small_and_digits_stand_alone():
    assert len(TOKENIZER) == VOCABULARY
    assert TOKENIZER.tokenize("+1234") == ["+", "1", "2", "3", "4"]


def test_reasoning_tags_are_single_tokens_that_decoding_shows_and_turn_markers_are_hidden():
    ids = TOKENIZER.encode("<think>1+1=2</think>\nAnswer: 2<|end|>", add_special_tokens=False)
    assert len(TOKENIZER.tokenize("<think></think>")) == 2
    assert TOKENIZER.decode(ids, skip_special_tokens=True) == "<think>1+1=2</think>\nAnswer: 2"
    assert ids[-1] == TOKENIZER.eos_token_id


def test_the_template_renders_turns_and_opens_the_reply():
    turns = [
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": "Answer: 2"},
        {"role": "user", "content": "Sure?"},
    ]
    closed = TOKENIZER.apply_chat_template(turns, tokenize=False)
    assert closed == "<|user|>1+1?<|end|><|assistant|>Answer: 2<|end|><|user|>Sure?<|end|>"
    opened = TOKENIZER.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert opened == closed + "<|assistant|>"


@pytest.mark.parametrize(
    ("thinking", "end"), [("auto", "<|assistant|>"), ("on", "<|assistant|>"), ("off", "<think></think>")]
)
def test_thinking_can_be_switched_off(thinking, end):
    chat = ChatFormat(TOKENIZER, thinking)
    prompt = chat.first("1+1?")
    assert chat.decode(prompt.token_ids).endswith(end)
    assert not prompt.reasoning_opened


def test_the_letters_of_p_true_are_single_tokens():
    chat = ChatFormat(TOKENIZER, "auto")
    assert len(chat.label_tokens("A")) == len(chat.label_tokens("B")) == 2


def test_mathematics_and_english_encode_at_a_sane_length():
    text = "Natalia sold clips to 48 of her friends in April, then half as many in May. How much is $\\frac{3}{4}$?"
    assert len(TOKENIZER.tokenize(text)) < 0.6 * len(text)
