"""How many small programs per second the sandbox runs, through the grading pool's worker processes."""

from __future__ import annotations

import time

import pytest
from rounds import MEASURED, size

from calibench.grading.pool import GradingPool
from calibench.records import Question

pytestmark = [pytest.mark.bench, pytest.mark.sandbox]

PROGRAMS, WORKERS, AT_LEAST = size(200, 8), 2, 20.0
QUESTION = Question(
    task="mbpp", question_id="q", text="Add one.", gold=("",), domain="code", split="test",
    tests=("assert f(1) == 2", "assert f(2) == 3", "assert f(3) == 4"),
)  # fmt: skip
ANSWER = "```python\ndef f(x):\n    return x + 1\n```"


def test_programs_per_second():
    with GradingPool(WORKERS, 60.0, ["mbpp"]) as pool:
        for started in [pool.submit("mbpp", QUESTION, ANSWER) for _ in range(2 * WORKERS)]:
            assert started.result().outcome == "correct"
        begin = time.perf_counter()
        verdicts = [pool.submit("mbpp", QUESTION, ANSWER) for _ in range(PROGRAMS)]
        assert {verdict.result().outcome for verdict in verdicts} == {"correct"}
        rate = PROGRAMS / (time.perf_counter() - begin)
    print(f"\n{rate:.1f} programs per second, {WORKERS} workers; at least {AT_LEAST:g}")
    assert not MEASURED or rate >= AT_LEAST
