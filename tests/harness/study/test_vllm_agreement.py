"""The bundled checkpoints on the real engine: the words that transformers writes, and the promised behaviour."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean

import pytest

from calibench import open_run, tasks
from calibench.confidence.reasoning_gain import forced, gain
from calibench.finetune.trainers.scores import log_likelihoods
from calibench.model import bundled
from calibench.prompting.chat import ChatFormat
from calibench.prompting.parsing import parse
from calibench.prompting.protocols import PROTOCOLS, first_turn

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]

NAMES = ("micro_algebra", "micro_facts", "micro_programs", "micro_words")
LIMIT = 120
"""Questions per task."""
COMPARED = 160
"""Answers that are written by transformers too."""
LONGEST = 128
"""Tokens of an output."""


@pytest.fixture(scope="module")
def run_of(tmp_path_factory):
    """Runs a bundled checkpoint over the micro suite, once per module."""
    done: dict[str, Path] = {}

    def run(model: str):
        if model not in done:
            done[model] = tmp_path_factory.mktemp(model) / "run"
            methods = "stated,reasoning_gain" if model == "micro-sft" else "stated"
            options = ["--limit", str(LIMIT), "--confidence", methods, "--max-tokens", str(LONGEST)]
            command = [sys.executable, "-m", "calibench", "run", model, "--tasks", "micro", "--out", str(done[model])]
            finished = subprocess.run([*command, *options], capture_output=True, text=True)
            assert finished.returncode == 0, finished.stderr
        return open_run(done[model])

    return run


def greedy(folder: Path, prompts: list[str]) -> list[str]:
    """What transformers writes after each prompt, in float32."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    texts = []
    for start in range(0, len(prompts), 128):
        batch = tokenizer(prompts[start : start + 128], return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.inference_mode():
            output = model.generate(batch["input_ids"], attention_mask=batch["attention_mask"], max_new_tokens=LONGEST)
        texts += tokenizer.batch_decode(output[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    return texts


def test_the_reasoning_gain_is_that_of_transformers_and_is_read_behind_cached_prompts(run_of):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = next(checkpoint.path for checkpoint in bundled() if checkpoint.name == "micro-sft")
    chat = ChatFormat(AutoTokenizer.from_pretrained(folder), "auto")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with run_of("micro-sft") as run:
        readings = [reading for reading in run.confidences("reasoning_gain") if reading.status == "ok"]
        questions = {(q.task, q.question_id): q for q in run.questions()}
        compared = readings[:: max(1, len(readings) // 40)]
        draws = [run.draws(reading.task, reading.question_id, "stated")[0] for reading in compared]
    told = [json.loads(reading.raw) for reading in readings]
    assert sum(reading.cached_tokens for reading in readings) > 0.5 * sum(one["prompt_tokens"] for one in told)
    for reading, draw in zip(compared, draws, strict=True):
        question = questions[reading.task, reading.question_id]
        prompt = chat.first(first_turn(question, tasks.load(question.task), PROTOCOLS["stated"])).token_ids
        parsed = parse(draw.text, reasoning_opened=False, scale="percent", finish_reason=draw.finish_reason)
        split = forced(chat, prompt, draw.token_ids, parsed)
        found = log_likelihoods(model, chat, [(prefix, split.answer) for prefix in split.prefixes])
        supports = [one / len(split.answer) for one in found]
        assert json.loads(reading.raw)["supports"] == pytest.approx(supports, abs=2e-3)
        assert reading.value == pytest.approx((1 + gain(supports).value) / 2, abs=2e-3)


def test_vllm_writes_what_transformers_writes(run_of):
    from transformers import AutoTokenizer

    model = "micro-sft"
    folder = next(checkpoint.path for checkpoint in bundled() if checkpoint.name == model)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with run_of(model) as run:
        questions = list(run.questions())[:: LIMIT * len(NAMES) // COMPARED]
        written = [run.draws(q.task, q.question_id, "stated")[0].text for q in questions]
    turns = [first_turn(q, tasks.load(q.task), PROTOCOLS["stated"]) for q in questions]
    prompts = [
        tokenizer.apply_chat_template([{"role": "user", "content": t}], tokenize=False, add_generation_prompt=True)
        for t in turns
    ]
    expected = greedy(folder, prompts)
    assert len(expected) == COMPARED
    assert {question.task for question in questions} == set(NAMES)
    assert mean(a == b for a, b in zip(written, expected, strict=True)) >= 0.99


def test_sft_is_right_often_but_not_always_and_less_so_at_higher_levels(run_of):
    with run_of("micro-sft") as run:
        frame = run.frame()
    frame = frame[frame["method"] == "stated"]
    correct = frame["outcome"] == "correct"
    assert 0.5 <= correct.mean() <= 0.85
    assert (correct.groupby(frame["task"]).mean() > 0.3).all()
    by_level = correct.groupby([frame["task"], frame["level"]]).mean()
    assert all(by_level[name, 1] > by_level[name, 5] for name in NAMES)


def test_sft_is_over_confident_but_tells_hard_from_easy(run_of):
    with run_of("micro-sft") as run:
        metrics = defaultdict(dict)
        for metric in run.metrics():
            if metric.method == "stated" and metric.subset == "all":
                metrics[metric.task][metric.metric] = metric.value
        values = run.frame()
    stated = values[(values["method"] == "stated") & values["value"].notna()]
    assert stated["value"].nunique() >= 8
    assert stated["value"].mean() >= (stated["outcome"] == "correct").mean() + 0.1
    assert mean(metrics[name]["auroc"] for name in NAMES) >= 0.6


def test_instruct_answers_at_once_and_is_weaker(run_of):
    with run_of("micro-instruct") as instruct, run_of("micro-sft") as sft:
        weak, strong = instruct.frame(), sft.frame()
    weak, strong = (f[f["method"] == "stated"] for f in (weak, strong))
    assert weak["reasoning_tokens"].eq(0).all()
    assert strong["reasoning_tokens"].gt(0).mean() > 0.95
    assert (weak["outcome"] == "correct").mean() < (strong["outcome"] == "correct").mean()
    assert (weak[weak["level"] == 1]["outcome"] == "correct").mean() > 0.3
