"""Characters that a reader does not see, or that move or reorder others, made visible."""

from __future__ import annotations

import re

_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_JOINING = "\u0600-\u061b\u061d-\u109f\u1780-\u17b3\u17b6-\u17ff\u1800-\u180a\u1810-\u18af"
"""Letters and marks of scripts in which a joiner changes the shape of its neighbours: Arabic, those of India, Khmer."""
_INVISIBLE = re.compile(
    # Joiners that write an emoji or a word stay, and so does the one selector behind what it selects.
    f"(?:(?<=[{_EMOJI}])|(?<=[{_EMOJI}]\ufe0f))\u200d(?=[{_EMOJI}])|(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])"
    f"|(?<=[{_EMOJI}#*0-9])[\ufe0e\ufe0f]"
    "|([\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\u2028\u2029\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff\ud800-\udfff"  # separators, non-characters, lone surrogates
    "\u070f\u2800\U000110bd\U000110cd\U00013430-\U0001345f\U00016fe4\U0001bca0-\U0001bca3"  # what draws nothing
    "\U0001d159\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff])"  # tags, and selectors that a text can be hidden in
)


def visible(text: str) -> str:
    """The text with every character that hides, moves or reorders others made visible, as `⟨U+202E⟩`.

    These are control characters, bidirectional controls, zero-width characters, variation selectors, tags, lone
    surrogates, non-characters and the Unicode line separators. Tabs and line feeds stay; CR LF becomes a line feed.
    What is left is legal in XML. Joiners stay inside an emoji, and inside words of scripts that need them.
    """
    if text.isascii() and text.isprintable():
        return text
    return _INVISIBLE.sub(lambda m: f"⟨U+{ord(m[1]):04X}⟩" if m[1] else m[0], text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """`visible`, with line feeds and tabs made visible too: a name, which may begin no line of its own."""
    return re.sub(r"[\n\t]", lambda m: f"⟨U+{ord(m[0]):04X}⟩", visible(text))


def escaped(text: str) -> str:
    """A JSON text with the same characters as JSON's own escapes, which changes nothing of what it says."""
    return _INVISIBLE.sub(lambda m: _escape(m[1]) if m[1] else m[0], text)


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + ((code - 0x10000) >> 10):04x}\\u{0xDC00 + ((code - 0x10000) & 0x3FF):04x}"
