"""The training text: exact exposures, no test question, and prompts as the benchmark renders them."""

from __future__ import annotations

from collections import Counter

import pytest

from calibench import tasks
from calibench.prompting.protocols import PROTOCOLS, form_asked
from calibench.study.corpus import base_corpus, chat_corpus
from calibench.study.tokenizer import train_tokenizer
from calibench.tasks.micro import facts

NAMES = ("micro_words", "micro_algebra", "micro_programs", "micro_facts")


def text_of(document):
    return "".join(text for text, _ in document)


def questions():
    for name in NAMES:
        task = tasks.load(name)
        yield from (task.to_question(row, place) for place, row in task.open(None).rows)


@pytest.fixture(scope="module")
def base():
    corpus = base_corpus(40_000, seed=0)
    return [corpus.document(number) for number in range(corpus.size)]


def test_every_fact_is_stated_as_often_as_its_level_says(base):
    stated = Counter()
    places = {fact.cluster.split()[1] for fact in facts.all_facts()}
    for document in base:
        if not document[0][0].startswith("<|user|>") and (place := places & set(words(text_of(document)))):
            stated[place.pop(), relation(text_of(document))] += 1
    expected = {(f.cluster.split()[1], f.subject): facts.EXPOSURES[f.level] for f in facts.all_facts()}
    assert dict(stated) == expected


def words(text):
    return text.replace(",", " ").replace(".", " ").replace(":", " ").split()


def relation(text):
    return next(word for word in words(text) if word in ("animal", "color", "crop"))


def test_no_test_question_is_part_of_any_training_text(base):
    asked = {question.text for question in questions()}
    documents = [
        *base,
        *(chat_corpus(1500, 0, style).document(n) for style in ("reasons", "at once") for n in range(1500)),
    ]
    trained = {
        text.removeprefix("<|user|>").partition("<|end|>")[0].partition("\n")[0] for text in map(text_of, documents)
    }
    assert len(trained) > 5000
    assert not trained & asked


def test_a_document_depends_on_seed_and_number_alone():
    corpus = chat_corpus(10, 3, "reasons")
    assert corpus.document(7) == chat_corpus(10, 3, "reasons").document(7)
    assert corpus.document(7) != chat_corpus(10, 4, "reasons").document(7)


def test_too_small_a_corpus_for_the_statements_is_refused():
    with pytest.raises(ValueError, match="size must be at least"):
        base_corpus(100, seed=0)


def test_chat_prompts_are_those_of_the_benchmark():
    corpus = chat_corpus(300, 0, "reasons")
    documents = [corpus.document(n) for n in range(corpus.size)]
    tokenizer = train_tokenizer(map(text_of, documents))
    forms = {form_asked(tasks.load(name), protocol) for name in NAMES for protocol in PROTOCOLS.values()}
    for prompt, _ in (document[0] for document in documents):
        user = prompt.removeprefix("<|user|>").partition("<|end|>")[0]
        question, _, rest = user.partition("\n\n")
        assert user == question or rest in forms, rest
        rendered = tokenizer.apply_chat_template(
            [{"role": "user", "content": user}], tokenize=False, add_generation_prompt=True
        )
        assert prompt.startswith(rendered)


def test_confidence_is_stated_where_the_protocol_asks_for_it_and_nowhere_else():
    corpus = chat_corpus(400, 0, "reasons")
    first_turns = [d for d in map(corpus.document, range(corpus.size)) if d[-1][0].count("Answer:")]
    for prompt, reply in ((d[0][0], d[1][0]) for d in first_turns):
        assert ("Confidence:" in reply) == (PROTOCOLS["stated"].instruction in prompt)
    assert len(first_turns) > 300
