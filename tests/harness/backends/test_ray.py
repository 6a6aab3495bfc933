"""Ray: what is refused before anything starts. What its actors do is tests/bench/test_actors.py and the contract's
suite."""

from __future__ import annotations

import importlib.util

import pytest

from calibench.backends import base
from calibench.cli import main


def test_without_ray_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "ray" else found(name, *a))
    assert main(["run", "micro-sft", "--tasks", "micro", "--backend", "ray", "--out", str(tmp_path / "run")]) == 2
    assert "pip install 'calibench[ray]'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("option", "told"),
    [("actors=0", "above 0"), ("actors=many", "int"), ("data_parallel_size=2", "the run sets this itself")],
)
def test_options_that_make_no_pool_are_refused(tmp_path, capsys, option, told):
    command = ["run", "micro-sft", "--tasks", "micro", "--backend", "ray", "--engine", option]
    assert main([*command, "--out", str(tmp_path / "run")]) == 2
    assert told in capsys.readouterr().err


def test_where_the_actors_are_is_no_part_of_a_runs_identity():
    assert {"actors", "address", "tensor_parallel_size"} <= base.load("ray").neutral_options


def test_a_cluster_that_is_not_there_is_told_at_once(tmp_path, capsys):
    command = ["run", "micro-sft", "--tasks", "micro_words", "--limit", "1", "--backend", "ray"]
    assert main([*command, "--engine", "address=127.0.0.1:1", "--out", str(tmp_path / "run")]) == 5
    assert "no Ray cluster at 127.0.0.1:1" in capsys.readouterr().err
