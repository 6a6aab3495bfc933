r"""Rewrites mathematics in plain text and Unicode as LaTeX: `√5`, `3*sqrt(13)`, `-pi/6`, `(-∞, 4) ∪ (5, ∞)`, `x²`,
`log_2(8)`, `1.5e3`, `x in (2, 5)`, `[[1, 2], [3, 4]]`, `0.\overline{3}`.

A mixed number becomes one fraction, be it `1 3/4`, `1¾` or `1\frac{3}{4}`; a whole number before an improper fraction
stays as it is. LaTeX that is in the text stays as it is.
"""

from __future__ import annotations

import re
import unicodedata

_SUPERSCRIPTS = re.compile("[⁻⁺⁰¹²³⁴-⁹ⁿ]+")
_VULGAR = re.compile("[\u00bc-\u00be\u2150-\u215e]")
_MIXED = re.compile(
    r"(?<![\w.,^{}/])(?P<whole>\d{1,9})(?:[ ]+(?P<top>\d{1,9})[ ]?/[ ]?(?P<bottom>\d{1,9})(?![\w/])"
    r"|[ ]?\\[dt]?frac\{(?P<ltop>\d{1,9})\}\{(?P<lbottom>\d{1,9})\})"
)
_ROOT = re.compile(
    r"(?<![\\a-zA-Z])(?P<name>sqrt|cbrt|√|∛)[ ]?(?:(?P<bare>\d+(?:\.\d+)?|[a-zA-Zπ])(?![a-zA-Z])|(?=[({]))"
)
_SIGNS = {
    "π": r"\pi ",
    "∞": r"\infty ",
    "∪": r"\cup ",
    "∩": r"\cap ",
    "≤": r"\le ",
    "≥": r"\ge ",
    "≠": r"\ne ",
    "×": r"\cdot ",
    "·": r"\cdot ",
    "⋅": r"\cdot ",
    "±": r"\pm ",
    "°": r"^\circ ",
    "∈": r"\in ",
    "⩽": r"\le ",
    "θ": r"\theta ",
    "α": r"\alpha ",
    "β": r"\beta ",
    "φ": r"\phi ",
    "ϕ": r"\phi ",
    "⩾": r"\ge ",
    "∅": r"\emptyset ",
    "−": "-",
    "–": "-",
    "—": "-",
    "‐": "-",
    "‑": "-",
    "﹣": "-",
    "－": "-",
}
_SCIENTIFIC = re.compile(r"(?<![\w.\\])(\d{1,15}(?:\.\d{1,15})?)[eE]([+-]?\d{1,3})(?![\w.])")
_WORDS = (
    (re.compile(r"(?<![\\a-zA-Z])(?i:pi)(?![a-zA-Z])"), r"\\pi "),
    (re.compile(r"(?<![\\a-zA-Z])(?:infinity|inf|oo)(?![a-zA-Z])"), r"\\infty "),
    (re.compile(r"(?<=[)\]])[ ]*(?:[Uu]|union|or)[ ]*(?=[(\[])"), r" \\cup "),
    (re.compile(r"(?<![\\a-zA-Z])((?:arc)?(?:sin|cos|tan)|(?:sin|cos|tan)h|cot|sec|csc|log|ln|exp)(?![a-z])"), r"\\\1"),
    (_SCIENTIFIC, r"\1 \\cdot 10^{\2}"),
    (re.compile(r"(?<=\b[a-zA-Z]) in (?=[(\[])"), r" \\in "),
    (re.compile(r"<="), r"\\le "),
    (re.compile(r">="), r"\\ge "),
    (re.compile(r"(?<=[\w)}])[ ]?\*[ ]?(?=[\w(\\])"), r" \\cdot "),
)
_FRACTION_OF_PI = re.compile(r"(?<![\w./])(\d{1,9})[ ]?/[ ]?(\d{1,9})[ ]+(?=\\pi)")
_LENGTH = "(?:in|ft|yd|mi|mm|cm|m|km)"
_UNITS = re.compile(
    rf"(?:[ ]+(?:{_LENGTH}\^?[23²³]|(?:{_LENGTH}|kg|g|mg|l|ml|gal)/(?:{_LENGTH}|s|sec|min|hr?|day|l|ml)(?:\^?[23²³])?"
    r"|(?:per[ ]|square[ ]|cubic[ ])?(?!pi\b)[a-z]{2,20})\.?){1,4}\Z"
)
_REPEATING = re.compile(
    r"(?<![\w.])(\d{0,9})\.(\d{0,9})(?:\\overline\{(\d{1,9})\}|\((\d{1,9})\)|\\dot\{?(\d)\}?)(?![\w.])"
)
_ROWS = re.compile(r"\[[ ]?(\[[^\[\]]{1,200}\](?:[ ]?,[ ]?\[[^\[\]]{1,200}\]){1,20})[ ]?\]")


