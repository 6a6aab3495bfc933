"""Runs that ask in another language than English: what is sent, what is kept, and what is refused before any work."""

from __future__ import annotations

import re

import pytest
from fakes import FakeBackend, NeverStarts

from calibench import tasks
from calibench.analysis.look import shown
from calibench.analysis.report import report
from calibench.confidence import base as methods
from calibench.errors import CapabilityError, IdentityError, InputError
from calibench.prompting.languages import base as languages
from calibench.prompting.protocols import form_asked, protocol
from calibench.store import RunFile
from calibench.tasks.user import Description


def answering(prompt: str, seed: int | None) -> str:
    asked = prompt.rpartition("<|user|>")[2]
    return "Konfidenz: 80 %" if "Wie wahrscheinlich" in asked else "Antwort: 4"


def test_everything_is_asked_in_the_language_which_is_kept(launch):
    backend = FakeBackend(answering)
    launch(backend, protocol="plain", confidence="asked,p_true,reflected,foreseen", language="de", limit=2)
    form = form_asked(tasks.load("gsm8k"), protocol("plain"), language="de")
    assert sum(form in prompt for prompt, _ in backend.completed) >= 2
    for prompt in (*(prompt for prompt, _ in backend.completed), *backend.chosen):
        asked = prompt.rpartition("<|user|>")[2]
        assert not any(word in asked for word in ("likely", "correct", "answer", "Problem", "solution"))
    assert "Lösungsvorschlag:" in "".join(prompt for prompt, _ in backend.completed)
    with RunFile.open(launch.out) as run:
        manifest, frame = run.manifest(), run.frame()
        question = next(run.questions("gsm8k")).question_id
    assert manifest["identity"]["language"] == manifest["configuration"]["language"] == "de"
    assert set(frame[frame.method == "asked"].value) == {0.8}
    assert form in shown(str(launch.out), question, None, None)[0]["generations"][0]["prompt"]


def thinking(prompt: str, seed: int | None) -> str:
    asked = prompt.rpartition("<|user|>")[2]
    if "Vermutung 1" in asked:
        return "Vermutung 1: 4\nWahrscheinlichkeit 1: 0,7\nVermutung 2: 5\nWahrscheinlichkeit 2: 0,2"
    return f"<think>Erst dies; dann das.\nUnd noch dies.</think>Antwort: {3 + (seed or 0) % 2}"


class _Probabilities(FakeBackend):
    async def token_probabilities(self, prompt, tokens):
        self.chosen.append(self.chat.decode(prompt))
        return dict.fromkeys(tokens, 0.5), 0


def test_methods_over_draws_guesses_and_steps_are_asked_for_in_the_language(launch):
    backend = _Probabilities(thinking)
    names = "top_k,distractor_normalized,semantic_entropy_asked,reasoning_gain"
    launch(backend, protocol="plain", confidence=names, language="de", limit=1, draws=4)
    asked = [prompt.rpartition("<|user|>")[2] for prompt, _ in backend.completed] + backend.chosen
    for start in ("Nenne die 4", "Nimm an", "Unten stehen eine Aufgabe und ein", "Unten stehen eine Frage"):
        assert any(start in text for text in asked), start
    assert any(text.endswith("\n</think>\n\nAntwort:") for text in backend.chosen)
    assert not [text for text in asked if re.search(r"\b(?:answer|Guess|Problem|Question)\b", text, re.I)]
    with RunFile.open(launch.out) as run:
        values = {name: {read.value for read in run.confidences(name)} for name in names.split(",")}
    assert values["top_k"] == {0.7, None}
    assert None not in values["distractor_normalized"] | values["reasoning_gain"] | values["semantic_entropy_asked"]


def test_a_run_in_another_language_is_another_run(launch):
    launch(FakeBackend(answering), protocol="plain", limit=2, language="de")
    with pytest.raises(IdentityError, match="language: de there, fr now"):
        launch(NeverStarts(), protocol="plain", limit=2, language="fr")


def test_a_reply_that_repeats_the_form_is_an_echo_in_every_language(launch):
    launch(FakeBackend(lambda prompt, seed: "Die Antwort ist eine Zahl."), protocol="plain", limit=2, language="de")
    with RunFile.open(launch.out) as run:
        assert set(run.frame().outcome) == {"echoed"}


