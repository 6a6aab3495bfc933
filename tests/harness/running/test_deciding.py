"""The protocol `decision`: what is asked, what a run keeps of it, and the numbers that come of it; no model."""

from __future__ import annotations

import json
import math

import pytest
from fakes import FakeBackend, NeverStarts, checkpoint_folder, gsm8k_folder
from own_rows import ROWS

from calibench.analysis.report import update
from calibench.analysis.typed_decisions import numbers
from calibench.backends import base
from calibench.backends.base import Choice, Refused
from calibench.errors import CapabilityError, EngineError, InputError, RunFileError
from calibench.records import TypedDecision
from calibench.reports.run import run_report
from calibench.reports.typed_decisions import typed_decisions_text
from calibench.running.config import RunConfig
from calibench.running.pipeline import execute
from calibench.running.progress import Silent

METHOD = "option_probability"


class Decider(FakeBackend):
    """Gives the letters 4, 2, 1, 1, ... parts of `mass`, and hides at most `unseen`."""

    def __init__(self, mass: float = 0.8, unseen: float = 0.0, **given):
        super().__init__(lambda *_: pytest.fail("a text was asked for"), **given)
        self.mass, self.unseen = mass, unseen
        self.refuses = ""

    async def choose(self, prompt, labels):
        text = self.chat.decode(prompt.token_ids)
        self.chosen.append(text)
        if self.refuses and self.refuses in text:
            raise Refused("too long for me")
        parts = [4, 2, *[1] * 24][: len(labels)]
        return Choice(
            {label: self.mass * n / sum(parts) for label, n in zip(labels, parts, strict=True)}, 32, self.unseen
        )


@pytest.fixture
def launch(tmp_path, monkeypatch):
    model = checkpoint_folder(tmp_path / "model")
    gsm8k_folder(tmp_path / "data", 3)

    def launch(backend: FakeBackend, **given):
        class Given(type(backend)):
            def __new__(cls, *arguments):
                return backend

        monkeypatch.setattr(base, "load", lambda name: Given)
        asked = {"tasks": ("typed_decisions",), "protocol": "decision", "data": str(ROWS), **given}
        return execute(RunConfig(model=str(model), out=str(tmp_path / "run"), **asked), Silent()).run

    launch.folder = tmp_path
    return launch


