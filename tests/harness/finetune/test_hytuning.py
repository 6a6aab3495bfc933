"""HyTuning: what weighs a reply, what the recipe hands on, and real runs that no gold answer can reach."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
import torch
from test_grpo import Run, Stopped, questions, weights

from calibench.confidence.reasoning_gain import gain
from calibench.errors import DataError, InputError
from calibench.finetune import questions as questions_of
from calibench.finetune import rows
from calibench.finetune.config import TuneConfig
from calibench.finetune.job import Job
from calibench.finetune.options import RlOptions
from calibench.finetune.recipes import base as recipes
from calibench.finetune.recipes import hytuning
from calibench.finetune.stage import Trained
from calibench.finetune.trainers import grpo, hybrid, signs
from calibench.model import resolve
from calibench.prompting.chat import ChatFormat
from calibench.running.progress import Silent

PARENT = resolve("micro-sft").path
REWARD = "calibench.finetune.recipes.hytuning:SELF_CERTAINTY"


# -- weights ----------------------------------------------------------------------------------------------------------


def settings(**options) -> hybrid.Settings:
    chosen = RlOptions(
        steps=2, generations=4, batch_size=4, accumulation=2, learning_rate=1e-3, warm_up=0.0, save_every=1
    )
    asked = [(turn, hytuning.without_answer(question)) for turn, question in questions(6)]
    given = {"model": str(PARENT), "questions": asked, "options": chosen, "reward": REWARD, "max_tokens": 48}
    return hybrid.Settings(**{**given, **options})


def test_a_reply_weighs_the_sigmoid_of_its_gain_and_one_half_without_steps():
    found = [gain([-3.0, -2.0, -2.5]), None]
    value = (1 / 1.5) * math.tanh(0.5)  # one nat up, half a nat down
    by_hand = {"gain": value, "net": math.tanh(0.5), "monotonicity": 1 / 1.5, "shuffled": value}
    for weighting, counted in by_hand.items():
        told = hybrid.weights(found, settings(weighting=weighting, gain_temperature=0.25))
        assert told == pytest.approx([1 / (1 + math.exp(-counted / 0.25)), 0.5])


def test_traces_come_pass_after_pass_and_a_continued_run_finds_its_place():
    some = [rows.Row("answer", (number,), (number,)) for number in range(5)]
    learned = [row.input_ids[0] for step in range(10) for row in hybrid.chosen(some, 3, step, seed=0)]
    passes = [learned[start : start + 5] for start in range(0, 30, 5)]
    assert all(sorted(each) == list(range(5)) for each in passes)
    assert len({tuple(each) for each in passes}) > 1
    assert [row.input_ids[0] for row in hybrid.chosen(some, 3, 7, seed=0)] == learned[21:24]


# -- the recipe -------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [{"question": f"What is {n} + {n}?", "answer": str(2 * n), "reasoning": f"{n}+{n}"} for n in range(4)]
    Path("traces.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    Path("bare.jsonl").write_text("".join(f'{{"question": "What is {n} + 1?"}}\n' for n in range(12)))
    Path("empty.jsonl").write_text("\n")


def trained(change=lambda question: question, **options) -> tuple[list, dict]:
    """The stages that the recipe runs, as (trainer, folder of the parent, settings), and its notes."""
    config = TuneConfig(recipe="hytuning", model="micro-sft", tasks=("micro_algebra",), out="out", limit=20)
    chosen = recipes.read_options("hytuning", options)
    asked, further = questions_of.lists(hytuning.questions(config, chosen))
    asked = tuple((task, change(question)) for task, question in asked)
    from transformers import AutoTokenizer

    chat = ChatFormat(AutoTokenizer.from_pretrained(PARENT), "auto")
    job = Job(config, chosen, resolve("micro-sft"), chat, asked, (), Path("work"), Silent(), {}, further)
    stages = []

    class Recorded(Job):
        def run_stage(self, trainer, name, settings):
            stages.append((trainer, name, settings))
            return Trained(Path(name), [])

    recipes.load("hytuning").train(Recorded(*job))
    return stages, job.notes


def test_the_hybrid_learns_from_traces_and_from_questions_without_answers(place):
    ((trainer, _, handed),), notes = trained(traces="traces.jsonl", anchor=0.5, weighting="net")
    assert trainer == "hybrid"
    assert (handed.reward, handed.weighting, handed.anchor) == (REWARD, "net", 0.5)
    assert len(list(rows.read(Path(handed.traces)))) == 4 == notes["rows"]["rows"]["answer"]
    assert len(handed.questions) == 20
    assert {question.gold + question.tests for _, question in handed.questions} == {()}


def test_no_gold_answer_reaches_the_training(place):
    """Its settings are all that a stage of training knows."""

    def permuted(question):
        return msgspec.structs.replace(question, gold=("no answer of anybody",))

    def told(**options):
        return [msgspec.json.encode(handed) for _, _, handed in trained(**options)[0]]

    for method in ("hybrid", "internal_feedback", "sequence"):
        options = {"traces": "traces.jsonl", "method": method}
        assert told(**options) == told(change=permuted, **options)
    assert told(method="internal_feedback", reward="gold") != told(
        change=permuted, method="internal_feedback", reward="gold"
    )


@pytest.mark.parametrize(
    ("options", "stages"),
    [
        ({"method": "distillation"}, [("supervised", "distillation")]),
        ({"method": "internal_feedback"}, [("hybrid", "reinforcement")]),
        ({"method": "sequence"}, [("supervised", "distillation"), ("hybrid", "reinforcement")]),
        ({"weighting": "constant", "constant_weight": 0.25}, [("hybrid", "reinforcement")]),
        ({"reward": "gold"}, [("hybrid", "reinforcement")]),
    ],
    ids=str,
)
def test_each_baseline_is_an_option(place, options, stages):
    ran, _ = trained(traces="traces.jsonl", **options)
    assert [(trainer, name) for trainer, name, _ in ran] == stages
    last = ran[-1][2]
    if options.get("method") in ("internal_feedback", "sequence"):
        assert (last.weighting, last.constant_weight, last.anchor, last.traces) == ("constant", 1.0, 0.0, "")
    if "reward" in options:
        assert last.reward == "outcome"
        assert all(question.gold for _, question in last.questions)
    if len(ran) == 2:
        assert last.model == "distillation"
    assert last.options.learning_rate == (1e-5 if options.get("method") == "distillation" else 1e-6)


def test_a_file_of_questions_without_answers_is_asked(place):
    ((_, _, handed),), _ = trained(method="internal_feedback", unlabelled="bare.jsonl")
    assert sorted(question.text for _, question in handed.questions) == sorted(f"What is {n} + 1?" for n in range(12))


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({}, InputError, "--traces FILE is missing: reasoning traces, for --method hybrid; only internal_feedback"),
        ({"traces": "empty.jsonl"}, DataError, "empty.jsonl: expected traces, found an empty file"),
        ({"traces": "traces.jsonl", "unlabelled": "empty.jsonl"}, DataError, "questions, found an empty file"),
        ({"traces": "traces.jsonl", "unlabelled": "none.jsonl"}, DataError, "expected a file of questions, found No"),
        (
            {"traces": "traces.jsonl", "unlabelled": "traces.jsonl"},
            DataError,
            "traces.jsonl:1: not a question: .*answer",
        ),
        ({"traces": "traces.jsonl", "unlabelled": "bare.jsonl", "reward": "gold"}, InputError, "--reward gold needs"),
        (
            {"traces": "traces.jsonl", "weighting": "constant", "constant_weight": 0.0, "anchor": 0.0},
            InputError,
            "both 0, so that nothing would be learned",
        ),
        ({"traces": "traces.jsonl", "constant_weight": 2.0}, InputError, "at most 1"),
    ],
    ids=str,
)
def test_what_cannot_be_learned_from_is_refused(place, options, error, told):
    with pytest.raises(error, match=told):
        trained(**options)


def test_a_reward_that_is_constant_in_every_group_for_many_steps_is_told_with_advice():
    flat, some = {"frac_reward_zero_std": 1.0}, {"frac_reward_zero_std": 0.9}
    assert signs.has_constant_reward([some, *[flat] * signs.CONSTANT_STEPS])
    assert not signs.has_constant_reward([flat] * (signs.CONSTANT_STEPS - 1))
    assert not signs.has_constant_reward([*[flat] * signs.CONSTANT_STEPS, some])
    notes: dict = {}
    job = SimpleNamespace(
        options=RlOptions(), parent=resolve("micro-sft"), training=(), asked=lambda asked: [], notes=notes,
        progress=Silent(), stage_settings=dict,
        run_stage=lambda *_: Trained(Path("x"), [{"step": 12, "reward_constant": 1.0}]),
    )  # fmt: skip
    grpo.reinforce(job, reward="outcome")
    assert "earned the same" in notes["warning"]
    assert "raise --generations" in notes["warning"]


# -- real runs --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def traces(tmp_path_factory) -> str:
    from transformers import AutoTokenizer

    chat = ChatFormat(AutoTokenizer.from_pretrained(PARENT), "auto")
    written = [chat.tokenizer.encode(text, add_special_tokens=False) for text in ("Answer: 4", "Answer: 123")]
    learned = [
        rows.answer_row(chat.first(f"What is {n}?").token_ids, reply, chat.end) for n, reply in enumerate(written)
    ]
    path = tmp_path_factory.mktemp("traces") / "rows.parquet"
    rows.write(learned, path, 512)
    return str(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, traces) -> Run:
    run = Run(tmp_path_factory.mktemp("whole"), {})
    hybrid.fit(run.folder, settings(traces=traces, anchor=1.0), lambda step, of, shown: run.told.update({step: shown}))
    return run


def test_a_real_run_tells_what_weighs_and_what_is_learned(whole):
    assert sorted(whole.told) == [1, 2]
    for shown in whole.told.values():
        assert 0 < shown["gain_weight"] < 1
        assert -1 < shown["gain"] < 1
        assert shown["self_certainty"] == pytest.approx(shown["reward"], rel=1e-4)
        assert shown["distillation_loss"] > 0
        assert "accuracy" not in shown
    assert whole.told[2]["distillation_loss"] < whole.told[1]["distillation_loss"]


def test_a_run_goes_on_to_the_same_weights_whatever_the_validation_questions_answers_are(whole, traces, tmp_path):
    """Validation questions are graded, and only looked at: other answers to them change nothing."""

    def stop(step: int, of: int, shown: dict) -> None:
        if step == 2:
            raise Stopped

    looked_at = questions(8)[6:]
    wrong = [(turn, msgspec.structs.replace(question, gold=("-1",))) for turn, question in looked_at]
    with pytest.raises(Stopped):
        hybrid.fit(tmp_path, settings(traces=traces, anchor=1.0, validation=looked_at, validate_every=1), stop)
    told: dict = {}
    again = settings(traces=traces, anchor=1.0, validation=wrong, validate_every=1)
    hybrid.fit(tmp_path, again, lambda step, of, shown: told.update({step: shown}))
    assert sorted(told) == [2]
    assert told[2]["validation_accuracy"] == 0
    for name, tensor in weights(whole.folder).items():
        assert torch.equal(tensor, weights(tmp_path)[name]), name


def test_weights_act_on_normalised_advantages(tmp_path):
    """With a weight of one the run is that of the plain trainer bit for bit; with none nothing is learned."""
    from safetensors.torch import load_file

    plain = settings()
    fields = {name: getattr(plain, name) for name in grpo.Settings.__struct_fields__}
    grpo.fit(tmp_path / "plain", grpo.Settings(**fields), lambda *_: None)
    hybrid.fit(tmp_path / "one", settings(weighting="constant", constant_weight=1.0), lambda *_: None)
    hybrid.fit(tmp_path / "none", settings(weighting="constant", constant_weight=0.0), lambda *_: None)
    learned, one, none = (weights(tmp_path / name) for name in ("plain", "one", "none"))
    parent = load_file(PARENT / "model.safetensors")
    assert all(torch.equal(learned[name], one[name]) for name in learned)
    assert all(torch.equal(parent[name], none[name]) for name in none)
    assert not all(torch.equal(learned[name], none[name]) for name in none)