def test_the_likeliest_guess_of_a_list_in_the_language_is_the_answer(launch):
    listed = "Vermutung 1: 3\nWahrscheinlichkeit 1: 0,2\nVermutung 2: 4\nWahrscheinlichkeit 2: 0,7"
    launch(FakeBackend(lambda prompt, seed: listed), protocol="top_k", confidence="stated", language="de", limit=2)
    with RunFile.open(launch.out) as run:
        frame = run.frame()
    assert (set(frame.answer), set(frame.value)) == ({"4"}, {0.7})


def test_a_decision_is_asked_for_in_the_language(launch, tmp_path):
    file = tmp_path / "fragen.csv"
    file.write_text("question,a,b,answer\nWas ist größer?,4,2,A\n")
    backend = FakeBackend(answering)
    own = f"file:{Description(str(file), grader='choice', choices='a,b').reference()}"
    launch(backend, tasks=(own,), protocol="decision", confidence="option_probability", language="de")
    (prompt,) = backend.chosen
    assert "Antworte mit diesem Buchstaben und sonst nichts." in prompt
    with RunFile.open(launch.out) as run:
        frame = run.frame()
    assert (list(frame.outcome), list(frame.value)) == (["correct"], [0.75])


@pytest.mark.parametrize(("code", "begun"), [("de", "Antwort:"), ("zh", "答案：")])
def test_an_answer_is_begun_in_the_language(launch, code, begun):
    def thinks(prompt: str, seed: int | None) -> str:
        return "4" if prompt.endswith(begun) else "<think>" + "hm " * 400

    launch(
        FakeBackend(thinks), protocol="plain", confidence="none", language=code, force_answer=True, limit=2,
        max_tokens=60, budgets=("8",),
    )  # fmt: skip
    with RunFile.open(launch.out) as run:
        frame = run.frame()
        asked = next(run.questions("gsm8k")).question_id
        texts = [run.draws("gsm8k", asked, name)[0].text for name in ("plain", "plain@8")]
    assert set(frame.answer) == {"4"}
    assert all(text.endswith(f"\n</think>\n\n{begun}4") for text in texts)


def test_wordings_are_those_of_the_language_and_the_page_shows_them(launch):
    def surer(prompt: str, seed: int | None) -> str:
        asked = prompt.rpartition("<|user|>")[2]
        return f"Konfidenz: {len(asked) % 90} %" if "Konfidenz" in asked else "Antwort: 4"

    launch(FakeBackend(surer), protocol="plain", confidence="asked", language="de", variants=3, limit=4)
    with RunFile.open(launch.out) as run:
        (found,) = report(run).wordings
        values = run.frame(wordings=True).value
    names = ("asked", "asked#2", "asked#3")
    asked = [methods.load(name).asking_in("de", name).question for name in names]
    assert [wording.text for wording in found.wordings] == asked
    assert "Schreibe nur eine Zeile" in asked[1]
    assert values.notna().all()


def test_an_unknown_language_is_refused(launch):
    with pytest.raises(InputError, match="unknown language 'tr'"):
        launch(NeverStarts(), protocol="plain", confidence="asked", language="tr")
    assert not launch.out.exists()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({}, "task gsm8k"),
        ({"protocol": "tags"}, "protocol tags"),
        ({"confidence": "top_k"}, "method top_k"),
        ({"force_answer": True}, "the beginning of an answer"),
        ({"budgets": ("8",)}, "the beginning of an answer"),
    ],
)
def test_what_a_language_has_no_words_for_is_refused_before_any_work(launch, monkeypatch, options, what):
    english = {
        "task gsm8k": tasks.load("gsm8k").instruction,
        "protocol tags": "Think step by step. Write your best answer {form}.",
        "method top_k": methods.load("top_k").question,
        "the beginning of an answer": "Answer:",
    }[what]
    monkeypatch.delitem(languages.load("de").texts, english)
    with pytest.raises(CapabilityError, match=f"{what} cannot be asked for in German"):
        launch(NeverStarts(), **{"protocol": "plain", "confidence": "asked", "language": "de", **options})
    assert not launch.out.exists()


def test_the_users_own_instruction_is_in_the_language_of_the_questions(tmp_path):
    file = tmp_path / "fragen.csv"
    file.write_text("question,answer\nWie viel ist 2 + 2?,4\n")
    own = Description(str(file), grader="number", instruction="Gib eine Zahl an.").reference()
    asked = form_asked(tasks.load(f"file:{own}"), protocol("plain"), language="de")
    assert asked == 'Gib eine Zahl an.\nSchreibe die endgültige Antwort in eine Zeile "Antwort: ...".'
    usual = Description(str(file), grader="number").reference()
    assert form_asked(tasks.load(f"file:{usual}"), protocol("plain"), language="de").startswith("Die Antwort ist eine")
