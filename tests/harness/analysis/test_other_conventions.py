"""`calibench report --convention`: a run's numbers as others compute them, and the table of docs/conventions.md."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

import calibench
from calibench.cli import main
from calibench.errors import InputError
from calibench.metrics.conventions import CONVENTIONS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "conventions.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def errors(tmp_path_factory) -> dict[tuple[str, str], float | None]:
    """(convention, task) -> its calibration error, by the commands of the page."""
    score, report = (shlex.split(line)[1:] for line in PAGE.splitlines() if line.startswith("calibench "))
    out = str(tmp_path_factory.mktemp("conventions"))
    assert main(["score", str(ROOT / score[1]), *score[2:-1], out]) == 0
    assert (score[-2], score[-1], report[0]) == ("--out", report[1], "report")
    found = calibench.report(out, **{report[2].removeprefix("--"): report[3]}).conventions
    kinds = ("ece", "rms_calibration_error")
    return {(name, m.task): m.value for name, metrics in found.items() for m in metrics if m.metric in kinds}


def test_the_table_of_the_page_is_what_the_command_says(errors):
    heading, *rows = re.search(r"^\| convention \|.*\n\|[-:| ]+\n(?:\|.*\n)+", PAGE, re.MULTILINE)[0].splitlines()
    _, _, *cases = (cell.strip(" `") for cell in heading.strip("|").split("|"))
    shown = {}
    for row in rows[1:]:
        name, words, *cells = (cell.strip(" `") for cell in row.strip("|").split("|"))
        assert words == CONVENTIONS[name].words
        shown |= {(name, case): cell for case, cell in zip(cases, cells, strict=True)}
    assert {name for name, _ in shown} == CONVENTIONS.keys()
    assert {key: "–" if (value := errors[key]) is None else f"{value:.3f}" for key in shown} == shown


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Path:
    """A run of 60 of the rows, which is quicker."""
    folder = tmp_path_factory.mktemp("few")
    heading, *rows = (ROOT / "tests" / "golden" / "conventions.csv").read_text().splitlines()
    (folder / "few.csv").write_text("\n".join([heading, *(row for row in rows if row.startswith("few,"))]))
    assert main(["score", str(folder / "few.csv"), "--group", "case", "--out", str(folder / "run")]) == 0
    return folder / "run"


def test_the_command_shows_them_beside_this_projects_own(few, errors, capsys):
    before = (few / "report.html").read_text()
    assert main(["report", str(few), "--convention", "netcal,hle"]) == 0
    said, page = capsys.readouterr().out, (few / "report.html").read_text()
    line = next(line for line in said.splitlines() if line.startswith("few · confidence") and "netcal" in line)
    netcal, here = (f"{errors[name, 'few']:.3f}" for name in ("netcal", "right-closed"))
    assert line.split()[3:6] == ["netcal", netcal, here]
    assert "— few, hle: there are fewer than 200 rows" in said
    assert max(map(len, said.splitlines())) <= 110
    section = re.search(r'<section aria-labelledby="others">.*?</section>', page, re.DOTALL)[0]
    assert f'<td class="num">{netcal}</td>' in section
    assert "netcal 1.4.0" in section
    without = page.replace(section, "").replace('<a href="#others">As others compute it</a> ', "")
    assert without.replace("\n", "") == before.replace("\n", "")


def test_json_has_the_conventions_beside_the_metrics(few, errors, capsys):
    assert main(["report", str(few), "--convention", "torchmetrics", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.keys() == {"conventions", "metrics"}
    ece = {row["task"]: row["value"] for row in found["conventions"]["torchmetrics"] if row["metric"] == "ece"}
    assert ece["few"] == errors["torchmetrics", "few"]
    assert found["metrics"] == json.loads((few / "scorecard.json").read_text())["metrics"]


def test_an_unknown_convention_is_refused_with_those_there_are(few, capsys):
    before = (few / "report.html").stat().st_mtime_ns
    assert main(["report", str(few), "--convention", "netcal,torchmetric"]) == 2
    said = capsys.readouterr().err
    assert "unknown convention 'torchmetric'. Did you mean torchmetrics?" in said
    assert all(name in said for name in (*CONVENTIONS, "all"))
    assert (few / "report.html").stat().st_mtime_ns == before
    with pytest.raises(InputError, match="unknown convention 'x'"):
        calibench.report(few, convention=["x"])
