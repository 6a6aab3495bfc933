"""Which of 10 draws answer the same, of 100,000 questions, and their consistency and semantic entropy. No engine."""

import asyncio
import resource
import time

import pytest
from msgspec.structs import replace
from rounds import MEASURED, size
from some_records import generation, question
from some_runs import identity_of

from calibench.confidence import base
from calibench.grading.pool import GradingPool
from calibench.prompting import protocols
from calibench.running.over_draws import OverDraws
from calibench.store import RunFile

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

QUESTIONS, DRAWS, CPU_SECONDS = size(100_000, 300), 10, 60
TEXT = "Each box holds 12 pencils, and there are {} boxes.\nThat makes 12 * {} pencils, and 5 more.\nAnswer: {}"


def made(folder) -> RunFile:
    run = RunFile.create(folder)
    run.update_manifest(identity=identity_of("gsm8k"))
    for start in range(0, QUESTIONS, 1000):
        rows = []
        for i in range(start, min(start + 1000, QUESTIONS)):
            rows.append(replace(question(i), task="gsm8k"))
            for draw in range(DRAWS):
                number = i + (draw % 3 == 0) * draw
                rows.append(replace(generation(i, draw), task="gsm8k", text=TEXT.format(i, i, number)))
        run.write(rows)
    return run


def cpu() -> float:
    of = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in of)


def read(run: RunFile, pool: GradingPool, *names: str) -> tuple[float, float]:
    """Brings the methods over draws of all questions up to date: seconds, and CPU seconds."""
    methods = {name: base.load(name) for name in names}
    questions = (replace(question(i), task="gsm8k") for i in range(QUESTIONS))
    before, begin = cpu(), time.perf_counter()
    reader = OverDraws(run, protocols.protocol("stated"), methods, pool)
    asyncio.run(reader.bring_up_to_date(questions, DRAWS, lambda: False))
    return time.perf_counter() - begin, cpu() - before


def test_consistency_and_entropy_of_a_million_draws(tmp_path, capsys):
    with made(tmp_path) as run:
        before = cpu()
        with GradingPool(2, 10.0, ["gsm8k"]) as pool:
            comparing, _ = read(run, pool)
        compared = cpu() - before  # with the workers that have ended
        with GradingPool(2, 10.0, ["gsm8k"]) as pool:
            seconds, used = read(run, pool, "consistency", "semantic_entropy")
        tally = run.tally("gsm8k", "stated")
    with capsys.disabled():
        print(f"\n{QUESTIONS:,} x {DRAWS} draws: compared in {comparing:.1f} s, {compared:.1f} s of CPU;")
        print(f"consistency and semantic entropy in {seconds:.1f} s, {used:.1f} s of CPU")
    assert tally["consistency"] == tally["semantic_entropy"] == QUESTIONS * DRAWS
    assert not MEASURED or used < CPU_SECONDS
