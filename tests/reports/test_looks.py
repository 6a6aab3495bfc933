"""The pages as they are looked at: contrast, paper, phone, hostile names; and the browser of answers.

One Chromium serves all tests of this file.
"""

import msgspec
import pytest
from chromium import Chromium
from synthetic_run import HOSTILE, NASTY, build, comparison
from test_html import metric, small

from calibench.metrics.measures import infos
from calibench.records import Scorecard
from calibench.reports.browse import browser
from calibench.reports.comparison import comparison_report
from calibench.reports.run import run_report
from calibench.results import AnswerSample, ReadingItem, SampledAnswer, TaskProgress, UnreadItem

pytestmark = pytest.mark.browser

OUTCOMES = ("correct", "incorrect", "unparsed")
LONG = "https://example.org/" + "a" * 300
PAGES = ("run", "comparison", "one class", "no confidence", "empty run")

CONTRAST = """
(() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, :disabled")) continue;
    const style = getComputedStyle(element);
    const text = parse(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(text), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) {
      const name = `${element.tagName}.${element.getAttribute("class")} ${style.color} ${ratio.toFixed(2)}`;
      found.set(name, walker.currentNode.data.slice(0, 40));
    }
  }
  return [...found];
})()
"""
"""What WCAG 2.2 AA asks of text: 4.5 to 1 against what is behind it, large text 3 to 1."""


def answers(n=250):
    return AnswerSample(
        items=tuple(
            SampledAnswer(
                task=("gsm8k", HOSTILE)[i % 2], question_id=f"q{i}", protocol="stated", draw=0,
                question=f"Question {i}: {HOSTILE}", choices=(HOSTILE,), gold=(f"gold {i}", NASTY),
                outcome=OUTCOMES[i % 3], answer=f"answer {i} {LONG}", grader="number/1", detail=HOSTILE,
                reasoning=f"because of needle{i} {HOSTILE}",
                text=f"<think>because of needle{i} {HOSTILE}</think> said {i}",
                tokens=i, readings=(
                    ReadingItem(method="p_true", value=None, status="missing", raw=None),
                    ReadingItem(method="stated", value=(i % 101) / 100, status="ok", raw=HOSTILE),
                ),
            )
            for i in range(n)
        ),
        n_total=10 * n, methods=("p_true", "stated"),
    )  # fmt: skip


