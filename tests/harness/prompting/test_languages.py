"""What models are asked in other languages than English: all of it, as it is read, and nothing in English instead."""

from __future__ import annotations

import re

import pytest

from calibench import tasks
from calibench.confidence import base as methods
from calibench.errors import CapabilityError, InputError
from calibench.prompting.echo import example_value, repeats_form
from calibench.prompting.hedges import SCALE
from calibench.prompting.languages import base as languages
from calibench.prompting.parsing import Parsed, parse
from calibench.prompting.protocols import PROTOCOLS, form_asked, line_cue, options_of, protocol
from calibench.records import Question
from calibench.tasks.grading.answer import stated_answer
from calibench.tasks.grading.choice import TRUE_FALSE, YES_NO, grade_choice
from calibench.tasks.grading.refusal import is_refusal

CODES = languages.own_codes()
WRITTEN = [*(name for name, one in PROTOCOLS.items() if not one.scores_options), "target_0.75", "target_0.5"]
TASKS = [name for name in tasks.names() if tasks.load(name).instruction]
LABELLED = ("creak", "strategyqa", "fever", "scifact", "halueval")
METHODS = [name for name in methods.names() if methods.load(name).question]
ENGLISH = re.compile(
    r"\b(?:the|answer|confidence|write|below|from|is|of|guess|probability|reply|nothing|such)\b|\{[a-z]"
)
TAG = re.compile(r"</?\w+>")
NUMBERED = re.compile(r"[\"“「«]\s?([^\s\"“「«]+?\s?)1(\s?[:：]\s?)\.\.\.")
QUOTED = re.compile(r"[\"“「«]\s?([^\s:：\"“「«]+)(\s?[:：]\s?)\.\.\.")
SLOT = re.compile(r"\{[a-z]+\}")


def asked(code: str, name: str, task: str = "popqa") -> str:
    return form_asked(tasks.load(task), protocol(name), language=code)


def labels(code: str) -> tuple[str, str]:
    """What the prompt itself says that stands before an answer and before a confidence."""
    (answer, one), (confidence, two) = QUOTED.findall(asked(code, "stated"))
    return answer + one, confidence + two


def read(text: str, scale: str) -> Parsed:
    return parse(text, reasoning_opened=False, scale=scale, finish_reason="stop")


def test_the_languages_are_those_whose_answers_are_read():
    assert CODES == ["ar", "de", "es", "fr", "hi", "it", "ja", "ko", "pt", "ru", "zh"]
    assert languages.codes() == sorted([*CODES, "en"])


@pytest.mark.parametrize("code", CODES)
def test_all_languages_have_the_same_texts_with_the_same_slots(code: str):
    texts = languages.load(code).texts
    assert texts.keys() == languages.load("de").texts.keys()
    for english, text in texts.items():
        assert sorted(SLOT.findall(text)) == sorted(SLOT.findall(english)), english


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", WRITTEN)
def test_no_english_is_left_in_a_prompt_of_any_task(code: str, name: str):
    whole = protocol(name)
    alone = form_asked(tasks.load("gsm8k")._replace(instruction=None), whole, language=code)
    program = form_asked(tasks.load("mbpp"), whole, program=True, language=code)
    for text in (alone, program, *(asked(code, name, task) for task in TASKS)):
        assert not ENGLISH.search(TAG.sub("", text.lower())), text


@pytest.mark.parametrize("code", CODES)
def test_what_the_prompt_asks_for_is_read(code: str):
    answer, confidence = labels(code)
    for scale, value in (("percent", "80%"), ("probability", "0.8"), ("score", "8")):
        parsed = read(f"{answer}Oslo\n{confidence}{value}", scale)
        assert (stated_answer(parsed.answer_text), parsed.confidence) == ("Oslo", 0.8)
    assert read(f"{answer}4\n{confidence}B", "letters").confidence == 0.7
    said = languages.load(code).texts
    for task in map(tasks.load, LABELLED):
        form = said[task.answer_form or ""]
        for label, written in zip(task.labels, re.findall(rf"{answer.strip()}\s?([^\s\"”」»]+)", form), strict=True):
            question = Question(
                task=task.name, question_id="1", text="Q.", gold=(label,), domain=task.domain, split="test"
            )
            assert written == said.get(label, label)
            assert task.grade(question, f"{answer}{written}").outcome == "correct", written
    rule = next(text for english, text in said.items() if english.startswith("Answer only if"))
    assert is_refusal(answer + re.findall(r"[\"“「«]\s?([^\"”」»]+?)\s?[\"”」»]", rule)[-1])


@pytest.mark.parametrize("code", CODES)
def test_guesses_under_the_labels_of_the_prompt_are_read(code: str):
    (guess, colon), (probability, _) = NUMBERED.findall(asked(code, "top_k"))
    listed = [(f"{guess}{n}{colon}Oslo {n}", f"{probability}{n}{colon}0.{n}") for n in range(1, 5)]
    marked = [(f"**{one}**", f"- {two.replace('.', ',')}") for one, two in listed]
    for pairs in (listed, marked):
        parsed = parse(
            "\n".join(line for pair in pairs for line in pair),
            reasoning_opened=False,
            scale="guesses",
            finish_reason="length",
        )
        assert (parsed.answer_text, parsed.confidence, parsed.truncated) == ("Oslo 4", 0.4, None)
        assert [value for _, value in parsed.guesses] == [0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", ["stated_tags", "stated_tags_probability"])
def test_the_prompts_example_of_a_confidence_is_read_and_known_as_one(code: str, name: str):
    form = asked(code, name)
    example = example_value(form)
    assert read(f"<answer>4</answer><confidence>{example}</confidence>", protocol(name).scale or "").confidence == 0.8
    assert repeats_form(f"<answer>{example}</answer>", form)
    assert example_value(asked(code, "stated_analysis")) is None


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("name", "labels"), [("creak", TRUE_FALSE), ("strategyqa", YES_NO)])
def test_options_are_scored_in_the_language_and_graded_by_their_own_labels(code: str, name: str, labels):
    task, said = tasks.load(name), languages.load(code)
    question = Question(task=name, question_id="1", text="Q.", gold=("x",), domain="fact", split="test")
    options = options_of(task, question, code)
    assert options.labels == tuple(label.name for label in labels)
    for label, (context, continuation) in zip(options.labels, options.pairs, strict=True):
        assert context == f"Q.\n\n{said.texts[task.instruction]}\n{line_cue(code)}"
        assert continuation.strip() == said.texts[label]
        assert continuation.startswith(" ") == context.endswith(":")
        assert grade_choice(labels, (label,), f"{line_cue(code)}{continuation}").outcome == "correct"


