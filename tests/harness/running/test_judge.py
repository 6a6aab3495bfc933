"""A judge grades the answers of a run, in a second pass that can be stopped, continued, and let go of."""

from __future__ import annotations

import asyncio
import json
import re
import shutil

import pytest
from fakes import FakeBackend, checkpoint_folder
from msgspec.structs import replace

from calibench import tasks
from calibench.analysis import answers, compare, report, rescore, threshold
from calibench.backends.base import Choice
from calibench.errors import EngineError, IdentityError, InputError
from calibench.records import Judgement, Question
from calibench.reports.comparability import asked_otherwise
from calibench.reports.run import run_report
from calibench.results.judging import controls_note, judge_notes
from calibench.running import judges
from calibench.running.controls import controls, name_in, tried
from calibench.running.merging import merge
from calibench.store import RunFile
from calibench.store.finished import unfinished
from calibench.tasks.grading import alias

QUESTION = "Who wrote book {}?"
REPLIES = (
    "It is Author {}.\nConfidence: 91%",  # right for both
    "That must be Author {}, and nobody else, as far as I remember it.\nConfidence: 82%",  # for the judge alone
    "Answer: Somebody else\nConfidence: 73%",
    "I do not know who wrote it.\nConfidence: 9%",
)
OWN = ("correct", "incorrect", "incorrect", "abstained")
JUDGED = ("correct", "correct", "incorrect", "abstained")


def write(prompt: str, seed: int | None) -> str:
    number = int(re.search(r"Who wrote book (\d+)", prompt)[1])
    return f"<think>Is it 4 or 44?</think>{REPLIES[number % 4].format(number)}"


def material(prompt: str) -> dict:
    """What a judge is shown."""
    return json.loads(prompt[prompt.index('{"question"') : prompt.rindex("}") + 1])


def letter(prompt: str) -> str:
    shown = material(prompt)
    if "not know" in shown["answer"]:
        return "C"
    return "A" if any(accepted in shown["answer"] for accepted in shown["accepted"]) else "B"


class Both(FakeBackend):
    """Writes answers, and judges them by letters of this probability, or always by the same; dies after so many
    verdicts."""

    def __init__(self, mass=0.96, lives=1000, reply=None, always: str | None = None, letter=letter):
        super().__init__(lambda prompt, seed: reply(prompt) if '"accepted"' in prompt else write(prompt, seed))
        self._mass, self._lives, self._letter = mass, lives, (lambda _: always) if always else letter

    @property
    def judged(self) -> list[str]:
        """Prompts about answers of the run, and not about those whose class is known."""
        known = re.compile(r"Answer: Author \d+|I do not know the answer\.")
        return [prompt for prompt in self.chosen if not known.fullmatch(material(prompt)["answer"])]

    async def choose(self, prompt, labels):
        text = self.chat.decode(prompt.token_ids)
        self.chosen.append(text)
        if len(self.judged) > self._lives:
            raise EngineError("the engine died")
        found = dict.fromkeys(labels, 0.02)
        return Choice(found | {self._letter(text): self._mass - 0.04}, 0)


def require_no_more_than_a_grader_sees(prompt: str) -> None:
    """Neither reasoning nor confidence, but all accepted answers."""
    shown = material(prompt)
    assert shown.keys() == {"question", "accepted", "answer"}
    assert not re.search(r"\d\d?%|[Cc]onfiden|4 or 44|think", prompt)
    (number,) = re.findall(r"book (\d+)", shown["question"])
    assert shown["accepted"] == [f"Author {number}"]


@pytest.fixture
def ask(launch, tmp_path):
    """Asks eight questions, and has them judged."""
    table = tmp_path / "books.csv"
    table.write_text("question,answer\n" + "".join(f"{QUESTION.format(i)},Author {i}\n" for i in range(8)))
    judge = checkpoint_folder(tmp_path / "judge")
    (judge / "model.safetensors").write_bytes(b"other weights")

    def ask(backend: FakeBackend, **options):
        task = f"file:{table}?question=question&answer=answer&grader=alias"
        launch(backend, **{"tasks": (task,), "confidence": ("stated",), "judge": str(judge), **options})
        return RunFile.open(options.get("out", launch.out))

    ask.judge = judge
    return ask


