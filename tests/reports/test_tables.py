"""The headline table as data, plain text, Markdown and CSV."""

import csv
import io
import re

import pytest
from synthetic_run import HOSTILE

from calibench.metrics.measures import infos
from calibench.records import Metric, Scorecard
from calibench.reports import formats, tables
from calibench.reports.text import label, labels
from calibench.results import Difference


def metric(name, value, low=None, high=None, *, task="gsm8k", protocol="stated", n=90, reason=None):
    return Metric(
        task=task, protocol=protocol, method="stated", subset="all", metric=name, value=value, low=low, high=high,
        n_used=n, n_total=100, convention="", reason=reason,
    )  # fmt: skip


SMALL = Scorecard(
    metrics=(
        metric("accuracy", 0.5, 0.4, 0.6, task="macro", n=99),
        metric("accuracy", 0.5, 0.4, 0.6, n=99),
        metric("coverage", 0.9, 0.83, 0.95),
        metric("mean_confidence", 0.75, 0.7, 0.8),
        metric("ece", 0.25, 0.2, 0.3),
        metric("ece_noise_floor", 0.04),
        metric("brier", 0.125, 0.1, 0.15),
        metric("auroc", None, reason="all these answers are correct"),
        metric("log_loss", 0.7),
    ),
    reliability=(),
    measures=infos(),
)
MEASURES = tables.measures_of([SMALL])


def test_headline_has_one_row_per_task_and_method_with_the_mean_last():
    rows = tables.headline(SMALL)
    assert [row["task"] for row in rows] == ["gsm8k", "macro"]
    assert rows[0]["accuracy"] == {
        "title": "Accuracy", "value": 0.5, "low": 0.4, "high": 0.6, "n_used": 99, "n_total": 100, "reason": None,
    }  # fmt: skip
    assert rows[0]["auroc"]["value"] is None
    assert rows[0]["auroc"]["reason"] == "all these answers are correct"
    nothing = dict.fromkeys(("value", "low", "high", "n_used", "n_total", "reason"))
    assert rows[1]["brier"] == {"title": "Brier"} | nothing


def test_text_is_the_table_that_a_terminal_shows():
    assert tables.text(tables.headline(SMALL)[:1]) == (
        "                Accuracy              Mean confidence       Coverage              n used/total\n"
        "gsm8k · stated  0.500 [0.400, 0.600]  0.750 [0.700, 0.800]  0.900 [0.830, 0.950]  90/100\n"
        "\n"
        "                ECE                   floor  Brier                 AUROC\n"
        "gsm8k · stated  0.250 [0.200, 0.300]  0.040  0.125 [0.100, 0.150]  —\n"
        "\n"
        "— gsm8k · stated, AUROC: all these answers are correct"
    )


def test_text_of_a_run_without_confidences_is_its_accuracy():
    rows = tables.headline(Scorecard(metrics=(metric("accuracy", 0.5, 0.4, 0.6),), reliability=(), measures=infos()))
    assert tables.text(rows) == (
        "                Accuracy              n used/total\n"  #
        "gsm8k · stated  0.500 [0.400, 0.600]  90/100"
    )


def test_text_of_long_names_and_several_protocols_stays_within_the_terminal(summary):
    tall = [m for m in SMALL.metrics if m.reason is None]
    other = [metric(m.metric, m.value, m.low, m.high, protocol="top_k", task="a long name of a task" * 9) for m in tall]
    rows = tables.headline(Scorecard(metrics=(*tall, *other), reliability=(), measures=infos()))
    wide = [tables.text(rows), tables.text([r for r in tables.headline(summary.scorecard) if r["auroc"]["value"]])]
    assert max(len(line) for table in wide for line in table.splitlines()) <= 110


def test_rows_of_one_table_align(summary):
    first, second = tables.text(tables.headline(summary.scorecard)).split("\n\n")[:2]
    for block, heading in ((first, "Coverage"), (second, "Brier")):
        lines = block.splitlines()
        start = lines[0].index(heading)
        assert all(line[start - 1] == " " and line[start] != " " for line in lines)


