"""Signs of life: when they come, that they leave the terminal as it was, and that results stay alone."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
import time

import pytest

from calibench.errors import terminal, working


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def soon(monkeypatch):
    """The first sign comes after 0.05 s."""
    for name in ("FIRST_SECONDS", "LOG_SECONDS", "_REFRESH_SECONDS"):
        monkeypatch.setattr(working, name, 0.05)


def wait_for(stream: io.StringIO, text: str) -> None:
    end = time.monotonic() + 20
    while text not in stream.getvalue():
        assert time.monotonic() < end, f"{text!r} did not come, only {stream.getvalue()!r}"
        time.sleep(0.01)


def test_a_terminal_shows_what_is_done_and_is_left_clean(soon, monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with working.working("calibench compare"):
        wait_for(stream, "calibench compare: working, 0 s")
        working.stage("scoring \x1b[2Ja run\n" + "x" * 100)
        wait_for(stream, "scoring ")
    said = stream.getvalue()
    assert "\x1b" not in said
    assert "\n" not in said
    assert said.endswith(" \r")
    assert max(len(line) for line in said.split("\r")) < 80


def test_what_is_told_meanwhile_begins_a_line_of_its_own(soon, monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal.Guarded(stream))
    with working.working("x"):
        wait_for(stream, "x: working")
        terminal.tell("note", "hello")
    before, _ = stream.getvalue().split("note: hello")
    assert before.endswith(" \r")


def test_a_log_gets_lines(soon, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with working.working("x"):
        wait_for(stream, "x: working, 0 s\n")


def test_what_is_quick_says_nothing_and_an_inner_call_leaves_it_to_the_outer(monkeypatch, capsys):
    with working.working("outer"), working.working("inner"):
        working.stage("something")
    assert capsys.readouterr().err == ""
    working.stage("outside")


def test_a_closed_stream_is_no_error(soon, monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with working.working("x"):
        stream.close()
        time.sleep(0.2)


PROGRAM = """
import calibench
from calibench.errors import CalibenchError

def main():
    try:
        calibench.votes("nowhere")
    except CalibenchError as error:
        print(error)
"""
GUARD = 'if __name__ == "__main__":\n    main()\n'


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("main()\n", "votes starts processes, which import {file} again: put the call of line 10 below `if __name__"),
        (GUARD, "nowhere: no run here"),
    ],
)
def test_a_script_without_main_guard_is_told_so_before_anything_starts(tmp_path, end, message):
    file = tmp_path / "script.py"
    file.write_text(PROGRAM + end)
    done = subprocess.run([sys.executable, file], capture_output=True, text=True)
    assert message.format(file=file) in done.stdout, done.stderr


def test_a_program_from_standard_input_is_told_so_and_one_from_the_command_line_is_not():
    done = subprocess.run([sys.executable], input=PROGRAM + GUARD, capture_output=True, text=True)
    assert "this program comes from <stdin>: write it to a file" in done.stdout, done.stderr
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(PROGRAM + GUARD)], capture_output=True, text=True)
    assert "nowhere: no run here" in done.stdout, done.stderr
