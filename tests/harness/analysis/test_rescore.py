"""The stored texts are read and graded again; what is otherwise is told, counted, and replaced at once."""

import json
import signal
import subprocess
import sys

import pytest
from fake_runs import add, rows
from fakes import FakeBackend, NeverStarts, tokenizer

from calibench.analysis.rescore import keep, rescore
from calibench.cli import main
from calibench.errors import IdentityError, InputError
from calibench.prompting.chat import ChatFormat
from calibench.prompting.markup import Markup
from calibench.reports.rescore import rescoring_text
from calibench.results import RescoringChange
from calibench.store import RunFile
from calibench.tasks.user.description import Description

METHODS = ("stated", "p_true", "sequence_probability", "answer_probability")


@pytest.fixture
def old(launch):
    """A run as other rules would have left it: three grades and two stated confidences are not today's."""
    launch(FakeBackend(add), confidence=METHODS)
    launch.whole = rows(launch.out)
    with RunFile.create(launch.out) as run:
        first, second, third, fourth, *_ = [q.question_id for q in run.questions()]
        for question_id, answer, outcome in ((first, None, "unparsed"), (second, "7", "incorrect")):
            run._db.execute(
                "UPDATE grades SET answer = ?, outcome = ? WHERE question_id = ?", (answer, outcome, question_id)
            )
        run._db.execute("UPDATE grades SET answer = NULL, outcome = 'failed' WHERE question_id = ?", (third,))
        run._db.execute(
            "UPDATE confidences SET value = NULL, status = 'missing', raw = NULL"
            " WHERE method = 'stated' AND question_id IN (?, ?)",
            (first, fourth),
        )
    launch.outcomes = dict.fromkeys((first, second, third))
    with RunFile.open(launch.out) as run:
        launch.old = rows(launch.out)
    for grade in launch.whole["grades"]:
        launch.outcomes |= {grade[1]: grade[5]} if grade[1] in launch.outcomes else {}
    launch.moved = {first, second, fourth}
    return launch


def test_what_is_otherwise_is_counted_by_kind_and_nothing_is_written(old):
    with RunFile.create(old.out) as run:
        found = rescore(run).summary()
    assert rows(old.out) == old.old
    assert found.read == {"grade": 10, "stated": 10}
    now = dict(zip(("unparsed", "incorrect", "failed"), old.outcomes.values(), strict=True))
    assert set(found.changes) == {
        RescoringChange(part="stated", before="missing", after="ok", n=2),
        *(RescoringChange(part="grade", before=before, after=after, n=1) for before, after in now.items()),
    }
    assert found.asked_again == {"p_true": 3}, "a grader that failed makes no other answer"
    assert found.lost == {"answer_probability": 3}
    assert found.reasoning == 0
    text = rescoring_text(found)
    assert text.splitlines()[0].startswith("3 of 10 grades changed: 1 ")
    assert "2 of 10 stated confidences changed: 2 missing -> ok" in text


def test_it_is_replaced_and_the_same_command_asks_for_the_rest(old):
    with RunFile.create(old.out) as run:
        keep(run, rescore(run))
        manifest = run.manifest()
    assert manifest["complete"] is False
    assert [told["found"]["read"] for told in manifest["rescored"]] == [{"grade": 10, "stated": 10}]
    kept = rows(old.out)
    assert kept["grades"] == old.whole["grades"]
    assert {row[1] for row in old.whole["confidences"]} - {
        row[1] for row in kept["confidences"] if row[4] == "p_true"
    } == old.moved
    backend = FakeBackend(add)
    old(backend, confidence=METHODS)
    assert (len(backend.chosen), backend.completed) == (3, [])
    of_answer = {row[1]: row[6] for row in kept["confidences"] if row[4] == "answer_probability"}
    assert {question_id for question_id, status in of_answer.items() if status == "failed"} == old.moved
    others = [row for row in rows(old.out)["confidences"] if row[4] != "answer_probability"]
    assert others == [row for row in old.whole["confidences"] if row[4] != "answer_probability"]


def test_a_second_time_nothing_changes(old):
    with RunFile.create(old.out) as run:
        keep(run, rescore(run))
        again = rescore(run)
    assert (again.records, again.removed, again.summary().changes) == ([], set(), ())


