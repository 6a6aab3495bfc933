"""`run --shard` and `merge`: the parts of a run, asked apart, are together the run that one machine makes."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from itertools import product

import pytest
from fake_runs import DiesAfter, add, rows
from fakes import FakeBackend

from calibench import tasks
from calibench.cli import main
from calibench.errors import EngineError, IdentityError, InputError, RunFileError
from calibench.running.merging import merge
from calibench.running.selection import Shard, select
from calibench.store import FILE_NAME, RunFile, joining
from calibench.store.finished import unfinished

DRAWN = {"draws": 2, "temperature": 0.7, "confidence": ("stated", "p_true")}


def ask(launch, out, **options):
    launch(FakeBackend(add), out=str(out), **{**DRAWN, **options})
    return out


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """What every test has a copy of."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def three(launch, tmp_path, kept):
    if not (kept / "shards").exists():
        for i in (1, 2, 3):
            ask(launch, kept / "shards" / str(i), shard=f"{i}/3")
    shutil.copytree(kept / "shards", tmp_path / "shards")
    return [tmp_path / "shards" / str(i) for i in (1, 2, 3)]


@pytest.fixture
def whole(launch, tmp_path, kept):
    if not (kept / "whole").exists():
        ask(launch, kept / "whole")
    return shutil.copytree(kept / "whole", tmp_path / "whole")


def manifest_of(out) -> dict:
    with RunFile.open(out) as run:
        return run.manifest()


def test_merged_shards_are_the_run_without_shards(launch, tmp_path, three, whole):
    merged = tmp_path / "merged"
    assert [len(rows(shard)["questions"]) for shard in three] == [4, 3, 3]
    assert main(["report", str(whole)]) == 0
    assert main(["merge", *map(str, reversed(three)), "--out", str(merged)]) == 0
    assert rows(merged) == rows(whole)
    assert (merged / "scorecard.json").read_bytes() == (whole / "scorecard.json").read_bytes()
    there, here = manifest_of(whole), manifest_of(merged)
    assert len(here.pop("sessions")) == 3
    assert len(there.pop("sessions")) == 1
    assert here == there
    ask(launch, merged, draws=3)  # it goes on as any run does
    assert len(rows(merged)["grades"]) == 30


@pytest.mark.parametrize("limit", [None, 1, 7, 10])
def test_shards_share_no_question_and_nest_as_samples_do(launch, limit):
    task = tasks.load("gsm8k")

    def chosen(shard, limit):
        found = select(task, str(launch.data), limit, shard)
        ids = {question.question_id for question in found.questions(str(launch.data))}
        assert found.total == len(ids)
        return ids

    parts = [chosen(Shard(i, 4), limit) for i in (1, 2, 3, 4)]
    assert sum(map(len, parts)) == len(set().union(*parts))
    assert set().union(*parts) == chosen(None, limit)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    for smaller, i in product(range(1, limit or 10), (1, 2, 3, 4)):
        assert chosen(Shard(i, 4), smaller) <= parts[i - 1]


def test_a_shard_that_was_stopped_is_told_and_asked_for_later(launch, tmp_path, three, whole, capsys):
    shutil.rmtree(three[1])
    with pytest.raises(EngineError):
        launch(DiesAfter(4), out=str(three[1]), shard="2/3", **DRAWN)
    merged = tmp_path / "merged"
    assert main(["merge", str(tmp_path / "shards"), "--out", str(merged)]) == 0
    assert re.search(r"warning: .*shards/2 is not finished: \d of 6 generations", capsys.readouterr().err)
    assert manifest_of(merged)["complete"] is False
    ask(launch, merged)
    assert rows(merged) == rows(whole)


