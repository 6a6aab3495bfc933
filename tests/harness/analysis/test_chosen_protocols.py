"""Votes, maps, thresholds and labels of a run whose reasonings were also cut at budgets: they are of whole generations
unless a budget is named."""

import numpy as np
import pytest
from msgspec import to_builtins
from msgspec.structs import replace
from some_records import generation, question
from some_runs import MANIFEST, identity_of

import calibench
from calibench.analysis.label_table import drawn
from calibench.cli import main
from calibench.errors import InputError
from calibench.records import Confidence, Grade
from calibench.store import RunFile

WHOLE, CUT = "stated", "stated@16"


def made(folder, protocols, questions=60):
    """Two draws of each question; half of the whole ones are right, all of those that were cut."""
    rng = np.random.default_rng(0)
    with RunFile.create(folder) as run:
        for i in range(questions):
            run.write([question(i)])
            for draw in range(2):
                right, value = bool(rng.random() < 0.5), float(rng.choice([0.6, 0.8, 0.9]))
                for protocol in protocols:
                    key = {"task": "t", "question_id": f"q{i}", "protocol": protocol, "draw": draw}
                    outcome = "correct" if right or protocol == CUT else "incorrect"
                    answer = "1" if outcome == "correct" else "2"
                    run.write([
                        replace(generation(i, draw), protocol=protocol),
                        Grade(**key, answer=answer, outcome=outcome, grader="number/1"),
                        Confidence(**key, method="stated", value=value, status="ok", raw=None),
                    ])  # fmt: skip
        asked = {"questions": questions, "draws": 2, "methods": ["stated"]}
        scope = {"t": dict.fromkeys(protocols, asked)}
        run.update_manifest(**MANIFEST | {"name": "a", "scope": scope, "identity": identity_of("t")})
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same run with and without a budget."""
    folder = tmp_path_factory.mktemp("runs")
    return made(folder / "with" / "a", [WHOLE, CUT]), made(folder / "without" / "a", [WHOLE])


ANALYSES = {
    "votes": {},
    "recalibrate": {"maps": "platt"},
    "threshold": {"precision": 0.6},
}


def without_notes(found):
    return {name: value for name, value in to_builtins(found).items() if name != "notes"}


@pytest.mark.parametrize(("name", "options"), ANALYSES.items(), ids=ANALYSES)
def test_a_budget_changes_nothing_of_whole_generations_and_is_analysed_where_it_is_named(runs, name, options):
    analyse = getattr(calibench, name)
    cut, whole = (analyse(run, **options) for run in runs)
    assert without_notes(cut) == without_notes(whole)
    note = f"a: left out, being answers behind a part of the reasoning: {CUT}; --protocol names them"
    assert {*cut.notes} - {*whole.notes} == {note}
    named = analyse(runs[0], protocol=CUT, **options)
    assert note not in named.notes
    with pytest.raises(InputError, match="has no answers under the protocol 'stated@8'; it has: stated, stated@16"):
        analyse(runs[0], protocol="stated@8", **options)


def test_each_protocol_that_is_named_has_votes_and_a_rule_of_its_own(runs):
    metrics = calibench.votes(runs[0], protocol=[WHOLE, CUT]).runs[0].metrics
    majority = {
        m.protocol: m.value for m in metrics if (m.task, m.metric, m.subset) == ("t", "majority_accuracy", "k=2")
    }
    assert majority[CUT] == 1 > majority[WHOLE]
    both = calibench.threshold(runs[0], precision=0.9, protocol=[WHOLE, CUT])
    assert [rule.protocol for rule in both.tried] == [WHOLE, CUT]
    assert both.policy.identity["protocol"] == CUT
    assert both.tried[0].alpha == pytest.approx(calibench.threshold(runs[0], precision=0.9).tried[0].alpha / 2)


def test_the_commands_name_the_protocol_of_each_row_where_there_are_several(runs, tmp_path, capsys):
    out, both = str(tmp_path), f"{WHOLE},{CUT}"
    assert main(["votes", str(runs[0]), "--protocol", both, "--out", out]) == 0
    assert f"t · stated ({CUT})" in capsys.readouterr().out
    assert main(["recalibrate", str(runs[0]), "--map", "platt", "--protocol", both, "--out", out]) == 0
    assert f"platt · stated ({WHOLE})" in capsys.readouterr().out
    threshold = ["threshold", str(runs[0]), "--precision", "0.2", "--out"]
    assert main([*threshold, f"{out}/both.json", "--protocol", both]) == 0
    assert f"all · stated ({CUT})" in capsys.readouterr().out
    assert main([*threshold, f"{out}/whole.json"]) == 0
    assert "left out, being answers behind a part of the reasoning" in capsys.readouterr().err


def test_answers_that_were_cut_are_not_drawn_to_be_labelled(runs):
    with_budget, without = (calibench.open_run(run) for run in runs)
    with with_budget, without:
        assert drawn(with_budget, 40) == drawn(without, 40)
