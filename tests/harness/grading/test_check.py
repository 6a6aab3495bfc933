"""check-task finds what it should, through the worker processes that the pipeline uses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from calibench.errors import DataError, EngineError
from calibench.grading import sandbox
from calibench.grading.check import CheckResult, check_task
from calibench.grading.pool import GradingPool
from calibench.records import Question

PARENT = """
import multiprocessing, time
from calibench.grading.pool import GradingPool
from calibench.records import Question
if __name__ == "__main__":
    hard = Question(task="math500", question_id="q", text="?", gold=("1",), domain="math", split="test")
    pool = GradingPool(1, 100)
    pool.submit("math500", hard, "Answer: 0").result()
    pool.submit("math500", hard, "Answer: $9^{9^{9^{9}}} + 1$")
    print(multiprocessing.active_children()[0].pid, flush=True)
    time.sleep(100)
"""
QUESTION = Question(task="creak", question_id="q", text="Soup is wet.", gold=("true",), domain="fact", split="dev")


def _spawned() -> list[psutil.Process]:
    return [process for process in psutil.Process().children() if "spawn_main" in " ".join(process.cmdline())]


@pytest.fixture
def worker() -> Callable[[], psutil.Process]:
    """The worker of the one pool that a test has started."""
    others = set(_spawned())  # of pools that live as long as this process, such as lm-eval's

    def started() -> psutil.Process:
        (process,) = set(_spawned()) - others
        return process

    return started


def creak_file(folder: Path, rows: list[dict]) -> str:
    (folder / "creak").mkdir()
    (folder / "creak/dev.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(folder)


def creak_row(number: int, label: str = "true") -> dict:
    return {"ex_id": f"dev_{number}", "sentence": "Soup is wet.", "label": label, "entity": "Soup"}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> CheckResult:
    rows = [creak_row(0), creak_row(1, "false"), creak_row(1, "false")]
    return check_task("creak", creak_file(tmp_path_factory.mktemp("data"), rows))


def test_every_kind_of_answer_is_counted(checked: CheckResult):
    assert checked.counts == {
        "gold": {"correct": 3},
        "wrong": {"incorrect": 3},
        "empty": {"unparsed": 3},
        "refusal": {"abstained": 3},
    }
    assert (checked.questions, checked.surprises) == (3, ())


def test_repeated_ids_fail_the_check_and_are_listed(checked: CheckResult):
    assert checked.duplicate_ids == ("dev_1",)
    assert not checked.passed
    assert "repeated question id: dev_1" in checked.text()


def test_the_result_is_json_and_text(checked: CheckResult):
    assert json.loads(json.dumps(checked.as_dict()))["counts"]["gold"] == {"correct": 3}
    assert "creak: FAILED, 3 questions from creak/dev.json" in checked.text()
    assert "note: creak/dev.json is not the published file" in checked.text()


def test_rows_that_are_not_graded_as_expected_are_listed(tmp_path: Path):
    """MATH-500's grader cannot parse this gold answer: that is found, and is no error of the answer."""
    row = {"problem": "?", "answer": "\\\\", "subject": "Algebra", "level": 1, "unique_id": "broken"}
    (tmp_path / "math500").mkdir()
    (tmp_path / "math500/test.jsonl").write_text(json.dumps(row))
    result = check_task("math500", str(tmp_path))
    assert not result.passed
    assert {(s.case.kind, s.verdict.outcome) for s in result.surprises} >= {("wrong", "failed")}
    assert "broken: wrong text" in result.text()
    assert result.as_dict()["surprises"][0]["question_id"] == "broken"


def test_limit_checks_the_first_rows(tmp_path: Path):
    data = creak_file(tmp_path, [creak_row(n) for n in range(5)])
    assert check_task("creak", data, rows=2).questions == 2


def test_missing_data_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"creak/dev\.json"):
        check_task("creak", str(tmp_path))


def test_the_pool_grades_in_other_processes_and_turns_every_failure_into_a_verdict():
    with GradingPool(1, 60) as pool:
        good = pool.submit("creak", QUESTION, "Answer: true")
        bad = pool.submit("no_such_task", QUESTION, "Answer: true")
        assert good.result().outcome == "correct"
        assert bad.result().outcome == "failed"
        assert "InputError" in bad.result().detail


SLOW = Question(task="math500", question_id="q", text="?", gold=("1",), domain="math", split="test")
TOWER = "Answer: $9^{9^{9^{9}}} + 1$"
"""Math-Verify takes hours over it, in one uninterruptible operation."""