def test_without_a_shard_the_others_are_joined_only_where_that_is_asked_for(tmp_path, three, whole):
    with pytest.raises(InputError, match="shards 2 of 3 are missing; --partial"):
        merge(three[::2], tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
    assert merge(three[::2], tmp_path / "merged", partial=True).notes == ["shards 2 of 3 are missing"]
    with RunFile.open(tmp_path / "merged") as run:
        assert unfinished(run).startswith(f"{tmp_path / 'merged'} is not finished: 14 of 20 generations")
    assert set(rows(tmp_path / "merged")["grades"]) < set(rows(whole)["grades"])


def test_what_is_no_division_of_one_run_is_refused(launch, tmp_path, three, whole):
    def other(name, **options):
        return ask(launch, tmp_path / name, **options)

    for last, kind, told in (
        (other("seed", shard="3/3", seed=7), IdentityError, r"different runs: seed: 0 in .*1, 7 in .*seed"),
        (other("limit", shard="3/3", limit=9), IdentityError, "questions of gsm8k, stated: 10 and 9"),
        (other("draws", shard="3/3", draws=1), IdentityError, "draws of gsm8k, stated: 2 and 1"),
        (other("fourth", shard="3/4"), IdentityError, "is shard 3/4, .* is shard 1/3: they overlap"),
        (whole, InputError, "expected a shard, .* found another run"),
        (three[1], InputError, "shard 2/3 is given twice"),
    ):
        with pytest.raises(kind, match=told):
            merge([*three[:2], last], tmp_path / "merged")
    shutil.copytree(three[1], tmp_path / "copy")
    with RunFile.create(tmp_path / "copy") as run:
        run.update_manifest(identity=run.manifest()["identity"] | {"shard": "3/3"})
    with pytest.raises(RunFileError, match=r"question '.*' of task 'gsm8k' stands in more than one"):
        merge([*three[:2], tmp_path / "copy"], tmp_path / "merged", partial=True)
    with RunFile.create(tmp_path / "copy") as run:
        run.update_manifest(identity={"shard": "3/3"})
    with pytest.raises(RunFileError, match=r"copy.*'identity': .* found no backend, .* no weights"):
        merge([*three[:2], tmp_path / "copy"], tmp_path / "merged", partial=True)
    assert not (tmp_path / "merged" / FILE_NAME).exists()
    with pytest.raises(IdentityError, match="holds a run, and is left as it is"):
        merge(three, whole)


def test_a_merge_that_was_stopped_before_its_report_goes_on(launch, tmp_path, three):
    merge(three, tmp_path / "merged")
    assert main(["merge", *map(str, three), "--out", str(tmp_path / "merged")]) == 0
    assert (tmp_path / "merged" / "scorecard.json").exists()
    before = rows(ask(launch, tmp_path / "merged", draws=3))
    assert main(["merge", *map(str, three), "--out", str(tmp_path / "merged")]) == 3
    assert rows(tmp_path / "merged") == before


def test_more_shards_than_sqlite_attaches_at_once(tmp_path, three, whole, monkeypatch):
    monkeypatch.setattr(joining, "_AT_ONCE", 2)
    merge(three, tmp_path / "merged")
    assert rows(tmp_path / "merged") == rows(whole)


def test_a_merge_that_is_killed_leaves_the_shards_and_no_run(tmp_path, three):
    before = [(shard / FILE_NAME).read_bytes() for shard in three]
    program = (
        "import os, signal, sys; from calibench.running.merging import merge; from calibench.store import joining\n"
        "copy = joining._copy\n"
        "joining._copy = lambda *given: (copy(*given), os.kill(os.getpid(), signal.SIGKILL))\n"
        "merge(sys.argv[2:], sys.argv[1])"
    )
    merged = tmp_path / "merged"
    done = subprocess.run([sys.executable, "-c", program, merged, *three], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (merged / FILE_NAME).exists()
    assert [(shard / FILE_NAME).read_bytes() for shard in three] == before
    merge(three, merged)
    assert len(rows(merged)["grades"]) == 20
    assert [file.name for file in merged.iterdir() if "partial" in file.name] == []


@pytest.mark.parametrize("shard", ["0/4", "5/4", "1", "a/b", "1/0", "1/4/2"])
def test_a_shard_is_named_by_its_number_and_theirs(launch, shard):
    with pytest.raises(InputError, match="--shard: expected I/N with I from 1 to N"):
        launch(FakeBackend(add), shard=shard)


@pytest.mark.parametrize("shard", ["11/11", "1/11"])
def test_there_are_no_more_shards_than_questions(launch, shard):
    with pytest.raises(InputError, match=f"--shard {shard}: expected at most 10 shards"):
        launch(FakeBackend(add), shard=shard)


def test_the_page_of_a_shard_says_that_it_is_one(three):
    assert main(["report", str(three[0])]) == 0
    assert "Shard 1/3: a part of the questions" in (three[0] / "report.html").read_text()
    assert json.loads((three[0] / "scorecard.json").read_text())["metrics"]
