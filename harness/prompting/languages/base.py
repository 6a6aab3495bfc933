"""What a language is: all that is put to a model besides the question, translated from English.

A language is one file in this folder that defines `LANGUAGE`; the file's name is its code. Nothing is asked in English
where a translation is missing: it is refused by name.

A slot of a text stands for what differs from prompt to prompt, as `{labels}`. What stands in it is translated too; only
numbers and the labels of a user's own may stay as they are.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path

from calibench.errors import CapabilityError, unknown_name

ENGLISH = "en"
_SLOT = re.compile(r"\{([a-z]+)\}")
_KEPT = ("labels", "t", "cost", "letter", "low", "high")
"""Slots whose content may be kept."""


class Language:
    """A language that prompts can be in.

    Args:
        name: in English.
        texts: English text -> the same in this language, with the same slots.
        wordings: English question for a confidence -> the same in other words of this language.
    """

    def __init__(self, name: str, texts: Mapping[str, str], wordings: Mapping[str, Sequence[str]] | None = None):
        self.name = name
        self.texts = texts
        self.wordings = wordings or {}

    def says(self, english: str) -> str | None:
        """The text in this language; None if it has no translation."""
        if english in self.texts:
            return self.texts[english]
        for pattern, text in self._slotted:
            if found := pattern.fullmatch(english):
                return self._filled(text, found.groupdict())
        return None

    def _filled(self, text: str, slots: Mapping[str, str]) -> str | None:
        filled = {slot: self._in_slot(slot, content) for slot, content in slots.items()}
        return None if None in filled.values() else _SLOT.sub(lambda slot: filled.get(slot[1]) or slot[0], text)

    def must_say(self, english: str, what: str) -> str:
        """The text in this language; `what` is how messages call it.

        Raises:
            CapabilityError: it has no translation.
        """
        if not english:
            return english
        text = self.says(english)
        if text is None:
            raise CapabilityError(
                f"{what} cannot be asked for in {self.name}: {english[:80]!r} has no translation\n"
                "docs/languages.md lists what each language has, and how to add to it"
            )
        return text

    def must_reword(self, english: str, number: int, what: str) -> str:
        """The question in its wording of that number, from 2 on.

        Raises:
            CapabilityError: it has fewer.
        """
        known = self.wordings.get(english, ())
        if number > 1 + len(known):
            raise CapabilityError(
                f"{what} cannot be asked for in {self.name}, which has {1 + len(known)} wordings of it"
            )
        return known[number - 2]

    def _in_slot(self, slot: str, content: str) -> str | None:
        parts = [self.says(part) for part in content.split(", ")]
        listed = None if None in parts else ", ".join(filter(None, parts))
        return listed or self.says(content) or (content if slot in _KEPT else None)

    @cached_property
    def _slotted(self) -> list[tuple[re.Pattern[str], str]]:
        """The texts that have slots but `{form}`, which is filled when a prompt is made."""
        found = []
        for english, text in self.texts.items():
            if set(_SLOT.findall(english)) - {"form"}:
                parts = _SLOT.split(english)
                pattern = "".join(
                    re.escape(part) if place % 2 == 0 else re.escape("{form}") if part == "form" else f"(?P<{part}>.+?)"
                    for place, part in enumerate(parts)
                )
                found.append((re.compile(pattern), text))
        return found


class _English(Language):
    def says(self, english: str) -> str:
        return english


_SOURCE = _English("English", {})


def own_codes() -> list[str]:
    """Codes of all languages but English."""
    return sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if m.name != "base")


def codes() -> list[str]:
    """Codes of all languages; none is imported."""
    return sorted([ENGLISH, *own_codes()])


@cache
def load(code: str) -> Language:
    """The language of that code.

    Raises:
        InputError: unknown code; the message gives the nearest ones.
    """
    if code == ENGLISH:
        return _SOURCE
    if code not in own_codes():
        raise unknown_name("language", code, codes())
    language: Language = importlib.import_module(f"calibench.prompting.languages.{code}").LANGUAGE
    return language
