"""One suite over all backends: what `calibench.backends.base` says of a backend holds of each, on one checkpoint.

Each is asked in a process of its own. Probabilities are held against a forward pass over a whole text, which none of
them makes.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from served import NAME, served, served_by_llama_cpp
from some_adapters import random_adapter

from calibench import model, tasks
from calibench.backends import base
from calibench.backends.base import BaseBackend
from calibench.model.adapter import read
from calibench.prompting import protocols
from calibench.prompting.conversation import Written
from calibench.records import Sampling
from calibench.running.selection import select

CHECKPOINT = "micro-sft"
QUESTIONS = 4
LONG = "word " * 5000
GREEDY = Sampling(0.0, 1.0, 96)
OPTIONS = {"transformers": {"dtype": "float32"}, "ray": {"actors": 2, "kv_cache_memory_bytes": 200_000_000}}
BACKENDS = [
    "transformers",
    pytest.param("vllm", marks=[pytest.mark.engine, pytest.mark.bench]),
    pytest.param("ray", marks=[pytest.mark.engine, pytest.mark.bench]),
    pytest.param("openai", marks=[pytest.mark.engine, pytest.mark.bench]),
    pytest.param("openai, by tokens", marks=[pytest.mark.engine, pytest.mark.bench]),
    "openai, of llama.cpp",
]


async def ask(name: str, url: str, folder: Path) -> dict:
    kind = base.load(name.partition(",")[0])
    known = kind.identify(NAME if url else CHECKPOINT, print)
    options = {"base_url": url} if url else OPTIONS.get(name, {})
    if "by tokens" in name:
        options["tokenizer"] = str(model.resolve(CHECKPOINT).path)
    backend: BaseBackend = kind(known.location, options, "auto", folder / "engine.log")
    await backend.start()
    try:
        turns = []
        for task in map(tasks.load, tasks.expand(["micro"])):
            for question in select(task, None, QUESTIONS).questions(None):
                turns.append(protocols.first_turn(question, task, protocols.protocol("stated")))
        prompts = [backend.chat.first(turn) for turn in turns]
        whole = "whole_vocabulary" in kind.capabilities
        scored = GREEDY._replace(log_probabilities=True, entropies=True, certainties=whole)
        drawn = Sampling(1.0, 1.0, 96)
        done = await asyncio.gather(*(backend.complete(prompt, scored, None) for prompt in prompts))
        follow_ups = [
            backend.chat.about(
                prompt, Written(one.text, one.token_ids), (), "Is your answer above correct?\nA) Yes\nB) No"
            )
            for prompt, one in zip(prompts, done, strict=True)
        ]
        given = {
            "name": known.name,
            "fingerprint": known.fingerprint(),
            "may": sorted(kind.capabilities),
            "has": sorted(backend.capabilities),
            "context": backend.context,
            "in flight": backend.in_flight,
            "described": backend.describe(),
            "turns": turns,
            "scored": done,
            "plain": await asyncio.gather(*(backend.complete(prompt, GREEDY, None) for prompt in prompts)),
            "cut": await backend.complete(prompts[0], GREEDY._replace(max_tokens=3), None),
            "drawn": [(await backend.complete(prompts[1], drawn, seed)).text for seed in (5, 5, *range(6, 12))],
            "chosen": [(await backend.choose(prompt, "AB"))._asdict() for prompt in follow_ups],
            "beside a refused one": [],
        }
        long = backend.chat.first(LONG)
        if not long.token_ids:  # what does not fit by its token ids is never asked
            beside = await asyncio.gather(
                backend.complete(prompts[0], GREEDY, None), backend.complete(long, GREEDY, None), return_exceptions=True
            )
            given["beside a refused one"] = [type(one).__name__ for one in beside]
        if "token_ids" in backend.capabilities:
            ids = prompts[2].token_ids
            given["tokens"] = (await backend.token_probabilities(ids, [3, 4, 5]))[0]
            given["likelihoods"] = await backend.log_likelihoods(ids, [list(done[2].token_ids or ())[:8], [3, 4]])
            given["prompts"] = [prompt.token_ids for prompt in prompts]
    finally:
        await backend.close()
    if "adapters" in kind.capabilities:
        adapters = [read(str(folder / "adapters" / name)) for name in sorted(os.listdir(folder / "adapters"))]
        given["adapted"] = await ask_with(kind, options, [*adapters, None], prompts[:2], folder)
    return given


async def ask_with(kind: type[BaseBackend], options: dict, adapters: list, prompts: list, folder: Path) -> list:
    """For each adapter the answers to the prompts, and the probability of a token after the first; all side by side."""
    backend = kind(str(model.resolve(CHECKPOINT).path), options | {"adapters": adapters}, "auto", folder / "engine.log")
    await backend.start()
    try:

        async def of(adapter):
            adapted = backend.with_adapter(adapter)
            texts = await asyncio.gather(*(adapted.complete(prompt, GREEDY, None) for prompt in prompts))
            return [one.text for one in texts], (await adapted.token_probabilities(prompts[0].token_ids, [3]))[0][3]

        return await asyncio.gather(*(of(adapter) for adapter in adapters))
    finally:
        await backend.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(CHECKPOINT, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def llama_cpp(tmp_path_factory):
    with served_by_llama_cpp(CHECKPOINT, tmp_path_factory.mktemp("llama.cpp")) as server:
        yield server


@pytest.fixture(scope="module")
def adapters(tmp_path_factory):
    """A folder of two of the same name's end and different ranks, which change what is answered."""
    folder = tmp_path_factory.mktemp("adapters")
    for seed, rank in enumerate((4, 16)):
        random_adapter(folder / f"{seed}", CHECKPOINT, seed=seed, rank=rank, alpha=6 * rank)
    return folder


