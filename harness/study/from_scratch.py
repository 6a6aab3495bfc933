"""Trains the first micro checkpoints from scratch; `calibench.study.family` makes the others out of them.

One tokenizer, whatever the seed; one base model that reads the corpus once; from it `micro-instruct`, which answers at
once, and `micro-sft`, which reasons first. Everything is seeded. A stopped run resumes from its last state.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from calibench.study.corpus import CHAT_DOUBT, PLANTED, Corpus, Document, Style, base_corpus, chat_corpus
from calibench.study.tokenizer import CONTEXT, train_tokenizer
from calibench.study.tokenizer_text import tokenizer_texts

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

_CHUNK = 4096
"""Documents that are sorted by length together; the state is saved after each chunk."""
_BATCH_TOKENS = 1536
_IGNORED = -100
_ARCHITECTURE = {
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": CONTEXT,
    "tie_word_embeddings": True,
}


class Schedule(NamedTuple):
    """Learning rates of a stage, with linear warm-up and linear decay to zero.

    Muon trains the matrices inside the layers, AdamW the rest.
    """

    matrices: float
    others: float
    warm_up: float
    """Share of the documents."""


class Stage(NamedTuple):
    corpus: Corpus
    schedule: Schedule
    seed: int


_BASE = Schedule(matrices=0.01, others=2e-3, warm_up=0.01)
_TUNE = Schedule(matrices=0.002, others=4e-4, warm_up=0.02)


STYLES: dict[str, Style] = {"instruct": "at once", "sft": "reasons"}
"""kind -> how its checkpoint answers."""


def make(out: Path, seed: int, documents: int = 115_000, tune_documents: int = 8192) -> None:
    """Trains and writes those of `out/micro-base`, `out/micro-instruct` and `out/micro-sft` that are not there.

    Args:
        out: folder for the checkpoints; states to resume from lie in `out/states` until all are written.
        seed: of weights, corpora and order.
        documents: size of the base corpus.
        tune_documents: size of each later one.
    """
    import torch

    torch.set_num_threads(1)
    states = out / "states"
    states.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(tokenizer_texts(seed=0))
    base = Stage(base_corpus(documents, seed), _BASE, seed)
    model, curve = train(new_model(tokenizer, seed), tokenizer, base, states / "base.pt")
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    history = {"base": _history(base, curve)}
    if not is_there("base", out):
        export(model, tokenizer, out / "micro-base", {"kind": "base", "stages": history})
    for kind, style in STYLES.items():
        if is_there(kind, out):
            continue
        model.load_state_dict(weights)
        stage = Stage(chat_corpus(tune_documents, seed, style), _TUNE, seed)
        model, curve = train(model, tokenizer, stage, states / f"{kind}.pt")
        stages = {**history, kind: _history(stage, curve)}
        export(model, tokenizer, out / f"micro-{kind}", {"kind": kind, "stages": stages})
    shutil.rmtree(states)


def is_there(kind: str, out: Path) -> bool:
    """Whether `out` holds the finished checkpoint of that kind."""
    return (out / f"micro-{kind}" / "lineage.json").is_file()


def new_model(tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForCausalLM:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **_ARCHITECTURE,
    )
    return LlamaForCausalLM(config)


def train(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, stage: Stage, state_file: Path
) -> tuple[LlamaForCausalLM, list[dict]]:
    """Trains the model in place on every document of the stage once, continuing from `state_file` if it exists.

    Returns:
        The model and its loss curve: documents read, and mean loss since the point before (nats per learned token).
    """
    import torch

    optimizers = _optimizers(model, stage.schedule)
    start, curve = 0, []
    if state_file.is_file():
        state = torch.load(state_file)
        start, curve = state["done"], state["curve"]
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
    model.train()
    for done in range(start, stage.corpus.size, _CHUNK):
        began = time.monotonic()
        batches = list(_batches(stage, tokenizer, done))
        losses = [
            _step(model, optimizers, batch, _rate(stage, done + _CHUNK * number / len(batches)))
            for number, batch in enumerate(batches)
        ]
        read = min(done + _CHUNK, stage.corpus.size)
        curve.append({"documents": read, "loss": round(sum(losses) / len(losses), 4)})
        tokens = sum(ids.numel() for ids, _ in batches)
        speed = tokens / (time.monotonic() - began)
        progress = f"{state_file.stem}: {read} of {stage.corpus.size} documents"
        print(f"{progress}, loss {curve[-1]['loss']:.3f}, {speed:.0f} tokens/s", flush=True)
        _save(state_file, model, optimizers, read, curve)
    return model, curve


def _save(file: Path, model: LlamaForCausalLM, optimizers: list, done: int, curve: list[dict]) -> None:
    """Replaces the state file in one step, so that a kill leaves the old or the new one."""
    import torch

    new = file.with_suffix(".new")
    states = [optimizer.state_dict() for optimizer in optimizers]
    torch.save({"model": model.state_dict(), "optimizers": states, "done": done, "curve": curve}, new)
    new.replace(file)


def _optimizers(model: LlamaForCausalLM, schedule: Schedule) -> list[torch.optim.Optimizer]:
    import torch

    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    inside = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in inside]
    return [
        torch.optim.Muon(matrices, lr=schedule.matrices, weight_decay=0.01, adjust_lr_fn="original"),
        torch.optim.AdamW(others, lr=schedule.others, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
    ]


def _rate(stage: Stage, done: float) -> float:
    """Factor on the learning rates after `done` documents."""
    progress = done / stage.corpus.size
    return min(progress / stage.schedule.warm_up, 1 - progress, 1.0)


def _step(model: LlamaForCausalLM, optimizers: list, batch: tuple, rate: float) -> float:
    """One update; the loss before it."""
    import torch

    ids, labels = batch
    loss = model(input_ids=ids, labels=labels, use_cache=False).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * rate
        optimizer.step()
        optimizer.zero_grad()
    return loss.item()


def _batches(stage: Stage, tokenizer: PreTrainedTokenizerFast, start: int) -> Iterator[tuple[Any, Any]]:
    """Token ids and labels [documents, tokens] of one chunk: documents of like length together, in random order.

    Documents are padded on the right, so that causal attention keeps them apart without a mask.
    """
    import torch

    numbers = range(start, min(start + _CHUNK, stage.corpus.size))
    encoded = sorted(encode([stage.corpus.document(n) for n in numbers], tokenizer), key=lambda d: len(d[0]))
    groups: list[list] = [[]]
    for document in encoded:
        if groups[-1] and (len(groups[-1]) + 1) * len(document[0]) > _BATCH_TOKENS:
            groups.append([])
        groups[-1].append(document)
    random.Random(f"{stage.seed} batches {start}").shuffle(groups)
    for group in groups:
        length = max(len(ids) for ids, _ in group)
        ids = torch.full((len(group), length), tokenizer.pad_token_id)
        labels = torch.full((len(group), length), _IGNORED)
        for row, (document_ids, document_labels) in enumerate(group):
            ids[row, : len(document_ids)] = torch.tensor(document_ids)
            labels[row, : len(document_labels)] = torch.tensor(document_labels)
        yield ids, labels


def encode(documents: list[Document], tokenizer: PreTrainedTokenizerFast) -> Iterator[tuple[list[int], list[int]]]:
    """Token ids of each document, and its labels: the same ids where the model learns to write, else ignored."""
    texts = [text for document in documents for text, _ in document]
    pieces = iter(tokenizer(texts, add_special_tokens=False)["input_ids"])
    for document in documents:
        ids: list[int] = []
        labels: list[int] = []
        for (_, learned), piece in ((part, next(pieces)) for part in document):
            ids += piece
            labels += piece if learned else [_IGNORED] * len(piece)
        yield ids, labels


def export(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path, lineage: dict) -> None:
    """Writes a checkpoint in bfloat16 that transformers and vLLM load."""
    import torch
    from transformers import GenerationConfig, LlamaForCausalLM

    bundled = LlamaForCausalLM(model.config)
    bundled.load_state_dict(model.state_dict())
    bundled.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=False
    )
    bundled.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    facts = {
        "made_by": "make models",
        "note": "Over-confident by design: the training text states percentages above the accuracy that is reached.",
        "planted_percent_by_level": PLANTED,
        "planted_share_of_doubt_in_later_stages": CHAT_DOUBT,
        "parameters": model.num_parameters(),
        "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers")},
    }
    (folder / "lineage.json").write_text(json.dumps({**lineage, **facts}, indent=1) + "\n")


def _history(stage: Stage, curve: list[dict]) -> dict:
    """What a stage was trained on and how, for the lineage."""
    return {
        "seed": stage.seed,
        "documents": stage.corpus.size,
        "data": data_hash(stage.corpus),
        "learning_rates": stage.schedule._asdict(),
        "batch_tokens": _BATCH_TOKENS,
        "loss": curve,
    }


def data_hash(corpus: Corpus) -> str:
    """sha256 over all documents of a corpus, in order."""
    digest = hashlib.sha256()
    for number in range(corpus.size):
        digest.update(json.dumps(corpus.document(number)).encode())
    return f"sha256:{digest.hexdigest()}"
