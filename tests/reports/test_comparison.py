"""The page of several runs: what it says of each, of every pair, and of what may not be comparable."""

import re
from collections import Counter

import msgspec
import pytest
from synthetic_run import METHODS, TASKS, comparison
from test_html import Page, metric, small

from calibench.metrics.self_knowledge import SELF_KNOWLEDGE
from calibench.records import Scorecard
from calibench.reports import self_knowledge, tables
from calibench.reports.comparison import comparison_report
from calibench.reports.self_knowledge import self_knowledge_text
from calibench.reports.tables import headline, verdict
from calibench.reports.text import number, signed, visible
from calibench.results import Comparison, Difference

replace = msgspec.structs.replace
VERDICTS = ("better", "worse", "equivalent", "undecided")


def compare(*runs, differences=(), pairs=()):
    return Comparison(runs=runs, baseline=runs[0].name, pairs=tuple(pairs), differences=tuple(differences))


def words(page):
    return " ".join(Page(page).text.split())


def page_of(*runs, **fields):
    return words(comparison_report(compare(*runs, **fields)))


def difference(**fields):
    return Difference(**{
        "run_a": "A", "run_b": "B", "task": "macro", "protocol": "stated", "method": "stated", "subset": "all",
        "metric": "accuracy", "a": 0.6, "b": 0.7, "difference": 0.1, "low": 0.05, "high": 0.15, "p_value": 0.001,
        "p_holm": 0.01, "verdict": "better", "n_questions": 100, "convention": "paired",
    } | fields)  # fmt: skip


@pytest.fixture(scope="module")
def ladder_page(ladder_source):
    return Page(ladder_source)


def test_undecided_stands_beside_what_could_have_been_seen(compared):
    pair = tuple(run.name for run in compared.runs)
    undecided = difference(run_a=pair[0], run_b=pair[1], verdict="undecided", detectable=0.2143)
    page = page_of(*compared.runs, differences=[undecided], pairs=[pair])
    assert page.count("could see 0.214") == 3, "headline, steps, and every difference"


def known(name, within, beyond):
    """A run's scorecard of self-knowledge, from (value, low, high) within difficulties and beyond the other runs."""
    given = {"auroc": (0.7, 0.6, 0.8), "auroc_within_difficulty": within, "auroc_beyond_others": beyond,
             "auroc_of_question": (None,) * 3, "auroc_beyond_question": (None,) * 3}  # fmt: skip
    return Scorecard(
        metrics=tuple(
            metric(of, value, task=task, low=low, high=high, reason=None if value else "no pairs")
            for task in ("macro", "sums") for of, (value, low, high) in given.items()
        ),
        reliability=(),
        measures=tuple(measure.info for measure in SELF_KNOWLEDGE),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("within", "beyond", "verdict"),
    [
        ((0.6, 0.55, 0.65), (0.1, 0.02, 0.2), "shown"),
        ((0.6, 0.55, 0.65), (0.1, -0.02, 0.2), "shared"),
        ((0.6, 0.55, 0.65), (None, None, None), "shared"),
        ((0.55, 0.45, 0.65), (0.1, 0.02, 0.2), "not shown"),
        ((0.55, None, None), (0.1, None, None), "not shown"),
        ((0.4, 0.35, 0.45), (0.1, 0.02, 0.2), "reversed"),
        ((None, None, None), (None, None, None), "—"),
    ],
)
def test_what_runs_know_beyond_difficulty_is_said_in_words(within, beyond, verdict):
    runs = [small(metric("accuracy", 0.6), metric("accuracy", 0.6, task="macro"), name=name) for name in "ABC"]
    comparison = replace(compare(*runs), self_knowledge={name: known(name, within, beyond) for name in "ABC"})
    assert [of.verdict for of in self_knowledge.known(comparison)] == [verdict] * 6
    assert self_knowledge_text(comparison).count(verdict) >= 3
    page = words(comparison_report(comparison))
    said = self_knowledge.WORDS.get(verdict, "Nothing can be said: no pairs.")
    assert page.count(" ".join(said.split())) == 6


def test_two_runs_have_nothing_beyond_difficulty(compared_source, compared):
    assert "beyond difficulty" not in compared_source
    assert self_knowledge_text(compared) == ""


