"""What the confidence methods cost: the same generations with token log-probabilities alone, with every method that
asks nothing, and with P(True).

A real checkpoint answers; the three alternate, each in a process of its own. A session's time goes from its first
request to its last commit. Printed: seconds and tokens of each round, and the median ratios of seconds per token to the
first: at a temperature above 0, batches of another shape may draw other tokens.
"""

import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from rounds import MEASURED, size

from calibench.store import RunFile

pytestmark = [pytest.mark.bench, pytest.mark.engine, pytest.mark.data, pytest.mark.timeout(3600)]

ROUNDS = size(3, 1)
QUESTIONS, DRAWS, MAX_TOKENS = size((20, 4, 128), (2, 2, 16))
METHODS = {
    "log-probabilities": ("sequence_probability",),
    "all that ask nothing": (
        "sequence_probability", "answer_probability", "consistency", "semantic_entropy", "trace_length",
    ),
    "P(True)": ("sequence_probability", "p_true"),
}  # fmt: skip
LIMITS = {"all that ask nothing": 1.05, "P(True)": 1.25}


def session(checkpoint: Path, data: Path, out: Path, methods: tuple[str, ...]) -> tuple[float, int]:
    """Its seconds, and the tokens of its answers."""
    subprocess.run(
        [
            sys.executable, "-m", "calibench", "run", checkpoint, "--tasks", "gsm8k", "--data", data, "--out", out,
            "--confidence", ",".join(methods), "--max-tokens", str(MAX_TOKENS), "--limit", str(QUESTIONS),
            "--draws", str(DRAWS), "--temperature", "0.7",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    with RunFile.open(out) as run:
        (made,) = run.manifest()["sessions"]
    return made["seconds"], made["generated_tokens"]


def test_methods_that_ask_nothing_cost_a_twentieth_and_p_true_a_quarter(tmp_path, smollm2, benchmark_data):
    rounds: list[dict[str, float]] = []
    for number in range(ROUNDS):
        of_round = {}
        for place, (name, methods) in enumerate(METHODS.items()):
            seconds, tokens = session(smollm2, benchmark_data, tmp_path / f"{number}-{place}", methods)
            of_round[name] = seconds / tokens
            print(f"{name}: {seconds:.1f} s, {tokens} tokens")
        rounds.append(of_round)
    ratios = {name: statistics.median(of[name] / of["log-probabilities"] for of in rounds) for name in LIMITS}
    print("; ".join(f"{name}: {ratio:.3f} times" for name, ratio in ratios.items()))
    assert not MEASURED or all(ratios[name] <= limit for name, limit in LIMITS.items())
