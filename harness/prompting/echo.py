"""Tells a reply that repeats the form that the prompt asks for from one that fills it in.

Weak models write `Answer: ...`, `The answer is the word true or the word false.` or the prompt's own example of a
confidence in the place of the answer. Such a reply says nothing about the question.
"""

from __future__ import annotations

import re
import unicodedata

from calibench.tasks.grading.answer import first_label, stated_answer

_PLACEHOLDERS = frozenset(
    {"", "answer", "your answer", "final answer", "your final answer", "the answer", "your answer here", "answer here"}
)
_EXAMPLE = re.compile(r"<confidence>([\d.,]+%?)</confidence>")
_WORDS = 2
"""Words of the prompt in a row that an answer must have to be taken from it: one alone may be meant."""


def example_value(instruction: str) -> str | None:
    """The value that the prompt shows as an example of a confidence, as `80%`; None if it shows none."""
    example = _EXAMPLE.search(instruction)
    return example and example[1]


def repeats_form(answer_text: str, instruction: str) -> bool:
    """Whether an answer is nothing but the prompt's own words on how to answer.

    Args:
        answer_text: a reply without reasoning and stated confidences.
        instruction: the prompt without the question.
    """
    answer = stated_answer(answer_text)
    if answer is None:
        if first_label(answer_text) is not None:
            return True  # a label, and nothing behind it
        answer = answer_text
    if example_value(instruction) == answer.strip():
        return True
    words = _words(answer)
    if words in _PLACEHOLDERS:
        return bool(answer.strip())
    return len(words.split()) >= _WORDS and f" {words} " in f" {_words(instruction)} "


def _words(text: str) -> str:
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()