@pytest.mark.parametrize("runs", ["compared", "ladder"])
def test_every_difference_stands_with_its_verdict_and_corrected_p(runs, request):
    of_runs = request.getfixturevalue(runs)
    page = Page(request.getfixturevalue(f"{runs}_source"))
    tags = Counter(value.split()[1] for value in page.values("class") if value.startswith("tag "))
    measures = tables.measures_of(run.scorecard for run in of_runs.runs)
    columns = {m.metric for m in tables.columns(measures)}
    shown = [d for d in of_runs.differences if verdict(d, measures) == d.verdict]
    against = [d for d in of_runs.differences if d.run_a == of_runs.baseline]
    in_headline = [
        d for d in against if d.task == "macro" and d.metric in columns and verdict(d, measures) == d.verdict
    ]
    in_headline = [d for d in in_headline if d.metric != "mean_confidence"]
    in_steps = [d for d in shown if d.task == "macro" and d.metric in columns]
    signs = [d for d in against if d.metric in ("accuracy", "signed_gap", "ece", "brier", "auroc")]
    signs = [d for d in signs if d.metric != "accuracy" or d.method == METHODS[0]]
    expected = Counter(d.verdict for found in (shown, in_headline, in_steps, signs) for d in found)
    assert tags == expected + Counter(2 * VERDICTS)
    assert page.text.count("<0.001") == sum(d.p_holm is not None for d in of_runs.differences)


def test_every_run_has_a_row_with_its_means_and_intervals(ladder, ladder_page):
    text = ladder_page.text
    for run in ladder.runs:
        assert visible(run.name)[:20] in text
        for row in headline(run.scorecard):
            if row["task"] == "macro":
                for name in ("accuracy", "ece", "brier"):
                    low, high = (number(row[name][end]) for end in ("low", "high"))
                    assert f"{number(row[name]['value'])}[{low}, {high}]" in text
                assert f"{signed(row['signed_gap']['value'])}[" in text


def test_verdicts_beside_a_runs_numbers_are_against_the_baseline():
    runs = [small(metric("accuracy", 0.6), metric("accuracy", 0.6, task="macro"), name=name) for name in "ABC"]
    differences = [
        difference(run_b="B"),
        difference(run_b="C", verdict="worse"),
        difference(run_a="B", run_b="C", verdict="equivalent"),
    ]
    page = page_of(*runs, differences=differences)
    headline_table = page.partition("By method stated")[2].partition("Side by side")[0]
    assert re.findall("[23] [BC]|better|worse|equivalent|undecided", headline_table) == [
        "2 B",
        "better",
        "3 C",
        "worse",
    ]
    all_tasks = page.partition("Each run on all its own questions.")[2].partition("All tasks")[2]
    assert re.findall("better|worse|equivalent|undecided", all_tasks.partition("All headline")[0]) == [
        "better",
        "worse",
    ]


def test_runs_are_numbered_in_their_order_and_one_is_the_baseline(ladder, ladder_page):
    masthead = ladder_page.text.partition("Headline")[0]
    places = [masthead.index(f"{i} {visible(run.name)[:20]}") for i, run in enumerate(ladder.runs, start=1)]
    assert places == sorted(places)
    assert ladder_page.text.count("instruct, the baseline") == 1 + len(METHODS)
    assert "3 runs against instruct" in ladder_page.text


def test_each_task_and_method_has_a_small_diagram_of_every_run_and_the_baseline_behind_the_others(ladder, ladder_page):
    diagrams = [value for value in ladder_page.values("aria-label") if value.startswith("Reliability of")]
    assert len(diagrams) == len(ladder.runs) * len(TASKS) * len(METHODS)
    hollow = [pair for pair in ladder_page.attributes if pair == ("circle", "stroke", "var(--muted)")]
    baseline = [d for d in ladder.runs[0].scorecard.reliability for b in d.bins if b.n]
    assert len(hollow) == (len(ladder.runs) - 1) * len(baseline) + 1  # and one in the key


