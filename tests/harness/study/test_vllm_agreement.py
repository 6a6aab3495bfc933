"""The bundled checkpoints on the real engine: the words that transformers writes, and the promised behaviour."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean

import pytest
import warm

from calibench import open_run, tasks
from calibench.cli import main
from calibench.confidence.reasoning_gain import forced, gain
from calibench.finetune.trainers.scores import log_likelihoods
from calibench.model import resolve
from calibench.prompting.chat import ChatFormat
from calibench.prompting.parsing import parse
from calibench.prompting.protocols import PROTOCOLS, first_turn
from calibench.records import Question

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]

NAMES = ("micro_algebra", "micro_facts", "micro_programs", "micro_words")
LIMIT = 120
"""Questions per task."""
COMPARED = 160
"""Answers that are written by transformers too."""
LONGEST = 128
"""Tokens of an output."""


@pytest.fixture(scope="module")
def sft(tmp_path_factory) -> Path:
    """A run of micro-sft over the micro suite."""
    out = tmp_path_factory.mktemp("micro-sft") / "run"
    options = ["--limit", str(LIMIT), "--max-tokens", str(LONGEST), "--confidence", "stated,reasoning_gain"]
    finished = warm.run("calibench", "run", "micro-sft", "--tasks", "micro", "--out", str(out), *options)
    assert finished.returncode == 0, finished.stderr
    return out


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


def test_the_reasoning_gain_is_that_of_transformers_and_is_read_behind_cached_prompts(sft):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = resolve("micro-sft").path
    chat = ChatFormat(AutoTokenizer.from_pretrained(folder), "auto")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with open_run(sft) as run:
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


def prompts(folder: Path, questions: list[Question]) -> list[str]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    turns = [first_turn(q, tasks.load(q.task), PROTOCOLS["stated"]) for q in questions]
    return [
        tokenizer.apply_chat_template([{"role": "user", "content": t}], tokenize=False, add_generation_prompt=True)
        for t in turns
    ]


def test_vllm_writes_what_transformers_writes(sft):
    folder = resolve("micro-sft").path
    with open_run(sft) as run:
        questions = list(run.questions())[:: LIMIT * len(NAMES) // COMPARED]
        written = [run.draws(q.task, q.question_id, "stated")[0].text for q in questions]
    expected = greedy(folder, prompts(folder, questions))
    assert len(expected) == COMPARED
    assert {question.task for question in questions} == set(NAMES)
    assert mean(a == b for a, b in zip(written, expected, strict=True)) >= 0.99


def test_sft_is_right_often_but_not_always_and_less_so_at_higher_levels(sft):
    with open_run(sft) as run:
        frame = run.frame()
    frame = frame[frame["method"] == "stated"]
    correct = frame["outcome"] == "correct"
    assert 0.5 <= correct.mean() <= 0.85
    assert (correct.groupby(frame["task"]).mean() > 0.3).all()
    by_level = correct.groupby([frame["task"], frame["level"]]).mean()
    assert all(by_level[name, 1] > by_level[name, 5] for name in NAMES)


def test_sft_is_over_confident_but_tells_hard_from_easy(sft):
    with open_run(sft) as run:
        metrics = defaultdict(dict)
        for metric in run.metrics():
            if metric.method == "stated" and metric.subset == "all":
                metrics[metric.task][metric.metric] = metric.value
        values = run.frame()
    stated = values[(values["method"] == "stated") & values["value"].notna()]
    assert stated["value"].nunique() >= 8
    assert stated["value"].mean() >= (stated["outcome"] == "correct").mean() + 0.1
    assert mean(metrics[name]["auroc"] for name in NAMES) >= 0.6


def test_instruct_answers_at_once_and_is_weaker(sft):
    folder = resolve("micro-instruct").path
    with open_run(sft) as run:
        questions = [question for question in run.questions() if question.task != "micro_programs"][::3]
        strong = [run.grades(q.task, q.question_id, "stated")[0].outcome == "correct" for q in questions]
    texts = greedy(folder, prompts(folder, questions))
    assert not any("<think>" in text for text in texts)
    graded = [tasks.load(q.task).grade(q, text) for q, text in zip(questions, texts, strict=True)]
    weak = [verdict.outcome == "correct" for verdict in graded]
    assert len(questions) == 120
    assert mean(weak) < mean(strong)
    assert mean(right for q, right in zip(questions, weak, strict=True) if q.level == 1) > 0.3


def test_the_stock_command_gives_the_same_verdicts(sft, tmp_path):
    """Greedy: vLLM under `calibench run`, transformers under `lm_eval --model hf`."""
    assert main(["lm-eval-tasks", "--out", str(tmp_path)]) == 0
    done = subprocess.run(
        [
            sys.executable, "-m", "lm_eval", "--include_path", str(tmp_path), "--tasks", "calibench_micro_facts",
            "--model", "hf", "--model_args", f"pretrained={resolve('micro-sft').path},dtype=float32", "--device", "cpu",
            "--batch_size", "64", "--apply_chat_template", "--gen_kwargs", f"max_gen_toks={LONGEST}",
            "--log_samples", "--output_path", str(tmp_path / "theirs"),
        ],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (log,) = (tmp_path / "theirs").rglob("samples_*.jsonl")
    samples = [json.loads(line) for line in log.read_text().splitlines()]
    theirs = {json.loads(s["doc"]["question"])["question_id"]: tuple(s["accuracy"]) for s in samples}
    with open_run(sft) as run:
        frame = run.frame()
    frame = frame[(frame["method"] == "stated") & (frame["task"] == "micro_facts")]
    ours = {r.question_id: (r.outcome, None if math.isnan(r.value) else r.value) for r in frame.itertuples()}
    assert len(ours) == LIMIT
    assert ours == {question_id: theirs[question_id] for question_id in ours}
    assert {"correct", "incorrect"} <= {outcome for outcome, _ in ours.values()}
