"""Finds training rows that give away questions of the evaluation set.

A row leaks if one of these rules, tried in this order, holds for it and an evaluation question:

- same id: it is the question of that task and id.
- same text: its question is the same, character by character, but for white space at the ends.
- same normalised text: the same words, numbers and operators; case, punctuation, white space and LaTeX spacing differ.
- contained: its question, choices, reasoning or answer holds the whole evaluation question, of at least 5 words, as
  whole sentences. ("Take x modulo 9" is not contained in "Take x modulo 9 if x is odd", which asks something else.)
- long n-gram: the two questions share 13 words in a row and 90 % of the words of the longer one, the evaluation
  question has at least 25 words, and the numbers are the same: a word problem with other numbers is another question.

13 words are the longest n-gram that Brown et al. 2020 look for (GPT-3, arXiv 2005.14165, appendix C), and as there, a
run of words that stands in more than 10 questions is a template and does not count (here: more than 0.1 % of the
training questions, if that is more). To ask for a large share as well follows Chowdhery et al. 2022 (PaLM, arXiv
2204.02311, section 8: 70 % of the 8-grams). The share of words, its size, the length and the numbers are ours: in
shorter questions one other word asks something else ("the surface area of a cone", "of a cube"), and 70 % of the
8-grams is reached by generated questions that differ in their last step.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from calibench.records import Question

Rule = Literal["same id", "same text", "same normalised text", "contained", "long n-gram"]

_RUN = 13
_LONG = 25
_SHARE = 0.9
_TEMPLATE = 10
_TEMPLATE_SHARE = 0.001
_WHOLE = 5
"""Words below which a question is too short to be recognised inside another text."""


class TrainingText(NamedTuple):
    """What one training row teaches."""

    place: str
    """Where the row stands, for messages: `file:line`, or task and id."""
    text: str
    """The question."""
    rest: tuple[str, ...] = ()
    """Whatever else the model reads or learns to write: reasoning, answer, tests."""
    choices: tuple[str, ...] = ()
    task: str | None = None
    question_id: str | None = None
    """Means something only together with `task`: short numbers are ids in many data sets."""


class Leak(NamedTuple):
    place: str
    """The training row."""
    task: str
    question_id: str
    """The evaluation question; one of them, if the row gives away several."""
    rule: Rule
    shared: str
    """The text that both have in common; for `same id`, the evaluation question."""


def row(question: Question, further: tuple[str, ...] = (), place: str | None = None) -> TrainingText:
    """A question of a task as a training row, with the `further` texts that are learned with it."""
    return TrainingText(
        place=place or f"{question.task} {question.question_id}",
        text=_statement(question),
        rest=(*question.gold, *further),
        choices=question.choices,
        task=question.task,
        question_id=question.question_id,
    )


def find(training: Iterable[TrainingText], evaluation: Iterable[Question]) -> list[Leak]:
    """The training rows that give away an evaluation question, in the order of the rows, each once.

    Both are read once. Memory grows with the evaluation set, and with the training questions that share 13 words in a
    row with it.
    """
    index = _Index(evaluation)
    found: list[tuple[int, Leak]] = []
    alike: dict[tuple[str, ...], list[tuple[int, TrainingText]]] = {}
    distinct: set[int] = set()
    for number, taught in enumerate(training):
        text = _read(taught.text)
        words = text.words
        distinct.add(hash(words))
        if leak := index.same(taught, words) or index.contained(taught, text):
            found.append((number, leak))
        elif not index.runs.isdisjoint(_runs(words)):
            alike.setdefault(words, []).append((number, taught))
    found += index.near(alike, max(_TEMPLATE, _TEMPLATE_SHARE * len(distinct)))
    return [leak for _, leak in sorted(found)]


def refusal(leaks: list[Leak], shown: int = 20) -> str:
    """Why training is refused, with the first `shown` leaks, one per line."""
    lines = [
        f"  {leak.place}: {leak.rule} as {leak.task} {leak.question_id}: {leak.shared!r:.120}" for leak in leaks[:shown]
    ]
    if len(leaks) > shown:
        lines.append(f"  and {len(leaks) - shown} more")
    rows = "row gives" if len(leaks) == 1 else "rows give"
    return "\n".join(
        [f"{len(leaks)} training {rows} away evaluation questions; take them out, or evaluate on others:", *lines]
    )


def normalise(text: str) -> tuple[str, ...]:
    """Words, numbers and operators of a text: what is left when case, punctuation and spacing are taken away."""
    return _read(text).words


# What NFKC would fuse with the digit before it: exponents and fractions in one character.
_EXPONENT = re.compile("[⁰¹²³⁴-⁹]+")
_FRACTION = re.compile("(?=[¼-¾⅐-⅞])")
_LATEX_SPACING = re.compile(
    r"\\(?:[()\[\],;:!> ]|(?:left|right|q?quad|displaystyle|limits)(?![a-z]))|(?<=\\)[dt](?=frac)"
)
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_FACTORIAL = re.compile(r"(?<=[\d)])!")
_SAME_SIGN = str.maketrans("−–—‐‑’⁄", "-----'/")
_CJK = "\u3040-\u30ff\u3400-\u9fff"
_OPERAND = r"(?=\s*(?:[\d(\\]|[a-z]\b))"
_TOKEN = re.compile(
    rf"""
    \d+(?:[.,]\d+)* | (?<![\w.])\.\d+       # numbers
    | [{_CJK}]                              # scripts without spaces: each character is a word
    | [^\W\d_{_CJK}]+(?:'[^\W\d_{_CJK}]+)*  # words
    | [-*]{_OPERAND}                        # operators that are punctuation elsewhere
    | [.?!;:"“”«»。\n]                       # where sentences and quotations begin and end
    | [^\w\s,*'‘…・、「」\[\]{{}}$\\&~`-]         # brackets and other operators
    """,
    re.VERBOSE,
)
_BREAKS = frozenset('.?!;:"“”«»。\n')


def _read(text: str) -> _Words:
    if not text.isascii():
        text = _FRACTION.sub(" ", _EXPONENT.sub(lambda exponent: f"^{exponent[0]}", text))
        text = unicodedata.normalize("NFKC", text).translate(_SAME_SIGN)
    text = text.casefold()
    # The checks before the substitutions halve the time that ordinary text takes.
    if "\\" in text:
        text = _LATEX_SPACING.sub("", text)
    if "!" in text:
        text = _FACTORIAL.sub(" factorial ", text)
    if "," in text:
        text = _THOUSANDS.sub(lambda number: number[0].replace(",", ""), text)
    words: list[str] = []
    breaks = [0]
    for token in _TOKEN.findall(text):
        if token in _BREAKS:
            breaks.append(len(words))
        else:
            words.append(token)
    return _Words(tuple(words), [*breaks, len(words)])


def _statement(question: Question) -> str:
    """The question without the tests that a program is graded by, and without the line that introduces them.

    Another edition of the data, or another prompt, shows other tests for the same question.
    """
    text = question.text
    for test in question.tests:
        text = text.replace(test.strip(), "")
    return re.sub(r"\n[^\n]*:\s*\Z", "", text) if question.tests else text


class _Words(NamedTuple):
    words: tuple[str, ...]
    breaks: list[int]
    """Numbers of words before which a sentence or quotation begins or ends."""


class _Index:
    """The evaluation questions, by everything that a training row is compared with."""

    def __init__(self, evaluation: Iterable[Question]) -> None:
        self.by_id: dict[tuple[str | None, str | None], Question] = {}
        self.by_text: dict[str, list[Question]] = {}
        self.by_words: dict[tuple[str, ...], list[Question]] = {}
        self.by_opening: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        """First words of a question -> all words of each question that begins so."""
        for question in evaluation:
            statement = _statement(question)
            self.by_id[question.task, question.question_id] = question
            self.by_text.setdefault(statement.strip(), []).append(question)
            self.by_words.setdefault(normalise(statement), []).append(question)
        self.by_words.pop((), None)
        counts: Counter[int] = Counter()
        for words in self.by_words:
            counts.update(_runs(words))
            if len(words) >= _WHOLE:
                self.by_opening.setdefault(words[:_WHOLE], []).append(words)
        self.runs = {run for run, n in counts.items() if n <= _TEMPLATE}

    def same(self, row: TrainingText, words: tuple[str, ...]) -> Leak | None:
        """The evaluation question that the row asks, by id, text or normalised text."""
        question = self.by_id.get((row.task, row.question_id))
        if question is not None:
            return _leak(row, question, "same id", question.text)
        for question in self.by_text.get(row.text.strip(), ()):
            if not row.choices or _shows_a_choice(row, question):
                return _leak(row, question, "same text", row.text.strip())
        for question in self.by_words.get(words, ()):
            if not row.choices or _shows_a_choice(row, question):
                return _leak(row, question, "same normalised text", " ".join(words))
        return None

    def contained(self, row: TrainingText, text: _Words) -> Leak | None:
        """The evaluation question that stands, whole, in the row's question, `text`, or in its other texts."""
        for words, breaks in (text, *map(_read, (*row.choices, *row.rest))):
            for start in breaks:
                for whole in self.by_opening.get(words[start : start + _WHOLE], ()):
                    end = start + len(whole)
                    if end in breaks and words[start:end] == whole:
                        for question in self.by_words[whole]:
                            if _shows_a_choice(row, question):
                                return _leak(row, question, "contained", " ".join(whole))
        return None

    def near(
        self, alike: dict[tuple[str, ...], list[tuple[int, TrainingText]]], template: float
    ) -> Iterator[tuple[int, Leak]]:
        """The rows that share a long n-gram with an evaluation question.

        Args:
            alike: training questions that share a run of words with the index, by their words: number and row of each.
            template: a run that stands in more of them is a template.
        """
        counts = Counter(run for words in alike for run in _runs(words) & self.runs)
        holders: dict[int, list[tuple[str, ...]]] = {}
        for words in alike:
            for run in _runs(words) & self.runs:
                if counts[run] <= template:
                    holders.setdefault(run, []).append(words)
        done: set[tuple[str, ...]] = set()
        for asked, questions in self.by_words.items():
            candidates = {words for run in _runs(asked) for words in holders.get(run, ())} - done
            for words in sorted(candidates):
                if _near(words, asked):
                    done.add(words)
                    shared = _longest_shared(words, asked)
                    for number, row in alike[words]:
                        yield number, _leak(row, questions[0], "long n-gram", shared)


def _leak(row: TrainingText, question: Question, rule: Rule, shared: str) -> Leak:
    return Leak(row.place, question.task, question.question_id, rule, shared)


def _shows_a_choice(row: TrainingText, question: Question) -> bool:
    """Whether the row has one of the question's choices; "Which of these is true?" is not one question.

    True for a question without choices.
    """
    if not question.choices:
        return True
    shown = f" {' '.join(word for text in (row.text, *row.choices, *row.rest) for word in normalise(text))} "
    return any(f" {' '.join(normalise(choice))} " in shown for choice in question.choices)


def _near(words: tuple[str, ...], asked: tuple[str, ...]) -> bool:
    """Whether two questions that share a run of words are one question with a few words changed."""
    ours, theirs = Counter(words), Counter(asked)
    shared = (ours & theirs).total()
    numbers_differ = any(word[-1].isdigit() for word in (ours - theirs) + (theirs - ours))
    return len(asked) >= _LONG and shared >= _SHARE * max(len(words), len(asked)) and not numbers_differ


def _runs(words: tuple[str, ...]) -> set[int]:
    """Hashes of the words' 13-grams."""
    return set(map(hash, zip(*(words[start:] for start in range(_RUN)), strict=False)))


def _longest_shared(words: tuple[str, ...], asked: tuple[str, ...]) -> str:
    from difflib import SequenceMatcher

    match = SequenceMatcher(None, words, asked, autojunk=False).find_longest_match()
    return " ".join(words[match.a : match.a + match.size])