def outcomes(run: RunFile) -> list[str]:
    """By number of the book, of its first draw."""
    frame = run.frame(texts=True)
    frame = frame[frame["draw"] == 0]
    number = frame["question"].str.extract(r"(\d+)", expand=False).astype(int)
    return list(frame.assign(number=number).sort_values("number")["outcome"])


def test_the_outcomes_of_a_judged_run_are_the_judges_on_every_road(ask):
    with ask(backend := Both()) as run:
        assert len(backend.judged) == 8
        assert outcomes(run) == [*JUDGED] * 2
        (judge,) = run.manifest()["judged_by"].values()
        question = next(run.questions("books"))
        key = ("books", question.question_id, "stated")
        assert {run.frame()["grader"].unique().item()} == {f"judge {judge}"} == {run.grades(*key)[0].grader}
        assert run.own_grades(*key)[0].grader == alias.GRADER
        both = run.judged().value_counts(["outcome", "judged"]).to_dict()
        assert both == {
            ("correct", "correct"): 2, ("incorrect", "correct"): 2, ("incorrect", "incorrect"): 2,
            ("abstained", "abstained"): 2,
        }  # fmt: skip
        (about,) = run.manifest()["judges"].values()
        assert about["name"] == "judge"
        assert about["weights"].startswith("sha256:")
        assert about["prompt"]
        one = next(run.select(Judgement, outcome="correct"))
        assert one.probability == pytest.approx(0.92 / 0.96)
        assert json.loads(one.reply) == {"A": pytest.approx(0.92), "B": 0.02, "C": 0.02}
    for prompt in backend.chosen:
        require_no_more_than_a_grader_sees(prompt)


def test_a_pass_that_was_stopped_goes_on_and_nothing_of_it_is_graded_otherwise_meanwhile(ask):
    with pytest.raises(EngineError, match="died"):
        ask(Both(lives=5))
    with RunFile.open(ask.judge.parent / "run") as run:
        held = len(run.frame())
        assert held <= 5
        assert f"{held} of 8 generations are graded" in unfinished(run)
    with ask(backend := Both()) as run:
        assert len(backend.judged) == 8 - held
        assert not backend.completed
        assert outcomes(run) == [*JUDGED] * 2
        assert unfinished(run) is None


def test_draws_that_are_added_are_judged_and_no_other(ask):
    sampled = {"temperature": 0.7}
    with ask(Both(), **sampled):
        pass
    with ask(backend := Both(), draws=2, **sampled) as run:
        assert len(backend.judged) == 8
        assert run.tally("books", "stated")["grade"] == 16


def test_a_judged_run_goes_on_with_its_judge_or_without_any(ask):
    with ask(Both()):
        pass
    with pytest.raises(IdentityError, match=r"is judged by judge#\w{8}: give --judge as before"):
        ask(Both(), judge=None)
    with ask(backend := Both(), judge="none") as run:
        assert not backend.chosen
        assert outcomes(run) == [*OWN] * 2
        assert len(run.judged()) == 0
    with ask(backend := Both()) as run:
        assert not backend.chosen, "its verdicts are kept"
        assert outcomes(run) == [*JUDGED] * 2


def test_two_judges_of_one_run_do_not_mix(ask, tmp_path):
    with ask(Both()):
        pass
    other = checkpoint_folder(tmp_path / "other")
    with ask(backend := Both(), judge=str(other)) as run:
        assert len(backend.judged) == 8
        assert len(run.frame()) == len(run.judged()) == 8
        assert {*run.judged()["judge"]} == {*run.manifest()["judged_by"].values()}
        assert len(run.manifest()["judges"]) == 2


