"""Answers in other languages than English to questions that are true or false, or are answered by yes or no."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from calibench.tasks import fever, scifact
from calibench.tasks.grading.choice import TRUE_FALSE, YES_NO, grade_choice

TABLE = Path(__file__).parent / "cases/truth.tsv"
ROWS = [line.split("\t") for line in TABLE.read_text().splitlines()[1:]]
SAID = [(says, text) for _, says, text in ROWS if says != "neither"]
NEITHER = [text for _, says, text in ROWS if says == "neither"]


@pytest.mark.parametrize("form", ["Answer: {}", "{}", "Antwort: {}", "Let me think about it.\n{}"])
def test_words_of_other_languages_are_the_labels_that_they_mean(form: str):
    missed = [text for says, text in SAID if grade_choice(TRUE_FALSE, [says], form.format(text)).outcome != "correct"]
    assert not missed
    yes = {"true": "yes", "false": "no"}
    assert not [
        text for says, text in SAID if grade_choice(YES_NO, [yes[says]], form.format(text)).outcome != "correct"
    ]


def test_of_labels_that_are_yes_and_no_alone_words_for_true_and_false_are_none():
    own = tuple(label._replace(truth=None, yes=label.truth, synonyms=()) for label in YES_NO)
    for answer, said in (("Ja.", "yes"), ("否", "no"), ("Нет, это не так", "no"), ("हाँ।", "yes"), ("نعم", "yes")):
        assert grade_choice(own, [said], f"Antwort: {answer}").outcome == "correct", answer
    for answer in ("Falsch.", "正确", "верно", "참", "सही"):
        assert grade_choice(own, ["yes"], f"Antwort: {answer}").answer is None, answer


@pytest.mark.parametrize("labels", [fever.LABELS, scifact.LABELS])
def test_words_for_true_and_false_say_whether_a_claim_is_supported(labels):
    supported, refuted = (label.name for label in labels)
    assert grade_choice(labels, [supported], "Antwort: wahr").outcome == "correct"
    assert grade_choice(labels, [refuted], "答案：错误").outcome == "correct"


def test_every_language_has_ten_answers():
    counts = Counter(language for language, says, _ in ROWS if says != "neither")
    assert len(counts) == 11
    assert min(counts.values()) >= 10


@pytest.mark.parametrize("form", ["Answer: {}", "{}"])
def test_english_and_what_settles_nothing_are_no_label(form: str):
    read = [text for text in NEITHER if grade_choice(TRUE_FALSE, ["true"], form.format(text)).answer is not None]
    assert not [text for text in read if grade_choice(TRUE_FALSE, ["true"], form.format(text)).outcome != "abstained"]
