"""What a recipe is given: a stage that grades every task, and only the questions that are trained on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from calibench.errors import InputError
from calibench.finetune.config import TuneConfig
from calibench.finetune.job import Job, Key, Taught, key
from calibench.finetune.options import TrainingOptions
from calibench.finetune.questions import held_out, lists, require_answers, taught
from calibench.finetune.recipes import star
from calibench.finetune.rows import Summary
from calibench.finetune.sampling import Sampled, SampledReply
from calibench.finetune.self_training import Iteration, SelfTrainingOptions, train
from calibench.finetune.stage import Trained
from calibench.finetune.trainers import supervised
from calibench.finetune.trainers.validation import graders
from calibench.grading.pool import GradingPool
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.user.description import Description

FRESH = """
import sys

import msgspec

from calibench.finetune.trainers import supervised
from calibench.finetune.trainers.validation import graders

if __name__ == "__main__":
    settings = msgspec.json.decode(sys.stdin.buffer.read(), type=supervised.Settings)
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
    config = TuneConfig(
        recipe="star", model="model", tasks=tuple(f"file:{each.reference()}" for each in described), out="out"
    )
    training, validation = held_out([each.asked for each in taught(config)], 24)
    assert len(training) == 96
    assert len(validation) == 24
    return Job(config, None, None, None, training, validation, tmp_path / "work", None, {})


def test_a_stage_grades_tasks_of_the_users_own_files(job):
    settings = supervised.Settings(model="", rows="", options=TrainingOptions(), **job.stage_settings())
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


def test_only_the_training_questions_are_asked(job):
    assert questions_of(job.asking({key(question) for _, question in job.training})) == {
        key(q) for _, q in job.training
    }


def test_iterations_with_questions_of_their_own_share_none(job, monkeypatch):
    """Each is asked as much of every task, and nothing that another one is; questions of one cluster stay together."""
    numbered = [
        (task, msgspec.structs.replace(question, cluster=str(int(question.question_id) // 2)))
        for task, question in job.training
    ]
    calls: list[set[Key]] = []

    def drawn(name, model, draws, temperature, *, repair, asked):
        calls.append(questions_of(asked))
        return [Sampled(None, None, (SampledReply((1,), None, SimpleNamespace(confidence=None), "x", "correct"),))]

    def options(iterations: int) -> SelfTrainingOptions:
        return SelfTrainingOptions(iterations=iterations, fresh=True)

    monkeypatch.setattr(Job, "sample", lambda self, *rest, **named: drawn(*rest, **named))
    monkeypatch.setattr(Job, "write_rows", lambda *_: (Path("rows"), Summary({}, {}, 0, "")))
    monkeypatch.setattr(Job, "train", lambda self, name, *_: Trained(Path(name), []))
    parent = SimpleNamespace(path=Path("parent"))
    three = job._replace(training=tuple(numbered), options=options(3), parent=parent)
    assert train(three, lambda _: iter(())) == Path("iteration-3")
    assert set().union(*calls) == {key(question) for _, question in job.training}
    assert sum(map(len, calls)) == len(job.training)
    together = [{(q.task, q.cluster) for _, q in numbered if key(q) in keys} for keys in calls]
    assert not together[0] & together[1] | together[0] & together[2] | together[1] & together[2]
    sizes = [[sum(name == task for name, _ in clusters) for clusters in together] for task in ("sums", "colours")]
    assert all(max(of_task) - min(of_task) <= 1 for of_task in sizes)
    with pytest.raises(InputError, match=r"--fresh: expected .* for each of 97 iterations, found "):
        train(three._replace(options=options(97)), lambda _: iter(()))


def questions_of(chosen: list[Task]) -> set[Key]:
    rows = [(task, place, row) for task in chosen for place, row in task.open(None).rows]
    return {key(question) for task, place, row in rows if (question := task.to_question(row, place))}


def test_a_rationalised_answer_is_learned_after_its_own_question(job, monkeypatch):
    """Only questions that failed are hinted, only in tasks that have any, and only if there is an answer to hint at."""
    ids = [{question.question_id for _, question in job.training if question.task == t} for t in ("sums", "colours")]
    shared, without_gold = sorted(ids[0] & ids[1])[:2]
    failing = {("sums", shared), ("sums", without_gold)}
    hinted: list[Question] = []

    def drawn(name, model, draws, temperature, *, repair, asked):
        rows = [(task, place, row) for task in asked for place, row in task.open(None).rows]
        hinted.extend(question for task, place, row in rows if (question := task.to_question(row, place)))
        assert [task.name for task in asked] == ["sums"]
        return [answered(task, question) for task in asked for question in hinted]

    def answered(task: Task, question: Question) -> Sampled:
        if key(question) == ("sums", without_gold):
            question = msgspec.structs.replace(question, gold=())
        outcome = "incorrect" if key(question) in failing and question not in hinted else "correct"
        generation = SimpleNamespace(token_ids=(2,), finish_reason="stop")
        return Sampled(task, question, (SampledReply((1,), generation, None, "x", outcome),))

    fake = SimpleNamespace(
        training=job.training,
        chat=SimpleNamespace(end=0),
        options=star.StarOptions(rationalise=True),
        asking=job.asking,
        sample=drawn,
        prompt=lambda task, question: tuple(question.text.encode()),
    )
    sampled = [answered(task, question) for task, question in job.training]
    learned = list(star.rows(Iteration(fake, "iteration-1", Path("model"), sampled)))
    (last,) = learned[len(job.training) - len(failing) :]
    assert [key(question) for question in hinted] == [("sums", shared)]
    assert hinted[0].text.endswith(f"(Hint: the answer is {int(shared) + 1}.)")
    assert bytes(last.input_ids).startswith(f"What is one more than {shared}?".encode())


def test_questions_that_are_not_independent_are_held_out_together(job):
    """As several traces of one question are, and questions about one page."""
    numbered = [
        (task, msgspec.structs.replace(question, cluster=str(int(question.question_id) // 4)))
        for task, question in job.training
    ]
    training, validation = held_out(numbered, 16)
    clusters = [{(question.task, question.cluster) for _, question in part} for part in (training, validation)]
    assert clusters[0].isdisjoint(clusters[1])
    assert 12 < len(validation) <= 16
    assert len(training) + len(validation) == len(numbered)
    assert len(held_out(numbered[:20], 16)[1]) <= 4
    whole = [(task, msgspec.structs.replace(question, cluster="all")) for task, question in numbered]
    assert held_out(whole, 16) == (tuple(whole), ())


def test_what_cannot_be_graded_or_stands_in_a_further_list_is_not_held_out(job):
    """As unlabelled questions, and those that traces are given of."""
    asked = list(job.training)
    bare = {key(question) for _, question in asked[::3]}
    mixed = [(t, msgspec.structs.replace(q, gold=()) if key(q) in bare else q) for t, q in asked]
    traced = mixed[1::3]
    _, validation = held_out(mixed, 90, {"traces": traced})
    assert len(validation) == len(mixed) // 5
    assert not {key(question) for _, question in validation} & (bare | {key(question) for _, question in traced})
    taught = [Taught(pair) for pair in mixed] + [Taught(pair, part="traces") for pair in traced]
    assert lists(taught) == (mixed, {"traces": tuple(traced)})
    with pytest.raises(InputError, match=r"recipe star grades answers: (sums|colours) \S+: expected .* an answer"):
        require_answers("star", taught)
    require_answers("star", [Taught(pair) for pair in asked])
