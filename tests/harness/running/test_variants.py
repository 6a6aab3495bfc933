"""Several wordings of a question for the confidence, on the same answers: what is asked, kept, shown and refused."""

from __future__ import annotations

import pytest
from fake_runs import RIGHT
from fakes import FakeBackend, NeverStarts

from calibench.analysis.rescore import rescore
from calibench.confidence.base import load, names
from calibench.errors import InputError
from calibench.records import Confidence, Grade
from calibench.store import RunFile

WORDED = [name for name in names() if load(name).wordings]


def answering(prompt: str, seed: int | None) -> str:
    """Right, and the surer the longer the question for the confidence is."""
    asked = prompt.rpartition("<|user|>")[2].removesuffix("<|end|><|assistant|>")
    return f"Confidence: {len(asked) % 90}%" if "Confidence:" in asked else RIGHT.partition("\n")[0].format(4)


def readings(out) -> dict[str, set]:
    with RunFile.open(out) as run:
        frame = run.frame(wordings=True)
    return {method: set(rows.value.dropna()) for method, rows in frame.groupby("method")}


@pytest.mark.parametrize("name", WORDED)
def test_eight_wordings_are_all_others_of_one_scale(name):
    method = load(name)
    questions = [load(f"{name}#{number}").question for number in range(2, 9)]
    assert len({method.question, *questions}) == 8
    if name == "p_true":
        assert all("\nA) " in question and "\nB) " in question for question in questions)
    else:
        assert all("0%" in question and "100%" in question for question in questions)
    with pytest.raises(InputError, match=f"{name}#9"):
        load(f"{name}#9")


def test_the_methods_that_ask_apart_from_the_answer_have_wordings():
    assert WORDED == ["asked", "foreseen", "p_true", "reflected"]


def test_variants_ask_about_the_same_answers_and_stay_out_of_the_default_rows(launch):
    backend = FakeBackend(answering)
    launch(backend, protocol="plain", limit=3, variants=4, confidence="asked,p_true")
    generated = [prompt for prompt, _ in backend.completed if "Confidence:" not in prompt]
    assert (len(generated), len(backend.completed), len(backend.chosen)) == (3, 3 + 3 * 4, 3 * 4)
    with RunFile.open(launch.out) as run:
        assert set(run.frame().method) == {"asked", "p_true"}
        assert run.manifest()["complete"] is True
    lengths = [len(load(f"asked{suffix}").question) % 90 / 100 for suffix in ("", "#2", "#3", "#4")]
    found = readings(launch.out)
    assert [found[f"asked{suffix}"] for suffix in ("", "#2", "#3", "#4")] == [{length} for length in lengths]


def test_a_finished_run_is_asked_only_for_the_wordings_that_it_lacks(launch):
    launch(FakeBackend(answering), protocol="plain", limit=3, confidence="asked")
    backend = FakeBackend(answering)
    launch(backend, protocol="plain", limit=3, confidence="asked", variants=3)
    assert len(backend.completed) == 3 * 2
    assert all("Confidence:" in prompt for prompt, _ in backend.completed)
    launch(NeverStarts(), protocol="plain", limit=3, confidence="asked", variants=2)
    assert set(readings(launch.out)) == {"asked", "asked#2", "asked#3"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variants": 0}, r"variants: expected a whole number \(at least 1\), found 0"),
        ({"variants": 9}, "--variants: expected at most 8, the wordings of asked, found 9"),
        ({"variants": 2, "confidence": "asked,reasoning_gain"}, "method reasoning_gain has one wording only"),
        ({"variants": 2, "confidence": "sequence_probability"}, "expected a method that asks the model"),
        ({"variants": 2, "confidence": "none"}, "found none"),
        ({"confidence": "asked#2"}, "--confidence: expected names of methods, found 'asked#2'"),
    ],
)
def test_what_cannot_be_worded_is_refused_before_any_work(launch, options, message):
    with pytest.raises(InputError, match=message):
        launch(NeverStarts(), **{"protocol": "plain", **options})
    assert not launch.out.exists()


def test_a_confidence_in_the_answers_own_prompt_cannot_be_worded_otherwise(launch):
    with pytest.raises(InputError) as refused:
        launch(NeverStarts(), confidence="stated", variants=2)
    assert "other words make another answer" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 2


def test_wordings_and_targets_are_read_again_as_they_were(launch):
    launch(FakeBackend(answering), protocol="plain", limit=3, variants=2, targets=(0.5,))
    with RunFile.open(launch.out) as run:
        found = rescore(run)
    assert found.read == {"grade": 3 + 3, "asked": 3, "asked#2": 3}
    assert (found.records, found.removed) == ([], set())


def test_a_column_of_predictions_whose_name_looks_like_a_wording_is_a_method_of_its_own(tmp_path):
    key = {"task": "t", "question_id": "1", "protocol": "given", "draw": 0}
    with RunFile.create(tmp_path) as run:
        run.write([Grade(**key, answer=None, outcome="correct", grader="given")])
        run.write([Confidence(**key, method=name, value=0.5, status="ok", raw=None) for name in ("p", "p#2")])
        assert list(run.frame().method) == ["p", "p#2"]