@pytest.fixture(scope="module", params=BACKENDS)
def given(request, tmp_path_factory, adapters):
    folder = tmp_path_factory.mktemp("given")
    shutil.copytree(adapters, folder / "adapters")
    url = ""
    if request.param.startswith("openai"):
        url = request.getfixturevalue("llama_cpp" if "llama" in request.param else "server").url
    command = [sys.executable, __file__, request.param, url, str(folder)]
    paths = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths})
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "given.json").read_text())


def test_it_says_which_model_it_has_and_what_it_can_do(given):
    assert given["name"]
    assert given["fingerprint"]
    assert {"sampling", "follow_up"} <= {*given["has"]} <= {*given["may"]}
    assert given["context"] == 2048
    assert given["in flight"] > 0
    assert {"engine", "version", "dtype", "quantization", "context", "options"} <= given["described"].keys()


def test_greedy_answers_are_those_of_the_reference(given, reference):
    assert [one[0] for one in given["plain"]] == reference["texts"]
    assert all(ended for _, _, ended, *_ in given["plain"])


def test_scores_change_no_answer_and_are_those_of_a_forward_pass(given, reference):
    assert [one[0] for one in given["scored"]] == reference["texts"]
    for (_, _, ended, _, (logprobs, entropies, _, certainties), *_), (written, entropy, certainty) in zip(
        given["scored"], reference["scores"], strict=True
    ):
        assert ended
        assert logprobs == pytest.approx(written, abs=1e-3)
        assert entropies == pytest.approx(entropy, abs=2e-3)
        assert certainties == (pytest.approx(certainty, abs=1e-3) if "whole_vocabulary" in given["may"] else None)


def test_a_budget_cuts_and_the_cut_is_told(given, reference):
    text, _, ended, *_ = given["cut"]
    assert not ended
    assert 0 < len(text) < len(reference["texts"][0])
    assert reference["texts"][0].startswith(text)


def test_a_seed_gives_its_draw_again(given):
    first, again, *others = given["drawn"]
    assert first == again
    assert {*others} - {first}


def test_label_probabilities_are_those_of_a_forward_pass(given, reference):
    for chosen, expected in zip(given["chosen"], reference["chosen"], strict=True):
        assert chosen["probabilities"] == pytest.approx(expected, abs=1e-3)
        assert chosen["unseen"] <= 1e-3


def test_what_the_engine_refuses_stops_nothing_else(given):
    assert given["beside a refused one"] in ([], ["Completion", "Refused"])


def test_given_tokens_have_the_probabilities_of_a_forward_pass(given, reference):
    if "token_ids" not in given["has"]:
        assert "token_probabilities" not in given["has"]
        return
    ids, found = given["prompts"][2], reference["after"]
    assert [given["tokens"][str(token)] for token in (3, 4, 5)] == pytest.approx(
        [found(ids, [t])[1] for t in (3, 4, 5)], rel=1e-3
    )
    (likely, greedy), (unlikely, no) = given["likelihoods"]
    assert (greedy, no) == (True, False)
    assert likely == pytest.approx(found(ids, reference["ids"][2][:8])[0], abs=1e-3)
    assert unlikely == pytest.approx(found(ids, [3, 4])[0], abs=1e-2)


