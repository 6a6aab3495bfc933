"""The pages as a reader's browser parses them."""

import base64
import gzip
import hashlib
import json
import re
from collections import Counter
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_run import HOSTILE, METHODS, TASKS

from calibench.metrics.measures import infos
from calibench.records import Metric, Reliability, ReliabilityBin, Scorecard
from calibench.reports.run import run_report
from calibench.reports.tables import headline
from calibench.reports.text import number, visible
from calibench.results import AnswerSample, GalleryItem, OutcomeCount, RunSummary, SampledAnswer, Spread

replace = msgspec.structs.replace
HTML = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "footer",
        "main",
        "nav",
        "section",
        "article",
        "h1",
        "h2",
        "h3",
    ),
    *(
        "p",
        "a",
        "b",
        "em",
        "span",
        "strong",
        "small",
        "br",
        "bdi",
        "ol",
        "ul",
        "li",
        "dl",
        "dt",
        "dd",
        "div",
        "details",
        "summary",
    ),
    *("table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption"),
}
SVG = {"svg", "g", "path", "use", "defs", "clippath", "rect", "circle", "text", "title"}
EMPTY = {"meta", "br"}


class Page(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.attributes, self.texts, self.open = Counter(), [], [], []
        self.feed(source)
        self.text = "".join(self.texts)

    def handle_starttag(self, tag, attributes):
        self.elements[tag] += 1
        self.attributes += [(tag, *pair) for pair in attributes]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements[tag] += 1
        self.attributes += [(tag, *pair) for pair in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def values(self, name):
        return [value for _, key, value in self.attributes if key == name]


@pytest.fixture(scope="module")
def run_source(summary):
    return run_report(summary)


@pytest.fixture(scope="module", params=["run", "two runs", "four runs"])
def source(request, run_source, compared_source, ladder_source):
    return {"run": run_source, "two runs": compared_source, "four runs": ladder_source}[request.param]


def test_a_page_holds_only_known_elements_and_no_way_out(source):
    page = Page(source)
    assert not page.open
    assert set(page.elements) <= HTML | SVG
    assert not [key for _, key, _ in page.attributes if key.startswith("on") or key in ("src", "srcset", "action")]
    assert all(value.startswith("#") for value in page.values("href"))
    assert not re.search(r"url\((?!#)|@import", source)


def test_a_page_forbids_scripts_and_network(source):
    (policy,) = [value for value in Page(source).values("content") if "default-src" in value]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "script-src" not in policy


def test_the_browser_of_answers_is_the_one_script_and_the_policy_names_its_hash(summary):
    item = SampledAnswer(
        task=HOSTILE, question_id=HOSTILE, protocol="stated", draw=0, question=HOSTILE, choices=(), gold=(HOSTILE,),
        outcome="correct", answer=HOSTILE, grader="number/1", detail=None, reasoning=HOSTILE, text=HOSTILE, tokens=None,
        readings=(),
    )  # fmt: skip
    answers = AnswerSample(items=(item,), n_total=1, methods=("stated",))
    source = run_report(replace(summary, answers=answers))
    assert HOSTILE not in source
    data, script = re.findall(r"<script[^>]*>(.*?)</script>", source, re.DOTALL)
    content = json.loads(gzip.decompress(base64.b64decode(data)))
    assert content["items"][0]["question"] == HOSTILE
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{hashed}'; style-src" in source


def test_ids_are_unique_and_references_lead_somewhere(source):
    page = Page(source)
    ids = Counter(page.values("id"))
    assert set(ids.values()) == {1}
    assert {value[1:] for value in page.values("href")} | set(page.values("aria-labelledby")) <= set(ids)


def test_figures_have_captions_and_descriptions_and_tables_have_scopes(source):
    page = Page(source)
    assert page.elements["figure"] == page.elements["figcaption"]
    described = [t for t, key, _ in page.attributes if t == "svg" and key in ("aria-label", "aria-hidden")]
    assert len(described) == page.elements["svg"]
    assert page.elements["th"] == len([t for t, key, _ in page.attributes if (t, key) == ("th", "scope")])


def test_pages_are_small_and_encodable(source):
    assert len(source.encode()) < 2_000_000


def test_hostile_text_is_shown_literally(source):
    assert HOSTILE not in source
    assert visible(HOSTILE)[:30] in Page(source).text
    assert "49" + " $" not in Page(source).text


def test_every_headline_number_stands_in_the_page(run_source, summary):
    text = Page(run_source).text
    for row in headline(summary.scorecard):
        for name in ("accuracy", "coverage", "mean_confidence", "ece", "brier"):
            assert f"{number(row[name]['value'])}[{number(row[name]['low'])}, {number(row[name]['high'])}]" in text


def test_an_undefined_number_is_a_dash_with_its_reason(run_source):
    text = " ".join(Page(run_source).text.split())
    assert "—all answers have the same outcome; AUROC needs both" in text
    assert not re.search(r"\b(nan|None|inf)\b", text)


def test_long_output_says_how_much_is_left_out(run_source):
    assert "97,000 characters left out here" in Page(run_source).text
    assert "x" * 3001 not in run_source


def test_control_and_direction_characters_are_made_visible(source):
    assert "⟨U+202E⟩" in source
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\ud800-\udfff]", source)


def test_one_diagram_per_task_and_method_and_one_level_figure_per_task_with_levels(run_source):
    figures = len(TASKS) * len(METHODS)
    assert Page(run_source).elements["figure"] == figures + 2


def test_equal_summaries_give_equal_pages(run_source, summary):
    assert run_report(summary) == run_source


# -- what a page says -------------------------------------------------------------------------------------------------


def metric(name, value, low=None, high=None, *, task="gsm8k", method="stated", subset="all", reason=None):
    return Metric(
        task=task, protocol="stated", method=method, subset=subset, metric=name, value=value, low=low, high=high,
        n_used=90, n_total=100, convention="as is", reason=reason,
    )  # fmt: skip


def small(*metrics, name="small", kind=None, gallery=(), manifest=None, outcomes=None):
    outcomes = outcomes or {"correct": 60, "incorrect": 40}
    return RunSummary(
        name=name, kind=kind, model="m", manifest=manifest or {}, gallery=gallery,
        scorecard=Scorecard(metrics=metrics or (metric("accuracy", 0.6, 0.5, 0.7),), reliability=(), measures=infos()),
        counts=(OutcomeCount(task="gsm8k", protocol="stated", domain="math", outcomes=outcomes, confidences={}),),
    )  # fmt: skip


def words(summary):
    return " ".join(Page(run_report(summary)).text.split())


@pytest.mark.parametrize(
    ("gap", "low", "high", "says"),
    [
        (0.2, 0.1, 0.3, "Overconfident"),
        (-0.2, -0.3, -0.1, "Underconfident"),
        (0.1, -0.01, 0.2, "Neither shown"),
        (0.1, 0.0, 0.2, "Neither shown"),
        (0.1, None, None, "Nothing can be said"),
        (None, None, None, "Nothing can be said"),
    ],
)
def test_a_verdict_goes_no_further_than_its_interval(gap, low, high, says):
    page = words(small(
        metric("accuracy", 0.6, 0.5, 0.7, task="macro"), metric("mean_confidence", 0.8, 0.7, 0.9, task="macro"),
        metric("signed_gap", gap, low, high, task="macro", reason=None if gap is not None else "no confidence at all"),
    ))  # fmt: skip
    verdicts = {"Overconfident", "Underconfident", "Neither shown", "Nothing can be said"}
    assert {v for v in verdicts if v in page} == {says}
    assert gap is not None or "no confidence at all" in page


def test_a_run_without_confidences_has_a_page():
    parts = [{"task": "macro"}, {}, {"subset": "level=1"}, {"subset": "level=2"}]
    page = words(small(*(metric("accuracy", 0.6, 0.5, 0.7, method="none", **part) for part in parts)))
    assert "0.600[0.500, 0.700]" in page
    assert "No confidence was asked for" in page
    assert "Nothing can be said" not in page


def test_a_reason_that_leaves_all_of_calibration_undefined_is_said_once_per_row():
    names = ("mean_confidence", "signed_gap", "ece", "ece_noise_floor", "brier", "auroc")
    page = words(small(metric("accuracy", 0.6), *(metric(name, None, reason="nobody is sure") for name in names)))
    assert page.partition("Reliability diagrams")[0].count("nobody is sure") == 1


def test_levels_have_diagrams_of_their_own_with_numbers():
    def diagram(subset, n):
        full = ReliabilityBin(
            low=0.8, high=0.9, n=n, confidence=0.85, accuracy=0.25, accuracy_low=0.1, accuracy_high=0.4, noise_low=0.7,
            noise_high=0.95, n_correct=n // 4, n_incorrect=n - n // 4,
        )  # fmt: skip
        return Reliability(
            task="gsm8k", protocol="stated", method="stated", subset=subset, n_used=n, n_total=n, convention="",
            bins=(full,),
        )  # fmt: skip

    of_levels = [metric(name, 0.6, subset=f"level={k}") for k in (1, 2) for name in ("accuracy", "ece")]
    run = replace(small(*of_levels), by_subset=(diagram("level=1", 40), diagram("level=2", 20)))
    page = Page(run_report(run))
    labels = [value for value in page.values("aria-label") if value.startswith("Reliability of gsm8k by stated, level")]
    assert [label.partition(";")[0][-7:] for label in labels] == ["level 1", "level 2"]
    text = " ".join(page.text.split())
    assert "Level 1ECE 0.600, n = 40" in text
    assert "0.8–0.90.250 40[0.100, 0.400]0.250 20" in text
    assert "Reliability diagrams by level" not in words(small(*of_levels))


def test_an_unfinished_run_and_its_notes_are_announced():
    page = words(small(manifest={"complete": False, "notes": ["no <chat> template"]}))
    assert "This run is not complete" in page
    assert "no <chat> template" in page


def test_a_method_that_says_the_same_of_every_answer_of_several_tasks_is_named_once():
    def spread(task, distinct):
        return Spread(
            task=task, protocol="stated", method="asked", n=50, distinct=distinct, deviation=0.0, label_mass=None,
            example=None, copies=0,
        )  # fmt: skip

    def page(*spreads):
        return words(replace(small(), spreads=spreads))

    several = page(spread("gsm8k", 1), spread("creak", 1), spread("popqa", 3))
    assert several.count("tells none apart") == 1
    assert "asked: the same confidence for every answer of a task, so it tells none apart: gsm8k, creak." in several
    assert "gsm8k, asked: the same confidence for each of 50 answers" in page(spread("gsm8k", 1), spread("popqa", 3))


@pytest.mark.parametrize(("truncated", "announced"), [(5, False), (6, True)])
def test_much_truncation_is_announced(truncated, announced):
    page = words(small(outcomes={"correct": 100 - truncated, "truncated": truncated}))
    assert ("of the generations are truncated" in page) == announced


def test_imputation_scenarios_stand_beside_the_measured_number_where_confidences_are_missing():
    values = {"": 0.2, "_missing_worst": 0.31, "_missing_half": 0.26, "_missing_best": 0.17}
    scenarios = [metric(f"brier{key}", value) for key, value in values.items()]
    whole = small(*scenarios)
    (counts,) = whole.counts
    read = replace(whole, counts=(replace(counts, confidences={"stated": {"ok": 100}}),))
    assert "Every answer that could be graded has a confidence." in words(read)
    assert "has a confidence." not in words(whole)  # none was asked for
    scenarios[0] = replace(scenarios[0], n_used=80)
    assert re.search(r"brier\s*0\.200\s*80of 100\s*0\.310\s*0\.260\s*0\.170", words(small(*scenarios)))


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_is_shown_literally_everywhere(value):
    page, plain = (Page(run_report(small(gallery=(case(v),), manifest={"key": v}))) for v in (value, "q"))
    assert page.elements == plain.elements
    assert page.text.count(visible(value)) >= 6


def case(value):
    return GalleryItem(
        task=value, question_id=value, protocol="stated", draw=0, method=value, confidence=0.9, question=value,
        choices=(value,), gold=(value,), answer=value, reasoning=value, text=f"<think>{value}</think>{value}",
    )  # fmt: skip
