"""Thinking budgets: a reasoning is generated once, and answered from at each budget; what a budget does not cut is kept
as it is."""

from __future__ import annotations

import pytest
from fakes import FakeBackend, NeverStarts
from msgspec.structs import replace

from calibench.analysis.report import numbers, report
from calibench.errors import CapabilityError, InputError
from calibench.prompting import protocols
from calibench.records import Confidence, Generation, Grade
from calibench.reports.formats import csv
from calibench.reports.run import run_report
from calibench.reports.thinking import metric, thinking_table, thinking_text
from calibench.store import RunFile

CHAIN = "two times the number, that is"  # 29 bytes, and so tokens


def thinker(prompt: str, seed: int | None) -> str:
    """Thinks for 29 tokens, the answer for odd numbers in mind from token 22 on; then it answers right."""
    number = int(prompt.partition("What is ")[2].partition(" ")[0])
    if "How likely is it" in prompt:
        return f"Confidence: {60 + number}%"
    begun = prompt.rpartition("<|assistant|>")[2]
    if begun.endswith("Answer:"):
        known = number % 2 == 0 or len(begun.partition("</think>")[0]) >= 30
        return f" {2 * number if known else 1}"
    return f"<think>{CHAIN}</think>Answer: {2 * number}"


def of(run: RunFile, protocol: str) -> dict[str, Generation]:
    return {g.question_id: g for g in run.select(Generation, task="gsm8k", protocol=protocol)}


def right(run: RunFile, protocol: str) -> int:
    return sum(grade.outcome == "correct" for grade in run.select(Grade, task="gsm8k", protocol=protocol))


def test_each_budget_is_answered_from_the_one_reasoning(launch):
    backend = FakeBackend(thinker)
    launch(backend, protocol="plain", confidence="asked", budgets="0,12,25,50%,500")
    first_turns = [text for text, _ in backend.completed if text.endswith("<|assistant|>") and "likely" not in text]
    assert len(first_turns) == 10
    assert len(backend.completed) == 10 * (2 + 4 * 2)
    with RunFile.open(launch.out) as run:
        assert run.manifest()["complete"] is True
        whole, none, some, half, all_of_it = (of(run, f"plain{at}") for at in ("", "@0", "@12", "@50%", "@500"))
        question, generation = next(iter(whole.items()))
        assert none[question].text.startswith("<think>\n</think>\n\nAnswer:")
        assert some[question].text.startswith(f"<think>{CHAIN[:12]}\n</think>\n\nAnswer:")
        assert half[question].reasoning == CHAIN[:14].strip()
        assert some[question].reasoning_tokens == 1 + 12 + 2  # the tags, and the line break before the second one
        assert all_of_it[question].text == generation.text
        assert (all_of_it[question].latency, none[question].latency is None) == (None, False)
        assert [right(run, f"plain{at}") for at in ("", "@0", "@12", "@25", "@500")] == [10, 5, 5, 10, 10]
        said = [
            {c.question_id: c.value for c in run.select(Confidence, task="gsm8k", protocol=f"plain{at}")}
            for at in ("", "@0", "@500")
        ]
        assert said[0] == said[1] == said[2]
        summary = report(run)
    assert {m.protocol for m in summary.scorecard.metrics} == {"plain"}
    (curve,) = summary.thinking
    accuracies = [metric(point, "accuracy").value for point in curve.points]
    assert dict(zip([p.budget for p in curve.points], accuracies, strict=True)) == {
        "0": 0.5, "12": 0.5, "25": 1.0, "500": 1.0, "50%": 0.5, "all": 1.0
    }  # fmt: skip
    assert [p.cut for p in curve.points] == [1, 1, 1, 0, 1, 0]
    page = run_report(summary)
    assert "Does it need to think that long?" in page
    assert page.count("by thinking budget; the numbers are in the table below it") == 2
    assert "No budget is shown to differ from whole reasonings." in thinking_text(summary)  # by ten questions
    first, *others = curve.points
    shown = replace(first, differences=tuple(replace(d, verdict="worse") for d in first.differences))
    told = replace(summary, thinking=(replace(curve, points=(shown, *others)),))
    assert "gsm8k · asked at 0: Accuracy −0.500" in thinking_text(told)
    assert csv(thinking_table({"run": summary})).count("\n") == 1 + 6
    assert numbers(summary)["thinking"] == summary.thinking


