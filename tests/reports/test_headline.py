"""What the pages say in words, first of all."""

import msgspec
import pytest
from test_html import Page, metric, small, words

from calibench.records import Reliability, ReliabilityBin
from calibench.reports.comparison import comparison_report
from calibench.reports.headline import findings
from calibench.reports.run import run_report
from calibench.results import ChangeSplit, Comparison, Difference, OutcomeCount, UnreadItem

replace = msgspec.structs.replace


def task(name, confidence, gap, half=0.05, reason=None):
    """The rows of a task; undefined ones where the confidence is None."""
    low, high = (None, None) if gap is None else (gap - half, gap + half)
    return [
        metric("accuracy", 0.6, 0.5, 0.7, task=name),
        metric("mean_confidence", confidence, task=name, reason=reason),
        metric("signed_gap", gap, low, high, task=name, reason=reason),
    ]


def of(*metrics):
    (found,) = findings(small(*metrics).scorecard)
    return found


def diagram(name, bins):
    """Ten bins; `bins` has index -> (right, answers)."""
    made = tuple(
        ReliabilityBin(
            low=k / 10, high=(k + 1) / 10, n=bins.get(k, (0, 0))[1], n_correct=bins.get(k, (0, 0))[0],
            n_incorrect=bins.get(k, (0, 0))[1] - bins.get(k, (0, 0))[0], confidence=None, accuracy=None,
            accuracy_low=None, accuracy_high=None, noise_low=None, noise_high=None,
        )
        for k in range(10)
    )  # fmt: skip
    n = sum(n for _, n in bins.values())
    return Reliability(
        task=name, protocol="stated", method="stated", subset="all", n_used=n, n_total=n, convention="", bins=made
    )


def test_the_first_sentence_says_how_sure_and_how_often_right():
    found = of(*task("gsm8k", 0.92, 0.31), *task("macro", 0.92, 0.31))
    assert found.lead == "Is 92 % sure, and right in 61 % of the same answers."
    assert found.title == "Overconfident"


def test_of_the_surest_answers_it_says_how_many_are_right_with_the_same_weight_for_each_task():
    run = small(*task("a", 0.9, 0.3), *task("b", 0.9, 0.3), *task("macro", 0.9, 0.3))
    diagrams = (diagram("a", {9: (9, 10), 5: (0, 90)}), diagram("b", {9: (15, 30), 5: (0, 70)}))
    (found,) = findings(replace(run.scorecard, reliability=diagrams))
    assert found.lead.endswith("Where it is more than 90 % sure, 70 % are right (40 answers, in 2 tasks).")


def test_a_handful_of_sure_answers_is_no_finding():
    run = small(*task("a", 0.9, 0.3), *task("macro", 0.9, 0.3))
    (found,) = findings(replace(run.scorecard, reliability=(diagram("a", {9: (9, 9), 8: (6, 11), 2: (0, 80)}),)))
    assert found.lead.endswith("Where it is more than 80 % sure, 75 % are right (20 answers).")


def test_over_on_one_task_and_under_on_another_is_said_as_that():
    found = of(*task("gsm8k", 0.9, 0.3), *task("creak", 0.5, -0.2), *task("macro", 0.7, 0.05))
    assert (found.verdict, found.title) == ("mixed", "Overconfident on gsm8k; underconfident on creak")


def test_a_task_that_cannot_be_read_does_not_veto_what_the_others_say():
    """The interval of a mean over n independent tasks is as wide as the root of the sum of squares, over n."""
    unread = task("mbpp", None, None, reason="no answer has a confidence")
    found = of(*task("a", 0.9, 0.3, 0.03), *task("b", 0.7, 0.1, 0.04), *unread, *task("macro", None, None, reason="no"))
    assert found.title == "Overconfident"
    assert found.lead == "Is 80 % sure, and right in 60 % of the same answers."
    assert "Gap +0.200 (95 % interval +0.175 to +0.225)." in found.details
    assert "Over 2 tasks" in found.details
    assert "Not over mbpp: nothing can be said there." in found.details


def test_a_task_that_is_hardly_read_is_named_with_what_the_model_wrote():
    items = tuple(
        UnreadItem(
            task="gsm8k", question_id=str(i), protocol="stated", draw=0, outcome="unparsed", question=f"Question {i}?",
            text=f"<b>I like trains {i}",
        )
        for i in range(3)
    )  # fmt: skip
    run = replace(small(outcomes={"correct": 4, "unparsed": 96}), unread=items)
    page = words(run)
    assert "gsm8k can hardly be read: of 100 generations 96 are unparsed" in page
    assert all(f"<b>I like trains {i}" in page for i in range(3))
    assert "can hardly be read" not in words(small())


def test_what_is_not_missing_contradicts_no_table():
    counts = OutcomeCount(
        task="gsm8k", protocol="stated", domain="math", outcomes={"correct": 98, "unparsed": 2},
        confidences={"stated": {"ok": 98, "missing": 2}},
    )  # fmt: skip
    page = words(replace(small(), counts=(counts,)))
    assert "The 2 readings above without one are of generations that have no graded answer." in page


def test_a_diagram_without_answers_is_not_drawn_but_named():
    run = small()
    empty = replace(run, scorecard=replace(run.scorecard, reliability=(diagram("gsm8k", {}),)))
    page = Page(run_report(empty))
    assert page.elements["figure"] == 0
    assert "No diagram, because no graded answer has a confidence: gsm8k · stated." in page.text


@pytest.mark.parametrize("n", [2, 3])
def test_a_comparison_says_first_what_each_run_is_and_what_its_change_is_made_of(n):
    runs = [
        replace(small(*task("gsm8k", 0.9, gap), *task("macro", 0.9, gap)), name=name)
        for name, gap in zip("ABC"[:n], (0.5, 0.1, 0.0), strict=False)
    ]
    split = ChangeSplit(
        run_a="A", run_b="B", task="macro", protocol="stated", method="stated", metric="ece", difference=-0.4,
        by_accuracy=-0.38, by_accuracy_low=None, by_accuracy_high=None, by_confidence=-0.02, by_confidence_low=None,
        by_confidence_high=None, n_used=90, convention="order-averaged",
    )  # fmt: skip
    difference = Difference(
        run_a="A", run_b="B", task="macro", protocol="stated", method="stated", subset="all", metric="ece", a=0.5,
        b=0.1, difference=-0.4, low=-0.9, high=0.1, p_value=0.1, p_holm=0.2, verdict="undecided", n_questions=90,
        convention="paired",
    )  # fmt: skip
    splits = (split, replace(split, run_a="B", run_b="C"))[: n - 1]
    compared = Comparison(runs=tuple(runs), baseline="A", pairs=(("A", "B"),), differences=(), splits=splits)
    text = " ".join(Page(comparison_report(compared)).text.split())
    first = text.partition("Who knows when it is right?")[2].partition("Means over tasks")[0]
    assert "1 AOverconfident. Is 90 % sure, and right in 40 % of the same answers." in first
    assert "ECE against A: −0.400, of it −0.380 by accuracy, −0.020 by confidence." in first
    assert ("3 CNeither shown." in first) == (n == 3)
    judged = replace(compared, differences=(difference,))
    said = " ".join(Page(comparison_report(judged)).text.split())
    assert "ECE against A: −0.400 (undecided), of it −0.380 by accuracy" in said
    assert ("Step by step: 1 more pair" in text) == (n == 3), "what is no change from the baseline is folded"
