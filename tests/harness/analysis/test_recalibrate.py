"""`calibench recalibrate` on run files of a model whose over-confidence is known."""

import json
import shutil

import msgspec
import numpy as np
import pytest
from some_runs import identity_of

from calibench.analysis.recalibrate import AS_READ, recalibrate
from calibench.cli import main
from calibench.confidence import base as confidence
from calibench.errors import RunFileError
from calibench.metrics.calibration import expected_calibration_error
from calibench.metrics.discrimination import auroc
from calibench.metrics.proper import brier_score, log_loss
from calibench.metrics.recalibration import fit_half, transferred
from calibench.records import Confidence, Generation, Grade, Question, TokenFeatures
from calibench.results import Recalibrated
from calibench.store import FILE_NAME, RunFile

FACTOR = 3.0
"""By which the logit of the stated confidence is too large."""


def make_run(
    folder, tasks=("sums", "facts"), *, n=200, draws=1, seed=0, name="a model", wrong=False, features=True, **manifest
):
    """A model that is right with probability p, and states sigmoid(FACTOR logit(p)); questions differ by seed.

    Its sequence_probability says nothing, but the smallest log-probability of its tokens is ln p.
    """
    rng = np.random.default_rng(seed)
    records = []
    for task in tasks:
        for i in range(n):
            key = {"task": task, "question_id": f"{task} {seed} {i}", "protocol": "stated"}
            gold = {"gold": ("1",), "domain": "math" if task == "sums" else "fact", "split": "test"}
            records.append(Question(**{k: key[k] for k in ("task", "question_id")}, text=f"What is {i} {key}?", **gold))
            p = rng.uniform(0.1, 0.9)
            for draw in range(draws):
                records += _draw(rng, p, features, wrong=wrong, **key, draw=draw)
    with RunFile.create(folder) as run:
        run.write(records)
        run.update_manifest(
            **{
                "name": name, "kind": "sft", "model": {"name": name}, "notes": [], "complete": True,
                "identity": identity_of(*tasks), **manifest,
            }
        )  # fmt: skip
    return folder


def _draw(rng, p, features, *, wrong, **key):
    outcome = "correct" if rng.random() < p and not wrong else "incorrect"
    yield Generation(
        **key, seed=None, prompt_tokens=1, cached_tokens=None, reasoning_tokens=0, answer_tokens=1,
        finish_reason="stop", latency=1.0, reasoning_opened=False, reasoning=None, text="Answer: 1", token_ids=(1,),
    )  # fmt: skip
    yield Grade(**key, answer="1", outcome=outcome, grader="number/1")
    stated = 1 / (1 + ((1 - p) / p) ** FACTOR)
    yield Confidence(**key, method="stated", value=stated, status="ok", raw="...")
    if features:
        raw = TokenFeatures(-0.5, -5.0, float(np.log(p)), 10, None)
        value, raw = float(rng.uniform()), msgspec.json.encode(raw).decode()
        yield Confidence(**key, method="sequence_probability", value=value, status="ok", raw=raw)


def recalibrated(folder, fit=None, methods=("temperature",)) -> Recalibrated:
    with RunFile.open(folder) as run:
        if fit is None:
            return recalibrate(run, None, methods)
        with RunFile.open(fit) as other:
            return recalibrate(run, other, methods)


def value(result, name, metric, task="macro", method="stated"):
    (found,) = [
        m.value for m in result.scorecards[name].metrics if (m.metric, m.task, m.method) == (metric, task, method)
    ]
    return found


def change(result, name, metric, task="macro", method="stated"):
    (found,) = [d for d in result.differences if (d.run_b, d.metric, d.task, d.method) == (name, metric, task, method)]
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"), n=400)


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("train"), seed=1, n=300, name="the training split")


@pytest.fixture(scope="module")
def result(run):
    return recalibrated(run, methods=("temperature", "platt", "classifier"))


def test_planted_over_confidence_is_found_and_taken_away(result):
    for fit in result.fits:
        if (fit.method, fit.recalibration) == ("stated", "temperature"):
            # With 200 rows, the standard error is about a seventh.
            assert fit.parameters["temperature"] == pytest.approx(FACTOR, rel=0.4)
            assert fit.n_fit == 200
    for name in ("temperature", "platt"):
        for metric in ("ece", "brier", "log_loss"):
            found = change(result, name, metric)
            assert found.difference == pytest.approx(value(result, name, metric) - value(result, AS_READ, metric))
            assert found.difference < 0
        assert change(result, name, "ece").high < 0
        assert change(result, name, "log_loss").verdict == "better"
    assert value(result, "temperature", "ece") < 0.1 < value(result, AS_READ, "ece")


