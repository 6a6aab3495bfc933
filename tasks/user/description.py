"""What a user says about a table of questions."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

import msgspec

from calibench.errors import InputError
from calibench.fields import Line, Options, fields, option


class Description(Options, frozen=True):
    """What a table holds; its fields are options of the command line."""

    task_file: Annotated[
        Line,
        option(
            "your questions: CSV, TSV, JSON Lines or a JSON array, or a Python file that defines TASK", metavar="FILE"
        ),
    ]
    grader: Annotated[
        Line | None,
        option("how their answers are graded: number, math, choice, alias or code", metavar="NAME"),
    ] = None
    """None for a Python file."""
    question: Annotated[Line, option("", metavar="COLUMN")] = "question"
    answer: Annotated[Line, option("", metavar="COLUMN")] = "answer"
    """For code, the column of a reference program, which may be missing."""
    id: Annotated[Line | None, option("default: ids from the content", metavar="COLUMN")] = None
    choices: Annotated[Line | None, option("options: one column of lists, or a column each", metavar="COLUMNS")] = None
    """Separated by commas."""
    level: Annotated[Line | None, option("difficulty from 1", metavar="COLUMN")] = None
    subject: Annotated[Line | None, option("category", metavar="COLUMN")] = None
    tests: Annotated[Line | None, option("Python asserts, for --grader code", metavar="COLUMN")] = None
    labels: Annotated[
        Line | None,
        option("the possible answers, for --grader choice without --choices", metavar="NAMES"),
    ] = None
    """Separated by commas; None: yes and no, or true and false."""
    map: Annotated[
        Line | None,
        option(
            "what the file's answers mean, as SUPPORT=true,CONTRADICT=false; NEI= leaves such rows out", metavar="NAMES"
        ),
    ] = None
    """Separated by commas."""
    instruction: Annotated[
        Line | None,
        option("the form that the answer takes (default: what suits the grader)", metavar="TEXT"),
    ] = None
    separator: Annotated[
        Line | None,
        option("what separates several accepted answers, or options, in one cell", metavar="TEXT"),
    ] = None
    train_file: Annotated[Line | None, option("questions of the same form to tune on", metavar="FILE")] = None

    def meanings(self) -> dict[str, str] | None:
        """Answer of the file -> what it means, empty where its rows are left out; None: answers mean themselves.

        Raises:
            InputError: a part without `=`, or an answer twice.
        """
        if self.map is None:
            return None
        found: dict[str, str] = {}
        for part in self.map.split(","):
            answer, equals, meaning = (text.strip() for text in part.partition("="))
            if not equals or not answer or answer in found:
                fault = "it stands twice" if answer in found else f"found {part!r:.60}"
                raise InputError(f"--map: expected each answer once, as ANSWER=MEANING, apart by commas; {fault}")
            found[answer] = meaning
        return found

    def reference(self) -> str:
        """As `tasks.load` takes it behind `file:`; holds neither commas nor colons, but may hold slashes."""
        given = msgspec.structs.asdict(self)
        file = given.pop("task_file")
        changed = {name: value for name, value in given.items() if value != fields(Description)[name].default}
        return quote(file) + ("?" + urlencode(changed, quote_via=quote) if changed else "")