@pytest.mark.parametrize("code", CODES)
def test_every_term_of_the_verbal_scale_is_read(code: str):
    answer, confidence = labels(code)
    terms = {term: languages.load(code).texts[term] for term in SCALE}
    assert len({*terms.values()}) == len(SCALE)
    for term, said in terms.items():
        for text in (f"{answer}4\n{confidence}{said}", f"**{answer}4**\n**{confidence}{said.capitalize()}.**"):
            assert read(text, "words").confidence == SCALE[term], text


def test_a_term_means_the_same_in_every_language_that_has_it():
    meant: dict[str, set[str]] = {}
    for code in CODES:
        for term in SCALE:
            meant.setdefault(languages.load(code).texts[term], set()).add(term)
    assert all(len(terms) == 1 for terms in meant.values())


@pytest.mark.parametrize("code", CODES)
def test_follow_ups_are_asked_in_the_language(code: str):
    texts = languages.load(code).texts
    assert {"asked", "p_true", "top_k", "reasoning_gain", "semantic_entropy_asked"} <= {*METHODS}
    for name in METHODS:
        own, there = methods.load(name), methods.load(name).asking_in(code, name)
        assert not there.wordings
        said = [texts[heading] for heading in own.headings]
        if name != "reasoning_gain":  # it asks nothing, and has a name of what it does
            assert there.question == texts[own.question]
            assert [line[:3] for line in there.question.split("\n")[1:] if line[1] == ")"] == [
                line[:3] for line in own.question.split("\n")[1:] if line[1] == ")"
            ]
            said.append(there.question)
        assert there.question.count("\n") == own.question.count("\n")
        for text in said:
            assert not ENGLISH.search(TAG.sub("", text.lower())), text


@pytest.mark.parametrize("code", CODES)
def test_methods_list_guesses_under_the_labels_of_the_protocol(code: str):
    labels = NUMBERED.findall(asked(code, "top_k"))
    assert NUMBERED.findall(methods.load("top_k").asking_in(code, "top_k").question) == labels
    distractors = methods.load("distractor_normalized").asking_in(code, "distractor_normalized")
    assert NUMBERED.findall(distractors.question) == labels[:1]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", [name for name in METHODS if methods.load(name).wordings])
def test_every_wording_of_a_method_asks_for_the_same_in_the_language(code: str, name: str):
    first, found = methods.load(name).asking_in(code, name).question, []
    for number in range(2, 2 + len(methods.load(name).wordings)):
        worded = f"{name}#{number}"
        own, there = methods.load(worded).question, methods.load(worded).asking_in(code, worded).question
        found.append(there)
        assert QUOTED.findall(there) == QUOTED.findall(first)
        assert TAG.findall(there) == TAG.findall(own)
        assert re.findall(r"\d+%", there) == re.findall(r"\d+%", own)
        assert re.findall(r"(?m)^[AB]\) ", there) == re.findall(r"(?m)^[AB]\) ", own)
        assert not ENGLISH.search(TAG.sub("", there.lower())), there
    assert len({first, *found}) == 1 + len(found)
    beyond = methods.load(f"{name}#{number}")
    with pytest.raises(CapabilityError, match=f"method {name}#9 cannot be asked for in .*, which has 8 wordings of it"):
        beyond.asking_in(code, f"{name}#9")


def test_labels_of_a_users_own_stay_as_they_are_and_known_ones_are_translated():
    german = languages.load("de")
    assert (
        german.says("The answer is one of the words true, false.") == "Die Antwort ist eines der Wörter wahr, falsch."
    )
    assert german.says("The answer is one of the words up, down.") == "Die Antwort ist eines der Wörter up, down."


def test_what_has_no_words_is_refused_by_name():
    with pytest.raises(InputError, match=r"unknown language 'dee'\. Did you mean de"):
        languages.load("dee")
    own = protocol("plain")._replace(name="own", instruction="Say it.")
    with pytest.raises(CapabilityError, match=r"protocol own cannot be asked for in German: 'Say it\.' has no transl"):
        form_asked(tasks.load("gsm8k"), own, language="de")
    task = tasks.load("gsm8k")._replace(name="own", instruction="Guess.")
    with pytest.raises(CapabilityError, match=r"task own cannot be asked for in German: 'Guess\.' has no translation"):
        form_asked(task, protocol("plain"), language="de")
    method = methods.load("asked")._replace(question="Sure?")
    with pytest.raises(CapabilityError, match=r"method own cannot be asked for in German: 'Sure\?' has no translation"):
        method.asking_in("de", "own")


def test_a_language_without_a_term_of_a_list_has_no_words_for_the_list():
    texts = {**languages.load("de").texts}
    del texts["about even"]
    whole = protocol("stated_words")
    english = whole.instruction.replace(whole.answer_form, "{form}")
    assert languages.Language("German", texts).says(english) is None
    assert languages.load("de").says(english)