def test_markdown_cannot_be_broken_by_names(summary):
    table = formats.markdown(tables.headline_table({"": summary.scorecard})).splitlines()
    cells = {line.replace("\\|", "").count("|") for line in table}
    assert cells == {len(tables.columns(MEASURES)) + 3}, "a column of the tasks and one of the methods"
    assert "<script" not in "".join(table).replace("\\<", "")


def test_csv_keeps_all_digits_and_leaves_undefined_empty(summary):
    rows = list(csv.DictReader(io.StringIO(formats.csv(tables.headline_table({"": summary.scorecard})))))
    expected = {(r["task"], r["method"]): r for r in tables.headline(summary.scorecard)}
    assert len(rows) == len(expected)
    for row in rows:
        source = expected[row["task"], row["method"]]
        assert float(row["ece"]) == source["ece"]["value"]
        assert int(row["ece_n_used"]) == source["ece"]["n_used"]
    (hostile,) = [r for r in rows if r["task"] == HOSTILE and r["method"] == "stated"]
    assert hostile["auroc"] == ""
    assert hostile["auroc_reason"]


def test_latex_has_the_rules_of_booktabs_and_escapes_names():
    rows = ((formats.name_cell("a_b & 50 % {x} [y] \\\\"), formats.TableCell("−0.5 [−0.6, −0.4]", (-0.5,))),
            (formats.name_cell("c"), formats.TableCell("—", (None,))))  # fmt: skip
    table = formats.Table((formats.name_column("Task"), formats.Column("Gap", ("gap",))), rows)
    assert formats.latex(table) == (
        "\\begin{tabular}{lr}\n\\toprule\nTask & Gap \\\\\n\\midrule\n"
        "a\\_b \\& 50 \\% \\{x\\} {[}y{]} \\textbackslash{}\\textbackslash{} & $-$0.5 {[}$-$0.6, $-$0.4{]} \\\\\n"
        "c & -- \\\\\n\\bottomrule\n\\end{tabular}\n"
    )


def test_a_column_of_names_that_are_all_the_same_is_left_out_but_of_csv():
    rows = tuple((formats.name_cell("micro"), formats.name_cell(name)) for name in ("a", "b"))
    table = formats.Table((formats.name_column("Task"), formats.name_column("Method")), rows)
    assert formats.markdown(table) == "| Method |\n| --- |\n| a |\n| b |\n"
    assert formats.csv(table) == "task,method\nmicro,a\nmicro,b\n"


@pytest.mark.parametrize("verdict", ["better", "worse", "equivalent", "undecided"])
def test_differences_show_change_interval_and_verdict(verdict):
    row = Difference(
        run_a="A", run_b="B",
        task="gsm8k", protocol="stated", method="stated", subset="level=3", metric="ece", a=0.3, b=0.2, difference=-0.1,
        low=-0.15, high=-0.05, p_value=0.0001, p_holm=0.004, verdict=verdict, n_questions=50, convention="",
    )  # fmt: skip
    heading, line = tables.differences_text([row], MEASURES).splitlines()
    assert [cell.strip() for cell in re.split("  +", line)] == [
        "gsm8k · stated (level=3)", "ece", "0.300", "0.200", "−0.100 [−0.150, −0.050]", "0.004", verdict, "50",
    ]  # fmt: skip
    assert heading.index("verdict") == line.index(verdict)