def test_every_number_says_that_a_judge_gave_the_outcomes(ask, tmp_path):
    with ask(Both(), judge=None):
        shutil.copytree(tmp_path / "run", tmp_path / "unjudged")
    with ask(Both()) as run:
        (judge,) = run.manifest()["judged_by"].values()
        summary = report.report(run, browse=True)
        (agreed,) = summary.agreements
        assert (agreed.grader, agreed.judge, agreed.n_used, agreed.agreement) == (alias.GRADER, judge, 8, 0.75)
        assert agreed.counts == {
            "correct": {"correct": 2}, "incorrect": {"correct": 2, "incorrect": 2}, "abstained": {"abstained": 2},
        }  # fmt: skip
        assert agreed.kappa == pytest.approx((0.75 - 0.3125) / (1 - 0.3125))
        assert report.numbers(summary)["graders"] == {"books": f"judge {judge}"}
        known = "8 of 8 accepted answers, 8 of 8 answers to other questions, 8 of 8 refusals"
        assert judge_notes(run.manifest())[-1].endswith(known)
        page = run_report(summary)
        assert f"books: right is what the judge {judge} says, a model" in page
        assert "Does the judge agree with the grader?" in page
        assert judge in threshold.threshold(answers.read(run), precision=0.5).policy.guarantee
        with RunFile.open(tmp_path / "unjudged") as own:
            compared = compare.compare([own, run])
            assert report.report(own).agreements == ()
        (told,) = [one for one in asked_otherwise(compared.runs) if "graders" in one]
        assert alias.GRADER in told
        assert judge in told
        accuracy = {d.metric: (d.a, d.b) for d in compared.differences if d.task == "books"}["accuracy"]
        assert accuracy == (0.25, 0.5)


def test_an_answer_that_is_read_otherwise_is_judged_again(ask):
    with ask(Both()):
        pass
    with RunFile.reopen(ask.judge.parent / "run") as run:
        one = next(run.select(Judgement, outcome="correct"))
        run.replace([replace(one, asked="of another text")])
        found = rescore.rescore(run)
        assert {record.question_id for record in found.removed} == {one.question_id}
        assert found.summary().judged_again == 1
        rescore.keep(run, found)
        assert "7 of 8 generations are graded" in unfinished(run)
    with ask(backend := Both()) as run:
        assert len(backend.judged) == 1
        assert outcomes(run) == [*JUDGED] * 2


def test_shards_are_joined_with_their_judgements_and_only_under_one_judge(ask, tmp_path):
    folders = [str(tmp_path / "one"), str(tmp_path / "two")]
    with ask(Both(), shard="1/2", out=folders[0]), ask(Both(), shard="2/2", out=folders[1], judge=None):
        pass
    with pytest.raises(IdentityError, match=r"judge of books: judge#\w{8} in .*one, none in .*two"):
        merge(folders, tmp_path / "whole")
    with ask(Both(), shard="2/2", out=folders[1]), RunFile.open(merge(folders, tmp_path / "whole").path) as run:
        assert outcomes(run) == [*JUDGED] * 2


REPLY = (
    ("B", "incorrect", None),
    ("**C**: NOT_ATTEMPTED", "abstained", None),
    ("I would say A", "failed", "the judge's reply fits no class"),
    ("D", "failed", "the judge's reply fits no class"),
)


def test_a_judge_that_rather_writes_something_else_is_read_by_its_reply(ask):
    def reply(prompt: str) -> str:
        return REPLY[int(re.search(r"book (\d+)", prompt)[1]) % 4][0]

    with ask(Both(mass=0.2, reply=reply)) as run:
        assert {(one.reply, one.outcome, one.detail) for one in run.select(Judgement)} == {*REPLY}
        assert {one.probability for one in run.select(Judgement)} == {None}
        assert outcomes(run) == [outcome for _, outcome, _ in REPLY] * 2


