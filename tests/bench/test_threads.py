"""All of few cores compute, beside vLLM's own choice, which keeps one of them back for its scheduler.

The micro checkpoint is the hardest case: its steps are short, so that the scheduler has much to do between them.
docs/engine.md has the same ratio for real checkpoints.
"""

import os
import statistics

import pytest
from rounds import MEASURED
from test_throughput import ROUNDS, bare

pytestmark = [pytest.mark.bench, pytest.mark.engine, pytest.mark.timeout(3600)]


def test_bare_vllm_is_faster_with_our_threads_than_with_its_own(monkeypatch):
    if MEASURED and len(os.sched_getaffinity(0)) > 8:
        pytest.skip("with more than 8 cores, vLLM's own choice stays")
    monkeypatch.delenv("VLLM_CPU_OMP_THREADS_BIND", raising=False)
    rounds = [(bare(1, 0.0), bare(1, 0.0, without={"VLLM_CPU_NUM_OF_RESERVED_CPU"})) for _ in range(ROUNDS)]
    ratio = statistics.median(ours / theirs for ours, theirs in rounds)
    print("\n" + "; ".join(f"{a:.0f} / {b:.0f} tokens/s" for a, b in rounds) + f"; median ratio {ratio:.3f}")
    assert not MEASURED or ratio > 1.0
