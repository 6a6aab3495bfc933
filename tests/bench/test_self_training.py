"""The two halves of self-training against what they are made of: sampling against bare vLLM, training against a bare
`SFTTrainer`.

The two of a pair alternate, each in a process of its own, so that a machine whose speed drifts slows both. Training is
on the same rows, batch and epochs; ours also tells figures ten times as often, and saves states to go on from.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from rounds import MEASURED, size
from test_throughput import CHECKPOINT, MAX_TOKENS, ROUNDS, bare, questions, throughput

from calibench import model
from calibench.finetune import rows
from calibench.finetune.options import TrainingOptions
from calibench.finetune.trainers import supervised
from calibench.prompting.chat import ChatFormat

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

QUESTIONS = size(100, 1)
"""Per task."""
DRAWS = 8
EXAMPLES, EPOCHS, PAIRS = size((160, 3, 3), (2, 1, 1))
"""Of training; examples per task."""


def sampling_of_tune(out: Path) -> float:
    """Tokens per second of the sampling in `calibench tune star`; the training after it is one step."""
    subprocess.run(
        [
            sys.executable, "-m", "calibench", "tune", "star", "--model", CHECKPOINT, "--tasks", "micro",
            "--limit", str(QUESTIONS), "--validation", "0", "--iterations", "1", "--draws", str(DRAWS),
            "--temperature", "1.0", "--max-tokens", str(MAX_TOKENS), "--epochs", "0.001", "--out", out,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return throughput(out / "work" / "iteration-1" / "samples")


@pytest.mark.engine
def test_sampling_for_self_training_reaches_nine_tenths_of_bare_vllm(tmp_path):
    pairs = [
        (sampling_of_tune(tmp_path / str(i)), bare(DRAWS, 1.0, questions("train", QUESTIONS))) for i in range(ROUNDS)
    ]
    assert_nine_tenths("tokens/s", pairs)


@pytest.fixture
def stage(tmp_path):
    """A folder with the settings of a stage that trains on the micro suite."""
    from transformers import AutoTokenizer

    chat = ChatFormat(AutoTokenizer.from_pretrained(model.resolve(CHECKPOINT).path), "auto")
    reply = chat.tokenizer.encode("<think>12+30=42; 42/2=21</think>\nAnswer: 21\nConfidence: 90%")
    taught = (rows.answer_row(prompt, reply, chat.tokenizer.eos_token_id) for prompt, _ in questions("train", EXAMPLES))
    rows.write(taught, tmp_path / "rows.parquet", 512)
    settings = supervised.Settings(
        model=str(model.resolve(CHECKPOINT).path),
        rows=str(tmp_path / "rows.parquet"),
        options=TrainingOptions(epochs=EPOCHS, batch_size=16, max_length=512),
    )
    (tmp_path / "settings.json").write_bytes(msgspec.json.encode(settings))
    return tmp_path


def rows_per_second(who: str, folder: Path, name: str) -> float:
    place = folder / name
    place.mkdir()
    (place / "settings.json").write_bytes((folder / "settings.json").read_bytes())
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("train_rows.py"), who, place],
        capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return EPOCHS * 4 * EXAMPLES / json.loads(done.stdout.splitlines()[-1])["seconds"]


def test_training_reaches_nine_tenths_of_a_bare_trainer(stage):
    pairs = [
        (rows_per_second("ours", stage, f"ours{i}"), rows_per_second("bare", stage, f"bare{i}")) for i in range(PAIRS)
    ]
    assert_nine_tenths("rows/s", pairs)


def assert_nine_tenths(unit: str, pairs: list[tuple[float, float]]) -> None:
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    print(
        f"\n{'; '.join(f'{a:.0f} / {b:.0f} {unit}' for a, b in pairs)}; median ratio {ratio:.3f};"
        f" load average {os.getloadavg()[0]:.1f}"
    )
    assert not MEASURED or ratio >= 0.90