def test_a_grader_out_of_time_is_a_failure_and_the_next_answer_is_graded():
    with GradingPool(1, 2) as pool:
        late = pool.submit("math500", SLOW, TOWER)
        after = pool.submit("creak", QUESTION, "Answer: false")
        assert late.result() == ("failed", None, "grader out of time (2 s of processor time)")
        assert after.result().outcome == "incorrect"


def test_importing_libraries_counts_in_no_answers_time():
    """They take more than a second of processor time, and the answer takes milliseconds."""
    with GradingPool(1, 0.3) as pool:
        assert pool.submit("math500", SLOW, "Answer: $\\frac{3}{3}$").result().outcome == "correct"


def test_a_worker_that_gets_no_processor_time_loses_none(worker: Callable[[], psutil.Process]):
    with GradingPool(1, 1, ["math500"]) as pool:
        pool.submit("math500", SLOW, "Answer: 1").result()
        process = worker()
        process.suspend()
        answer = pool.submit("math500", SLOW, "Answer: $\\frac{3}{3}$")
        with pytest.raises(TimeoutError):
            answer.result(timeout=3)
        process.resume()
        assert answer.result().outcome == "correct"


def test_right_answers_stay_right_on_a_busy_machine():
    """A low priority leaves the worker a hundredth of a core, so that an answer takes a hundred times as long."""
    busy: list[subprocess.Popen] = []
    try:
        with GradingPool(1, 0.2, ["math500"]) as pool:
            pool.submit("math500", SLOW, "Answer: 1").result()
            busy += [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4 * os.cpu_count())]
            answers = [pool.submit("math500", SLOW, f"Answer: $\\frac{{{n}}}{{{n}}}$") for n in range(2, 6)]
            assert [answer.result().outcome for answer in answers] == ["correct"] * 4
    finally:
        for process in busy:
            process.kill()
            process.wait()


@pytest.mark.sandbox
@pytest.mark.parametrize(("sleep", "outcome"), [(1.2, "correct"), (100, "incorrect")])
def test_a_program_that_the_clock_ends_is_run_once_more_and_longer(sleep: float, outcome: str):
    program = f"```python\nimport time\ndef f(n):\n    time.sleep({sleep})\n    return n + 1\n```"
    tested = Question(
        task="mbpp", question_id="q", text="?", tests=("assert f(1) == 2",), gold=(), domain="code", split="test"
    )
    with GradingPool(1, 5, ["mbpp"], sandbox.LIMITS._replace(wall=1.0)) as pool:
        assert pool.submit("mbpp", tested, program).result().outcome == outcome


@pytest.mark.parametrize("idle", [True, False])
def test_what_a_killed_worker_had_to_grade_is_graded_again(idle: bool, worker: Callable[[], psutil.Process]):
    with GradingPool(1, 60, ["math500"]) as pool:
        pool.submit("creak", QUESTION, "Answer: true").result()
        process = worker()
        if not idle:
            pool.submit("math500", SLOW, TOWER)
            time.sleep(1)
        answers = [pool.submit("creak", QUESTION, f"Answer: {label}") for label in ("true", "false")]
        process.kill()
        assert [answer.result().outcome for answer in answers] == ["correct", "incorrect"]
        assert pool.submit("creak", QUESTION, "Answer: true").result().outcome == "correct"


def test_an_answer_whose_worker_is_told_to_stop_has_no_verdict(worker: Callable[[], psutil.Process]):
    with GradingPool(1, 60) as pool:
        assert pool.submit("creak", QUESTION, "Answer: true").result().outcome == "correct"
        unknown = pool.submit("math500", SLOW, TOWER)
        with pytest.raises(TimeoutError):
            unknown.result(timeout=1)
        worker().terminate()
        with pytest.raises(EngineError, match="asked to stop"):
            unknown.result(timeout=30)


def test_workers_die_with_their_parent_even_while_grading():
    """The parent is killed while a worker counts a tower of powers in one uninterruptible operation."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()  # returns when the worker too has let go of the pipe
    assert not Path(f"/proc/{worker}").exists() or "zombie" in Path(f"/proc/{worker}/status").read_text()


def test_a_closed_pool_settles_every_answer():
    pool = GradingPool(1, 60)
    futures = [pool.submit("creak", QUESTION, "Answer: true") for _ in range(50)]
    pool.close()
    assert {f.result(timeout=10).outcome for f in futures} <= {"correct", "failed"}
    assert futures[-1].result().detail == "grader stopped before it finished"