def test_a_finished_run_is_asked_for_the_budgets_that_it_lacks_and_for_methods_at_all_of_them(launch):
    launch(FakeBackend(thinker), protocol="plain", confidence="asked", limit=3, draws=2, temperature=1)
    backend = FakeBackend(thinker)
    launch(backend, protocol="plain", confidence="asked", limit=3, draws=2, temperature=1, budgets=("5", "99"))
    assert len(backend.completed) == 6 * 2
    assert all("</think>" in text for text, _ in backend.completed)
    launch(
        NeverStarts(), protocol="plain", confidence="trace_length,consistency", limit=3, draws=2, temperature=1,
        budgets="5,99",
    )  # fmt: skip
    with RunFile.open(launch.out) as run:
        lengths = {
            at: {c.value for c in run.select(Confidence, task="gsm8k", protocol=f"plain{at}", method="trace_length")}
            for at in ("", "@5", "@99")
        }
        assert lengths[""] == lengths["@99"]
        assert max(lengths[""]) < min(lengths["@5"])
        assert set(run.manifest()["scope"]["gsm8k"]) == {"plain", "plain@5", "plain@99"}
        assert {c.value for c in run.select(Confidence, protocol="plain@5", method="consistency")} == {1.0}


def test_a_reasoning_that_the_limit_cut_has_no_shares_and_is_answered_within_its_length(launch):
    """The prompt opens the reasoning here, so that the text has no opening mark."""

    def goes_on(prompt: str, seed: int | None) -> str:
        return thinker(prompt, seed).removeprefix("<think>")

    backend = FakeBackend(goes_on, opening="<think>")
    launch(backend, protocol="plain", confidence="asked", limit=4, max_tokens=20, budgets="10,40,50%")
    with RunFile.open(launch.out) as run:
        assert all(g.text.startswith(f"{CHAIN[:10]}\n</think>\n\nAnswer:") for g in of(run, "plain@10").values())
        assert {g.reasoning for g in of(run, "plain@10").values()} == {CHAIN[:10].strip()}
        outcomes = {
            at: {grade.outcome for grade in run.select(Grade, protocol=f"plain{at}")}
            for at in ("", "@10", "@40", "@50%")
        }
    assert outcomes[""] == outcomes["@40"] == outcomes["@50%"] == {"truncated"}
    assert "truncated" not in outcomes["@10"]


def test_without_marks_the_chain_is_what_precedes_the_answer(launch):
    def talker(prompt: str, seed: int | None) -> str:
        number = int(prompt.partition("What is ")[2].partition(" ")[0])
        return f" {3 * number}" if prompt.endswith("Answer:") else f"Twice {number}.\nAnswer: {2 * number}"

    launch(FakeBackend(talker), protocol="plain", confidence="none", limit=3, budgets="0,5,500")
    with RunFile.open(launch.out) as run:
        assert all(g.text.startswith("Answer: ") for g in of(run, "plain@0").values())
        assert all(g.text.startswith("Twice\nAnswer: ") for g in of(run, "plain@5").values())
        assert of(run, "plain@500").keys() == of(run, "plain").keys()
        assert (right(run, "plain@0"), right(run, "plain@500")) == (0, 3)


def test_the_probability_of_the_answer_is_of_what_the_model_wrote_behind_the_cut(launch):
    launch(FakeBackend(thinker), protocol="plain", confidence="answer_probability", limit=3, budgets="5,99")
    with RunFile.open(launch.out) as run:
        for at in ("@5", "@99"):
            readings = list(run.select(Confidence, protocol=f"plain{at}"))
            assert [r.value for r in readings] == pytest.approx([0.5] * 3)  # digits, each of probability 1/2
        assert all(g.logprob is None for g in of(run, "plain@5").values())


def test_a_program_is_begun_as_one_and_tags_by_their_tag():
    plain, tags = protocols.protocol("plain@64"), protocols.protocol("stated_tags@25%")
    assert protocols.answer_cue(plain, program=True) == "```python\n"
    assert protocols.answer_cue(plain, program=False) == "Answer:"
    assert protocols.answer_cue(tags, program=False) == "<answer>"
    for name in ("plain@", "plain@064", "plain@100%", "plain@0%", "plain@-1", "plain@6@7", "nothing@6"):
        with pytest.raises(InputError, match="protocol"):
            protocols.protocol(name)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"budgets": "100%"}, InputError, "budgets: expected tokens, or a share .* as 0,256,50%; found '100%'"),
        ({"budgets": "64,064"}, InputError, "budgets: expected tokens"),
        ({"budgets": "64,64"}, InputError, "--budgets: expected each once, found 64, 64"),
        ({"budgets": "64", "protocol": "options"}, InputError, "protocol options has no reasoning"),
        ({"protocol": "plain@64"}, InputError, "--protocol plain@64: expected it without a budget"),
        ({"budgets": "64", "confidence": "sequence_probability"}, CapabilityError, "reads the probabilities of all"),
    ],
)  # fmt: skip
def test_budgets_that_make_no_sense_are_refused_before_any_work(launch, options, error, message):
    with pytest.raises(error, match=message):
        launch(NeverStarts(), **{"protocol": "plain", **options})
    assert not launch.out.exists()
