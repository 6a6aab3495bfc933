"""How untrusted text and numbers are shown."""

import csv
import io
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from calibench.reports import formats, text

any_text = st.text(st.characters(codec=None))


@given(any_text)
@example("\x00\x1b[31m\ud800\u202e\ufffe\x85\r")
def test_visible_text_is_legal_in_html_and_xml(value):
    shown = text.visible(value)
    parsed = ElementTree.fromstring(f"<p>{escape(shown)}</p>".encode()).text or ""
    assert parsed == shown
    assert text.visible(shown) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\tb\r\nc", "a\tb\nc"),
        ("alone\rover", "alone⟨U+000D⟩over"),
        ("\u202eevil", "⟨U+202E⟩evil"),
        ("\ud800", "⟨U+D800⟩"),
        ("שלום 你好 é 👩‍🔬", "שלום 你好 é 👩‍🔬"),
    ],
)
def test_only_characters_that_hide_or_reorder_are_replaced(value, shown):
    assert text.visible(value) == shown


@given(any_text, st.integers(3, 50))
def test_an_excerpt_accounts_for_every_character(value, limit):
    head, omitted, tail = text.excerpt(value, limit)
    assert value.startswith(head)
    assert value.endswith(tail)
    assert len(head) + omitted + len(tail) == len(value)
    assert len(head) + len(tail) == min(limit, len(value))


@given(any_text, st.integers(1, 40))
def test_a_clipped_name_is_one_line_of_the_width(value, width):
    clipped = text.clip(value, width)
    assert len(clipped) <= width
    assert "\n" not in clipped


def test_a_label_keeps_the_method_when_the_task_is_long():
    assert text.label("task" * 50, "p_true", 20) == "tasktaskta… · p_true"
    assert text.label("gsm8k", "stated", 20) == "gsm8k · stated"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (text.number(-0.12345), "−0.123"),
        (text.number(None), "—"),
        (text.signed(0.05), "+0.050"),
        (text.interval(-0.1, 0.25), "[−0.100, 0.250]"),
        (text.interval(None, 0.25), ""),
        (text.p_value(0.0004), "<0.001"),
        (text.p_value(0.0125), "0.013"),
        (text.p_value(None), "—"),
    ],
)
def test_numbers(shown, expected):
    assert shown == expected


@pytest.mark.parametrize("name", ["=HYPERLINK(A1)", "+1", "-1", "@SUM(1)", "\t=1", "＝1", "＋1", "－1", "＠SUM(1)"])
def test_no_name_in_a_table_of_csv_is_a_formula(name):
    table = formats.Table((formats.name_column("Task"),), ((formats.name_cell(name),), (formats.name_cell("a=b"),)))
    assert [*csv.reader(io.StringIO(formats.csv(table)))] == [["task"], [f"'{name}"], ["a=b"]]