def test_all_runs_share_an_axes_for_each_task_and_method(ladder, ladder_page):
    labels = ladder_page.values("aria-label")
    assert sum(label.startswith("Reliability: all runs in") for label in labels) == len(TASKS) * len(METHODS)
    traces = [value for tag, key, value in ladder_page.attributes if (tag, key) == ("path", "stroke-dasharray")]
    assert {"5 2.5", "5 2 1 2", "1.2 1.8"} <= set(traces)  # told apart without colour


def test_more_runs_than_can_be_told_apart_stand_side_by_side_alone(summary):
    runs = [replace(summary, name=f"run {i}") for i in range(7)]
    page = Page(comparison_report(compare(*runs)))
    labels = page.values("aria-label")
    assert not [label for label in labels if label.startswith("Reliability: all runs")]
    assert len([label for label in labels if label.startswith("Reliability of")]) == 7 * len(TASKS) * len(METHODS)


def test_domains_of_several_tasks_have_a_row_above_their_tasks(ladder):
    gap = [metric("ece", 0.1, task="macro", subset=f"domain={d}") for d in ("fact", "math")]
    runs = [
        replace(run, scorecard=replace(run.scorecard, metrics=(*run.scorecard.metrics, *gap), reliability=()))
        for run in ladder.runs
    ]
    page = page_of(*runs[:2])
    section = page[page.index("By domain and task", page.index("What changed")) :]
    block = section[section.index("ECE · stated") : section.index("Brier")]
    order = ["Fact, mean", "creak", "popqa", "Math, mean", "gsm8k", "math500", "reasoning", "All tasks"]
    assert sorted(order, key=block.index) == order


def test_what_a_run_lacks_is_said_and_nothing_is_made_up():
    a = small(metric("accuracy", 0.6, task="macro"), name="A")
    b = small(metric("accuracy", 0.6, task="macro", method="p_true"), name="B")
    page = page_of(a, b)
    assert page.count("Not asked under this protocol, or without this method.") == 2
    assert "The runs share no number that could be compared." in page


def test_accuracy_is_shown_for_every_run_whichever_methods_it_has():
    methods = {"A": ["p_true"], "B": ["stated"], "C": ["stated", "p_true"]}
    runs = []
    for name, value in (("A", 0.61), ("B", 0.72), ("C", 0.83)):
        metrics = [metric("accuracy", value, task=t, method=m) for t in ("gsm8k", "macro") for m in methods[name]]
        runs.append(small(*metrics, name=name))
    section = page_of(*runs).partition("Each run on all its own questions.")[2]
    values = ["0.610", "0.720", "0.830"]
    assert re.findall(r"0\.\d{3}", section.partition("All headline numbers")[0]) == values + values


def test_an_undefined_difference_is_a_dash_with_its_reason():
    runs = [small(metric("accuracy", 0.6, task="macro"), name=name) for name in "AB"]
    fields = dict.fromkeys(("a", "difference", "low", "high", "p_value", "p_holm"))
    page = page_of(*runs, differences=[difference(**fields, verdict="undecided", reason="undefined for A")])
    assert page.count("—undefined for A") == 2


def test_equal_comparisons_give_equal_pages(summary, other, compared_source):
    assert comparison_report(comparison(other, summary)) == compared_source


# -- what may not be comparable ---------------------------------------------------------------------------------------


def test_equal_runs_have_no_warnings():
    manifest = {"configuration": {"temperature": 0.7}, "identity": {"data": {"gsm8k": "x"}}}
    page = page_of(*(small(name=name, manifest=manifest) for name in "ABC"))
    assert "What may not be comparable" not in page
    assert "They are the same" in page


