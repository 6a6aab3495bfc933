"""Texts whose readings go with the parser's version: who changes one raises it.

    python tests/harness/prompting/test_parser_version.py     # writes today's readings, once `PARSER` is raised

The texts are taken from the tables of cases beside this file, and stay as they are.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from calibench.prompting.parsing import PARSER, parse

FILE = Path(__file__).parent / "cases" / "readings.json"
RAISE = "texts are read otherwise: raise PARSER in harness/prompting/parsing.py, then run this file as a program"


def reading(asked: dict) -> list:
    parsed = parse(**asked)
    return [parsed.reasoning, parsed.answer_text, parsed.confidence, parsed.status, parsed.truncated]


def test_the_readings_are_those_of_the_parsers_version():
    kept = json.loads(FILE.read_text())
    assert len(kept["readings"]) > 100
    changed = [one["asked"]["text"] for one in kept["readings"] if reading(one["asked"]) != one["reading"]]
    assert not changed, f"{RAISE} ({len(changed)} texts, the first: {changed[0]!r})"
    assert kept["parser"] == PARSER, "PARSER was raised: run this file as a program"


def main() -> str | None:
    kept = json.loads(FILE.read_text())
    now = [{"asked": one["asked"], "reading": reading(one["asked"])} for one in kept["readings"]]
    if now != kept["readings"] and kept["parser"] == PARSER:
        return RAISE
    lines = ",\n".join(f"  {json.dumps(one, ensure_ascii=False)}" for one in now)
    FILE.write_text(f'{{\n "parser": "{PARSER}",\n "readings": [\n{lines}\n ]\n}}\n')
    return None


if __name__ == "__main__":
    sys.exit(main())
