"""Generation through a run against a bare `LLM.generate` call: same prompts, seeds, sampling and engine arguments.

The run's time goes from its first request to its last commit: parsing, grading and storing are in it. The two
alternate, each in a process of its own, so that a machine whose speed drifts slows both. Printed: tokens per second
of each round, and the ratio.

CHECKPOINT=DIR TASKS=a,b LIMIT=N MAX_TOKENS=N DRAWS=N measures another checkpoint.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from rounds import MEASURED, size

from calibench import model, tasks
from calibench.backends._surroundings import environment
from calibench.backends.vllm import Backend
from calibench.prompting import protocols
from calibench.prompting.chat import ChatFormat
from calibench.running.config import seed_of
from calibench.running.selection import select, split_of
from calibench.store import RunFile

pytestmark = [pytest.mark.bench, pytest.mark.engine, pytest.mark.timeout(3600)]

CHECKPOINT = os.environ.get("CHECKPOINT", "micro-sft")
TASKS = os.environ.get("TASKS", "micro")
DATA = os.environ.get("CALIBENCH_DATA")
MAX_TOKENS = int(os.environ.get("MAX_TOKENS", "512"))
ROUNDS = size(3, 1)
LIMIT = int(os.environ.get("LIMIT", "0")) or size(None, 1)
"""Questions of each task; None: all."""
DRAWN = [(1, 0.0), (8, 1.0)]
if "DRAWS" in os.environ:
    DRAWN = [drawn for drawn in DRAWN if drawn[0] == int(os.environ["DRAWS"])]


def questions(split: str = "test", limit: int | None = LIMIT):
    """The questions of the tasks, at most `limit` of each, with their token ids and seeds."""
    from transformers import AutoTokenizer

    chat = ChatFormat(AutoTokenizer.from_pretrained(model.resolve(CHECKPOINT).path), "auto")
    protocol = protocols.protocol("stated")
    for name in tasks.expand(TASKS.split(",")):
        task = split_of(tasks.load(name), split)
        for question in select(task, DATA, limit).questions(DATA):
            prompt = chat.first(protocols.first_turn(question, task, protocol))
            yield prompt.token_ids, seed_of(0, name, question.question_id)


def bare(draws: int, temperature: float, asked: Iterable[tuple] | None = None) -> float:
    """Tokens per second over `asked`, by default over every test question."""
    prompts, seeds = zip(*(asked or questions()), strict=True)
    engine, settings = Backend(str(model.resolve(CHECKPOINT).path), {}, "auto", Path(os.devnull))._chosen()
    request = {
        "engine": engine,
        "prompts": prompts,
        "seeds": seeds if temperature else [None] * len(seeds),
        "draws": draws,
        "sampling": {"temperature": temperature, "top_p": 1.0, "max_tokens": MAX_TOKENS},
    }
    program = [sys.executable, Path(__file__).with_name("bare.py")]
    with environment(settings):
        done = subprocess.run(program, input=json.dumps(request), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = next(json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"tokens"'))
    return result["tokens"] / result["seconds"]


def through_calibench(out: Path, draws: int, temperature: float) -> float:
    subprocess.run(
        [
            sys.executable, "-m", "calibench", "run", CHECKPOINT, "--tasks", TASKS, "--out", out,
            "--protocol", "stated", "--confidence", "stated", "--max-tokens", str(MAX_TOKENS),
            "--draws", str(draws), "--temperature", str(temperature),
            *(["--limit", str(LIMIT)] if LIMIT else []), *(["--data", DATA] if DATA else []),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return throughput(out)


def throughput(run_folder: Path) -> float:
    """Tokens per second of a run that was made in one go."""
    with RunFile.open(run_folder) as run:
        (session,) = run.manifest()["sessions"]
    return session["generated_tokens"] / session["seconds"]


@pytest.mark.parametrize(("draws", "temperature"), size(DRAWN, DRAWN[-1:]))
def test_generation_reaches_most_of_bare_vllm(draws, temperature, tmp_path):
    rounds = [
        (through_calibench(tmp_path / str(i), draws, temperature), bare(draws, temperature)) for i in range(ROUNDS)
    ]
    ratio = statistics.median(ours / theirs for ours, theirs in rounds)
    print(
        f"\nK={draws}: " + "; ".join(f"{a:.0f} / {b:.0f} tokens/s" for a, b in rounds) + f"; median ratio {ratio:.3f}"
    )
    assert not MEASURED or ratio >= 0.85
