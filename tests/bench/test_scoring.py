"""Scoring at size: a million graded rows, the run file's rate, and the report of 100,000 generations. No engine."""

import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rounds import MEASURED, size
from some_runs import identity_of

from calibench.metrics.scorecard import scorecard
from calibench.records import Confidence, Generation, Grade, Question, Record
from calibench.store import RunFile

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

OUTCOMES = ("correct", "incorrect", "abstained", "unparsed", "truncated", "failed")
SHAPES = {
    "one task, p_true, K = 4": (1, ("p_true",), size(250_000, 250), 4),
    "four tasks, two methods, K = 8": (4, ("stated", "p_true"), size(15_625, 15), 8),
}
"""Name -> tasks, methods, questions, draws; a million rows each."""
QUESTIONS = size(2_500, 5)
"""Of each of the five tasks of the run file."""
PER_COMMIT = size(5_000, 100)
"""The pipeline commits every half second: so many generations at the rate asked for."""


def graded_rows(tasks: int, methods: tuple[str, ...], questions: int, draws: int) -> pd.DataFrame:
    """A frame as `RunFile.frame` gives it: over-confident, with draws of a question alike."""
    rng = np.random.default_rng(0)
    n = questions * draws
    parts = []
    for task in range(tasks):
        chance = np.clip(np.repeat(rng.beta(2, 1.5, questions), draws), 0.01, 0.99)
        wrong = rng.choice(OUTCOMES[1:], n, p=(0.88, 0.02, 0.04, 0.05, 0.01))
        question = np.repeat([f"{key:016x}" for key in rng.integers(0, 2**63, questions)], draws)
        for method in methods:
            value = np.clip(chance + rng.normal(0.1, 0.15, n), 0, 1)
            missing = rng.random(n) < 0.03
            parts.append(pd.DataFrame({
                "task": f"task{task}", "protocol": "stated", "question_id": question,
                "draw": np.tile(np.arange(draws), questions), "method": method,
                "value": np.where(missing, np.nan, value.round(2) if method == "stated" else value),
                "status": np.where(missing, "missing", "ok"),
                "outcome": np.where(rng.random(n) < chance, "correct", wrong),
                "domain": ("math", "fact")[task % 2], "subject": None, "level": np.nan, "cluster": question,
            }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def score(shape: str, resamples: int, times: int) -> tuple[float, float]:
    """Seconds (the best of some times) and peak GiB of this process."""
    frame = graded_rows(*SHAPES[shape])
    scorecard(frame.head(1000), resamples=min(resamples, 10))
    seconds = min(timed(lambda: scorecard(frame, resamples=resamples)) for _ in range(times))
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def timed(function: Callable[[], object]) -> float:
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("resamples", "times", "limit"), [(0, 5, 2.0), (1000, 1, 60.0)], ids=["values", "intervals"])
def test_a_million_rows_are_scored(shape, resamples, times, limit):
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        seconds, gibibytes = process.submit(score, shape, resamples, times).result()
    print(f"\n{shape}, {resamples} resamples: {seconds:.2f} s, {gibibytes:.2f} GiB; {_load()}")
    assert gibibytes < 2
    assert not MEASURED or seconds < limit


def run_records(tasks: int, questions: int, draws: int) -> Iterator[list[Record]]:
    """What a run commits of each generation: 300 tokens of text with their ids, two confidences, one grade."""
    rng = np.random.default_rng(0)
    words = np.array(["so", "then", "the", "number", "of", "apples", "is", "12", "+", "30", "=", "42", "we", "have"])
    for task in range(tasks):
        for number in range(questions):
            key = {"task": f"task{task}", "question_id": f"{rng.integers(2**63):016x}"}
            question = Question(
                **key, text=" ".join(rng.choice(words, 60)), gold=("42",), domain=("math", "fact")[task % 2],
                subject=f"subject {number % 7}", level=number % 5 + 1, split="test",
            )  # fmt: skip
            chance = rng.beta(2, 1.5)
            for draw in range(draws):
                key |= {"protocol": "stated", "draw": draw}
                reasoning = " ".join(rng.choice(words, 280))
                right = rng.random() < chance
                stated, p_true = (float(np.clip(chance + rng.normal(0.1, 0.1), 0, 1)) for _ in range(2))
                yield [
                    question,
                    Generation(
                        **key, seed=draw, prompt_tokens=120, cached_tokens=64, reasoning_tokens=280, answer_tokens=20,
                        finish_reason="stop", latency=1.5, reasoning_opened=False, reasoning=reasoning,
                        text=f"<think>{reasoning}</think>The answer is as follows.\nAnswer: 42\nConfidence: 85%",
                        token_ids=tuple(rng.integers(0, 150_000, 300).tolist()),
                    ),
                    Grade(**key, answer="42", outcome="correct" if right else "incorrect", grader="number/1"),
                    Confidence(**key, method="stated", value=round(stated, 2), status="ok", raw="85%"),
                    Confidence(**key, method="p_true", value=p_true, status="ok", raw='{"A": 0.8, "B": 0.1}'),
                ]  # fmt: skip


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> tuple[Path, list[float]]:
    """The folder of a run of 100,000 generations, and generations per second of each of its commits."""
    folder = tmp_path_factory.mktemp("run")
    rates = []
    with RunFile.create(folder) as run:
        all_generations = run_records(tasks=5, questions=QUESTIONS, draws=8)
        while generations := list(islice(all_generations, PER_COMMIT)):
            records = [record for of_one in generations for record in of_one]
            rates.append(len(generations) / timed(lambda records=records: run.write(records)))
        named = [f"task{task}" for task in range(5)]
        run.update_manifest(
            name="big", kind="sft", model={"name": "m", "revision": None, "lineage": {}}, configuration={}, data={},
            engine={}, notes=[], identity=identity_of(*named), complete=True, libraries={}, hardware={}, calibench="0",
            sessions=[],
            scope={
                task: {"stated": {"questions": QUESTIONS, "draws": 8, "methods": ["stated", "p_true"]}}
                for task in named
            },
        )  # fmt: skip
    return folder, rates


def test_the_run_file_takes_ten_thousand_generations_a_second(stored):
    folder, rates = stored
    size = (folder / "run.sqlite").stat().st_size / (PER_COMMIT * len(rates))
    print(
        f"\n{np.median(rates):,.0f} generations/s (median of {len(rates)} commits, {min(rates):,.0f} to "
        f"{max(rates):,.0f}), {size:,.0f} bytes each; {_load()}"
    )
    assert not MEASURED or np.median(rates) >= 10_000


def test_a_hundred_thousand_generations_report_in_fifteen_seconds_and_ten_megabytes(stored):
    folder, _ = stored
    command = [sys.executable, "-m", "calibench", "report", folder]
    seconds = timed(lambda: subprocess.run(command, check=True, capture_output=True))
    megabytes = (folder / "report.html").stat().st_size / 1e6
    print(f"\n{5 * QUESTIONS * 8:,} generations, two methods: {seconds:.1f} s, {megabytes:.2f} MB; {_load()}")
    assert megabytes <= 10
    assert not MEASURED or seconds < 15


def _load() -> str:
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