def test_differences_of_several_protocols_are_told_apart():
    fields = {
        "run_a": "A", "run_b": "B", "task": "gsm8k", "method": "asked", "subset": "all", "metric": "ece", "a": 0.3,
        "b": 0.2, "difference": -0.1, "low": -0.2, "high": 0.0, "p_value": 0.2, "p_holm": 0.4, "verdict": "undecided",
        "n_questions": 50, "convention": "",
    }  # fmt: skip
    rows = [Difference(protocol=protocol, **fields) for protocol in ("plain", "boxed")]
    _, first, second = tables.differences_text(rows, MEASURES).splitlines()
    assert (first[:21], second[:21]) == ("gsm8k · asked (plain)", "gsm8k · asked (boxed)")
    assert "plain" not in tables.differences_text(rows[:1], MEASURES)


def test_undecided_stands_beside_what_could_have_been_seen():
    row = Difference(
        run_a="A", run_b="B",
        task="gsm8k", protocol="stated", method="stated", subset="all", metric="ece", a=0.3, b=0.2, difference=-0.1,
        low=-0.25, high=0.05, p_value=0.2, p_holm=0.4, verdict="undecided", n_questions=50, convention="",
        detectable=0.2143,
    )  # fmt: skip
    assert "undecided, could see 0.214" in tables.differences_text([row], MEASURES)


@pytest.mark.parametrize(
    ("metric", "verdict", "shown"),
    [
        ("ece", "undecided", "undecided"),
        ("mean_confidence", "undecided", "—"),
        ("mean_confidence", "equivalent", "equivalent"),
    ],
)
def test_a_change_of_mean_confidence_is_neither_better_nor_worse(metric, verdict, shown):
    row = Difference(
        run_a="A", run_b="B",
        task="gsm8k", protocol="stated", method="stated", subset="all", metric=metric, a=0.9, b=0.8, difference=-0.1,
        low=-0.12, high=-0.08, p_value=0.0001, p_holm=0.001, verdict=verdict, n_questions=50, convention="",
    )  # fmt: skip
    assert tables.verdict(row, MEASURES) == shown


def test_undefined_differences_are_dashes():
    row = Difference(
        run_a="A", run_b="B",
        task="gsm8k", protocol="stated", method="stated", subset="all", metric="auroc", a=0.7, b=None, difference=None,
        low=None, high=None, p_value=None, p_holm=None, verdict="undecided", n_questions=50, convention="", reason="x",
    )  # fmt: skip
    assert tables.differences_text([row], MEASURES).splitlines()[1].split() == [
        "gsm8k", "·", "stated", "auroc", "0.700", "—", "—", "—", "—", "50",
    ]  # fmt: skip


def test_two_runs_show_every_difference_and_more_runs_the_means_against_the_baseline(compared, ladder):
    of_two = tables.comparison_text(compared)
    assert of_two.startswith("sft on micro against instruct, paired on shared questions\n")
    assert len(of_two.splitlines()) == 3 + len(compared.differences)
    of_four = tables.comparison_text(ladder)
    assert max(map(len, of_four.splitlines())) <= 130
    for run in ladder.runs:
        assert of_four.count(f"\n{label(run.name, 'stated', 30)}") >= 2
    shown = [d for d in ladder.differences if d.run_a == "instruct" and d.task == "macro"]
    shown = [d for d in shown if d.metric in ("accuracy", "ece", "brier", "auroc")]
    assert len(of_four.partition("Against instruct")[2].strip().splitlines()) == 3 + len(shown)


def test_names_that_begin_alike_are_told_apart():
    names = [("gpqa.csv", f"Qwen/Qwen2.5-7B-Instruct-{last}") for last in ("a", "b")]
    assert labels(names, [30, 30]) == ["gpqa.csv · Qwen/Qw…truct-a", "gpqa.csv · Qwen/Qw…truct-b"]
    alike = [("t", f"Qwen/Qwen2.5-Coder-{size}-Instruct") for size in ("7B", "9B")]
    assert labels(alike, [30, 30]) == ["t · Qwen/Qwen2.5-Coder-7B-Instruct", "t · Qwen/Qwen2.5-Coder-9B-Instruct"]
    assert labels(names[:1], [30]) == ["gpqa.csv · Qwen/Qwen2.5-7…"]