def test_a_judge_that_tells_nothing_apart_or_is_the_judged_model_is_warned_of(ask, launch):
    with ask(Both(always="A"), judge=str(launch.model)) as run:
        model, known = judge_notes(run.manifest())[-2:]
    assert "is the judged model itself" in model
    counts = "8 of 8 accepted answers, 0 of 8 answers to other questions, 0 of 8 refusals"
    assert f"{counts}: it does not tell them apart" in known


def test_a_judge_that_takes_words_of_the_question_for_an_answer_is_told(tmp_path):
    """It passes the other controls, as one that looks for a name that it has seen does."""

    def taken_in(prompt: str) -> str:
        shown = material(prompt)
        repeated = shown["answer"].removeprefix("Answer: ") in shown["question"]
        return "A" if repeated else letter(prompt)

    books = {"Canto General": "Pablo Neruda", "The Trial": "Franz Kafka", "The James Joyce Murder": "James Joyce"}
    with RunFile.create(tmp_path) as run:
        for i, (book, author) in enumerate(books.items()):
            run.write([Question(
                task="popqa", question_id=str(i), text=f"Who is the author of {book}?", gold=(author,), domain="fact",
                split="test",
            )])  # fmt: skip
        asked = controls(run, [tasks.load("popqa")])
    assert [material(one.request.text)["answer"] for one in asked if one.kind == "repeated"] == [
        "Answer: Canto General",
        "Answer: The Trial",
    ], "in the third question stands a part of what is accepted"

    async def tried_by(backend: Both) -> dict:
        return await tried(backend, asked)

    passes, fails = (asyncio.run(tried_by(Both(letter=of))) for of in (letter, taken_in))
    assert passes == {"correct": (3, 3), "incorrect": (3, 3), "repeated": (2, 2), "abstained": (3, 3)}
    assert fails == {**passes, "repeated": (0, 2)}
    assert "0 of 2 names out of the question" in controls_note("j", fails)
    assert "does not tell them apart" in controls_note("j", fails)
    assert asyncio.run(tried_by(Both(always="C")))["repeated"] == (2, 2), "which is no right answer either"


@pytest.mark.parametrize(
    ("text", "gold", "name"),
    [
        ("Who is the author of Canto General?", "Pablo Neruda", "Canto General"),
        ("What is George Rankin's occupation?", "politician", "George Rankin"),
        ("Who directed The Lord of the Rings, in Wellington?", "Peter Jackson", "The Lord of the Rings"),
        ('Who wrote "the old man and the sea"?', "Ernest Hemingway", "the old man and the sea"),
        ("In what country is the German Museum?", "Germany", None),
        ("Who was the Georgia Peach?", "The Georgia Peach", None),
        ("Who sings it?", "somebody", None),
        ("", "x", None),
        ("哪个城市?", "北京", None),
    ],
)
def test_the_name_in_a_question_is_none_that_may_be_right(text, gold, name):
    question = Question(task="t", question_id="q", text=text, gold=(gold,), domain="fact", split="test")
    assert name_in(question) == name


REFUSED = {
    "found gsm8k": {"tasks": ("gsm8k",)},
    "unknown backend 'vlm'": {"judge": "some@vlm"},
    "--judge-url: expected --judge MODEL@openai": {"judge_url": ("http://127.0.0.1:9",)},
    "--judge-engine: expected with --judge": {"judge": None, "judge_engine": {"a": 1}},
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_judged_is_refused_before_any_work(ask, message):
    backend = Both()
    with pytest.raises(InputError, match=re.escape(message)):
        ask(backend, **REFUSED[message])
    assert not backend.completed


def test_the_name_of_a_judge_is_of_all_that_is_known_of_it():
    about = {"name": "m", "weights": "w", "prompt": "p"}
    assert judges.name_of(about) != judges.name_of({**about, "prompt": "q"})
    assert judges.name_of(about) == judges.name_of(dict(reversed(about.items())))
