"""Two checkpoints under equal thinking budgets, one of which declines what the other attempts."""

from __future__ import annotations

from fakes import FakeBackend
from msgspec.structs import replace

from calibench.analysis.compare import compare, numbers
from calibench.cli import main
from calibench.reports.attempts import attempts_table, attempts_text
from calibench.reports.comparison import comparison_report
from calibench.reports.equal_budgets import at_budgets, equal_budgets_table, equal_budgets_text
from calibench.reports.formats import csv
from calibench.reports.tables import comparison_tables, comparison_text
from calibench.store import RunFile


def model(thinks: bool, declines: bool):
    def answer(prompt: str, _seed: int | None) -> str:
        number = int(prompt.partition("What is ")[2].partition(" ")[0])
        if "How likely is it" in prompt:
            return "Confidence: 80%"
        text = f" {2 * number + (not thinks and number % 2)}"
        if declines and number % 3 == 0:
            text = " I don't know"
        if prompt.endswith("Answer:"):
            return text
        return f"<think>{'so ' * 20}</think>Answer:{text}" if thinks else f"It is twice that.\nAnswer:{text}"

    return answer


def test_a_reasoning_and_an_instruct_checkpoint_are_compared_at_each_budget(launch, tmp_path, monkeypatch, capsys):
    folders = [tmp_path / name for name in ("instruct", "reasoning")]
    for folder, given in zip(folders, ((False, True), (True, False)), strict=True):
        options = {"protocol": "plain", "confidence": "asked", "budgets": "0", "name": folder.name}
        launch(FakeBackend(model(*given)), out=str(folder), **options)
    with RunFile.open(folders[0]) as first, RunFile.open(folders[1]) as second:
        numbers_of = [int(q.text.partition("What is ")[2].partition(" ")[0]) for q in first.questions()]
        comparison = compare([first, second])
    assert {d.protocol for d in comparison.differences} == {"plain", "plain@0"}
    odd = sum(number % 2 for number in numbers_of)
    declined = [number for number in numbers_of if number % 3 == 0]
    assert declined
    alone = {
        (name, m.subset, m.metric): m
        for name, card in comparison.attempts.items()
        for m in card.metrics
        if m.task == "gsm8k" and m.protocol == "plain"
    }
    assert alone["reasoning", "attempted=by some", "accuracy_answered"].value == 1
    assert alone["reasoning", "attempted=by some", "accuracy_answered"].n_used == len(declined)
    assert alone["instruct", "all", "declined_known"].value == 1
    answered = len(numbers_of) - len(declined)
    wrong = odd - sum(number % 2 for number in declined)
    assert alone["instruct", "attempted=by all", "accuracy_answered"].value == 1 - wrong / answered
    assert f"{len(declined)}, 1.000" in attempts_text(comparison)
    assert csv(attempts_table(comparison)).count("\n") == 1 + 2 * 2
    assert set(numbers(comparison)["attempts"]) == {"instruct", "reasoning"}
    stand_beside_each_other(comparison, sum(n % 2 == 0 and n % 3 > 0 for n in numbers_of) / len(numbers_of))
    monkeypatch.setattr("calibench.analysis.compare.compare", lambda *_: comparison)
    capsys.readouterr()
    assert main(["compare", *map(str, folders), "--out", str(tmp_path / "c"), "--budgets", "--format", "csv"]) == 0
    assert capsys.readouterr().out == csv(equal_budgets_table(comparison))
    assert main(["compare", *map(str, folders), "--out", str(tmp_path / "c"), "--format", "csv"]) == 0
    tables = [*comparison_tables(comparison), attempts_table(comparison)]
    assert capsys.readouterr().out == "\n".join(map(csv, tables))


def stand_beside_each_other(comparison, share):
    """`share` is how many the instruct checkpoint has right, which the reasoning one always is."""
    rows = {(of.point.budget, of.run): of for of in at_budgets(comparison)}
    assert list(rows) == [(at, run) for at in ("0", "all") for run in ("instruct", "reasoning")]
    assert [of.point.cut for of in rows.values()] == [1, 1, 0, 0]
    assert rows["0", "instruct"].changes == rows["all", "instruct"].changes == {}
    changes = [rows[at, "reasoning"].changes["accuracy"] for at in ("0", "all")]
    assert [(d.a, d.b, d.protocol) for d in changes] == [(share, 1, "plain@0"), (share, 1, "plain")]
    shown = [line.split() for line in equal_budgets_text(comparison).splitlines() if " reasoning " in line]
    assert [line[line.index("reasoning") + 2 :][:2] for line in shown] == [["0.00", "1.000"]] * 2
    assert "plain@" not in comparison_text(comparison), "which has the whole reasonings"
    page = comparison_report(comparison)
    assert "What do they attempt?" in page
    assert page.count("by mean generated tokens of every run") == 2
    assert "protocol plain@0" in page, "of every paired difference, those of budgets are told apart"
    first, *others = comparison.runs
    without = replace(comparison, runs=(replace(first, thinking=()), *others))
    assert equal_budgets_text(without) == ""
    assert "At equal thinking budgets" in page
    assert "At equal thinking budgets" not in comparison_report(without)