def test_a_kill_in_the_middle_leaves_the_old_state(old):
    program = (
        "import os, signal, sys\n"
        "from calibench.analysis.rescore import keep, rescore\nfrom calibench.store import RunFile\n"
        "if __name__ == '__main__':\n"
        "    RunFile.remove = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    run = RunFile.create(sys.argv[1])\n    keep(run, rescore(run))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, old.out], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert rows(old.out) == old.old
    with RunFile.open(old.out) as run:
        assert "rescored" not in run.manifest()


def test_a_run_of_an_older_grader_says_what_to_do_and_continues_after_it(launch):
    launch(FakeBackend(add))
    with RunFile.create(launch.out) as run:
        identity = run.manifest()["identity"]
        run.update_manifest(identity={**identity, "graders": {"gsm8k": "number/0"}})
        run._db.execute("UPDATE grades SET grader = 'number/0'")
    with pytest.raises(IdentityError, match=r"calibench report .*--rescore"):
        launch(NeverStarts(), limit=5)
    assert main(["report", str(launch.out), "--rescore"]) == 0
    launch(NeverStarts(), limit=5)
    with RunFile.open(launch.out) as run:
        assert set(run.frame().grader) == set(run.manifest()["identity"]["graders"].values()) != {"number/0"}


@pytest.mark.parametrize("before", [{}, {"parser": "parse/0"}], ids=["no version", "an older version"])
def test_a_run_that_was_read_by_older_rules_is_told_how_to_continue(launch, before):
    launch(FakeBackend(add), limit=3)
    with RunFile.create(launch.out) as run:
        identity = run.manifest()["identity"]
        read = identity.pop("parser")
        run.update_manifest(identity=identity | before)
    with pytest.raises(IdentityError, match=rf"report .* --rescore.*\n.*parser: parse/0 there, {read} now"):
        launch(NeverStarts(), limit=3)
    with RunFile.create(launch.out) as run:
        keep(run, rescore(run))
    launch(NeverStarts(), limit=3)
    with RunFile.open(launch.out) as run:
        assert run.manifest()["identity"]["parser"] == read


def test_the_command_tells_before_it_replaces(old, capsys):
    assert main(["report", str(old.out), "--rescore", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "3 of 10 grades changed" in told
    assert rows(old.out) == old.old
    assert main(["report", str(old.out), "--rescore", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rescored"]["asked_again"] == {"p_true": 3}
    assert {metric["task"] for metric in found["metrics"]} == {"gsm8k", "macro"}
    assert main(["report", str(old.out), "--dry-run"]) == 2


def test_reasoning_that_ends_elsewhere_is_kept_as_it_is_read_now(launch):
    launch(FakeBackend(lambda p, s: "<think>abc</think>Answer: 4\nConfidence: 9%"), confidence=("stated",), limit=1)
    with RunFile.create(launch.out) as run:
        run._db.execute("UPDATE generations SET reasoning = NULL")
        found = rescore(run)
        assert found.reasoning == 1
        keep(run, found)
        (generation,) = run.draws("gsm8k", next(run.questions()).question_id, "stated").values()
    assert (generation.reasoning, generation.reasoning_tokens, generation.answer_tokens) == ("abc", None, None)


def test_replies_to_a_question_for_the_confidence_are_read_again(launch):
    """They are read as replies: `90` alone is a confidence there, as the answer was given before."""
    replies = {"your answer above": "90", "proposed solution": "<confidence>80%</confidence>"}

    def answer(prompt: str, seed: int | None) -> str:
        turn = prompt.rpartition("<|user|>")[2]
        return next((reply for said, reply in replies.items() if said in turn), "Answer: 4")

    launch(FakeBackend(answer), confidence=("asked", "reflected"), protocol="plain", limit=3)
    whole = rows(launch.out)
    with RunFile.create(launch.out) as run:
        first, second, third = [q.question_id for q in run.questions()]
        run._db.execute("UPDATE confidences SET value = 0.09 WHERE method = 'asked' AND question_id = ?", (first,))
        run._db.execute(
            "UPDATE confidences SET value = NULL, status = 'ambiguous' WHERE method = 'asked' AND question_id = ?",
            (second,),
        )
        run._db.execute(
            "UPDATE confidences SET value = NULL, status = 'missing' WHERE method = 'reflected' AND question_id = ?",
            (third,),
        )
        found = rescore(run)
        assert found.summary().read == {"grade": 3, "asked": 3, "reflected": 3}
        assert set(found.summary().changes) == {
            RescoringChange(part="asked", before="ok", after="ok", n=1),
            RescoringChange(part="asked", before="ambiguous", after="ok", n=1),
            RescoringChange(part="reflected", before="missing", after="ok", n=1),
        }
        keep(run, found)
    assert rows(launch.out)["confidences"] == whole["confidences"]


def test_a_reply_that_the_token_limit_may_have_cut_stays_missing(launch):
    long = "I think so. " * 30 + "Confidence: 4"
    launch(
        FakeBackend(lambda prompt, seed: long[-60:] if "your answer above" in prompt else "Answer: 4"),
        confidence=("asked",), protocol="plain", limit=1,
    )  # fmt: skip
    with RunFile.create(launch.out) as run:
        run._db.execute("UPDATE confidences SET value = NULL, status = 'missing'")
        assert rescore(run).summary().changes == ()
        run._db.execute("UPDATE confidences SET status = 'failed', raw = 'no room'")
        assert rescore(run).summary().changes == ()


def test_a_run_without_texts_is_refused(tmp_path):
    with RunFile.create(tmp_path) as run, pytest.raises(InputError, match="holds no texts"):
        rescore(run)


def test_a_task_that_is_not_known_here_is_named_with_the_way_to_name_it(launch, tmp_path, capsys):
    launch(FakeBackend(add), limit=2)
    with RunFile.create(launch.out) as run:
        for table in ("questions", "generations", "confidences", "grades"):
            run._db.execute(f"UPDATE {table} SET task = 'mine'")
        run._db.execute("UPDATE manifest SET value = replace(value, 'gsm8k', 'mine')")
    assert main(["report", str(launch.out), "--rescore"]) == 2
    assert "unknown task 'mine'" in (told := capsys.readouterr().err)
    assert told.endswith("is named by --task-file, several by --tasks\n")
    file = tmp_path / "mine.csv"
    file.write_text("question,answer\nWhat is 1 plus 1?,2\n")
    assert main(["report", str(launch.out), "--rescore", "--task-file", str(file), "--grader", "number"]) == 0
    assert capsys.readouterr().out.startswith("0 of 2 grades changed\n")
    reference = Description(str(file), grader="number").reference()
    assert main(["report", str(launch.out), "--rescore", "--tasks", f"gsm8k,file:{reference}"]) == 0
    assert capsys.readouterr().out.startswith("0 of 2 grades changed\n")
    assert main(["report", str(launch.out), "--tasks", "gsm8k"]) == 2
    assert capsys.readouterr().err == "calibench: --tasks goes with --rescore: a report is of all tasks of a run\n"
    assert main(["report", str(launch.out), "--grader", "number"]) == 2
    assert capsys.readouterr().err == "calibench: --grader goes with --rescore: a report is of all tasks of a run\n"


def test_what_the_checkpoint_says_about_its_reasoning_is_kept_and_read_again(launch):
    def plans(prompt: str, seed: int | None) -> str:
        return f"<|plan|>Perhaps 11. Answer: 11\nConfidence: 20%<|/plan|>{add(prompt, seed)}"

    backend = FakeBackend(plans)
    backend.chat = ChatFormat(tokenizer(), "auto", declared=Markup("a test", "<|plan|>", "<|/plan|>"))
    launch(backend)
    with RunFile.create(launch.out) as run:
        read = {text for (text,) in run._db.execute("SELECT reasoning FROM generations")}
        assert read == {"Perhaps 11. Answer: 11\nConfidence: 20%"}
        found = rescore(run).summary()
        assert (found.reasoning, found.changes) == (0, ())
        run._db.execute("UPDATE generations SET reasoning = NULL")
        assert rescore(run).summary().reasoning == 10


def test_replies_are_read_by_the_markup_of_the_runs_checkpoint(launch):
    """A percentage that the model only weighs in its reply is not its confidence, in the run and when read again."""

    def answer(prompt: str, seed: int | None) -> str:
        turn = prompt.rpartition("<|user|>")[2]
        asked = "your answer above" in turn or "proposed solution" in turn
        return "Confidence: 80%\n[plan]Confidence: 20%[/plan]" if asked else "Answer: 4"

    backend = FakeBackend(answer)
    backend.chat = ChatFormat(tokenizer(), "auto", declared=Markup("a test", "[plan]", "[/plan]"))
    launch(backend, confidence=("asked", "reflected"), protocol="plain", limit=2)
    read = {(row[4], row[5], row[6]) for row in rows(launch.out)["confidences"]}
    assert read == {("asked", 0.8, "ok"), ("reflected", 0.8, "ok")}
    with RunFile.create(launch.out) as run:
        assert rescore(run).summary().changes == ()
