"""What the stored texts give is made without a model."""

import pytest
from fake_runs import add, rows
from fakes import FakeBackend, NeverStarts

from calibench.errors import EngineError
from calibench.records import MACHINE
from calibench.store import RunFile


def drop(out, *statements: str) -> None:
    """Takes rows out of a run file, as a run that was killed leaves them out."""
    with RunFile.create(out) as run:
        for statement in statements:
            run._db.execute(statement)
        run.update_manifest(complete=False)


def test_missing_grades_and_stated_confidences_are_made_without_the_engine(launch):
    launch(FakeBackend(add), draws=2, temperature=1.0)
    whole = rows(launch.out)
    drop(launch.out, "DELETE FROM grades WHERE draw = 1", "DELETE FROM confidences WHERE draw = 0")
    launch(NeverStarts(), draws=2, temperature=1.0)
    assert rows(launch.out) == whole
    with RunFile.open(launch.out) as run:
        manifest = run.manifest()
    assert manifest["complete"] is True
    assert [session["engine"] and session["engine"]["engine"] for session in manifest["sessions"]] == ["fake", None]
    assert manifest["engine"]["engine"] == "fake", "the engine that generated"
    assert manifest["identity"]["dtype"] == "float32"


def test_a_method_that_reads_the_text_is_added_without_the_engine(launch):
    launch(FakeBackend(add), confidence=())
    launch(NeverStarts(), confidence=("stated",))
    with RunFile.open(launch.out) as run:
        assert set(run.frame().value) == {0.85}
        assert run.manifest()["complete"] is True


KILLER = """
import os
from calibench.records import Question
from calibench.tasks.base import Rows, Task
from calibench.tasks.grading.number import GRADER, grade_number

def grade(question, answer_text):
    if question.question_id in ("1", "3") and os.path.exists({marker!r}):
        os.kill(os.getpid(), 9)
    return grade_number(question.gold, answer_text)

TASK = Task(
    name="killer", domain="math", description="Doubles", instruction="The answer is a number.",
    open=lambda data: Rows(((str(n), {{"n": n}}) for n in range(5)), "v1", "generated"),
    to_question=lambda row, place: Question(
        task="killer", question_id=place, text=f"What is {{place}}?", gold=(str(2 * row["n"]),), domain="math",
        split="test",
    ),
    grade=grade, grader=GRADER, gold_text=lambda question: [f"Answer: {{question.gold[0]}}"],
    wrong_text=lambda question: "Answer: -1",
)
"""


def test_what_failed_for_a_reason_of_the_machine_is_graded_again_by_the_same_command(launch, tmp_path):
    """Something kills whoever grades two of five answers, as the system does when memory is short, and then no more."""
    marker, task = tmp_path / "memory_is_short", tmp_path / "killer.py"
    task.write_text(KILLER.format(marker=str(marker)))
    marker.touch()
    result = launch(FakeBackend(add), tasks=(f"file:{task}",))
    detail = f"{MACHINE}grading worker died twice (signal 9)"
    assert f"answers that could not be graded: 2. {detail}; the same command grades them again" in result.notes
    assert outcomes(launch.out) == {"0": "incorrect", "1": "failed", "2": "correct", "3": "failed", "4": "correct"}

    marker.unlink()
    launch(NeverStarts(), tasks=(f"file:{task}",))
    assert outcomes(launch.out) == {"0": "incorrect", "1": "correct", "2": "correct", "3": "incorrect", "4": "correct"}
    with RunFile.open(launch.out) as run:
        assert run.manifest()["complete"] is True


def outcomes(out) -> dict[str, str]:
    with RunFile.open(out) as run:
        frame = run.frame()
    return dict(zip(frame["question_id"], frame["outcome"], strict=True))


@pytest.mark.parametrize("options", [{"confidence": ("stated", "p_true")}, {"limit": 6}])
def test_what_needs_the_model_starts_it_after_the_rest_is_made(launch, options):
    launch(FakeBackend(add), limit=5)
    drop(launch.out, "DELETE FROM grades")
    with pytest.raises(EngineError, match="started"):
        launch(NeverStarts(), **({"limit": 5} | options))
    with RunFile.open(launch.out) as run:
        assert run.tally("gsm8k", "stated")["grade"] == 5
    launch(FakeBackend(add), **({"limit": 5} | options))
    with RunFile.open(launch.out) as run:
        assert run.manifest()["complete"] is True
