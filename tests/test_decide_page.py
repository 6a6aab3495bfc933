"""docs/decide.md says what is true: its example runs as it stands there, and its commands print what it shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from calibench.cli import main

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "decide.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_example_runs_and_its_commands_print_what_is_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_files, use_python = (code for language, code in BLOCKS if language == "python")
    exec(make_files, {})
    texts = [code for language, code in BLOCKS if not language]
    codes = []
    for command, shown in zip(texts[::2], texts[1::2], strict=True):
        codes.append(main(shlex.split(command)[1:]))
        assert capsys.readouterr().out == shown
    assert codes == [0, 0, 1]
    exec(use_python, {})
    assert capsys.readouterr().out.endswith("True\n")