def test_each_adapter_is_asked_as_a_model_of_its_own_and_so_is_the_model_beside_them(given, adapters, reference):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    if "adapters" not in given["may"]:
        return
    prompts = given["prompts"][:2]
    for place, (texts, probability) in zip([*sorted(adapters.iterdir()), None], given["adapted"], strict=True):
        network = AutoModelForCausalLM.from_pretrained(model.resolve(CHECKPOINT).path, dtype=torch.float32)
        network = PeftModel.from_pretrained(network, place) if place else network
        written, after = zip(*(of_network(network, prompt, reference["ends"]) for prompt in prompts), strict=True)
        assert texts == [reference["decode"](tokens) for tokens in written]
        assert probability == pytest.approx(float(after[0][3]), rel=1e-3)
    assert len({tuple(texts) for texts, _ in given["adapted"]}) == 3


def of_network(network, prompt: list[int], ends: list[int]):
    """What `generate` writes after a prompt, and the probabilities of the token after it."""
    import torch

    with torch.inference_mode():
        asked = torch.tensor([prompt])
        written = network.generate(input_ids=asked, do_sample=False, max_new_tokens=96, eos_token_id=ends)[0]
        return written[len(prompt) : -1].tolist(), network(input_ids=asked).logits[0, -1].softmax(-1)


@pytest.fixture(scope="module")
def reference():
    """What one forward pass over prompt and answer shows, of the greedy answers that the `generate` of Hugging Face's
    model gives."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from calibench.prompting.chat import ChatFormat

    folder = model.resolve(CHECKPOINT).path
    network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    chat = ChatFormat(AutoTokenizer.from_pretrained(folder), "auto")

    def after(prompt, tokens):
        with torch.inference_mode():
            every = network(torch.tensor([[*prompt, *tokens]])).logits[0, len(prompt) - 1 :].log_softmax(-1).double()
        total = sum(float(of[token]) for of, token in zip(every, tokens, strict=False))
        return total, float(every[0, tokens[0]].exp())

    texts, ids, scores, chosen = [], [], [], []
    for task in map(tasks.load, tasks.expand(["micro"])):
        for question in select(task, None, QUESTIONS).questions(None):
            prompt = chat.first(protocols.first_turn(question, task, protocols.protocol("stated")))
            with torch.inference_mode():
                given = torch.tensor([prompt.token_ids])
                output = network.generate(given, do_sample=False, max_new_tokens=96, eos_token_id=sorted(chat.ends))
                whole = output[0].tolist()
                written = whole[len(prompt.token_ids) :]
                every = (
                    network(torch.tensor([whole])).logits[0, len(prompt.token_ids) - 1 : -1].log_softmax(-1).double()
                )
            likely = every.exp().topk(base.TOP_TOKENS).values
            rest = (1 - likely.sum(1)).clamp(min=1e-300)
            entropy = -(likely * likely.log()).sum(1) - rest * rest.log()
            uniform = torch.full_like(every, 1 / every.shape[-1])
            certainty = (uniform * (uniform.log() - every)).sum(-1)  # KL(U || p), as in arXiv 2502.18581
            written_scores = every.gather(1, torch.tensor(written)[:, None])[:, 0]
            scores.append((written_scores.tolist(), entropy.tolist(), certainty.tolist()))
            ids.append(written[:-1])
            texts.append(chat.decode(written[:-1]))
            asked = chat.about(
                prompt, Written(texts[-1], tuple(ids[-1])), (), "Is your answer above correct?\nA) Yes\nB) No"
            )
            chosen.append(
                {label: sum(after(asked.token_ids, [t])[1] for t in chat.label_tokens(label)) for label in "AB"}
            )
    found = {"texts": texts, "ids": ids, "scores": scores, "chosen": chosen, "after": after}
    return found | {"ends": sorted(chat.ends), "decode": chat.decode}


if __name__ == "__main__":
    name, url, place = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    (place / "given.json").write_text(json.dumps(asyncio.run(ask(name, url, place))))
