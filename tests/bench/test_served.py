"""The served road: the same answers and confidences as the local one, through the death of a server, and its speed
against the server's own benchmark.

`vllm bench serve` asks the same prompts of the same server at the same concurrency, greedily; the two alternate. The
run's time goes from its first request to its last commit: parsing, grading and storing are in it. Both leave the server
its prefix cache, so each measured round follows one that is not.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rounds import MEASURED, size
from served import NAME, Server, environment, served
from transformers import AutoTokenizer

from calibench import model, tasks
from calibench.prompting import protocols
from calibench.records import Generation
from calibench.running.selection import select
from calibench.store import RunFile

pytestmark = [pytest.mark.bench, pytest.mark.engine, pytest.mark.timeout(3600)]

CHECKPOINT = "micro-sft"
LIMIT = size(None, 40)
AT_ONCE = 128
KEY = ["task", "question_id", "draw", "method"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(CHECKPOINT, tmp_path_factory.mktemp("server")) as server:
        yield server


def command(out: Path, *options: str) -> list[str]:
    limit = ["--limit", str(LIMIT)] if LIMIT else []
    return [sys.executable, "-m", "calibench", "run", *options, "--tasks", "micro", "--out", str(out), *limit]


def rows(out: Path):
    with RunFile.open(out) as run:
        return run.frame().sort_values(KEY, ignore_index=True)


def in_other_tokens(out: Path) -> set[str]:
    """Questions whose answer the model wrote in other tokens than its tokenizer writes the same text in. A follow-up by
    messages repeats the text, so that the model reads other tokens."""
    tokenizer = AutoTokenizer.from_pretrained(model.resolve(CHECKPOINT).path, trust_remote_code=False)
    with RunFile.open(out) as run:
        return {
            answer.question_id
            for answer in run.select(Generation)
            if tokenizer.encode(tokenizer.decode(answer.token_ids), add_special_tokens=False) != [*answer.token_ids]
        }


def test_a_run_outlives_its_server_and_gives_the_answers_of_the_local_road(tmp_path):
    asked = ("--confidence", "stated,asked,p_true")
    subprocess.run(command(tmp_path / "local", CHECKPOINT, *asked), check=True, capture_output=True)
    with contextlib.ExitStack() as ends:
        server = Server(CHECKPOINT, tmp_path)
        ends.callback(server.kill)
        server.wait()
        options = (NAME, "--backend", "openai", "--base-url", server.url, "--engine", "concurrency=16", *asked)
        run = subprocess.Popen(command(tmp_path / "served", *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ends.callback(run.kill)
        while not (tmp_path / "served" / "run.sqlite").exists() or len(rows(tmp_path / "served")) < 60:
            assert run.poll() is None, run.communicate()
            time.sleep(0.1)
        server.kill()
        ends.callback(Server(CHECKPOINT, tmp_path, server.port).kill)
        told = run.communicate(timeout=900)
        assert run.returncode == 0, told
    local, through = rows(tmp_path / "local"), rows(tmp_path / "served")
    assert len(local) == len(through) > 0
    for column in (*KEY, "outcome", "status", "prompt_tokens"):
        assert local[column].tolist() == through[column].tolist()
    assert local.answer.fillna("").tolist() == through.answer.fillna("").tolist()
    again = local.question_id.isin(in_other_tokens(tmp_path / "local"))
    assert again.mean() < 0.02
    assert through.value[~again].tolist() == pytest.approx(local.value[~again].tolist(), abs=1e-4, nan_ok=True)
    assert "again in" in (tmp_path / "served" / "engine.log").read_text()


DATA = os.environ.get("CALIBENCH_DATA", "")


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(("--protocol", "options", "--tasks", "creak", "--data", DATA), marks=pytest.mark.data),
        ("--force-answer", "--max-tokens", "24", "--confidence", "asked", "--tasks", "micro_words"),
        ("--draws", "2", "--temperature", "1", "--confidence", "p_true,reasoning_gain", "--tasks", "micro_words"),
    ],
)
def test_what_continues_token_ids_is_served_as_it_is_on_the_machine(tmp_path, server, asked):
    tokenizer = f"tokenizer={model.resolve(CHECKPOINT).path}"
    options = (NAME, "--backend", "openai", "--base-url", server.url, "--engine", tokenizer)
    for road, of_road in {"local": (CHECKPOINT,), "served": options}.items():
        given = (*of_road, *asked, "--limit", "12", "--out", str(tmp_path / road))
        subprocess.run([sys.executable, "-m", "calibench", "run", *given], check=True, capture_output=True)
    local, through = rows(tmp_path / "local"), rows(tmp_path / "served")
    assert len(local) == len(through) > 0
    for column in (*KEY, "outcome", "status", "prompt_tokens", "reasoning_tokens", "answer_tokens"):
        assert local[column].fillna(-1).tolist() == through[column].fillna(-1).tolist(), column
    assert through.value.tolist() == pytest.approx(local.value.tolist(), abs=1e-4, nan_ok=True)


def test_the_run_reaches_nine_tenths_of_the_servers_own_benchmark(tmp_path, server):
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text("".join(f"{json.dumps({'prompt': turn, 'output_tokens': 512})}\n" for turn in turns()))
    pairs = []
    for number in range(size(4, 1)):
        theirs = own_benchmark(tmp_path, server, prompts)
        pairs.append((through_calibench(tmp_path / f"run-{number}", server), theirs))
    measured = pairs[1:] or pairs
    ratio = statistics.median(ours / theirs for ours, theirs in measured)
    print("\n" + "; ".join(f"{a:.1f} / {b:.1f} answers/s" for a, b in measured) + f"; median ratio {ratio:.3f}")
    assert not MEASURED or ratio >= 0.90


def turns() -> list[str]:
    protocol = protocols.protocol("stated")
    return [
        protocols.first_turn(question, task, protocol)
        for task in map(tasks.load, tasks.expand(["micro"]))
        for question in select(task, None, LIMIT).questions(None)
    ]


def own_benchmark(folder: Path, server: Server, prompts: Path) -> float:
    """Answers per second."""
    subprocess.run(
        [
            sys.executable, "-m", "vllm.entrypoints.cli.main", "bench", "serve", "--backend", "openai-chat",
            "--endpoint", "/v1/chat/completions", "--base-url", server.url, "--model", NAME, "--tokenizer",
            str(model.resolve(CHECKPOINT).path), "--dataset-name", "custom", "--dataset-path", str(prompts),
            "--num-prompts", str(len(turns())), "--custom-output-len", "512", "--max-concurrency", str(AT_ONCE),
            "--temperature", "0", "--skip-chat-template", "--disable-tqdm", "--save-result",
            "--result-dir", str(folder), "--result-filename", "theirs.json",
        ],
        check=True, capture_output=True, env=environment(folder / "site"),
    )  # fmt: skip
    return json.loads((folder / "theirs.json").read_text())["request_throughput"]


def through_calibench(out: Path, server: Server) -> float:
    options = (NAME, "--backend", "openai", "--base-url", server.url, "--engine", f"concurrency={AT_ONCE}")
    subprocess.run(
        command(out, *options, "--confidence", "stated", "--max-tokens", "512"), check=True, capture_output=True
    )
    with RunFile.open(out) as run:
        (session,) = run.manifest()["sessions"]
    return len(turns()) / session["seconds"]
