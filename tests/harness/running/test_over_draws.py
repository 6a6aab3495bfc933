"""Confidences over the draws of a question: what they read, when they are read again, and that gold never enters."""

import pytest
from fake_runs import rows
from fakes import FakeBackend, NeverStarts
from msgspec.structs import replace
from some_records import generation, question

from calibench import tasks
from calibench.analysis.rescore import keep, rescore
from calibench.analysis.votes import votes
from calibench.backends.base import Choice
from calibench.confidence import base
from calibench.errors import CapabilityError, EngineError, PluginError
from calibench.grading import drawn_answers, workers
from calibench.grading.pool import GradingPool
from calibench.prompting import protocols
from calibench.prompting.markup import Markup
from calibench.records import AnswerClass, Confidence
from calibench.running import over_draws
from calibench.running.over_draws import OverDraws
from calibench.store import RunFile

METHODS = ("consistency", "semantic_entropy")
DRAWN = {"draws": 4, "temperature": 1.0, "confidence": METHODS, "limit": 6}


def spread(prompt: str, seed: int) -> str:
    """Seven of sixteen seeds answer 5, in three ways; others 6, 7, nothing, or that they do not know."""
    said = ("5", "5.0", "6", "5", "10/2", "7", "no number", "5")
    return "I don't know." if seed % 16 == 15 else f"Answer: {said[seed % 8]}"


def read(name: str, classes: list[int | None]) -> list[float | None]:
    draws = [generation(0, draw) for draw in range(len(classes))]
    return [reading.value for reading in base.load(name).read_draws(draws, classes)]


def test_values_worked_out_by_hand():
    assert read("consistency", [0, 0, 1, None]) == [0.5, 0.5, 0.25, None]
    # Three classes of 2, 1 and 1 draws: H = 1.5 ln 2, of at most 2 ln 2.
    assert read("semantic_entropy", [0, 0, 1, None]) == pytest.approx([0.25, 0.25, 0.25, None])
    assert read("semantic_entropy", [0, 1, 2, None]) == [0, 0, 0, None]
    assert read("semantic_entropy", [0] * 7) == [1] * 7
    for name in METHODS:
        assert read(name, [None, None]) == [None, None]
        assert read(name, [0]) == [None], "one draw that did not fail says nothing"


def test_they_are_added_to_a_finished_run_and_replaced_when_draws_are_added(launch):
    launch(FakeBackend(spread), **DRAWN | {"confidence": ("trace_length",)})
    launch(NeverStarts(), **DRAWN)
    four = rows(launch.out)["confidences"]
    backend = FakeBackend(spread)
    launch(backend, **DRAWN | {"draws": 8})
    assert len(backend.completed) == 6 * 4, "only the draws that were missing"
    launch(NeverStarts(), **DRAWN | {"draws": 8, "confidence": ("trace_length",)})
    grown = rows(launch.out)
    of_four = {row for row in four if row[4] == "consistency" and row[5] is not None}
    assert of_four
    assert of_four.isdisjoint(grown["confidences"])
    launch(FakeBackend(spread), **DRAWN | {"draws": 8, "out": str(launch.out.with_name("at once"))})
    at_once = rows(launch.out.with_name("at once"))
    assert [row for row in grown["confidences"] if row[4] != "trace_length"] == at_once["confidences"]
    assert grown["answer_classes"] == at_once["answer_classes"]
    with RunFile.open(launch.out) as run:
        assert run.manifest()["complete"] is True
        frame = run.frame()
    of = frame[frame.method == "consistency"]
    answers = of.groupby(["question_id", "answer"]).draw.transform("size") / 8
    counted = of.outcome.isin(("correct", "incorrect"))
    assert counted.any()
    assert not counted.all()
    assert of.value[counted].tolist() == answers[counted].tolist(), "graded answers are numbers in one form"
    assert of.value[~counted].isna().all()


def test_every_run_of_several_draws_keeps_which_of_them_answer_the_same(launch):
    launch(FakeBackend(spread), **DRAWN | {"confidence": ("none",)})
    with RunFile.create(launch.out) as run:
        kept = list(run.select(AnswerClass))
        run._db.execute("DELETE FROM answer_classes")  # stopped between the last grade and this
        run.update_manifest(complete=False)
    assert {one.answer_class for one in kept} > {0, 1}
    launch(NeverStarts(), **DRAWN | {"confidence": ("none",)})
    with RunFile.open(launch.out) as run:
        assert list(run.select(AnswerClass)) == kept
        assert run.manifest()["complete"]
    launch(FakeBackend(spread), **DRAWN | {"confidence": ("none",), "draws": 1, "out": str(launch.out.with_name("1"))})
    with RunFile.open(launch.out.with_name("1")) as run:
        assert not list(run.select(AnswerClass))