def test_the_classifier_reads_token_features_and_only_those(result):
    assert value(result, AS_READ, "auroc", method="sequence_probability") < 0.6
    assert value(result, "classifier", "auroc", method="sequence_probability") > 0.68
    assert change(result, "classifier", "auroc", method="sequence_probability").verdict == "better"
    (reason,) = {f.reason for f in result.fits if (f.method, f.recalibration) == ("stated", "classifier")}
    assert "token features" in reason
    assert value(result, "classifier", "ece", "sums") is None
    assert value(result, "classifier", "ece") is None
    assert change(result, "classifier", "ece").reason == "undefined for classifier"


def test_every_number_is_of_the_half_that_was_not_fitted_on(run, result):
    with RunFile.open(run) as file:
        frame = file.frame()
    rows = frame[(frame["task"] == "sums") & (frame["method"] == "stated")]
    values, correct = rows["value"].to_numpy(), (rows["outcome"] == "correct").to_numpy()
    questions = rows["question_id"].to_numpy(dtype=str)
    to_fit = fit_half(questions)
    known = values[to_fit], correct[to_fit], questions[to_fit]
    after = transferred("platt", known, values[~to_fit], questions[~to_fit]).confidence
    for metric, function in (
        ("ece", expected_calibration_error), ("brier", brier_score), ("log_loss", log_loss), ("auroc", auroc),
    ):  # fmt: skip
        assert value(result, "platt", metric, "sums") == pytest.approx(function(after, correct[~to_fit]), abs=1e-9)
        as_read = function(values[~to_fit], correct[~to_fit])
        assert value(result, AS_READ, metric, "sums") == pytest.approx(as_read, abs=1e-9)
    assert value(result, "temperature", "auroc", "sums") == value(result, AS_READ, "auroc", "sums")


def test_draws_of_one_question_stay_together(tmp_path):
    result = recalibrated(make_run(tmp_path, ("sums",), n=51, draws=4, features=False))
    assert [fit.n_fit for fit in result.fits] == [4 * 25], "of 204 rows, a half of the rows would be 102"


def test_questions_of_few_clusters_are_few(tmp_path):
    make_run(tmp_path, ("sums",), n=80, features=False)
    with RunFile.create(tmp_path) as file:
        file._db.execute("UPDATE questions SET cluster = substr(question_id, -1) || 'x' || (length(question_id) % 2)")
    (fit,) = recalibrated(tmp_path).fits
    assert fit.reason == "fitting needs 20 questions, found 10"


def test_maps_of_another_run_are_one_per_task_and_keep_the_order(run, train):
    result = recalibrated(run, train, methods=("temperature", "histogram"))
    assert "the training split" in result.how
    for fit in result.fits:
        assert (fit.n_fit, fit.note, fit.reason) == (300, None, None)
    for task in ("sums", "facts"):
        assert value(result, "temperature", "auroc", task) == value(result, AS_READ, "auroc", task)
    assert change(result, "temperature", "log_loss").high < 0


def test_a_task_that_the_other_run_has_not_asked_uses_all_that_it_has(run, tmp_path):
    other = make_run(
        tmp_path, ("sums", "others"), seed=2, identity=identity_of("sums", "others") | {"weights": "sha256:2"}
    )
    result = recalibrated(run, other)
    notes = {fit.task: (fit.note, fit.n_fit) for fit in result.fits if fit.method == "stated"}
    assert notes == {"sums": (None, 200), "facts": ("fitted on others, sums", 400)}
    assert result.notes == ("the maps were fitted on answers of another checkpoint",)


def test_answers_of_one_kind_are_undefined_with_the_reason_and_so_is_their_mean(tmp_path, capsys):
    make_run(tmp_path, wrong=True, features=False)
    result = recalibrated(tmp_path)
    assert {fit.reason for fit in result.fits} == {"all 100 answers of the fit are incorrect"}
    assert value(result, "temperature", "ece") is None
    assert main(["recalibrate", str(tmp_path)]) == 0
    assert "all 100 answers of the fit are incorrect" in capsys.readouterr().out


