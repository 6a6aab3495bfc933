"""What a recipe is given: a stage that grades every task, and only the questions that are trained on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from harness.errors import InputError
from harness.finetune import sft
from harness.finetune.job import Job, TuneConfig
from harness.finetune.options import TrainingOptions
from harness.finetune.tune import _held_out, _taught
from harness.finetune.validation import graders
from harness.grading_pool import GradingPool
from harness.records import Question
from tasks.user import Description

FRESH = """
import sys

import msgspec

from harness.finetune import sft
from harness.finetune.validation import graders

if __name__ == "__main__":
    settings = msgspec.json.decode(sys.stdin.buffer.read(), type=sft.Settings)
    with graders(1, settings.task_files, settings.validation) as pool:
        for _, question in settings.validation[:1]:
            verdicts = [pool.submit(question.task, question, f"Answer: {x}") for x in (question.gold[0], "no number")]
            print(*(verdict.result().outcome for verdict in verdicts))
"""


@pytest.fixture
def job(tmp_path, monkeypatch) -> Job:
    """A job on two user's tables whose questions have the same ids, of which some are held out."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("colours", "What colour has item"), ("sums", "What is one more than")):
        for file, numbers in ((f"{name}.csv", range(1000, 1005)), (f"{name}_train.csv", range(60))):
            Path(file).write_text("id,question,answer\n" + "".join(f"{i},{text} {i}?,{i + 1}\n" for i in numbers))
    described = [
        Description(f"{name}.csv", grader="number", id="id", train_file=f"{name}_train.csv")
        for name in ("colours", "sums")
    ]
    config = TuneConfig("star", "model", tuple(f"file:{each.reference()}" for each in described), "out")
    training, validation = _held_out([taught.asked for taught in _taught(config)], 24)
    assert len(training) == 96
    assert len(validation) == 24
    return Job(config, None, None, None, training, validation, tmp_path / "work", None, {})


def test_a_stage_grades_tasks_of_the_users_own_files(job):
    settings = sft.Settings(model="", rows="", options=TrainingOptions(), **job.stage_settings())
    Path("fresh.py").write_text(FRESH)  # a file, since the pool's workers import it too
    python = [sys.executable, "fresh.py"]
    fresh = subprocess.run(python, input=msgspec.json.encode(settings), capture_output=True)
    assert fresh.stdout.split() == [b"correct", b"unparsed"], fresh.stderr.decode()


def test_a_task_that_no_worker_could_load_is_refused():
    question = Question(task="nowhere", question_id="1", text="?", gold=("1",), domain="math", split="train")
    with pytest.raises(InputError, match="unknown task 'nowhere'"):
        GradingPool(1, 10.0, ["nowhere"])
    with pytest.raises(InputError, match="nowhere"):
        graders(1, [], [(None, question)])
