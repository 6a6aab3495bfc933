"""check-task finds what it should, through the worker processes that the pipeline uses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import popen_fork
from pathlib import Path

import psutil
import pytest

from calibench.errors import DataError
from calibench.grading import sandbox
from calibench.grading.check import CheckResult, check_task
from calibench.grading.pool import GradingPool
from calibench.grading.workers import Workers
from calibench.records import MACHINE, Question

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
KILLER = """
import os
from calibench.records import Question
from calibench.tasks.base import Rows, Task, Verdict

def grade(question, answer_text):
    if answer_text == "die":
        os.kill(os.getpid(), 9)
    return Verdict("correct" if answer_text in question.gold else "incorrect", answer_text)

TASK = Task(
    name="killer", domain="math", description="Kills", instruction="", open=lambda data: Rows((), "v1", "generated"),
    to_question=lambda row, place: None, grade=grade, grader="killer/1", gold_text=lambda question: ["1"],
    wrong_text=lambda question: "2",
)
"""
UNGUARDED = """
from calibench.grading.pool import GradingPool
from calibench.records import Question
question = Question(task="creak", question_id="q", text="Soup is wet.", gold=("true",), domain="fact", split="dev")
with GradingPool(1, 60) as pool:
    pool.submit("creak", question, "Answer: true").result()
"""
QUESTION = Question(task="creak", question_id="q", text="Soup is wet.", gold=("true",), domain="fact", split="dev")


def _spawned() -> list[psutil.Process]:
    return [process for process in psutil.Process().children() if "spawn_main" in " ".join(process.cmdline())]


def _gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


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
        assert late.result() == ("failed", None, f"{MACHINE}grader out of time twice (2 s of processor time)")
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
            assert pool.submit("math500", SLOW, "Answer: 1").result().outcome == "correct"
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


def test_workers_leave_no_process_to_process_1():
    """Which waits for nobody in many a container."""
    script = """
import ctypes, os, sys
from pathlib import Path
from calibench.grading.workers import Workers
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans come here, as to a process 1
child = os.fork()
if not child:
    workers = Workers(1, int, (), int)
    workers.schedule(os.getpid, (), 60).result()
    workers.close()
    sys.exit()
print(os.waitpid(child, 0)[1], Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("0 []\n", "")


def test_a_worker_that_died_while_it_had_nothing_to_do_costs_no_answer(monkeypatch):
    """Nor if another thread has just heard of its end, so that the system says nothing more of it to this one."""
    workers, heard = Workers(1, int, (), lambda _: None), popen_fork.Popen.poll
    try:
        first = workers.schedule(os.getpid, (), 60).result()
        os.kill(first, signal.SIGKILL)
        while not _gone(psutil.Process(first)):
            time.sleep(0.001)
        silent = iter([True])
        monkeypatch.setattr(
            popen_fork.Popen,
            "poll",
            lambda of, flag=os.WNOHANG: None if of.pid == first and next(silent, False) else heard(of, flag),
        )
        assert workers.schedule(os.getpid, (), 60).result() != first
        assert next(silent, None) is None
    finally:
        workers.close()


def test_a_worker_may_be_killed_before_between_and_in_the_middle_of_answers():
    """Wherever a kill falls, from the worker's start on, no verdict differs from that of a pool that nothing kills."""
    others = set(_spawned())
    with GradingPool(1, 60) as pool:
        for settled in (None, 0, 7, 20, 39):
            answers = [pool.submit("creak", QUESTION, f"Answer: {label}") for label in ("true", "false") * 20]
            if settled is not None:
                answers[settled].result()
            while not (workers := set(_spawned()) - others):
                time.sleep(0.01)
            # The worker without niceness waits to grade again what the other leaves: a kill of both would be two of one
            # answer unless it is gone by then.
            for process in sorted(workers, key=psutil.Process.nice):
                process.kill()
                while not _gone(process):
                    time.sleep(0.001)
            assert [answer.result().outcome for answer in answers] == ["correct", "incorrect"] * 20


def test_an_answer_that_kills_two_workers_fails_and_costs_no_other_its_verdict(tmp_path: Path):
    (tmp_path / "killer.py").write_text(KILLER)
    task = f"file:{tmp_path / 'killer.py'}"
    asked = Question(task=task, question_id="q", text="?", gold=("1",), domain="math", split="test")
    with GradingPool(2, 60, [task]) as pool:
        answers = [pool.submit(task, asked, text) for text in ("1", "die", "1", "2", "die", "1")]
        verdicts = [answer.result() for answer in answers]
    killed = ("failed", None, f"{MACHINE}grading worker died twice (signal 9)")
    assert [verdict.outcome for verdict in verdicts] == [
        "correct", "failed", "correct", "incorrect", "failed", "correct"
    ]  # fmt: skip
    assert verdicts[1] == verdicts[4] == killed


def test_signals_that_end_a_command_leave_its_workers_at_work(worker: Callable[[], psutil.Process]):
    """They reach the whole process group; what is in flight is graded all the same."""
    with GradingPool(1, 60) as pool:
        assert pool.submit("creak", QUESTION, "Answer: true").result().outcome == "correct"
        process = worker()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
        assert pool.submit("creak", QUESTION, "Answer: true").result().outcome == "correct"
        assert worker() == process


def test_workers_that_never_get_ready_are_an_error(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
    assert "EngineError: no grading worker gets ready to work" in done.stderr


def test_workers_die_with_their_parent_even_while_grading():
    """The parent is killed while a worker counts a tower of powers in one uninterruptible operation."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    worker = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    end = time.monotonic() + 30
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_closed_pool_settles_every_answer():
    pool = GradingPool(1, 60)
    futures = [pool.submit("creak", QUESTION, "Answer: true") for _ in range(50)]
    pool.close()
    assert {f.result(timeout=10).outcome for f in futures} <= {"correct", "failed"}
    assert futures[-1].result().detail == f"{MACHINE}grader stopped before it finished"
