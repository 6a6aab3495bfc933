"""A run is one stream, which keeps the engine full: against phases one after the other, and lm-eval on the same engine.

Answers of mixed tasks, drawn, so that their lengths have a long tail, each followed up by two questions. Occupancy is
how many of the engine's places the steps used, as vLLM counts it, averaged over windows of time, until nine of ten
requests are done. The phases are three commands (answers, then what is asked about each, then P(True)), whose seconds
go from the first request of each to its last commit. lm-eval gets the same questions and sampling, greedily and eight
times, from the loaded model to the results. All alternate, in processes of their own.

CHECKPOINT=DIR TASKS=a,b LIMIT=N PLACES=N measures another checkpoint.
"""

import json
import os
import statistics
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from rounds import MEASURED, size
from served import environment

from calibench import model
from calibench.backends.vllm import Backend
from calibench.store import RunFile

pytestmark = [pytest.mark.bench, pytest.mark.engine, pytest.mark.timeout(3600)]

HERE = Path(__file__).parent
CHECKPOINT = os.environ.get("CHECKPOINT", "micro-sft")
TASKS = os.environ.get("TASKS", "micro")
LIMIT = os.environ.get("LIMIT", size("", "8"))
PLACES = int(os.environ.get("PLACES", "32"))
MAX_TOKENS = "200"
ROUNDS = size(3, 1)
WINDOW = 2.0
"""Seconds."""
DRAWN = ("--draws", "2", "--temperature", "1.3", "--protocol", "stated", "--max-tokens", MAX_TOKENS)


def command(out: Path, *options: str) -> list[str]:
    return [
        "run", CHECKPOINT, "--tasks", TASKS, "--out", str(out), *options, *(["--limit", LIMIT] if LIMIT else []),
        *(["--data", os.environ["CALIBENCH_DATA"]] if "CALIBENCH_DATA" in os.environ else []),
    ]  # fmt: skip


def sessions(out: Path) -> list[float]:
    """Seconds of each command that asked the model."""
    with RunFile.open(out) as run:
        return [session["seconds"] for session in run.manifest()["sessions"] if session["engine"]]


def answers_of(out: Path) -> int:
    with RunFile.open(out) as run:
        return len(run.frame())


def call(*arguments: str, **options) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def windows(steps: list[tuple[float, int, int]]) -> list[float]:
    """Mean occupancy of each `WINDOW` until nine of ten requests are done, weighted by the steps' time."""
    done, found, filled, lasted = 0, [], 0.0, 0.0
    total = sum(finished for *_, finished in steps)
    for (before, *_), (now, computed, finished) in pairwise(steps):
        filled, lasted, done = (
            filled + min(computed / PLACES, 1) * (now - before),
            lasted + now - before,
            done + finished,
        )
        if lasted >= WINDOW or done >= 0.9 * total:
            found.append(filled / lasted)
            filled = lasted = 0.0
        if done >= 0.9 * total:
            break
    return found


def test_the_engine_stays_full_and_phases_take_longer(tmp_path):
    ratios, filled = [], []
    places = ("--engine", f"max_num_seqs={PLACES}", *DRAWN)
    for i in range(ROUNDS):
        steps = tmp_path / f"steps-{i}.json"
        streamed, phased = tmp_path / f"streamed-{i}", tmp_path / f"phased-{i}"
        call(str(HERE / "counted.py"), str(steps), *command(streamed, "--confidence", "asked,p_true", *places))
        filled += windows(json.loads(steps.read_text()))
        for methods in ("none", "asked", "asked,p_true"):
            call("-m", "calibench", *command(phased, "--confidence", methods, *places))
        ratios.append(sum(sessions(streamed)) / sum(sessions(phased)))
    print(
        f"\noccupancy in windows of {WINDOW:.0f} s: mean {statistics.mean(filled):.3f}, least {min(filled):.3f}; time"
        f" against phases: {', '.join(f'{ratio:.3f}' for ratio in ratios)}"
    )
    assert not MEASURED or min(filled) > 0.9
    assert not MEASURED or statistics.median(ratios) <= 0.95


@pytest.mark.parametrize(("draws", "temperature"), size([(1, 0.0), (8, 1.0)], [(8, 1.0)]))
def test_it_takes_about_as_long_as_lm_eval(draws, temperature, tmp_path):
    call("-m", "calibench", "lm-eval-tasks", "--out", str(tmp_path / "yaml"))
    engine, settings = Backend(str(model.resolve(CHECKPOINT).path), {}, "auto", tmp_path / "log")._chosen()
    sampling = {"temperature": temperature, "do_sample": temperature > 0, "max_gen_toks": int(MAX_TOKENS)}
    files = []
    for name in os.environ.get("TASKS", "micro_algebra,micro_facts,micro_programs,micro_words").split(","):
        file = tmp_path / "yaml" / f"calibench_{name}.yaml"
        file.write_text(file.read_text() + f"repeats: {draws}\n")
        files.append(str(file))
    asked = {"engine": engine, "tasks": files, "sampling": sampling, "limit": int(LIMIT) if LIMIT else None}
    ratios = []
    for i in range(ROUNDS):
        out = tmp_path / str(i)
        drawn = ("--draws", str(draws), "--temperature", str(temperature), "--max-tokens", MAX_TOKENS)
        call("-m", "calibench", *command(out, "--confidence", "stated", *drawn))
        told = call(str(HERE / "theirs.py"), input=json.dumps(asked), env=environment(tmp_path / "site") | settings)
        theirs = json.loads(next(line for line in told.splitlines() if line.startswith('{"seconds"')))
        with RunFile.open(out) as run:
            (ours,) = run.manifest()["sessions"]
        ratios.append(ours["seconds"] / theirs["seconds"])
        print(f"\n{ours['generated_tokens']} and {theirs['tokens']} tokens of {theirs['answers']} answers", end=" ")
        print(f"in {ours['seconds']:.1f} and {theirs['seconds']:.1f} s")
        assert theirs["answers"] == answers_of(out)
        # lm-eval's `limit` takes the first questions, and `--limit` a sample.
        assert LIMIT or theirs["tokens"] == pytest.approx(ours["generated_tokens"], rel=0.1)
    print(f"K={draws}: time against lm-eval: {', '.join(f'{ratio:.3f}' for ratio in ratios)}")
    assert not MEASURED or statistics.median(ratios) <= 1.25
