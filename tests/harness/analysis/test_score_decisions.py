"""Predicted distributions from a file, held against typed decisions in the published form: runs, pages, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from own_rows import ROWS

from calibench.cli import main
from calibench.records import TypedDecision
from calibench.store import RunFile

DECISIONS = ROWS / "typed_decisions" / "test-00000-of-00001.parquet"


def cases() -> list[dict]:
    from pyarrow import parquet

    return parquet.read_table(DECISIONS).to_pylist()


def mixed(share: float) -> list[dict]:
    """Gold, and the rest uniform: a row for each decision, as boards publish them."""
    rows = []
    for case in cases():
        for name, gold in json.loads(case["gold"]).items():
            of = gold["probabilities"]
            p = {option: share * p + (1 - share) / len(of) for option, p in of.items()}
            rows.append({"id": case["id"], "question": name, "type": gold["type"], "probabilities": p})
    return rows


def write(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def scored(capsys, *arguments: object) -> dict:
    assert main(["score", *map(str, arguments), "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def numbers(found: dict, method: str = "option_probability") -> dict[str, float]:
    rows = found["typed_decisions"]
    return {m["metric"]: m["value"] for m in rows if (m["method"], m["task"], m["subset"]) == (method, TASK, "all")}


TASK = "test-00000-of-00001"


def test_predictions_are_scored_against_gold_and_beside_the_uniform_row(tmp_path, capsys):
    """What is half uniform is half as far from gold, so that its Brier score is a quarter of the uniform one's."""
    file, out = write(tmp_path / "p.jsonl", mixed(0.5)), tmp_path / "run"
    found = scored(capsys, file, "--decisions", DECISIONS, "--out", out)
    mine, uniform = numbers(found), numbers(found, "uniform")
    assert mine["brier_multiclass"] == pytest.approx(uniform["brier_multiclass"] / 4)
    assert mine["rps"] == pytest.approx(uniform["rps"] / 4)
    assert 0 < mine["kl_from_gold"] < uniform["kl_from_gold"] / 2
    assert mine["accuracy"] == 1
    with RunFile.open(out) as run:
        assert len(list(run.select(TypedDecision))) == 30
    assert "Typed decisions" in (out / "report.html").read_text()
    assert main(["report", str(out)]) == 0  # as any run
    assert "KL from gold" in capsys.readouterr().out


def test_models_are_compared_and_cases_may_stand_in_a_row(tmp_path, capsys):
    rows = []
    for model, share in (("a", 0.9), ("b", 0.1)):
        by_case: dict[str, dict] = {}
        for row in mixed(share):
            yes_no = row["type"] == "noul"
            answer = {"noul": row["probabilities"]["true"]} if yes_no else {"probabilities": row["probabilities"]}
            by_case.setdefault(row["id"], {})[row["question"]] = answer
        rows += [{"case_id": case, "model": model, "answers": answers} for case, answers in by_case.items()]
    file, out = write(tmp_path / "p.jsonl", rows), tmp_path / "runs"
    assert main(["score", str(file), "--decisions", str(DECISIONS), "--model", "model", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "kl_from_gold" in text
    found = json.loads((out / "comparison.json").read_text())["typed_decisions"]
    kl = next(d for d in found if (d["metric"], d["task"]) == ("kl_from_gold", TASK))
    assert kl["difference"] > 0.3
    assert kl["low"] > 0
    assert "Typed decisions" in (out / "report.html").read_text()
    assert main(["compare", str(out), "--out", str(tmp_path / "compared")]) == 0
    assert "Typed decisions against a, mean over tasks" in capsys.readouterr().out


def test_a_decision_that_was_not_predicted_is_counted(tmp_path, capsys):
    file = write(tmp_path / "p.jsonl", mixed(0.5)[:-3])
    found = scored(capsys, file, "--decisions", DECISIONS, "--out", tmp_path / "run")
    kl = next(m for m in found["typed_decisions"] if (m["metric"], m["subset"]) == ("kl_from_gold", "all"))
    assert (kl["n_used"], kl["n_total"]) == (27, 30)
    accuracy = next(m for m in found["metrics"] if m["metric"] == "accuracy" and m["task"] == TASK)
    assert accuracy["value"] == pytest.approx(27 / 30)


def first(**changed: object) -> list[dict]:
    return [{**mixed(0.5)[0], **changed}]


@pytest.mark.parametrize(
    ("rows", "said"),
    {
        "sum": (
            lambda: first(probabilities={"lend": 0.5}),
            "p.jsonl:1, field 'probabilities': .* sum to 1, found a sum of 0.5",
        ),
        "option": (lambda: first(probabilities={"sell": 1.0}), "p.jsonl:1, .* found one of 'sell'"),
        "question": (
            lambda: first(question="mood"),
            "p.jsonl:1: predicts 'library_desk_000000/mood', which is not among",
        ),
        "twice": (lambda: first() * 2, "p.jsonl:2: predicts 'library_desk_000000/action' a second time"),
        "no id": (lambda: first(id=None), "p.jsonl:1: expected the field 'id' or 'case_id'"),
        "nothing": (
            lambda: first(probabilities=None),
            "p.jsonl:1: expected 'probabilities' of the options, or 'answers'",
        ),
        "not a number": (lambda: first(probabilities={"lend": None}), "p.jsonl:1.* sum to 1, found a sum of 0"),
        "empty": (list, "p.jsonl: expected rows, found an empty data set"),
    }.values(),
)
def test_what_is_malformed_is_refused_with_its_place_and_nothing_is_written(tmp_path, capsys, rows, said):
    import re

    file = write(tmp_path / "p.jsonl", rows())
    assert main(["score", str(file), "--decisions", str(DECISIONS), "--out", str(tmp_path / "run")]) != 0
    err = capsys.readouterr().err
    assert re.search(said, " ".join(err.split())), err
    assert "Traceback" not in err
    assert not (tmp_path / "run").exists()


def test_options_of_tables_and_runs_of_models_are_refused(tmp_path, capsys):
    file = write(tmp_path / "p.jsonl", mixed(0.5))
    asked = ["score", str(file), "--decisions", str(DECISIONS), "--out", str(tmp_path / "run")]
    assert main([*asked, "--gold", "gold"]) != 0
    assert "--gold is of tables of verdicts" in capsys.readouterr().err
