"""The scorecard can be had from the run file by anybody: plain SQL and plain sums, none of the project's numerics."""

import json
import math
import random
import sqlite3
from contextlib import closing
from fractions import Fraction
from itertools import groupby

from some_records import confidence, generation, grade, question
from some_runs import identity_of

from calibench.analysis.report import update
from calibench.store import RunFile


def recompute(file) -> dict[str, float]:
    with closing(sqlite3.connect(file)) as db:
        outcomes = db.execute("SELECT outcome, count(*) FROM grades GROUP BY 1").fetchall()
        rows = db.execute(
            "SELECT value, outcome = 'correct' FROM confidences JOIN grades USING (task, question_id, protocol, draw)"
            " WHERE status = 'ok' AND outcome IN ('correct', 'incorrect')"
        ).fetchall()
    count, n = dict(outcomes), len(rows)
    right = [c for c, y in rows if y]
    wrong = [c for c, y in rows if not y]
    # (lo, hi] with zero in the first bin; the confidences are decimals, so their written form decides the bin
    bin_of = lambda c: max(math.ceil(Fraction(repr(c)) * 10), 1)  # noqa: E731
    bins = [list(g) for _, g in groupby(sorted(rows), key=lambda row: bin_of(row[0]))]
    return {
        "accuracy": count["correct"] / (sum(count.values()) - count["failed"]),
        "accuracy_answered": count["correct"] / (count["correct"] + count["incorrect"]),
        "coverage": n / (sum(count.values()) - count["failed"]),
        "mean_confidence": sum(c for c, _ in rows) / n,
        "signed_gap": sum(c - y for c, y in rows) / n,
        "brier": sum((c - y) ** 2 for c, y in rows) / n,
        "ece": sum(abs(sum(c - y for c, y in b)) for b in bins) / n,
        "mce": max(abs(sum(c - y for c, y in b)) / len(b) for b in bins),
        "auroc": sum((r > w) + (r == w) / 2 for r in right for w in wrong) / (len(right) * len(wrong)),
        "truncated_rate": count["truncated"] / sum(count.values()),
    }


def test_the_scorecard_follows_from_the_run_file_to_1e_9(tmp_path):
    rng = random.Random(0)
    outcomes = ["correct"] * 12 + ["incorrect"] * 8 + ["abstained", "unparsed", "truncated", "failed"]
    with RunFile.create(tmp_path) as run:
        run.write([question(i) for i in range(100)])
        for draw in range(3):
            run.write([generation(i, draw) for i in range(100)])
            run.write([grade(i, rng.choice(outcomes), draw) for i in range(100)])
            run.write([confidence(i, rng.choice([None, *(k / 20 for k in range(21))]), draw) for i in range(100)])
        run.update_manifest(
            name="n", kind=None, model={"name": "m", "revision": None, "lineage": {}}, configuration={}, data={},
            engine={}, notes=[],
            identity=identity_of("t"), complete=True, libraries={}, hardware={}, calibench="0", sessions=[],
        )  # fmt: skip
        update(run)
    written = json.loads((tmp_path / "scorecard.json").read_text())
    rows = written["metrics"]
    card = {r["metric"]: r["value"] for r in rows if r["task"] == "t" and r["subset"] == "all"}
    expected = recompute(tmp_path / "run.sqlite")
    assert {m: abs(card[m] - v) < 1e-9 for m, v in expected.items()} == dict.fromkeys(expected, True)
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as db:
        stored = dict(db.execute("SELECT metric, value FROM metrics WHERE task = 't' AND subset = 'all'"))
    assert stored == card
    whole, *of_levels = ([(b["n_correct"], b["n"]) for b in d["bins"]] for d in written["reliability"])
    added = [tuple(map(sum, zip(*counts, strict=True))) for counts in zip(*of_levels, strict=True)]
    assert added == whole, "each answer is in the bins of its level"
