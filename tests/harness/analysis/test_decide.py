"""`calibench threshold`, `apply` and `check`: from labelled answers to a policy, its use and its check; refusals."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from msgspec.structs import replace
from some_runs import MANIFEST, identity_of

import calibench
from calibench.cli import main
from calibench.errors import IdentityError, InputError
from calibench.records import Confidence, Generation, Grade, Question
from calibench.store import RunFile


def table(file, n, *, best=0.99, seed=0, label=True, extra=None):
    """n answers: those with a confidence of at least 0.9 are right with the chance `best`, others with 0.6."""
    rng = np.random.default_rng(seed)
    columns = {
        "id": [f"{file.stem}{i}" for i in range(n)],
        "confidence": (confidence := rng.choice([0.5, 0.7, 0.9, 0.95, 1.0], n)),
        **({"correct": np.where(rng.random(n) < np.where(confidence >= 0.9, best, 0.6), "yes", "no")} if label else {}),
        **({extra[0]: [extra[1]] * n} if extra else {}),
    }
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def made_run(
    folder,
    *,
    questions=150,
    draws=1,
    weights="sha256:0",
    prompt="0",
    temperature=0.7,
    tasks=("easy",),
    grader="number/1",
):
    """A run with two methods. Of the task `easy` all confident answers are right, of `hard` none."""
    with RunFile.create(folder) as run:
        records = []
        for task in tasks:
            for i in range(questions):
                records.append(
                    Question(task=task, question_id=f"q{i}", text="?", gold=("1",), domain="math", split="test")
                )
                for draw in range(draws):
                    key = {"task": task, "question_id": f"q{i}", "protocol": "plain", "draw": draw}
                    sure = i % 2 == 0
                    outcome = "abstained" if i == 0 else "correct" if sure and task == "easy" else "incorrect"
                    records += [
                        Generation(
                            **key, seed=draw, prompt_tokens=3, cached_tokens=None, reasoning_tokens=6, answer_tokens=4,
                            finish_reason="stop", latency=None, reasoning_opened=False, reasoning=None, text="1",
                            token_ids=None,
                        ),
                        Grade(**key, answer="1", outcome=outcome, grader=grader),
                        Confidence(**key, method="asked", value=0.95 if sure else 0.4, status="ok", raw=None),
                        Confidence(**key, method="vague", value=0.5, status="ok", raw=None),
                    ]  # fmt: skip
        run.write(records)
        prompts = {f"{task}, plain": prompt for task in tasks} | {"method asked": "0", "method vague": "0"}
        asked = {"questions": questions, "draws": draws, "methods": ["asked", "vague"]}
        run.update_manifest(**{
            **MANIFEST, "name": folder.name, "scope": {task: {"plain": asked} for task in tasks},
            "identity": identity_of(*tasks) | {"weights": weights, "temperature": temperature, "prompts": prompts},
        })  # fmt: skip
    return str(folder)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_from_a_table_to_a_policy_and_on(place, capsys):
    labelled = table(place / "labelled.csv", 600)
    assert main(["threshold", labelled, "--precision", "0.95", "--question", "id", "--out", "p.json"]) == 0
    said = capsys.readouterr().out
    policy = json.loads((place / "p.json").read_text())
    (rule,) = policy["rules"]
    assert rule["threshold"] == 0.71  # the lowest one that keeps 0.7 out
    assert f"{rule['n_automated']:,}" in said
    assert rule["n_right"] / rule["n_automated"] == rule["precision"]
    assert rule["share"] == rule["n_automated"] / 600
    assert policy["identity"] == {"protocol": "predictions", "method": "confidence", "scale": "fraction"}
    assert "exchangeable" in policy["guarantee"]

    new = table(place / "new.csv", 50, label=False, seed=1)
    with (place / "new.csv").open("a") as file:
        file.write("last,\n")
    assert main(["apply", "p.json", new]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [rows[i]["question_id"] for i in (0, 1, -1)] == ["new0", "new1", "last"]
    assert {row["decision"] == "automate" for row in rows if row["confidence"] and float(row["confidence"]) > 0.7} == {
        True
    }
    assert {row["decision"] for row in rows if not row["confidence"] or float(row["confidence"]) < 0.71} == {"review"}

    good, bad = table(place / "good.csv", 400, seed=2), table(place / "bad.csv", 400, best=0.8, seed=3)
    assert main(["check", "p.json", good]) == 0
    assert "no sign" in capsys.readouterr().out
    assert main(["check", "p.json", good, bad, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["drifted"] is True


def test_drift_is_found_again_in_the_same_answers(place, capsys):
    table(place / "labelled.csv", 600)
    policy = calibench.threshold("labelled.csv", precision=0.95, question="id").policy
    good, bad = table(place / "good.csv", 400, seed=2), table(place / "bad.csv", 400, best=0.8, seed=3)
    once = calibench.check(policy, good, bad)
    assert once.drifted
    assert not calibench.check(policy, good).drifted
    assert calibench.check(policy, good, bad, good, bad) == once  # a question counts once
    later = table(place / "later.csv", 900, seed=4)
    assert calibench.check(policy, good, bad, later).tests[0].found_after == once.tests[0].found_after


def test_no_threshold_is_an_answer(place, capsys):
    few = table(place / "few.csv", 40)
    assert main(["threshold", few, "--precision", "0.95", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["reached"] is False
    (rule,) = found["policy"]["rules"]
    assert (rule["threshold"], rule["n_automated"], rule["precision"], rule["tokens_per_correct"]) == (
        None,
        0,
        None,
        None,
    )
    assert 1 <= rule["needed"] <= 60
    applied = calibench.apply("policy.json", few)
    assert set(applied.frame["decision"]) == {"review"}
    assert main(["check", "policy.json", few]) == 0
    assert "nothing was automated" in capsys.readouterr().out


def test_a_run_is_tried_by_every_method_and_task(place):
    run = made_run(place / "run", tasks=("easy", "hard"), draws=3)
    found = calibench.threshold(run, precision=0.8, by="task")
    assert {(r.task, r.method): r.alpha for r in found.tried} == {
        (task, method): pytest.approx(0.1 / 4) for task in ("easy", "hard") for method in ("asked", "vague")
    }
    easy, hard = found.policy.rules
    # One answer of each of 150 questions; the first one is no answer, the 74 others at 0.95 are right.
    assert (easy.task, easy.threshold, easy.n, easy.n_scored, easy.n_automated) == ("easy", 0.41, 150, 149, 74)
    assert easy.tokens_per_correct == 150 * 10 / 74
    assert (hard.task, hard.threshold) == ("hard", None)
    assert found.reached
    alone = calibench.threshold(run, precision=0.8, confidence="asked")
    assert alone.policy.rules[0].alpha == pytest.approx(0.1)
    assert alone.policy.rules[0].task == "all"
    applied = calibench.apply(found.policy, run)
    assert len(applied.frame) == 900
    assert [(c.task, c.automate, c.review) for c in applied.counts] == [("easy", 222, 228), ("hard", 0, 450)]


def test_costs_of_the_policy_and_of_other_thresholds(place, capsys):
    run = made_run(place / "run")
    given = ["--cost-error", "10", "--cost-review", "2", "--cost-token", "0.01"]
    assert main(["threshold", run, "--precision", "0.8", "--confidence", "asked", *given]) == 0
    assert "right with a chance above 80.0 % costs less" in capsys.readouterr().out.replace("\n", " ")
    (costs,) = calibench.threshold(
        run, precision=0.8, confidence="asked", cost_error=10, cost_review=2, cost_token=0.01
    ).costs
    # 74 of 150 answers are sure and right, 75 are at 0.4 and wrong, and one is none; each has 10 tokens.
    assert costs.break_even == pytest.approx(0.8)
    assert costs.all_checked == pytest.approx(100 * (2 + 0.1))
    assert costs.at_threshold.automated == pytest.approx(100 * 74 / 150)
    assert costs.at_threshold.cost == pytest.approx(100 * (2 * 76 / 150 + 0.1))
    assert costs.cheapest.cost == costs.at_threshold.cost
    assert costs.curve[-1].cost == pytest.approx(100 * ((10 * 75 + 2 * 1) / 150 + 0.1))
    assert calibench.threshold(run, precision=0.8).costs == ()


def test_costs_that_cannot_be_known_are_refused(place):
    file = table(place / "t.csv", 300)
    with pytest.raises(InputError, match="cost_error and cost_review go together"):
        calibench.threshold(file, precision=0.8, cost_error=1)
    with pytest.raises(InputError, match=r"t\.csv: cost_token needs the tokens of each answer"):
        calibench.threshold(file, precision=0.8, cost_error=1, cost_review=0.1, cost_token=1)
    with pytest.raises(InputError, match="cost_error: expected a finite number"):
        calibench.threshold(file, precision=0.8, cost_error=-1)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"weights": "sha256:1"}, "weights: sha256:0 in the policy, sha256:1 here"),
        ({"prompt": "1"}, r"prompts\[easy\]: 0 in the policy, 1 here"),
        ({"temperature": 0.0}, "temperature: 0.7 in the policy, 0.0 here"),
        ({"tasks": ("easy", "new")}, r"prompts\[new\]: nothing in the policy, 0 here"),
    ],
)
def test_another_identity_is_refused_by_field(place, other, message):
    policy = calibench.threshold(made_run(place / "run"), precision=0.8).policy
    with pytest.raises(IdentityError, match=message):
        calibench.apply(policy, made_run(place / "other", **other))
    with pytest.raises(IdentityError, match=message):
        calibench.check(policy, place / "other")


def test_labels_by_another_grader_than_the_policys_are_refused_where_they_count(place, capsys):
    run = made_run(place / "run", grader="judge small#0")
    policy = calibench.threshold(run, precision=0.8).policy
    assert policy.identity["graders[easy]"] == "judge small#0"
    other = made_run(place / "other", grader="judge large#1")
    with pytest.raises(IdentityError, match=r"graders\[easy\]: judge small#0 in the policy, judge large#1 here"):
        calibench.check(policy, run, other)
    assert not calibench.check(policy, run).notes
    assert len(calibench.apply(policy, other).frame) == 150, "which goes by no verdict"
    (note,) = calibench.check(policy, table(place / "mine.csv", 20)).notes
    assert "mine.csv does not say its graders, weights" in note
    assert "graders" not in "".join(calibench.apply(policy, place / "mine.csv").notes)
    told = {name: value for name, value in policy.identity.items() if not name.startswith("graders")}
    older = replace(policy, identity=told)
    (note,) = calibench.check(older, run).notes
    assert note.startswith("the policy does not say by which grader it was made: make sure that it is judge small#0")


def test_another_task_scale_method_and_model_are_refused(place):
    run = made_run(place / "run")
    policy = calibench.threshold(run, precision=0.8, by="task").policy
    with pytest.raises(IdentityError, match="task: easy in the policy, hard here"):
        calibench.apply(policy, made_run(place / "other", tasks=("easy", "hard")))
    lacking = replace(policy, identity={**policy.identity, "method": "p_true"})
    with pytest.raises(IdentityError, match="method: p_true in the policy, asked, vague here"):
        calibench.apply(lacking, run)
    of_table = calibench.threshold(table(place / "t.csv", 300, extra=("llm", "a")), precision=0.8, model="llm").policy
    with pytest.raises(IdentityError, match="scale: fraction in the policy, percent here"):
        calibench.apply(of_table, "t.csv", scale="percent")
    with pytest.raises(IdentityError, match="model: a in the policy, b here"):
        calibench.apply(of_table, table(place / "u.csv", 10, extra=("llm", "b")))
    with pytest.raises(IdentityError, match="protocol: predictions in the policy, plain here"):
        calibench.apply(of_table, run)


def test_what_a_file_does_not_say_is_told(place, capsys):
    main(["threshold", made_run(place / "run"), "--precision", "0.8", "--confidence", "asked"])
    table(place / "new.csv", 5, label=False)
    assert main(["apply", "policy.json", "new.csv", "--out", "marked.csv"]) == 0
    told = capsys.readouterr().err
    assert "new.csv does not say its weights" in told
    assert len((place / "marked.csv").read_text().splitlines()) == 6


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: "{", "damaged: expected a policy as JSON"),
        (lambda p: "[]", "expected a policy with the schema 'calibench-policy/1', found None"),
        (lambda p: json.dumps({**p, "schema": "calibench-policy/9"}), "found 'calibench-policy/9'"),
        (lambda p: json.dumps({**p, "margin": 1}), "unknown field `margin`"),
        (lambda p: json.dumps({k: v for k, v in p.items() if k != "rules"}), "missing required field `rules`"),
        (lambda p: json.dumps({**p, "rules": []}), "length >= 1"),
        (lambda p: json.dumps({**p, "rules": [{**p["rules"][0], "threshold": 1.5}]}), "<= 1"),
        (lambda p: json.dumps({**p, "rules": [{**p["rules"][0], "share": -1e-300}]}), ">= 0"),
        (lambda p: json.dumps({**p, "rules": [{**p["rules"][0], "precision_high": 1.1}]}), "<= 1"),
        (lambda p: json.dumps({**p, "rules": [{**p["rules"][0], "tokens_per_correct": -1}]}), ">= 0"),
        (lambda p: json.dumps(p).replace('"level"', '"level": 0.5, "level"'), "the field 'level' stands there twice"),
        (lambda p: json.dumps(p).replace('"n"', '"n": 1, "n"'), "the field 'n' stands there twice"),
        (
            lambda p: json.dumps({**p, "rules": p["rules"] * 2}),
            "one rule for all tasks, or one per task, found all, all",
        ),
        (lambda p: json.dumps({**p, "rules": [{**p["rules"][0], "method": "x"}]}), "method: expected 'confidence'"),
        (
            lambda p: json.dumps({**p, "identity": {k: v for k, v in p["identity"].items() if k != "scale"}}),
            "expected the scale fraction or percent, found None",
        ),
        (lambda p: json.dumps({**p, "rules": [{**p["rules"][0], "n_right": 10**29}]}), "n_automated, n_right to fall"),
    ],
)
def test_a_policy_that_is_none_is_refused(place, capsys, damage, message):
    calibench.threshold(table(place / "t.csv", 300), precision=0.8, out="p.json")
    (place / "p.json").write_text(damage(json.loads((place / "p.json").read_text())))
    for command in ("apply", "check"):
        assert main([command, "p.json", "t.csv"]) == 2
        error = capsys.readouterr().err
        assert error.startswith("calibench: p.json: ")
        assert message in error
        assert error.count("\n") <= 2


@pytest.mark.parametrize(
    ("function", "given", "options", "message"),
    [
        ("threshold", ("t.csv",), {}, "threshold: expected a precision, such as 0.95, found none"),
        (
            "threshold",
            ("t.csv",),
            {"precision": 1},
            r"precision: expected a finite number \(above 0, below 1\), found 1",
        ),
        ("threshold", ("t.csv",), {"precision": 0.9, "by": "level"}, "by: expected one of task, found 'level'"),
        ("threshold", ("t.csv",), {"precision": 0.9, "confidence": "x"}, "no confidences by 'x'; it has: confidence"),
        ("threshold", ("gone",), {"precision": 0.9}, "gone: no run here"),
        ("threshold", ("t.csv",), {"precision": 0.9, "question": "q"}, "t.csv: "),
        ("apply", ("gone.json", "t.csv"), {}, "gone.json: expected a policy file"),
        ("check", ("p.json",), {}, "expected at least one run or file of labelled answers"),
        ("check", ("p.json", "t.csv"), {"colum": 1}, "unknown option 'colum'"),
    ],
)
def test_what_does_not_fit_is_refused(place, function, given, options, message):
    table(place / "t.csv", 300)
    calibench.threshold("t.csv", precision=0.8, out="p.json")
    with pytest.raises(InputError, match=message):
        getattr(calibench, function)(*given, **options)