def test_a_first_session_knows_how_the_checkpoint_marks_its_reasoning(launch):
    backend = FakeBackend(lambda prompt, seed: f"<<R>>Answer: {seed % 3}<</R>>I don't know.")
    backend.chat.markup = Markup("its template", "<<R>>", "<</R>>")
    launch(backend, **DRAWN | {"confidence": ("none",)})
    with RunFile.open(launch.out) as run:
        assert {one.answer_class for one in run.select(AnswerClass)} == {None}, "what is thought is no answer"


def test_where_no_worker_starts_nothing_is_compared_in_another_way(launch, monkeypatch):
    def starts(*_):
        raise OSError("no memory")

    monkeypatch.setattr(workers, "_Worker", starts)
    with GradingPool(1, 10.0) as pool:
        classes = pool.draw_classes("gsm8k", question(0), [generation(0)], drawn_answers.HowRead("plain", None, None))
        with pytest.raises(EngineError, match="no grading worker gets ready"):
            classes.result(10)


def test_a_draw_that_failed_counts_as_none(launch):
    launch(FakeBackend(spread), **DRAWN)
    with RunFile.create(launch.out) as run, GradingPool(1, 10.0) as pool:
        asked = next(run.questions())
        draws = list(run.draws("gsm8k", asked.question_id, "stated").values())
        draws = [replace(draw, text="Answer: 5", error=None) for draw in draws[:3]] + [replace(draws[3], error="lost")]
        reader = OverDraws(run, protocols.protocol("stated"), {"consistency": base.load("consistency")}, pool)
        found = over(reader, asked, draws)
    assert [one.answer_class for one in found if isinstance(one, AnswerClass)] == [0, 0, 0, None]
    assert [one.value for one in found if isinstance(one, Confidence)] == [1, 1, 1, None]


def over(reader: OverDraws, asked, draws) -> list:
    return over_draws.asyncio.run(reader.read(asked, draws))