def one_class():
    """A run all of whose answers are right, so that much of it is undefined."""
    reason = "all answers have the same outcome; AUROC needs both"
    return small(
        *(
            metric(name, value, task=task, reason=None if value is not None else reason)
            for task in ("gsm8k", "macro")
            for name, value in (("accuracy", 1.0), ("mean_confidence", 0.9), ("signed_gap", -0.1), ("auroc", None))
        ),
        outcomes={"correct": 100},
    )


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    opened = Chromium(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


def empty(name):
    """A run with generations of a task with a hostile name, none of them graded."""
    progress = TaskProgress(task=name, protocol="stated", asked=120, generated=30, graded=0)
    return msgspec.structs.replace(
        build(name=name, model=name, kind="sft", text=name), counts=(), gallery=None, progress=(progress,),
        scorecard=Scorecard(metrics=(), reliability=(), measures=infos()),
    )  # fmt: skip


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Addresses of pages on which every name and text is hostile, too long, or both."""
    folder = tmp_path_factory.mktemp("pages")
    unread = UnreadItem(
        task="gsm8k", question_id="1", protocol="stated", draw=0, outcome="unparsed", question=HOSTILE, text=LONG
    )
    name = f"{HOSTILE} {LONG}"
    run = msgspec.structs.replace(
        build(name=name, model=name, kind="sft", text=name), answers=answers(), unread=(unread,) * 3
    )
    others = [build(name=f"{i} {name}", model=name, kind="instruct", text=name, shift=-0.1 * i) for i in (1, 2)]
    rows = [metric("accuracy", 1.0, task=task, method="none") for task in ("gsm8k", "macro")]
    sources = {
        "run": run_report(run),
        "comparison": comparison_report(comparison(*others, run)),
        "one class": run_report(one_class()),
        "no confidence": run_report(small(*rows)),
        "empty run": run_report(empty(name)),
    }
    for kind, source in sources.items():
        (folder / f"{kind}.html").write_text(source, encoding="utf-8")
    return {kind: (folder / f"{kind}.html").as_uri() for kind in sources}


OPEN_ALL = "document.querySelectorAll('details').forEach((d) => d.open = true)"


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("width", [390, 1400])
def test_hostile_names_are_text_ask_for_nothing_and_scroll_no_page_sideways(chromium, places, kind, width):
    chromium.open(places[kind], width=width)
    chromium.run(OPEN_ALL)
    assert chromium.run("document.documentElement.scrollWidth") == width
    assert chromium.complaints() == []
    assert chromium.requests() == []
    assert chromium.run("[typeof window.pwned, document.images.length, document.scripts.length]") == [
        "undefined", 0, 2 if kind == "run" else 0,
    ]  # fmt: skip


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize(("dark", "media"), [(False, "screen"), (True, "screen"), (False, "print")])
def test_text_has_the_contrast_of_wcag_aa(chromium, places, kind, dark, media):
    chromium.open(places[kind], dark=dark, media=media)
    if media == "screen":
        chromium.run(OPEN_ALL)
    assert chromium.run(CONTRAST) == []


def test_the_measure_of_contrast_finds_grey_on_grey(chromium, places):
    """What makes the test above able to fail."""
    chromium.open(places["run"])
    chromium.run("document.querySelector('h1').style.color = '#aaa'")
    assert len(chromium.run(CONTRAST)) == 1


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_prints_without_what_only_works_on_a_screen(chromium, places, kind):
    chromium.open(places[kind], media="print", width=760)
    assert chromium.pdf().startswith(b"%PDF")
    visible = "[...document.querySelectorAll('nav, summary, form, .answers')].filter((e) => e.checkVisibility()).length"
    assert chromium.run(visible) == 0
    assert chromium.run("document.documentElement.scrollWidth") <= 760


# -- the browser of answers -------------------------------------------------------------------------------------------


@pytest.fixture
def browsing(chromium, places):
    chromium.open(places["run"])
    chromium.run(
        "new Promise((done) => { const wait = () => browser.hidden ? setTimeout(wait, 10) : done(); wait(); })"
    )
    return chromium


SET = """
(name, value) => {{
  const field = document.querySelector(`#browser [name=${{name}}]`);
  field.value = value;
  field.dispatchEvent(new Event('input', {{ bubbles: true }}));
}}
"""


def choose(chromium, **fields):
    for name, value in fields.items():
        chromium.run(f"({SET.format()})({name!r}, {value!r})")


def count(chromium):
    return chromium.run("document.querySelector('#browser [role=status]').textContent")


def rows(chromium):
    return chromium.run("[...document.querySelectorAll('#browser [role=option]')].map((row) => row.textContent)")


def shown(chromium):
    return chromium.run("document.querySelector('.shown').textContent")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 250),
        ({"task": "gsm8k"}, 125),
        ({"outcome": "unparsed"}, 83),
        ({"method": "stated", "low": "90", "high": "95"}, 12),
        ({"method": "p_true", "low": "1"}, 0),
        ({"words": " NEEDLE249 "}, 1),
        ({"outcome": "correct", "task": "gsm8k", "words": "question 1"}, 19),
    ],
)
def test_answers_are_found_by_task_outcome_confidence_method_and_text(browsing, fields, expected):
    choose(browsing, **fields)
    assert count(browsing) == f"{expected} of 250 answers"


def test_answers_are_sorted_by_confidence_or_length(browsing):
    choose(browsing, method="stated")
    assert rows(browsing)[0].startswith("100 %")
    choose(browsing, sort="unsurest")
    assert rows(browsing)[0].startswith("0 %")
    choose(browsing, sort="longest")
    assert "Question 249" in rows(browsing)[0]


def test_an_answer_is_read_whole_with_every_methods_reading(browsing):
    choose(browsing, method="stated", words="needle7 <")
    text = shown(browsing)
    for part in (
        "Question 7:",
        "gold 7",
        "answer 7",
        "incorrect, by number/1",
        "because of needle7",
        "said 7",
        "0.070",
    ):
        assert part in text
    assert HOSTILE in text  # literally
    assert "p_true—missing" in text
    assert "⟨U+202E⟩" in text


def test_the_keyboard_alone_searches_and_reads(browsing):
    browsing.run("document.querySelector('.answers').focus()")
    choose(browsing, sort="key", method="stated")
    first = shown(browsing)
    browsing.press("ArrowDown", "ArrowDown", "ArrowUp")
    assert browsing.run("document.querySelector('.answers').getAttribute('aria-activedescendant')") == "answer-1"
    assert shown(browsing) != first
    browsing.press("End")
    assert browsing.run("document.querySelector('.which').textContent") == "201 to 250"
    browsing.press("Home", "/", *"needle42", "Enter", "ArrowDown")
    assert count(browsing) == "1 of 250 answers"
    assert "because of needle42" in shown(browsing)
    assert browsing.run("document.activeElement.className") == "answers"
    assert browsing.complaints() == []


def test_what_is_left_out_is_said(browsing):
    note = browsing.run("document.querySelector('.browse .note').textContent").split()
    assert " ".join(note).startswith("250 of 2,500 generations: about as many of each task, outcome and tenth")


def test_answers_that_have_no_room_are_left_out(monkeypatch):
    monkeypatch.setattr("calibench.reports.browse.MOST_BYTES", 4_000)
    found = browser(answers())
    assert len(found["data"]) <= 4_000
    assert 10 < found["n"] < 250
