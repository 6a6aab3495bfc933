"""Maps for production: what is recommended, what is saved, and that the file does what the map did."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from msgspec.structs import replace

import calibench
from calibench.analysis import maps
from calibench.cli import main
from calibench.errors import IdentityError, InputError
from calibench.metrics import recalibration
from calibench.metrics.recalibration import OF_CONFIDENCES

RNG = np.random.default_rng(0)
STATED = RNG.choice([0.2, 0.5, 0.7, 0.9, 0.95, 1.0], 400)
RIGHT = RNG.random(400) < 0.1 + 0.5 * STATED


def rows(confidence, right) -> str:
    lines = [f"{i},{c},{'yes' if r else 'no'}" for i, (c, r) in enumerate(zip(confidence, right, strict=True))]
    return "\n".join(["question,confidence,correct", *lines]) + "\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """`bold`, a run whose confidences are far too high; `honest`, one whose confidences are right."""
    folder = tmp_path_factory.mktemp("maps")
    (folder / "bold.csv").write_text(rows(STATED, RIGHT))
    (folder / "honest.csv").write_text(rows(STATED, RNG.random(400) < STATED))
    (folder / "new.csv").write_text("question,confidence,correct\na,0.9,\nb,0.2,\nc,,\n")
    for name in ("bold", "honest"):
        calibench.score(folder / f"{name}.csv", question="question", out=folder / name)
    calibench.recalibrate(folder / "bold", maps=[*OF_CONFIDENCES], save=folder / "map.json")
    return folder


@pytest.mark.parametrize("name", OF_CONFIDENCES)
def test_a_map_from_a_file_is_the_map_that_was_fitted(name):
    fitted = recalibration.fit(name, STATED, RIGHT, np.arange(400))
    text = json.dumps([fitted.parameters, fitted.knots])
    again = recalibration.restored(name, *json.loads(text))
    asked = np.linspace(0, 1, 101)
    assert again(asked) == pytest.approx(fitted(asked, np.full(101, -1)), abs=1e-12)


def test_the_simplest_map_near_the_best_is_recommended_in_words(place):
    found = maps.read(place / "map.json")
    (recommended,) = found.recommendations
    assert recommended.recalibration == "platt", "confidences lie on one line of the logit, which one number is not"
    assert recommended.words.startswith(
        "Use platt for confidence: on answers that it was not fitted on, it takes the Brier"
    )
    (saved,) = found.maps
    assert saved.n_fit == 400


def test_the_map_of_the_file_is_fitted_on_all_answers(place):
    whole = recalibration.fit("platt", STATED, RIGHT, np.arange(400))
    (saved,) = maps.read(place / "map.json").maps
    assert saved.parameters == pytest.approx(whole.parameters)


def test_new_answers_get_what_their_confidence_becomes(place):
    frame = calibench.recalibrated(place / "map.json", place / "new.csv", question="question")
    assert list(frame.columns) == ["task", "question_id", "draw", "method", "confidence", "recalibrated"]
    whole = recalibration.fit("platt", STATED, RIGHT, np.arange(400))
    assert frame["recalibrated"].tolist()[:2] == pytest.approx(whole([0.9, 0.2], [-1, -1]))
    assert frame["recalibrated"].isna().tolist() == [False, False, True]


def test_a_run_is_mapped_as_its_file_is(place):
    frame = calibench.recalibrated(place / "map.json", place / "bold")
    assert abs(frame["recalibrated"].mean() - RIGHT.mean()) < 0.01


def test_what_no_map_is_for_is_refused(place, tmp_path):
    found = maps.read(place / "map.json")
    twice = replace(found, maps=(found.maps[0], replace(found.maps[0], task="other")))
    with pytest.raises(InputError, match=r"new\.csv: no map is for these answers; there are maps for: bold\.csv"):
        calibench.recalibrated(twice, place / "new.csv")
    assert len(calibench.recalibrated(twice, place / "bold")) == 400


def test_answers_of_something_else_are_refused_with_the_field_named(place):
    found = json.loads((place / "map.json").read_text())
    found["identity"]["scale"] = "percent"
    (place / "other.json").write_text(json.dumps(found))
    with pytest.raises(IdentityError, match="scale: percent in the map, fraction here"):
        calibench.recalibrated(place / "other.json", place / "bold")


def test_confidences_that_are_right_are_left_as_they_are(place, tmp_path, capsys):
    command = ["recalibrate", str(place / "honest"), "--map", "temperature,platt", "--save", str(tmp_path / "m.json")]
    assert main(command) == 1
    out = capsys.readouterr().out
    assert "Leave the confidences of confidence as they are: of temperature, platt, none is shown to" in out
    assert not (tmp_path / "m.json").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: {**found, "schema": "calibench-map/2"}, "expected a map with the schema 'calibench-map/1'"),
        (lambda found: {**found, "more": 1}, "not a usable map: .*more"),
        (
            lambda found: found["maps"][0].update(parameters={}) or found,
            "expected the parameters intercept, slope, found none",
        ),
        (lambda found: found["maps"][0]["parameters"].update(more=1.0) or found, "found 'intercept', 'more', 'slope'"),
        (lambda found: found["maps"][0].update(knots=[[0.5, 0.5]]) or found, "platt: expected no knots, found 1"),
        *(
            (
                lambda found, knots=knots: (
                    found["maps"][0].update(recalibration="isotonic", parameters={"levels": 2.0}, knots=knots) or found
                ),
                message,
            )
            for knots, message in {
                ((0.5, 0.1), (0.4, 0.2)): "each farther than the one before",
                ((0.5, 0.1), (0.6, 1e308)): "expected knots from 0 to 1",
                ((-1, 0.1), (0.6, 0.2)): "expected knots from 0 to 1",
                ((0.5, 0.2), (0.6, 0.1)): "expected knots that do not fall",
            }.items()
        ),
        (lambda found: found["maps"][0].update(recalibration="isotonic") or found, "isotonic: expected the parameters"),
        (
            lambda found: found["maps"][0].update(recalibration="isotonic", parameters={"levels": 1.0}) or found,
            "isotonic: expected knots, found none",
        ),
        (lambda found: found["maps"][0].update(recalibration="classifier") or found, "not a usable map"),
        (lambda found: {**found, "identity": {"a": 1}}, "expected the scale fraction or percent, found None"),
        (lambda found: [], "expected a map with the schema"),
    ],
)
def test_a_damaged_file_is_refused(place, tmp_path, change, message):
    (tmp_path / "m.json").write_text(json.dumps(change(json.loads((place / "map.json").read_text()))))
    with pytest.raises(InputError, match=message):
        maps.read(tmp_path / "m.json")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"expected a map file, as `calibench recalibrate \.\.\. --save FILE`"):
        maps.read(tmp_path / "gone.json")


def test_a_pipe_in_its_place_is_refused(tmp_path):
    os.mkfifo(tmp_path / "map.json")
    with pytest.raises(InputError, match=r"expected a map file, .*a pipe, not a file"):
        maps.read(tmp_path / "map.json")
