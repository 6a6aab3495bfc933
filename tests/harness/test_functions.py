"""The functions of calibench refuse what does not fit as the command line does, and take what stands for a value."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import calibench
from calibench.analysis.options import ScoreOptions
from calibench.analysis.score import score
from calibench.errors import CalibenchError, InputError, StorageError
from calibench.fields import fields

ROWS = "question,model,confidence,correct\n" + "".join(
    f"{i},{model},{0.5 + i / 20},{'yes' if (i + len(model)) % 3 else 'no'}\n" for model in ("a", "bb") for i in range(8)
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a table and a run of each of its two models."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "t.csv").write_text(ROWS)
    calibench.score(folder / "t.csv", question="question", model="model", out=folder / "runs")
    return folder


@pytest.fixture
def place(made, monkeypatch):
    monkeypatch.chdir(made)


@pytest.mark.parametrize(
    ("function", "given", "options", "message"),
    [
        ("run", ("micro-sft", "micro_words", None), {}, "out: expected text, found None"),
        ("tune", ("merge", None, [], "o"), {}, "model: expected text, found None"),
        ("score", (3,), {}, "file: expected text, found 3"),
        ("score", ("t.csv",), {"correct": 3}, "correct: expected text, found 3"),
        ("score", ("t.csv",), {"question": ["a"]}, "question: expected text, found ['a']"),
        ("score", ("t.csv",), {"missing": -1}, "missing: expected a list of names, found -1"),
        ("score", ("t.csv",), {"shared": "yes"}, "shared: expected true or false, found 'yes'"),
        ("score", ("t.csv",), {"label": "yes,no"}, "unknown option 'label'. Did you mean labels"),
        ("score", ("t.csv",), {"out": 3}, "out: expected text, found 3"),
        ("open_run", (None,), {}, "expected a run: its folder, its file or an open run, found None"),
        ("report", ("",), {}, "report: expected a file or the folder of a run, found an empty path"),
        ("report", (["runs/a"],), {}, "expected a run: its folder, its file or an open run, found ['runs/a']"),
        ("report", ("runs/a",), {"out": 3}, "out: expected text, found 3"),
        (
            "report",
            ("runs/a",),
            {"of": "runs/bb"},
            "of RUN says whose answers are labelled, and goes with labelled FILE",
        ),
        ("labels", ("runs/a", "t.csv"), {"lable": "x"}, "unknown option 'lable'. Did you mean label"),
        ("labels", ("runs/a", 3), {}, "labels: expected text, found 3"),
        ("compare", ("runs", 3), {}, "expected a run: its folder, its file or an open run, found 3"),
        ("compare", ("runs",), {"baseline": 3}, "baseline: expected text, found 3"),
        ("compare", ("runs",), {"margin": 2.0}, "margin: expected a finite number (above 0, at most 1), found 2.0"),
        ("compare", ("runs",), {"out": b"o"}, "out: expected text, found b'o'"),
        ("plan", (), {"metric": "ece"}, "plan: expected difference"),
        ("plan", (), {"metric": "ece", "diff": 0.1}, "unknown option 'diff'. Did you mean difference"),
        ("plan", (3,), {"metric": "ece", "difference": 0.1}, "expected a run: its folder"),
        ("votes", (), {}, "votes: expected at least one run, found none"),
        ("votes", ("runs/a",), {"confidence": 3}, "confidence: expected a list of names, found 3"),
        ("recalibrate", ("runs/a",), {"fit": 3}, "expected a run: its folder, its file or an open run, found 3"),
        ("recalibrate", ("runs/a",), {"maps": [3]}, "maps: expected a list of names, found [3]"),
        ("recalibrate", ("runs/a",), {"maps": "plat"}, "unknown map 'plat'. Did you mean platt"),
        ("run", ("micro-sft", "micro_words", "o"), {"drws": 2}, "unknown option 'drws'. Did you mean draws"),
        ("tune", ("merge", "micro-sft", [], "o"), {"wieghts": "1"}, "unknown option of recipe merge 'wieghts'. Did"),
        ("open_run", ("runs/a",), {"pth": 1}, "unknown option 'pth'. Did you mean path"),
        ("report", ("runs/a",), {"outt": "o"}, "unknown option 'outt'. Did you mean out"),
        ("compare", ("runs",), {"basline": "a"}, "unknown option 'basline'. Did you mean baseline"),
        ("votes", ("runs/a",), {"confidenc": "a"}, "unknown option 'confidenc'. Did you mean confidence"),
        ("recalibrate", ("runs/a",), {"map": "platt"}, "unknown option 'map'. Did you mean maps"),
        ("report", (), {}, "report: missing a required argument: 'run'"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_by_name(place, function, given, options, message):
    with pytest.raises(CalibenchError) as raised:
        getattr(calibench, function)(*given, **options)
    assert isinstance(raised.value, InputError)
    assert str(raised.value).startswith(message)
    assert str(raised.value).count("\n") < 2
    assert not Path("o").exists()


@pytest.mark.parametrize(
    ("function", "given", "options", "message"),
    [
        ("run", ("micro-sft", "micro_words", "o"), {"draws": 4, "temperature": 0.0}, "draws 4 at .*; give temperature"),
        ("tune", ("sft", "micro-sft", "micro_words", "o"), {}, "recipe sft: traces FILE is missing"),
        ("score", ("t.csv",), {"gold": "model"}, "t.csv: answer, gold and grader are given together, or .* by correct"),
        ("score", ("t.csv",), {"confidence_column": "x"}, ".* named by confidence_column, correct"),
        ("recalibrate", ("runs/a",), {"fit": "runs/a"}, "fit runs/a is the run itself; without fit,"),
    ],
)
def test_messages_name_keywords_and_not_flags(place, function, given, options, message):
    with pytest.raises(InputError, match=message) as raised:
        getattr(calibench, function)(*given, **options)
    assert "--" not in str(raised.value)


@pytest.mark.parametrize(
    ("function", "given"),
    [
        ("run", ("gone", "micro_words", "t.csv")),
        ("tune", ("sft", "gone", [], "t.csv")),
        *((name, ("gone",)) for name in ("score", "report", "compare", "votes", "recalibrate")),
    ],
)
def test_an_out_that_is_a_file_is_refused_before_anything_is_read(place, function, given):
    out = {} if "t.csv" in given else {"out": "t.csv"}
    with pytest.raises(StorageError, match=r"t\.csv: cannot write here"):
        getattr(calibench, function)(*given, **out)


def test_one_name_in_place_of_a_list_is_that_name(place):
    assert set(calibench.recalibrate("runs/a", maps="platt").scorecards) == {"as read", "platt"}
    Path("marked.csv").write_text("confidence,correct\n0.5,no\n-1,yes\n")
    (scored,) = calibench.score(Path("marked.csv"), missing="-1").models.values()
    assert scored.frame["value"].isna().tolist() == [False, True]


def test_the_options_of_score_are_its_keywords():
    keywords = {name: each.default for name, each in inspect.signature(score).parameters.items()}
    options = {name: each.default for name, each in fields(ScoreOptions).items() if name not in ("file", "out")}
    assert {**options, "file": inspect.Parameter.empty} == keywords