_PYTHON = "```python\n"
_F = f"{_PYTHON}def f(x): return x\n```\n"
SAID = {
    "gsm8k": (("Answer: 4", "It is 4.0.", "Answer: 5"), [0, 0, 1], {"gold": ("5",)}),
    "popqa": (("Answer: Unknown", "Answer: Paris", "It is Paris."), [None, 0, 0], {"gold": ("unknown",)}),
    "mbpp": (
        (f"{_F}{_PYTHON}def g(x): return 2 * x\n```", f"{_PYTHON}def g(x): return 2*x\n```"),
        [0, 0],
        {"tests": ("assert f(1) == 1",)},
    ),
    "math500": ((r"Answer: $\frac{1}{2}$", "Answer: 0.5", r"\boxed{3}"), [0, 0, 1], {"gold": ("3",)}),
    "deduction": (("Answer: TF", "Answer: FF"), [0, 1], {"gold": ("FF",)}),
    "abduction": (("Answer: A", "Answer: B"), [0, 1], {"gold": ("B",)}),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_classes_are_the_same_whatever_is_right(launch, name):
    said, classes, right = SAID[name]
    draws = [replace(generation(0, draw), task=name, text=text) for draw, text in enumerate(said)]
    asked = replace(question(0), task=name, choices=(), gold=("nothing",), tests=())
    with RunFile.create(launch.out) as run, GradingPool(1, 10.0, [name]) as pool:
        reader = OverDraws(run, protocols.protocol("plain"), {one: base.load(one) for one in METHODS}, pool)
        found = [over(reader, of, draws) for of in (asked, replace(asked, **right))]
        assert reader.by_text == 0
    assert found[0] == found[1]
    assert [one.answer_class for one in found[0] if isinstance(one, AnswerClass)] == classes


def test_gold_of_the_data_changes_no_bit_of_a_run(launch):
    launch(FakeBackend(spread), **DRAWN)
    other = launch.out.with_name("other gold")
    file = launch.data / "gsm8k" / "test.jsonl"
    file.write_text(file.read_text().replace("#### ", "#### 5"))
    launch(FakeBackend(spread), **DRAWN | {"out": str(other)})
    here, there = rows(launch.out), rows(other)
    assert here["questions"] != there["questions"]
    assert here["confidences"] == there["confidences"]
    assert here["answer_classes"] == there["answer_classes"]


def test_of_a_grader_that_wants_gold_the_stated_answers_are_compared():
    draws = [replace(generation(0, draw), text=text) for draw, text in enumerate(("Answer: A b", "a  B", "c"))]
    needy = tasks.load("popqa")._replace(grade=lambda question, text: question.gold[0] and None)
    how = drawn_answers.HowRead("plain", None, None)
    assert drawn_answers.draw_classes(needy, drawn_answers.blind(question(0)), draws, how) == [0, 0, 1]


class Entails(FakeBackend):
    """Finds that what says 5 entails what says 6, and the other way round; and nothing else."""

    async def choose(self, prompt, labels):
        text = self.chat.decode(prompt.token_ids)
        self.chosen.append(text)
        first, second = (text.split(f"{which} answer:\n")[1].split("\n")[0] for which in ("First", "Second"))
        yes = 0.75 if {first[:1], second[:1]} <= set("56") else 0.25
        return Choice({"A": yes, "B": 1 - yes}, 0)


def test_the_model_finds_answers_the_same_that_rules_find_different(launch):
    asked = {"confidence": ("semantic_entropy", "semantic_entropy_asked")}
    backend = Entails(spread)
    launch(backend, **DRAWN | asked)
    launch(NeverStarts(), **DRAWN | asked)
    with RunFile.create(launch.out) as run:
        classes = {(one.question_id, one.draw): one.answer_class for one in run.select(AnswerClass)}
        questions = {question for question, _ in classes}
        values = {name: {one.question_id: one.value for one in run.confidences(name) if one.value is not None}
                  for name in asked["confidence"]}  # fmt: skip
        run._db.execute("UPDATE answer_classes SET answer_class = 0 WHERE answer_class IS NOT NULL")
        found = rescore(run)
        changed = {
            question for question in questions if len({classes[question, draw] for draw in range(4)} - {None}) > 1
        }
        assert {one.question_id for one in found.removed} == changed, "what was asked of other classes"
        keep(run, found)
    assert backend.chosen
    assert not any("Answer:" in text.split("First answer")[1] for text in backend.chosen), "answers, and no texts"
    assert all(values["semantic_entropy_asked"][one] >= values["semantic_entropy"][one] for one in questions)
    assert values["semantic_entropy_asked"] != values["semantic_entropy"]
    again = Entails(spread)
    launch(again, **DRAWN | asked)
    assert again.completed == []
    assert sorted(again.chosen) == sorted(backend.chosen)


def test_one_draw_is_refused_before_any_work(launch):
    with pytest.raises(CapabilityError, match="gsm8k has one; expected --draws K of 2 or more"):
        launch(NeverStarts(), confidence=("consistency",))
    with pytest.raises(CapabilityError, match="or leave --task-draws out"):
        launch(NeverStarts(), **DRAWN | {"task_draws": {"gsm8k": 1}})
    assert not launch.out.exists()


def test_they_are_read_again_with_the_texts(launch):
    launch(FakeBackend(spread), **DRAWN)
    whole = rows(launch.out)
    with RunFile.create(launch.out) as run:
        run._db.execute("UPDATE answer_classes SET answer_class = 0")
        run._db.execute("UPDATE confidences SET value = 0.125, status = 'ok'")
        found = rescore(run)
        keep(run, found)
    assert rows(launch.out) == whole
    assert found.summary().read["consistency"] == 24


def test_votes_are_of_the_classes_that_are_stored(launch):
    launch(FakeBackend(spread), **DRAWN)
    distinct = []
    for statement in ("", "UPDATE answer_classes SET answer_class = draw WHERE answer_class IS NOT NULL"):
        with RunFile.create(launch.out) as run:
            run._db.execute(statement)
        with RunFile.open(launch.out) as run:
            (of,) = votes([run]).runs
            answered = run.frame().query("method == 'consistency' and outcome in ('correct', 'incorrect')")
        distinct.append(next(m.value for m in of.metrics if m.metric == "distinct_answers"))
    assert distinct[0] < distinct[1] == len(answered) / 6


def test_a_method_reads_in_one_way_and_every_draw(launch, monkeypatch):
    given = {"both": base.load("consistency")._replace(read=base.load("trace_length").read),
             "short": base.load("consistency")._replace(read_draws=lambda draws, classes: [])}  # fmt: skip
    monkeypatch.setattr(base.registry, "load", lambda family, name, kind: given[name])
    with pytest.raises(PluginError, match="both: expected one of `read`, `read_draws` and `ask_draws`"):
        launch(NeverStarts(), **DRAWN | {"confidence": ("both",)})
    with pytest.raises(PluginError, match="short: expected a reading of each of 4 draws, found 0"):
        launch(FakeBackend(spread), **DRAWN | {"confidence": ("short",)})
