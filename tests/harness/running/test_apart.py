"""`merge --apart`: shards that stay apart have the numbers of the run that they are parts of."""

from __future__ import annotations

import json
import shutil

import pytest
from fake_runs import DiesAfter, add
from fakes import FakeBackend

from calibench.cli import main
from calibench.errors import EngineError
from calibench.store import RunFile

SIMULATED = "ece_noise_floor"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """What every test has a copy of."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(params=[1, 2])
def three(launch, tmp_path, kept, request):
    """Shards of runs with one draw and with two."""
    folder = kept / str(request.param)
    if not folder.exists():
        for i in (1, 2, 3):
            launch(
                FakeBackend(add), out=str(folder / str(i)), shard=f"{i}/3", draws=request.param, temperature=0.7,
                confidence=("stated", "p_true"),
            )  # fmt: skip
    return shutil.copytree(folder, tmp_path / "shards")


def numbers(folder) -> dict:
    return json.loads((folder / "scorecard.json").read_text())


def test_the_numbers_are_those_of_the_merged_run(tmp_path, three, capsys):
    assert main(["merge", str(three), "--out", str(tmp_path / "whole")]) == 0
    capsys.readouterr()
    assert main(["merge", str(three), "--apart", "--out", str(tmp_path / "apart")]) == 0
    whole, apart = numbers(tmp_path / "whole"), numbers(tmp_path / "apart")
    assert len(whole["metrics"]) == len(apart["metrics"]) > 100
    for there, here in zip(whole["metrics"], apart["metrics"], strict=True):
        value, ends = (there.pop("value"), here.pop("value")), (there.pop("low", None), here.pop("low", None))
        there.pop("high", None), here.pop("high", None)
        assert there == here
        if there["metric"] != SIMULATED:
            assert value[0] == pytest.approx(value[1], abs=1e-9)
        assert (ends[0] is None) == (ends[1] is None)
    page = (tmp_path / "apart" / "report.html").read_text()
    assert "Scored from sums over shards that stay apart" in page


def refused(capsys, *shards, out, more=()) -> str:
    assert main(["merge", *map(str, shards), "--apart", *more, "--out", str(out)]) != 0
    assert not out.exists()
    return capsys.readouterr().err


@pytest.mark.parametrize("three", [1], indirect=True)
def test_what_is_no_division_of_one_run_is_refused_as_by_a_merge(tmp_path, three, capsys):
    one, two, last = (three / str(i) for i in (1, 2, 3))
    out = tmp_path / "apart"
    assert "shards 2 of 3 are missing; --partial" in refused(capsys, one, last, out=out)
    assert "shard 1/3 is given twice" in refused(capsys, one, two, one, out=out)
    shutil.copytree(two, tmp_path / "copy")
    with RunFile.create(tmp_path / "copy") as run:
        run.update_manifest(identity=run.manifest()["identity"] | {"shard": "3/3"})
    told = refused(capsys, one, two, tmp_path / "copy", out=out, more=["--partial"])
    assert "stands in more than one of the files" in told
    with RunFile.create(last) as run:
        run.update_manifest(identity=run.manifest()["identity"] | {"seed": 7})
    assert "are parts of different runs: seed: 0" in refused(capsys, three, out=out)
    assert main(["merge", str(three), "--apart", "--out", str(one)]) != 0
    assert "holds a run, and its report is left as it is" in capsys.readouterr().err


@pytest.mark.parametrize("three", [2], indirect=True)
def test_of_shards_that_are_missing_or_were_stopped_it_is_told(launch, tmp_path, three, capsys):
    shutil.rmtree(three / "1")
    shutil.rmtree(three / "2")
    with pytest.raises(EngineError):
        launch(
            DiesAfter(4), out=str(three / "2"), shard="2/3", draws=2, temperature=0.7, confidence=("stated", "p_true")
        )
    for more, name in (([], "whole"), (["--apart"], "apart")):
        assert main(["merge", str(three), "--partial", *more, "--out", str(tmp_path / name)]) == 0
        told = capsys.readouterr().err
        assert "shards 1 of 3 are missing" in told
        assert "of 6 generations are graded" in told
    whole, apart = (
        {(m["method"], m["metric"]): m["n_total"] for m in numbers(tmp_path / name)["metrics"]}
        for name in ("whole", "apart")
    )
    assert whole == apart
    assert "not complete" in (tmp_path / "apart" / "report.html").read_text()
