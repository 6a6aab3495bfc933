"""simple-evals: its HTML reports, and the `_allresults.json` that later versions write.

Both hold an example as the same piece of HTML: prompt, sampled message, right answer, extracted answer and score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec

from calibench.errors import DataError
from calibench.exchange.readers.base import AnswerLog, Columns, Logged, Reader, Start, Tell, document, nothing_found
from calibench.records import Outcome
from calibench.tasks import table

_EXAMPLE = "<h3>Prompt conversation</h3>"
_NAME = re.compile(r"(?P<task>[^_]+)_(?P<model>.+?)(?:_DEBUG)?(?:_\d{8}_\d{6})?(?:_allresults)?\.(?:html|json)")
_VERDICTS: dict[str, Outcome] = {
    "true": "correct", "1": "correct", "1.0": "correct", "false": "incorrect", "0": "incorrect", "0.0": "incorrect"
}  # fmt: skip
_LONGEST = 2**29


class _Results(msgspec.Struct):
    htmls: list[str]
    score: float | None = None
    metrics: dict[str, Any] | None = None


class _Example(HTMLParser):
    """Turns (role, text) and results of one example."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.turns: list[tuple[str, str]] = []
        self.results: dict[str, str] = {}
        self._role = ""
        self._held: list[str] | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        kinds = (dict(attributes).get("class") or "").split()
        if tag == "div" and kinds[:1] == ["message"]:
            self._role = " ".join(kinds[1:])
        elif tag in ("pre", "p") and self._held is None:
            self._held = []

    def handle_data(self, data: str) -> None:
        if self._held is not None:
            self._held.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("pre", "p") or self._held is None:
            return
        text, self._held = "".join(self._held), None
        if tag == "pre":
            self.turns.append((self._role, text))
        elif ": " in f"{text} ":
            name, _, value = text.partition(":")
            self.results[name.strip()] = value.strip()


def _recognizes(start: Start) -> bool:
    return _EXAMPLE in start.text or bool(re.match(r'\s*\{\s*"score"\s*:', start.text) and '"htmls"' in start.text)


def _read(paths: Sequence[Path], tell: Tell, _columns: Columns) -> AnswerLog:
    return AnswerLog("simple-evals", (answer for path in paths for answer in _answers(path, tell)))


def _answers(path: Path, tell: Tell) -> Iterator[Logged]:
    named = _NAME.fullmatch(path.name)
    if named is None:
        tell(f"{path}: task and model are not known: its name is not that of simple-evals, TASK_MODEL.html")
    for number, html in enumerate(_examples(path, tell), 1):
        place = f"{path}, example {number:,}"
        example = _Example()
        example.feed(html)
        example.close()
        if len(example.turns) < 2 or example.turns[-1][0] != "assistant":
            raise DataError(f"{place}: expected a prompt and the message that was sampled")
        prompts = [text for role, text in example.turns[:-1] if role == "user"]
        score, gold = example.results.get("Score", ""), example.results.get("Correct Answer")
        verdict = _VERDICTS.get(score.lower())
        extracted = example.results.get("Extracted Answer")
        yield Logged(
            place=place,
            task=named["task"] if named else path.stem,
            model=named["model"] if named else None,
            sample=None,
            prompt=prompts[-1] if prompts else None,
            gold=(gold,) if gold else (),
            text=example.turns[-1][1],
            verdict=verdict,
            answer=None if extracted in (None, "None") else extracted,
            judged_by="score" if verdict else None,
        )


def _examples(path: Path, tell: Tell) -> Iterator[str]:
    if path.suffix == ".json":
        yield from document(path, _Results).htmls
        return
    with table.file_errors(path), table.open_text(path) as file:
        text = file.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        raise DataError(f"{path}: expected at most {_LONGEST:,} characters")
    parts = text.split(_EXAMPLE)[1:]
    if "</html>" not in text[-100:]:
        tell(f"{path}: the report ends in the middle of an example, which is left out")
        parts = parts[:-1]
    if not parts:
        raise nothing_found([path], "examples of simple-evals")
    yield from (f"{_EXAMPLE}{part}" for part in parts)


READER = Reader(
    description="HTML reports and *_allresults.json of simple-evals",
    recognizes=_recognizes,
    read=_read,
)
