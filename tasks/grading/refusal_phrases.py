"""What refusals are made of, in twelve languages: regular expressions, one table per language.

They are written and read in folded letters (`fold`): lower case, without accents, in one form of each sign. `says` are
phrases that decline to answer, `doubts` such that do so unless an answer stands before or behind them, and `bare` such
that decline only if they are the whole answer. A phrase stands at the start of a clause, behind any `prefaces`. `but`
and `answers` begin what may be an answer after all ("I'm not sure, but ..."), and `helps` is what follows a "but" and
is none ("but you could look it up").
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple


class Phrases(NamedTuple):
    says: tuple[str, ...]
    doubts: tuple[str, ...]
    bare: str
    prefaces: str
    but: str
    answers: str
    helps: str


_DROPPED = frozenset(("\u0640", "\u093c", "\u200b", "\u200c", "\u200d", "\ufeff"))
_ONE_FORM = str.maketrans(
    {"’": "'", "‘": "'", "ى": "ي", "ة": "ه", "ँ": "ं", "ß": "ss", "\u00a0": " ", "–": "-", "—": "-"}
)


def fold(text: str) -> str:
    """The text in compatibility characters, without accents, vowel marks and case."""
    return text.lower() if text.isascii() else _plain(text).casefold()


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.translate(_ONE_FORM))
    kept = (c for c in apart if c not in _DROPPED and not 20 <= unicodedata.combining(c) < 240)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_ONE_FORM)


def pattern(written: str) -> str:
    """A regular expression of the tables, in folded letters."""
    return _plain(written)
