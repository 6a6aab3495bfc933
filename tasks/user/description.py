"""What a user says about a table of questions."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, urlencode


class Description(NamedTuple):
    """What a table holds. Fields have the names of the command line's options."""

    file: str
    grader: str | None = None
    """number, math, choice, alias or code; None for a Python file."""
    question: str = "question"
    answer: str = "answer"
    """For code, the column of a reference program, which may be missing."""
    id: str | None = None
    """None: an id from the content."""
    choices: str | None = None
    """Column with a list of options, or columns with one option each, separated by commas."""
    level: str | None = None
    subject: str | None = None
    tests: str | None = None
    """Column with asserts, for code."""
    labels: str | None = None
    """The answers that there are for `choice` without options, separated by commas; None: yes and no, or true and
    false."""
    instruction: str | None = None
    """The form that the answer takes; None: what suits the grader."""
    separator: str | None = None
    """What separates accepted answers, and options, in one cell."""
    train_file: str | None = None
    """Questions of the same form to train on."""

    def reference(self) -> str:
        """As `tasks.load` takes it behind `file:`; holds neither commas nor colons, but may hold slashes."""
        fields = {name: value for name, value in self._asdict().items() if value is not None and name != "file"}
        changed = {name: value for name, value in fields.items() if value != self._field_defaults[name]}
        return quote(self.file) + ("?" + urlencode(changed, quote_via=quote) if changed else "")
