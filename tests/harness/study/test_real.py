"""Real checkpoints: what their cells hold, and what the pages made of them say."""

from __future__ import annotations

import re

import numpy as np
import pytest
from fakes import gsm8k_folder
from msgspec.structs import replace

from calibench import tasks
from calibench.errors import DataError
from calibench.prompting.protocols import PROTOCOLS, first_turn
from calibench.results import Spread
from calibench.running.selection import select
from calibench.study import real
from calibench.study.cells import GreedyAnswers, encode
from calibench.study.real_cells import Asked, RealCell, frame_of, read
from calibench.study.real_pages import write_pages
from calibench.study.standard import STANDARD, standard, task_file

N = 120


def asked(rng, accuracy: float, methods: tuple[str, ...], n: int = N) -> Asked:
    right = rng.random(n) < accuracy
    confidence = {method: encode(np.round(rng.uniform(0.5, 1, n), 2)) for method in methods} or {
        "none": encode(np.full(n, np.nan))
    }
    return Asked(
        ids=tuple(f"q{i:03}" for i in range(n)),
        answers=GreedyAnswers(
            domain="math", questions="ids", cluster=None, outcomes="".join("c" if r else "i" for r in right),
            confidence=confidence,
        ),
        tokens=12.5,
        spreads=tuple(
            Spread(task="gsm8k", protocol="plain", method=method, n=n, distinct=9, deviation=0.1,
                   label_mass=0.31 if method == "p_true" else None, example=None, copies=0)
            for method in methods
        ),
    )  # fmt: skip


def cell(model: str, stated: float = 0.5, seed: int = 0) -> RealCell:
    rng = np.random.default_rng(seed)
    return RealCell(
        model=model, weights="sha256:" + "ab" * 32, settings={"max_tokens": 512}, cpu_seconds=3600.0,
        passes={
            "default": {task: asked(rng, 0.5, ("asked", "p_true")) for task in ("gsm8k", "creak")},
            "standard": {task: asked(rng, 0.5, ()) for task in ("gsm8k", "creak")},
            "stated": {"gsm8k": asked(rng, stated, ("stated",))},
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("accuracy", "said"), [(0.05, "costs accuracy"), (0.95, "gains accuracy"), (0.5, "no difference beyond noise")]
)
def test_the_page_says_what_a_prompt_costs(tmp_path, accuracy, said):
    write_pages([cell("small", stated=accuracy)], tmp_path)
    page = (tmp_path / "prompts.md").read_text()
    (row,) = re.findall(r"\| gsm8k \| default → `stated`, one turn \|.*", page)
    assert said in row
    assert "| small | gsm8k | p_true | 9 of 120 | 0.100 | 0.310 |" in page


def test_a_page_needs_a_finished_task_and_no_certain_one(tmp_path):
    one = cell("one")
    creak = replace(one, passes={"default": {"creak": one.passes["default"]["creak"]}})
    write_pages([creak, replace(one, passes={})], tmp_path)
    assert "## one" in (tmp_path / "real-models.md").read_text()
    with pytest.raises(DataError, match="a finished task"):
        write_pages([replace(one, passes={})], tmp_path)


def test_models_are_compared_on_the_same_questions(tmp_path):
    write_pages([cell("one", seed=1), cell("two", seed=2)], tmp_path)
    page = (tmp_path / "real-models.md").read_text()
    assert re.search(r"### (one → two|two → one)\n\n\| Task .*\n.*\n\| creak \| asked \| accuracy \|.*\| 120 \|", page)
    assert (tmp_path / "real" / "one.svg").is_file()


def test_a_frame_has_the_answers_and_confidences_of_a_cell():
    frame = frame_of(cell("one").passes["default"], "default")
    assert len(frame) == 2 * 2 * N
    assert set(frame["method"]) == {"asked", "p_true"}
    assert set(frame_of(cell("one").passes["default"], "default", with_confidences=False)["method"]) == {"none"}


def test_a_standard_prompt_is_asked_and_nothing_else(tmp_path, monkeypatch):
    for name in STANDARD:
        task = standard(name, 5)
        assert task.name == f"{name}_standard"
        assert task.instruction is None
    reference = task_file("gsm8k", 5, tmp_path)
    task = tasks.load(reference)
    question = task.to_question({"question": "What is 1 + 1?", "answer": "#### 2"}, "row 1")
    assert first_turn(question, task, PROTOCOLS["plain"]) == "Q: What is 1 + 1?\nA: Let's think step by step."
    assert task.grade(question, "It is 2.").outcome == "correct"


def test_a_standard_prompt_is_asked_of_the_questions_that_the_task_itself_is_asked(tmp_path):
    data = gsm8k_folder(tmp_path / "data", 40)
    asked = [
        {question.question_id for question in select(task, str(data), limit).questions(str(data))}
        for task, limit in ((tasks.load("gsm8k"), 7), (standard("gsm8k", 7), 7))
    ]
    assert len(asked[0]) == 7
    assert asked[0] == asked[1]


def test_a_file_that_is_no_cell_is_named(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(DataError, match=r"x\.json: expected a cell of a real checkpoint"):
        read(tmp_path / "x.json")


@pytest.mark.parametrize("option", ["--passes", "--tasks"])
def test_an_unknown_pass_or_task_is_named(option, capsys):
    with pytest.raises(SystemExit):
        real.main(["model", option, "nothing"])
    assert f"{option}: expected some of" in capsys.readouterr().err
