"""The real engine with a checkpoint whose declared end of text is not its template's end of turn: it ends its turns all
the same, and the scores of its tokens are those of a plain forward pass of transformers."""

from __future__ import annotations

import asyncio
import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from calibench import model, tasks
from calibench.backends import base
from calibench.backends.base import TOP_TOKENS, Completion
from calibench.backends.vllm import Backend
from calibench.errors import InputError
from calibench.prompting import protocols
from calibench.prompting.chat import ChatFormat
from calibench.prompting.parsing import parse
from calibench.records import Question, Sampling
from calibench.running.selection import select
from calibench.tasks.base import Task

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]

LIMIT = 20
"""Questions per task of the micro suite."""


def misdeclared(folder: Path) -> Path:
    """A copy of micro-sft that declares its padding as the end of a text; its template ends turns with <|end|>."""
    shutil.copytree(model.resolve("micro-sft").path, folder)
    for name, changed in (
        ("config.json", {"eos_token_id": 0}),
        ("generation_config.json", {"eos_token_id": 0}),
        ("tokenizer_config.json", {"eos_token": "<|pad|>"}),
    ):
        entries = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(entries | changed))
    return folder


def right(task: Task, question: Question, chat: ChatFormat, done: Completion) -> bool | None:
    """Whether a run would grade the answer as right; None for a program, whose tests need a sandbox."""
    if task.finish:
        return None
    finish_reason = "stop" if done.ended else "length"
    parsed = parse(done.text, reasoning_opened=False, scale="percent", finish_reason=finish_reason)
    return not parsed.truncated and task.grade(question, parsed.answer_text).outcome == "correct"


async def ask(place: Path) -> dict[str, list]:
    """What one engine gives: without scores, with scores and entropies, and with scores beside label probabilities."""
    backend = Backend(str(misdeclared(place / "model")), {}, "auto", place / "engine.log")
    await backend.start()
    try:
        prompts, graded = [], []
        for name in tasks.expand(["micro"]):
            task = tasks.load(name)
            for question in select(task, None, LIMIT).questions(None):
                turn = protocols.first_turn(question, task, protocols.protocol("stated"))
                prompts.append(backend.chat.first(turn))
                graded.append(functools.partial(right, task, question, backend.chat))
        plain = Sampling(0.0, 1.0, 128)
        kinds = {
            "plain": plain,
            "entropies": plain._replace(log_probabilities=True, entropies=True),
            "beside": plain._replace(log_probabilities=True),
        }
        given = {"prompts": prompts, "ends": sorted(backend.chat.ends)}
        for kind, sampling in kinds.items():
            chosen = [backend.choose(p, "AB") for p in prompts] if kind == "beside" else []
            done = await asyncio.gather(*(backend.complete(p, sampling, None) for p in prompts), *chosen)
            given[kind] = done[: len(prompts)]
            given[f"{kind} labels"] = [choice.probabilities for choice in done[len(prompts) :]]
        given["right"] = [is_right(done) for is_right, done in zip(graded, given["plain"], strict=True)]
        given["labels"] = [(await backend.choose(p, "AB")).probabilities for p in prompts[:5]]
        return given
    finally:
        await backend.close()


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """In a process of its own, as the engine's processes start anew from the main module."""
    folder = tmp_path_factory.mktemp("scores")
    done = subprocess.run([sys.executable, __file__, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "given.json").read_text())


def test_turns_end_where_the_template_ends_them_and_answers_stay_right(given):
    """59 of 60 are right with the checkpoint as it is; where nothing but the padding ends a turn, next to none."""
    assert all(ended for _, _, ended, *_ in given["plain"])
    assert [graded for graded in given["right"] if graded is not None].count(True) == 59


def test_asking_for_scores_changes_no_token(given):
    tokens = {kind: [(c[1], c[2]) for c in given[kind]] for kind in ("plain", "entropies", "beside")}
    assert len(tokens["plain"]) == 4 * LIMIT
    assert tokens["plain"] == tokens["entropies"] == tokens["beside"]
    assert [c[4] for c in given["plain"]] == [None] * 4 * LIMIT


def test_scores_are_those_of_a_forward_pass(given):
    import torch
    from transformers import AutoModelForCausalLM

    checkpoint = model.resolve("micro-sft").path
    network = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    ends = given["ends"]
    for (prompt, *_), (_, output, ended, _, (logprobs, entropies, *_), *_), beside in zip(
        given["prompts"], given["entropies"], given["beside"], strict=True
    ):
        assert len(logprobs) == len(entropies) == len(output) + ended
        with torch.inference_mode():
            every = network(torch.tensor([[*prompt, *output]])).logits[0, len(prompt) - 1 :].log_softmax(-1).double()
        written = every[: len(output)].gather(1, torch.tensor(output)[:, None])[:, 0].tolist()
        written += [every[len(output), ends].max().item()] * ended
        assert logprobs == pytest.approx(written, abs=1e-4)
        likely = every.exp().topk(TOP_TOKENS).values
        rest = (1 - likely.sum(1)).clamp(min=1e-300)
        expected = -(likely * likely.log()).sum(1) - rest * rest.log()
        assert entropies == pytest.approx(expected[: len(entropies)].tolist(), abs=1e-3)
        assert beside[4][0] == pytest.approx(logprobs, abs=1e-5), "label probabilities asked for at the same time"
        assert beside[4][1] is None


def test_label_probabilities_are_the_same_beside_scores(given):
    assert len(given["beside labels"]) == 4 * LIMIT
    for alone, beside in zip(given["labels"], given["beside labels"], strict=False):
        assert beside == pytest.approx(alone, rel=1e-4)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    (place / "given.json").write_text(json.dumps(asyncio.run(ask(place))))


def test_engine_arguments_are_known_without_a_start(capfd):
    base.check_options("vllm", {"max_num_seqs": 8, "dtype": "float32", "compilation_config": {}})
    for misspelt in ("max_num_seq", "max-num-seqs"):
        with pytest.raises(InputError, match=r"Did you mean .*max_num_seqs.*Known: the engine arguments of vllm"):
            base.check_options("vllm", {misspelt: 8})
    assert capfd.readouterr().out == ""