@pytest.mark.parametrize("silent", ["run", "fit", None])
def test_a_task_without_confidences_on_one_side_is_undefined_with_the_reason(tmp_path, silent):
    folders = {name: make_run(tmp_path / name, n=40, seed=i) for i, name in enumerate(("run", "fit"), 6)}
    with RunFile.create(folders[silent or "run"]) as file:
        file._db.execute("UPDATE confidences SET value = NULL, status = 'missing' WHERE task = 'sums'")
    result = recalibrated(folders["run"], folders["fit"] if silent else None, methods=("temperature", "classifier"))
    fits = {(f.task, f.recalibration): f.reason for f in result.fits if f.method == "sequence_probability"}
    whose = "to fit on " if silent == "fit" else ""
    assert f"no graded answer {whose}has a confidence" in fits["sums", "temperature"]
    assert fits["sums", "classifier"] == fits["sums", "temperature"]
    assert (fits["facts", "temperature"], fits["facts", "classifier"]) == (None, None)
    assert value(result, "classifier", "brier", "sums", "sequence_probability") is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda run, tmp: run, "is the run itself"),
        (lambda run, tmp: shutil.copytree(run, tmp / "copy"), "share 800 questions"),
        (lambda run, tmp: same_words(run, tmp), "share 1 questions"),
        (lambda run, tmp: make_run(tmp, seed=3, n=0), "no graded answer has a confidence"),
        (lambda run, tmp: other_methods(tmp), "no confidence of a method and protocol"),
    ],
    ids=["itself", "a copy", "the same words under another id", "nothing in it", "other methods"],
)
def test_runs_that_cannot_be_fitted_on_are_refused(run, tmp_path, capsys, make, message):
    before = (run / FILE_NAME).read_bytes()
    assert main(["recalibrate", str(run), "--fit", str(make(run, tmp_path)), "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert (run / FILE_NAME).read_bytes() == before


def same_words(run, folder):
    with RunFile.open(run) as file:
        question = next(file.questions())
    make_run(folder, seed=4)
    with RunFile.create(folder) as file:
        words = f"  {question.text.upper()}\n"
        file.write([msgspec.structs.replace(question, task="others", question_id="another", text=words)])
    return folder


def other_methods(folder):
    make_run(folder, seed=5, n=30)
    with RunFile.create(folder) as file:
        file._db.execute("UPDATE confidences SET method = method || '_2'")
    return folder


def test_an_unknown_recalibration_is_refused_with_the_nearest_names(run, capsys):
    assert main(["recalibrate", str(run), "--map", "temprature"]) == 2
    assert "Did you mean temperature" in capsys.readouterr().err


def test_an_unfinished_run_is_warned_of(tmp_path, capsys):
    make_run(
        tmp_path, ("sums",), features=False, complete=False, scope={"sums": {"stated": {"questions": 500, "draws": 1}}}
    )
    assert main(["recalibrate", str(tmp_path), "--map", "platt"]) == 0
    assert "is not finished: 200 of 500" in capsys.readouterr().err
    assert "is not finished" in (tmp_path / "recalibration.html").read_text()


def test_the_command_prints_what_it_writes(run, tmp_path, capsys):
    assert main(["recalibrate", str(run), "--map", "temperature,isotonic", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "fitted on a random half of the questions of each task" in out
    assert str(tmp_path / "recalibration.html") in out
    result = msgspec.json.decode((tmp_path / "recalibration.json").read_bytes(), type=Recalibrated)
    for name in (AS_READ, "temperature", "isotonic"):
        for metric in ("ece", "brier", "log_loss", "auroc"):
            assert f"{value(result, name, metric, 'sums'):.3f} [" in out
    assert main(["recalibrate", str(run), "--map", "temperature,isotonic", "--out", str(tmp_path), "--json"]) == 0
    assert msgspec.convert(json.loads(capsys.readouterr().out), Recalibrated) == result


def test_a_default_map_is_left_out_where_it_cannot_apply(run):
    named, default = (recalibrated(run, methods=of) for of in (("temperature", "classifier"), None))
    told = {(fit.method, fit.recalibration) for fit in named.fits if "token features" in (fit.reason or "")}
    assert told == {("stated", "classifier")}
    of_default = {(fit.method, fit.recalibration): fit.reason for fit in default.fits}
    assert ("stated", "classifier") not in of_default
    assert of_default["sequence_probability", "classifier"] is None


def test_the_page_shows_the_numbers_and_takes_names_literally(tmp_path):
    make_run(tmp_path, ("<script>alert(1)</script>", "sums"), name='"><img src=x onerror=alert(1)>')
    assert main(["recalibrate", str(tmp_path), "--map", "temperature,classifier"]) == 0
    page = (tmp_path / "recalibration.html").read_text()
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("<figure>") == 2 * 2 + 2 * 3, "before, after temperature, and after the classifier if it has one"
    result = msgspec.json.decode((tmp_path / "recalibration.json").read_bytes(), type=Recalibrated)
    for name in (AS_READ, "temperature"):
        assert f"{value(result, name, 'ece'):.3f}" in page
    assert "none: needs token features" in page


def test_what_raw_holds_is_what_its_method_says(tmp_path, monkeypatch):
    """A method may need token log-probabilities and keep something else; its evidence says whether it has features."""
    make_run(tmp_path, ("sums",), n=60)
    with RunFile.create(tmp_path) as run:
        run._db.execute("UPDATE confidences SET raw = 'words' WHERE method = 'sequence_probability'")
    with RunFile.open(tmp_path) as run, pytest.raises(RunFileError, match="expected as raw what the method writes"):
        recalibrate(run)
    load = confidence.load
    monkeypatch.setattr(confidence, "load", lambda name: load(name)._replace(evidence=None))
    with RunFile.open(tmp_path) as run:
        told = {fit.method: fit.reason for fit in recalibrate(run, None, ("classifier",)).fits}
    assert "needs token features" in told["sequence_probability"]
