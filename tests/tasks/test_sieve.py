"""Patterns that are looked for only where a word of theirs stands find what they would find everywhere."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Sequence
from re import _constants as sre
from re import _parser
from typing import Any

import pytest

import calibench.prompting
from calibench.tasks import grading
from calibench.tasks.grading import number, refusal
from calibench.tasks.grading.sieve import Sieved

FOLDED = "İıſK"
"""The letters outside of ASCII that match some of ASCII where case is ignored."""


def sieves() -> Iterator[tuple[str, Sieved]]:
    for package in (grading, calibench.prompting):
        for found in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            yield from ((f"{found.name}.{name}", of) for name, of in vars(module).items() if isinstance(of, Sieved))


SIEVES = dict(sieves())


def needs(items: Sequence[tuple[Any, Any]], words: Sequence[str]) -> bool:
    """Whether every ASCII text that the parsed pattern matches has one of the words, or there is no such text."""
    run = ""
    for op, value in [*items, (None, None)]:
        if op is sre.LITERAL:
            run += chr(value).lower()
            continue
        if any(word in run for word in words) or any(not c.isascii() and c not in FOLDED for c in run):
            return True
        run = ""
        if op is sre.IN and all(of is sre.LITERAL and chr(c) > "\x7f" and chr(c) not in FOLDED for of, c in value):
            return True
        if op is sre.SUBPATTERN and needs(value[3], words):
            return True
        if op is sre.BRANCH and all(needs(branch, words) for branch in value[1]):
            return True
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT) and value[0] and needs(value[2], words):
            return True
    return False


@pytest.mark.parametrize("name", SIEVES)
def test_every_match_in_ascii_has_one_of_the_words_on_its_first_line(name):
    pattern, words = SIEVES[name]
    assert needs(_parser.parse(pattern.pattern, pattern.flags), words)
    before = re.compile(rf"\n[^\n]*(?:{'|'.join(map(re.escape, words))})")
    samples = (f"a\nb {word} c 5\n{word}: 90%\nd: {word} is 7" for word in words)
    for text in samples:
        assert [m.span() for m in SIEVES[name].finditer(text)] == [m.span() for m in pattern.finditer(text)]
        assert not any(before.search(match[0]) for match in pattern.finditer(text))


@pytest.mark.parametrize("text", ["CONFIDENCE: 5%", "a\nx\nmy confidence: 5", "ConfıDENCE: 5", "уверенность: 5", ""])
def test_a_label_is_found_in_any_script_and_case(text):
    label = SIEVES["labels.LABEL"]
    assert [m.span() for m in label.finditer(text)] == [m.span() for m in label.pattern.finditer(text)]
    assert (label.search(text) is None) == (label.pattern.search(text) is None)


@pytest.mark.parametrize("text", ["5", "-5", "0.5", "007", "1.000", "-0", "123456789012345.123456789012345"])
def test_a_plain_number_is_read_as_with_something_around_it(text):
    assert number.read_number(text) == number.read_number(f" {text} ") is not None


def test_every_refusal_has_a_letter_or_a_question_mark():
    patterns = refusal.patterns()
    for said in (patterns.says_or_doubts, patterns.bare):
        for text in ("", "-", "...", "42", "3/4", "$5", "_", "١٢", "—", "(7)", "1e5?"[:-2]):
            assert not said.match(text)
    assert refusal.is_refusal("?")
    assert not refusal.is_refusal("42")
