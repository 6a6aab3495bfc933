"""The guides say what is true: their examples run as they stand there, their commands print what is shown, and their
numbers are those of the pages that they are from."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from calibench.cli import main

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "last", "codes"), [("decide", "", [0, 0, 1]), ("getting-started", "## From a", [0] * 5 + [1])]
)
def test_the_commands_of_a_guide_print_what_is_shown(name, last, codes, tmp_path, monkeypatch, capsys):
    """Python makes the files first, and may use them last."""
    monkeypatch.chdir(tmp_path)
    found, shown = [], ""
    for language, code in BLOCK.findall(page(name).partition(last)[0] if last else page(name)):
        if language == "python":
            exec(code, {})
            shown = capsys.readouterr().out
        elif code.startswith("calibench "):
            for line in code.splitlines():
                words, _, file = line.partition(" > ")
                found.append(main(shlex.split(words)[1:]))
                shown = capsys.readouterr().out
                if file:
                    Path(file).write_text(shown)
        else:
            assert shown == code
    assert found == codes
    if name == "decide":
        assert shown.endswith("True\n")
    else:
        assert Path("table.tex").read_text().count("\\toprule") == 2
        assert Path("reliability.pdf").read_bytes().startswith(b"%PDF")


def test_the_numbers_of_the_methods_are_those_of_the_page_of_real_models():
    means: dict[str, list[list[str]]] = {}
    for part in page("real-models").partition("\n## Model against model")[0].split("\n## ")[1:]:
        rows = re.findall(r"^\| mean \| (?:asked|p_true) \| (.*) \|$", part, re.MULTILINE)
        means[part.split("\n")[0]] = [[cell.split()[0] for cell in row.split(" | ")] for row in rows]
    table = re.search(r"^\| checkpoint .*\n.*\n((?:\|.*\n)+)", page("choosing-a-method"), re.MULTILINE)[1]
    shown = {
        row[0]: row[1:]
        for row in ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    }
    assert shown == {
        model: [asked[0], asked[1], asked[3], p_true[3], asked[5], p_true[5]]
        for model, (asked, p_true) in means.items()
    }  # fmt: skip