def test_every_question_is_one_prompt_and_questions_of_a_state_follow_each_other(launch):
    backend = Decider()
    launch(backend).close()
    assert len(backend.chosen) == 30
    assert backend.completed == []
    first, *_ = backend.chosen
    assert first.startswith('<|user|>{\n "reader"')
    assert first.endswith("letter of one option.\nReply with that letter and nothing else.<|end|><|assistant|>")
    assert "\nA) " in first
    assert "\nD) " in first
    states = [text.partition("}\n\n")[0] for text in backend.chosen]
    assert [states.index(state) for state in states] == [i // 5 * 5 for i in range(30)]


def test_the_run_keeps_the_whole_distribution_the_order_shown_and_what_gold_says(launch):
    with launch(Decider()) as run:
        assert run.manifest()["complete"]
        decisions = {d.question_id: d for d in run.select(TypedDecision)}
        assert len(decisions) == 30
        for reading in run.confidences(METHOD):
            letters = json.loads(reading.raw)
            assert math.fsum(letters.values()) == pytest.approx(0.8)
            assert reading.value == pytest.approx(letters["A"] / 0.8)
            assert reading.cached_tokens == 32
        frame = run.frame()
        assert set(frame["answer"]) == {"A"}
        for row in frame.itertuples():
            d = decisions[row.question_id]
            assert row.correct == (d.gold[d.shown[0]] == max(d.gold))


def test_numbers_are_of_options_and_not_of_letters(launch):
    """The divergence by hand, from gold, the order shown and the parts that letters get."""
    with launch(Decider()) as run:
        found = {(m.method, m.subset, m.metric): m for m in numbers(run)}
        kl, uniform = [], []
        for d in run.select(TypedDecision):
            parts = [4, 2, *[1] * 24][: len(d.options)]
            of_option = {option: part / sum(parts) for option, part in zip(d.shown, parts, strict=True)}
            kl.append(sum(g * math.log(g / of_option[i]) for i, g in enumerate(d.gold) if g))
            uniform.append(math.log(len(d.gold)) + sum(g * math.log(g) for g in d.gold if g))
    mine = found[METHOD, "all", "kl_from_gold"]
    assert mine.value == pytest.approx(math.fsum(kl) / 30)
    assert (mine.n_used, mine.n_total) == (30, 30)
    assert mine.low < mine.value < mine.high
    assert found["uniform", "all", "kl_from_gold"].value == pytest.approx(math.fsum(uniform) / 30)
    assert {subset for _, subset, _ in found} == {"all", "kind=choice", "kind=yes_no", "kind=ordinal"}


def test_page_terminal_and_scorecard_show_them_and_little_mass_is_told(launch):
    with launch(Decider(mass=0.2)) as run:
        summary = update(run)
        card = json.loads((run.path.parent / "scorecard.json").read_text())
    page, text = run_report(summary), typed_decisions_text(summary)
    assert {row["metric"] for row in card["typed_decisions"]} >= {"kl_from_gold", "rps", "ece_15_left_per_question"}
    for shown in ("KL from gold", "Soft accuracy", "ece_10_left_per_question", "uniform", "yes/no"):
        assert shown in page
        assert shown in text
    assert max(map(len, text.splitlines())) <= 110
    assert "its letters have 0.200 of the probability" in page
    (spread,) = summary.spreads
    assert spread.label_mass == pytest.approx(0.2)


def test_what_cannot_be_decided_is_failed_and_counted(launch):
    backend = Decider()
    backend.refuses = "Middlemarch"
    with launch(backend) as run:
        found = {(m.method, m.subset, m.metric): m for m in numbers(run)}
        assert run.frame()["outcome"].value_counts()["failed"] == 5
    assert (found[METHOD, "all", "rps"].n_used, found[METHOD, "all", "kl_from_gold"].n_used) == (5, 25)
    assert found[METHOD, "all", "kl_from_gold"].n_total == 30


def test_a_distribution_that_a_server_hides_a_part_of_is_none(launch):
    with launch(Decider(unseen=0.1)) as run:
        assert {reading.status for reading in run.confidences(METHOD)} == {"failed"}
        assert numbers(run) == ()
        assert set(run.frame()["answer"]) == {"A"}  # the likeliest is known all the same


def test_no_letter_among_the_likeliest_tokens_is_a_failed_draw(launch):
    with launch(Decider(mass=0.0)) as run:
        assert set(run.frame()["outcome"]) == {"failed"}


def test_a_run_goes_on_where_it_stopped_and_asks_again_for_a_reading_that_is_missing(launch):
    with launch(Decider(), limit=10) as run:
        run.remove(list(run.confidences(METHOD))[:1])
        assert len(list(run.select(TypedDecision))) == 10
    backend = Decider()
    with launch(backend) as run:
        assert len(backend.chosen) == 21
        assert len(list(run.confidences(METHOD))) == len(list(run.select(TypedDecision))) == 30
    launch(NeverStarts()).close()


def test_any_multiple_choice_question_can_be_decided_and_its_gold_is_certain(launch):
    with launch(Decider(), tasks=("gpqa_diamond",)) as run:
        found = {m.metric: m for m in numbers(run) if (m.method, m.subset) == (METHOD, "all")}
        n = len(list(run.questions()))
        right = [q.gold == ("A",) for q in run.questions()]
    assert found["accuracy"].value == found["soft_accuracy"].value == pytest.approx(sum(right) / n)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (
            {"tasks": ("gsm8k",), "data": None},
            CapabilityError,
            "gsm8k has no lettered options, which protocol decision",
        ),
        ({"confidence": ("p_true",)}, CapabilityError, "p_true needs a text .*: use --confidence option_probability"),
        ({"protocol": "plain", "confidence": (METHOD,)}, CapabilityError, "protocol decision"),
        ({"temperature": 0.7}, InputError, "protocol decision draws nothing"),
        ({"targets": (0.5,)}, InputError, "protocol decision cannot decline"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_does_not_go_with_the_protocol_is_refused_before_any_work(launch, given, error, said):
    if given.get("tasks"):
        given = given | {"data": str(launch.folder / "data")}
    with pytest.raises(error, match=said):
        launch(NeverStarts(), **given)


def test_a_backend_without_label_probabilities_is_refused(launch):
    class Mute(NeverStarts):
        capabilities = frozenset({"sampling", "log_likelihoods"})

    with pytest.raises(CapabilityError, match="protocol decision needs label_probabilities; backend vllm does not"):
        launch(Mute())


def test_a_typed_decision_that_does_not_fit_its_reading_is_no_traceback(launch):
    with launch(Decider()) as run:
        run._db.execute("UPDATE typed_decisions SET shown = '[0, 0]' WHERE question_id LIKE '%/frost'")
        with pytest.raises(RunFileError, match="expected probabilities of the 2 options of its typed decision"):
            numbers(run)


def test_an_engine_that_dies_is_an_error(launch):
    class Dies(Decider):
        async def choose(self, prompt, labels):
            raise EngineError("gone")

    with pytest.raises(EngineError, match="gone"):
        launch(Dies())