def as_latex(text: str) -> str:
    """The text with plain mathematics rewritten; the text itself where there is none."""
    text = _SUPERSCRIPTS.sub(lambda m: f"^{{{unicodedata.normalize('NFKC', m[0]).replace('−', '-')}}}", text)
    text = _VULGAR.sub(_fraction, text)
    text = "".join(_SIGNS.get(c, c) for c in unicodedata.normalize("NFKC", text))
    text = _with_roots(_REPEATING.sub(_repeating, text))
    text = text.replace(r"\langle", "(").replace(r"\rangle", ")")
    for pattern, replacement in _WORDS:
        text = pattern.sub(replacement, text)
    text = _FRACTION_OF_PI.sub(r"\\frac{\1}{\2} ", text)
    text = _ROWS.sub(_matrix, text)
    return _MIXED.sub(_improper, text).strip()


def _matrix(rows: re.Match[str]) -> str:
    """Rows as Python writes them."""
    lines = (row.replace(",", " & ") for row in re.findall(r"\[([^\[\]]*)\]", rows[1]))
    return r"\begin{pmatrix}" + r" \\ ".join(lines) + r"\end{pmatrix}"


def without_units(text: str) -> str:
    """The text without words behind its number, if it starts with one: `12\\pi inches per second`."""
    return _UNITS.sub("", text) if re.match(r"[-+$\\]?[\d.(\\√]", text) else text


_BELOW_OR_ABOVE = re.compile(
    r"(?P<x>[a-z])[ ]*(?P<below><|\\leq?)[ ]*(?P<low>[^<>=,a-z]{1,30}?)[ ]*(?:,[ ]*)?(?:or|\\cup|\\text\{ ?or ?\})[ ]*"
    r"(?P=x)[ ]*(?P<above>>|\\geq?)[ ]*(?P<high>[^<>=,a-z]{1,30})"
)


def as_union(text: str) -> str | None:
    """Two inequalities that a number below or above satisfies, as intervals: `x < 2 or x > 5`; None for other text."""
    halves = re.split(r"[ ]*(?:,[ ]*)?\b(?:or)\b[ ]*", text.replace("$", "").strip())
    if len(halves) == 2 and re.match(r"[a-z][ ]*(?:>|\\ge)", halves[0]):
        halves.reverse()
    found = _BELOW_OR_ABOVE.fullmatch(" or ".join(halves))
    if not found:
        return None
    left, right = (")" if found["below"] == "<" else "]"), ("(" if found["above"] == ">" else "[")
    return rf"(-\infty, {found['low']}{left} \cup {right}{found['high']}, \infty)"


def read_in_parts(text: str) -> bool:
    """Whether Math-Verify takes a part of a number for all of it, unless it is rewritten: `1 3/4`, `1e3`."""
    return bool(re.search(r"\d[ ]+\d", text) or _SCIENTIFIC.search(text))


def _fraction(sign: re.Match[str]) -> str:
    top, bottom = unicodedata.normalize("NFKC", sign[0]).split("\u2044")
    return rf" \frac{{{top}}}{{{bottom}}} "


def _repeating(decimal: re.Match[str]) -> str:
    whole, first, *digits = decimal.groups(default="")
    period = "".join(digits)
    bottom = 10 ** len(first) * (10 ** len(period) - 1)
    top = int(f"{whole}{first}{period}") - int(f"{whole}{first}" or 0)
    return rf"\frac{{{top}}}{{{bottom}}}"


def _with_roots(text: str) -> str:
    parts, done = [], 0
    for root in _ROOT.finditer(text):
        if root.start() < done:
            continue
        command = r"\sqrt[3]" if root["name"] in ("cbrt", "∛") else r"\sqrt"
        end = root.end() if root["bare"] else _closing(text, root.end())
        if end is None:
            continue
        inner = root["bare"] or _with_roots(text[root.end() + 1 : end - 1])
        parts += [text[done : root.start()], f"{command}{{{inner}}}"]
        done = end
    return "".join([*parts, text[done:]])


def _closing(text: str, start: int) -> int | None:
    """Behind the bracket that closes the one at `start`."""
    depth = 0
    for i in range(start, len(text)):
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return i + 1
    return None


def _improper(mixed: re.Match[str]) -> str:
    whole, top, bottom = map(int, filter(None, mixed.groups()))
    return rf"\frac{{{whole * bottom + top}}}{{{bottom}}}" if top < bottom else mixed[0]
