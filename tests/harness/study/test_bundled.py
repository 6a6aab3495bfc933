"""The bundled checkpoints are what the project's command makes: same text, same tokenizer, complete lineage."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from transformers import AutoConfig, AutoTokenizer

from calibench.errors import IdentityError
from calibench.model import bundled
from calibench.running.progress import Silent
from calibench.study import cells, family
from calibench.study.corpus import chat_corpus
from calibench.study.from_scratch import data_hash
from calibench.study.tokenizer import train_tokenizer
from calibench.study.tokenizer_text import tokenizer_texts

CELLS = Path(__file__).parents[3] / "docs" / "study" / "cells"
CHECKPOINTS = {checkpoint.name: checkpoint for checkpoint in bundled()}
STYLES = {"instruct": "at once", "sft": "reasons"}


@pytest.fixture(params=["instruct", "sft"])
def kind(request):
    return request.param


@pytest.fixture
def checkpoint(kind):
    return CHECKPOINTS[f"micro-{kind}"]


def test_it_is_small_and_has_a_long_context(checkpoint):
    assert sum(file.stat().st_size for file in checkpoint.path.iterdir()) < 4_000_000
    assert AutoConfig.from_pretrained(checkpoint.path).max_position_embeddings >= 2048


def test_the_lineage_names_kind_stages_and_over_confidence(kind, checkpoint):
    lineage = checkpoint.lineage()
    assert lineage["kind"] == kind
    assert list(lineage["stages"]) == ["base", kind]
    assert "Over-confident by design" in lineage["note"]
    for stage in lineage["stages"].values():
        assert stage["loss"][-1]["documents"] == stage["documents"]
        assert stage["loss"][-1]["loss"] < stage["loss"][0]["loss"]


def test_its_last_stage_read_the_text_that_the_code_writes(kind, checkpoint):
    stage = checkpoint.lineage()["stages"][kind]
    assert stage["data"] == data_hash(chat_corpus(stage["documents"], stage["seed"], STYLES[kind]))


@pytest.mark.parametrize("kind", family.BUNDLED)
def test_its_page_shows_the_numbers_of_the_study(kind):
    cell = cells.read(CELLS / f"seed0-{kind}.json")
    assert cell.fingerprint == CHECKPOINTS[f"micro-{kind}"].fingerprint()
    tasks = ("macro", "micro_words", "micro_algebra", "micro_programs", "micro_facts")
    accuracies = [cell.summary[task]["stated"]["accuracy"] for task in tasks]
    scores = [cell.summary["macro"][m][s] for m in ("stated", "p_true") for s in ("ece", "brier", "auroc")]
    page = (CHECKPOINTS[f"micro-{kind}"].path.parent / "README.md").read_text()
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `micro-{kind}` |"))
    shown = [float(number) for number in re.findall(r"\.\d{3}", row)]
    assert shown == pytest.approx([*accuracies, *scores], abs=0.0006)  # both are rounded


def test_its_tokenizer_is_the_one_that_the_code_trains(checkpoint):
    bundled_one, trained = AutoTokenizer.from_pretrained(checkpoint.path), train_tokenizer(tokenizer_texts(seed=0))
    assert bundled_one.get_vocab() == trained.get_vocab()
    assert bundled_one.chat_template == trained.chat_template
    text = 'Write f(x) = 3x-12.\n<think>7*6=42</think>\nAnswer: "é"'
    assert bundled_one.encode(text) == trained.encode(text)


@pytest.mark.parametrize("kind", sorted(set(family.BUNDLED) - set(STYLES)))
def test_the_family_of_today_would_make_it_again(kind, tmp_path):
    """Parent, options, configuration and training questions are those of its lineage: any other is refused."""
    for checkpoint in CHECKPOINTS.values():
        shutil.copytree(checkpoint.path, tmp_path / checkpoint.name)
    folder = family.build(kind, 0, tmp_path, Silent())
    assert not (folder / "work").exists()
    assert sum(file.stat().st_size for file in folder.iterdir()) < 4_000_000
    other = {kind: family.MEMBERS[kind]._replace(limit=7)}
    with pytest.raises(IdentityError, match=r"configuration\.limit"):
        family.build(kind, 0, tmp_path, Silent(), other)


def test_what_the_demo_compares_is_bundled():
    assert {f"micro-{kind}" for kind in family.BUNDLED} == set(CHECKPOINTS)
    makefile = (Path(family.__file__).parents[2] / "Makefile").read_text()
    assert f"KINDS := {' '.join(family.BUNDLED)}\n" in makefile
