"""What reaches a terminal: nothing that moves the cursor, hides or reorders text, whoever wrote it."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import pty
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from calibench.cli import main, output
from calibench.errors import StorageError, unknown_name
from calibench.errors.characters import escaped, visible
from calibench.errors.terminal import Guarded, guarded, tell
from calibench.reports.text import labels
from calibench.running.progress import Lines, Live

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "a\x1b[2J\x1b]0;t\x07\x08\x9b31m\r\u202e\u2066\u200b\u2060\ufeff\u00ad\U000e0041\U000e0100\ud800\u2028z"


@pytest.mark.parametrize(
    "text",
    [
        "שלום مرحبا नमस्ते 你好 é ñ",
        "می\u200cخواهم क्\u200dष",  # joiners that the words are written with
        "👩\u200d👩\u200d👧 ❤️ 1\ufe0f\u20e3 👩🏽\u200d🔬 🏳\ufe0f\u200d🌈",
        "a\tb\nc",
    ],
)
def test_what_people_write_stays(text):
    assert visible(text) == text


def test_every_character_of_format_is_made_visible_but_signs_of_numbers():
    signs = {0x0600, 0x0601, 0x0602, 0x0603, 0x0604, 0x0605, 0x06DD, 0x0890, 0x0891, 0x08E2}
    formats = [
        c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) == "Cf" and ord(c) not in signs
    ]
    assert [c for c in (*formats, "\u2800", "\u3164", "\U0001d159") if visible(c) == c] == []


@pytest.mark.parametrize("character", sorted({*HOSTILE, *"\u200d\u200c\ufe0f"} - {*"az[2J]0;t31m"}))
def test_what_hides_is_shown(character):
    assert visible(f"a{character}z") == f"a⟨U+{ord(character):04X}⟩z"


def test_json_says_the_same_without_them():
    text = json.dumps({"name": HOSTILE.replace("\ud800", "")}, ensure_ascii=False)
    shown = escaped(text)
    assert json.loads(shown) == json.loads(text)
    assert visible(shown) == shown


def test_all_that_is_printed_is_cleaned(capsys):
    with guarded():
        print(HOSTILE)
        print("note:", HOSTILE, file=sys.stderr)
        sys.stderr.writelines(["\x1b[A", "x\n"])
    out, err = capsys.readouterr()
    for shown in (out, err):
        assert visible(shown) == shown
    assert out.startswith("a⟨U+001B⟩[2J")
    assert not isinstance(sys.stdout, Guarded)


@pytest.mark.parametrize("mark", ["\n", "\r\n\n", "\n\t"])
def test_no_name_begins_a_line_of_its_own(tmp_path, capsys, mark):
    """In tables where it cannot be shortened, in errors, in notes, as a folder."""
    name = f"{'long ' * 12}{mark}report: forged"
    with guarded():
        print(*labels([(name, "stated"), (name.replace(mark, " "), "stated")], [30, 30]), sep="\n")
        output.print_place(Path(name))
        tell("note", f"of {name}")
        Lines().stage(name)
    (tmp_path / f"a{mark}report: forged").write_text("")
    assert main(["score", "x.csv", "--out", str(tmp_path / f"a{mark}report: forged" / "out")]) == 4
    assert main(["run", name, "--tasks", name, "--out", str(tmp_path / "out")]) == 2
    said = "".join(capsys.readouterr())
    assert said.count("report: forged") == 8
    assert not [line for line in said.splitlines() if line.startswith("report: forged")]


def test_a_result_that_the_terminal_cannot_show_is_an_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    with guarded(), pytest.raises(StorageError, match="standard output: cannot write '−' as latin-1"):
        print("−0.05")


def test_a_progress_bar_on_a_terminal_may_begin_its_line_again():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    for text in ("\r 10%|\x1b[31m", "\r 20%", "\x1b[A", "a\rb"):
        Guarded(stream).write(text)
    assert stream.getvalue() == "\r 10%|⟨U+001B⟩[31m\r 20%\x1b[Aa⟨U+000D⟩b"


def test_the_live_table_shows_names_as_they_are(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", Guarded(stream))
    with Live() as live:
        live.stage("reading [red]x[/] \x1b]0;title\x07")
        live.plan("task [/nothing] \u202e", 3)
        print("a warning \x1b[2J", file=sys.stderr)
    shown = stream.getvalue()
    assert "[red]x[/] ⟨U+001B⟩]0;title⟨U+0007⟩" in shown
    assert "task [/nothing] ⟨U+202E⟩" in shown
    assert "\x1b[2J" not in shown


def test_a_command_on_a_terminal(tmp_path):
    """Names of a column, a file and a folder, in an error, as a terminal receives them."""
    file = tmp_path / "a\x1b[2J\u202e.csv"
    file.write_text("confidence,correct\x1b[31m\n0.5,1\n")
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "calibench", "score", str(file), "--out", str(tmp_path / "o\x9b")]
    process = subprocess.Popen(command, stdout=child, stderr=child, stdin=child, cwd=ROOT)
    os.close(child)
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal ends
        while part := os.read(parent, 4096):
            shown += part
    os.close(parent)
    assert process.wait() == 2
    told = shown.decode().replace("\r\n", "\n").replace("\r", "")  # where the machine is slow, signs of life
    assert "a⟨U+001B⟩[2J⟨U+202E⟩.csv" in told
    assert visible(told) == told


def test_numbers_as_json_keep_every_character(capsys):
    output.print_json({"name": "x\u202ey"})
    shown = capsys.readouterr().out
    assert "\u202e" not in shown
    assert json.loads(shown) == {"name": "x\u202ey"}


def test_only_commands_print():
    """They run inside `guarded`; what else prints writes JSON into a pipe, or is told by a command."""
    allowed = ("harness/cli/", "harness/study/", "harness/errors/", "harness/running/progress.py", "harness/model/")
    pipes = ("harness/prompting/renderer.py",)
    own_words = ("tasks/puzzles/shortcuts.py", "harness/lm_eval/__main__.py")
    found = []
    for folder in ("harness", "tasks", "metrics", "reports"):
        for path in (ROOT / folder).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
                around = called in ("sys.__stdout__.write", "sys.__stderr__.write") or (
                    called == "os.write" and ast.unparse(node.args[0]) in ("1", "2")
                )
                prints = called in ("print", "sys.stdout.write", "sys.stderr.write") and not name.startswith(
                    (*allowed, *pipes, *own_words)
                )
                if around or prints:
                    found.append(f"{name}:{node.lineno}")
    assert found == []


def test_an_error_lists_some_of_many_names():
    said = str(unknown_name("column", "c7000", [f"c{number}" for number in range(200_000)]))
    assert said.endswith("c98, c99, and 199,900 more")


def test_a_message_shows_the_ends_of_a_name_of_any_length(tmp_path, capsys):
    (tmp_path / "t.jsonl").write_text('{"' + "n" * 10**6 + '": 1, "correct": "yes"}\n')
    with guarded():
        assert main(["threshold", str(tmp_path / "t.jsonl"), "--precision", "0.9"]) == 2
        with pytest.raises(SystemExit):
            main(["threshold", "--precision", "9" * 10**6, "x.csv"])
    said = capsys.readouterr().err
    assert "t.jsonl" in said
    assert "--confidence-column" in said
    assert len(said) < 10_000