@pytest.mark.parametrize(
    ("manifests", "warning"),
    [
        ([{"configuration": {"temperature": t}} for t in (0.7, 0.0, 0.7)], "Setting temperature: 0.7 (A, C); 0.0 (B)."),
        ([{"configuration": {"max_tokens": 5}}, {}], "Setting max_tokens: 5 (A); not stated (B)."),
        ([{"configuration": {"top_k": 20}}, {"configuration": {}}], "Setting top_k: 20 (A); not stated (B)."),
        ([{"configuration": {"system": t}} for t in ("Be brief.", None)], "Setting system: Be brief. (A); none (B)."),
        (
            [{"configuration": {"template": {"effort": "low"}}}, {"configuration": {"template": {}}}],
            "Setting template: effort=low (A); none (B).",
        ),
        ([{"identity": {"engine_options": f"dtype={t}"}} for t in "xy"], "Setting engine: dtype=x (A); dtype=y (B)."),
        ([{"scope": {"gsm8k": {"stated": {"draws": k, "questions": 9}}}} for k in (1, 8)], "draws: 1 (A); 8 (B)."),
        (
            [{"identity": {"graders": {"gsm8k": f"number/{v}"}}} for v in (1, 2, 1)] + [{"identity": {"graders": {}}}],
            "The graders of gsm8k differ: number/1 (A, C); number/2 (B). What is right is not the same.",
        ),
        ([{"identity": {"data": {"gsm8k": v}}} for v in "xy"], "The versions of the data of gsm8k differ: A; B."),
        (
            [{"identity": {"parser": f"parse/{v}"}} for v in (1, 2)] + [{}],
            "The rules by which texts are read differ: parse/1 (A); parse/2 (B).",
        ),
        ([{}, {"complete": False}], "B is not finished"),
    ],
)
def test_manifests_that_differ_where_it_matters_are_warned_of(manifests, warning):
    assert warning in page_of(*(small(name=n, manifest=m) for n, m in zip("ABCD", manifests, strict=False)))


def test_a_run_made_before_a_setting_was_known_was_made_without_it():
    penalties = {"presence_penalty": 0.0, "repetition_penalty": 1.0}
    said = {"top_k": 0, "min_p": 0.0, "system": None, "template": {}, **penalties}
    manifests = {"A": {"configuration": said}, "B": {"configuration": {}}}
    page = page_of(*(small(name=name, manifest=manifest) for name, manifest in manifests.items()))
    assert "What may not be comparable" not in page


def test_names_of_models_and_engine_options_that_change_no_answer_are_no_settings():
    manifests = [
        {
            "configuration": {"model": name, "kind": name, "name": name, "engine": {"max_num_seqs": n}},
            "identity": {"engine_options": ""},
        }
        for n, name in enumerate("AB")
    ]
    page = page_of(*(small(name=name, manifest=m) for name, m in zip("AB", manifests, strict=True)))
    assert "What may not be comparable" not in page


def test_coverage_truncation_protocol_and_tasks_that_differ_are_warned_of():
    a = small(metric("coverage", 0.9), name="A", outcomes={"correct": 97, "truncated": 3})
    b = small(metric("coverage", 0.8), name="B", outcomes={"correct": 90, "truncated": 10})
    c = small(metric("coverage", 0.85), name="C", outcomes={"correct": 95, "truncated": 5})
    page = page_of(a, b, c)
    assert "Coverage of gsm8k · stated: B 80.0 %, A 90.0 %. Their calibration is of different answers." in page
    assert "Truncation of gsm8k: A 3.0 %, B 10.0 %." in page
    plain = small(replace(metric("coverage", 0.8), protocol="plain"), name="B")
    assert "Protocol: stated (A, C); plain (B)." in page_of(a, plain, c)
    without = replace(b, counts=())
    assert "Task gsm8k is not in B: means there are of other tasks." in page_of(a, without)


def test_questions_that_a_pair_does_not_share_are_counted():
    def run(name, questions):
        return small(name=name, manifest={"scope": {"gsm8k": {"stated": {"draws": 1, "questions": questions}}}})

    shared = [difference(task="gsm8k", n_questions=60), difference(n_questions=60)]
    page = page_of(run("A", 100), run("B", 60), differences=shared)
    assert "Questions: B (60) and A (100) share 60; their differences are of these." in page
    assert "Questions:" not in page_of(run("A", 60), run("B", 60), differences=shared)
    assert "B and A share no question" in page_of(run("A", 60), run("B", 60), pairs=[("A", "B")])


def test_many_warnings_are_folded():
    tasks = [{"identity": {"graders": {f"t{i}": v for i in range(12)}}} for v in "xy"]
    source = comparison_report(compare(*(small(name=n, manifest=m) for n, m in zip("AB", tasks, strict=True))))
    assert "4 more" in Page(source).text
    assert words(source).count("The graders of t") == 12
