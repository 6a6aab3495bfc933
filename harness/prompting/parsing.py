"""Splits a generation into reasoning, answer and stated confidence.

The order decides: the reasoning is taken away first, then the stated confidence is cut out, and what is left is the
answer. So a number weighed in the reasoning is never the confidence, and the confidence is never the answer.

Reasoning. A closing tag ends it and opening tags inside it are text, so that nesting, a repeated opening tag and an
opening tag in the prompt need no counting. A closing tag without an opening makes everything before it reasoning.
What follows an opening tag that is never closed is reasoning, up to an answer on a line of its own, by `<answer>` or
`Answer:`, that nothing but a confidence follows where the model ended its turn by itself: it forgot the closing tag.

Stated confidence. Forms, strongest first; within the strongest form found, the last statement counts:

1. labelled: `Confidence: 85%`, `**Confidence:** 9/10`, `<confidence>80</confidence>`, `"confidence": 0.8`;
2. in a sentence: `My confidence is 0.9`, `I'm 90% sure`, `a 90% chance that this is correct`;
3. bare: a number alone on the last line below the answer, `Answer: 18 (95%)`; where a probability was asked for,
   also `Paris: 0.9`.

Labels may be Japanese or Chinese, digits and signs full-width. A further question that the model goes on to ask
itself (`Question: ...` after an answer or a confidence) is left out.

An analysis, `<analysis>...</analysis>`, weighs an answer: nothing in it is an answer or a statement, and it is cut out.
One that is not closed goes on to the last `<confidence>`, or to the end.

A program in a fenced block is an answer. Nothing inside it is a statement, and it is kept as it is.

Value. `%` and `/N` (also `out of N`, or a scale in brackets as in `Confidence (0-10): 8`) say what a number means; a
bare number means what was asked for. `ambiguous` is what can be meant in two ways: a bare number above 0 and up to 1
where a percentage was asked for, a range, a bound (`over 90%`), a statement between two different answers. A number
outside the scale is `out_of_range`. A number that the token limit may have cut is `missing`.

Words (`almost certain`, `not very likely`) are read where words were asked for, and nowhere else (values:
`calibench.prompting.hedges`). A number there counts if it says what it means (`85%`, `9/10`). Two words of
different values are `ambiguous`, and so is a word that has no place on the scale ("possible").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import accumulate
from typing import Literal, NamedTuple

from calibench.prompting.hedges import Hedge, hedges
from calibench.records import Status


class Parsed(NamedTuple):
    """The parts of one generation. Offsets count characters of the generation's text."""

    reasoning: str | None
    """The reasoning without its tags; None if there is none."""
    answer_text: str
    """What a grader sees: the text without reasoning, without stated confidences, and without what follows a labelled
    confidence unless an answer is stated there."""
    answer_start: int
    """Where the answer part begins: after the last closing tag; 0 without reasoning, the text's length if unclosed."""
    confidence: float | None
    """In [0, 1]; None unless status is `ok`."""
    status: Status
    """`missing` too if no confidence was asked for."""
    raw: str | None
    """The text of confidence_span."""
    confidence_span: tuple[int, int] | None
    """The statement that was read, label and value; None if there is none. The answer text never overlaps it."""
    cut_spans: tuple[tuple[int, int], ...]
    """All that was cut from the answer part: every statement of a confidence, every analysis, and what belongs to no
    answer."""
    truncated: Literal["reasoning", "answer"] | None
    """Where the token limit struck; None if the answer is complete, even if the confidence after it is cut."""
    unclosed: bool
    """The reasoning has no end, be it by the token limit or because the model ended its turn inside it."""


class _Statement(NamedTuple):
    """One place where a confidence is stated."""

    start: int
    end: int
    form: Literal["labelled", "sentence", "bare"]
    value: re.Match[str] | tuple[Hedge, ...] | None
    """Match of `_VALUE`, or words; None for a label without either."""
    top: str | None = None
    """Upper end of the scale that the label itself declares."""


_TAG = re.compile(r"<(/?)(?i:(?:seed:)?(?:think|thinking|thoughts?|reasoning))>|\[(/?)THINK\]|◁(/?)think▷")

# One character for one character, so that offsets stay those of the text.
_PLAIN = str.maketrans("０１２３４５６７８９％：．，／＝（）－−＜＞’\u00a0\u202f\u2009", "0123456789%:.,/=()--<>'   ")

_ANSWER = re.compile(
    r"(?im)^[^\w\n]{0,8}(?:(?:my|the|final|correct|best) ){0,2}(?:answer|guess|答え|回答|解答|答案)[ \t*_]{0,4}"
    r"(?:[:=]|$)|\"(?:final_)?answer\"[ \t]?:|(?P<tag><answer>)|####|(?P<box>\\boxed\{)"
)
_FINAL_ANSWER = re.compile(
    r"(?im)^[ \t]*(?:(?:<confidence>[^<\n]{1,30}</confidence>\s{0,3})?<answer>(?:(?!</?answer>)[^\n]){1,500}</answer>"
    r"|[*_]{0,2}(?:final )?answer[*_]{0,2}[ \t]*:[^\n]{1,500}$)"
)
_ONLY_CONFIDENCE = re.compile(r"(?i)\s*(?:[^\w\n]{0,4}(?:confidence|probability)\b[^\n]{0,60}\s*){0,3}")
_ANSWER_SENTENCE = re.compile(r"(?i)\banswer (?:is|would be)\b")
_NEXT_QUESTION = re.compile(
    r"(?im)^[ \t#*>]{0,6}(?:(?:next |new |another )?(?:question|problem|claim|q)[ \t]{0,2}\d{0,4}[ \t*_]{0,4}[:.]"
    r"|(?:user|human|instruction)[ \t*_]{0,4}(?::|$))"
)

_ANALYSIS = re.compile(r"(?is)<analysis>.*?(?:(?P<close></analysis>)|\Z)")
_CLOSED_ANALYSIS = re.compile(r"(?is)<analysis>(?:(?!<analysis>).)*</analysis>")
_CONFIDENCE_TAG = re.compile(r"(?i)<confidence>")

_FENCED = re.compile(r"(?ms)^(?P<open>[ \t]*```[ \t]*(?P<language>\w*)[^\n]*\n)(?P<code>.*?)(?P<close>\n[ \t]*```|\Z)")
_PYTHON = re.compile(r"(?m)^(?:def|class|import|from) ")
_PROGRAM = "\ufffc"
"""Stands for each character of a program."""

_NUMBER = r"[-+]?(?:\d{1,15}(?:[.,]\d{0,15})?|\.\d{1,15})(?:e[-+]?\d{1,2})?(?!\d)"
_PERCENT = r"(?:\\?%|per ?cent\b|パーセント)"
_PERCENTAGE = re.compile(rf"(?i)(?<![\d.,/-])(?={_NUMBER}[ ]?{_PERCENT})")
_VALUE = re.compile(
    r"(?i)(?:[*_\"'`\[({}$~≈\\| \t]|</?\w{1,6}>|boxed|text|about|around|approximately|roughly|約|大约|大約|约"
    rf"|<(?={_NUMBER}>)){{0,12}}"
    r"(?P<bound>(?:[<>≤≥]=?|less than|more than|at least|at most|over|under|above|below)[ ]?)?"
    rf"(?P<number>{_NUMBER})(?:[*_>\"'`$]{{0,3}}[ \t]?(?P<percent>{_PERCENT})|[ ]?\((?P<restated>{_NUMBER})[ ]?%\))?"
    rf"(?:[ \t]?(?:-|–|—|~|〜|to\b)[ \t]?(?P<upper>{_NUMBER})[ \t]?{_PERCENT}?"
    r"|[ \t]?(?:/|out of)[ \t]?(?P<top>\d{1,6}))?"
)
_AFTER_VALUE = re.compile(r"(?i)[ \t]?</(?:confidence|probability)>|[*_\"'`>\])}$\\]{0,6}")

_SURE = (
    "(?:(?:confidence|certainty|確信度|信頼度|自信度|確度|信心(?:度|程度|水平|指数)?|置信(?:度|水平)"
    r"|自信(?:程度)?|把握(?:程度)?)"
    r"(?:[ _\-](?:level|score|rating|estimate|percentage|value|in (?:this|my|the) (?:final )?answer)){0,2}"
    r"|(?:probability|likelihood) (?:that|of)[^.\n\d:]{1,60}(?:correct|right)(?:ness)?)"
)
_LABEL = re.compile(
    rf"(?i)(?<![a-z])(?<!</)(?:{_SURE}|(?P<likely>probability|likelihood|確率|概率|機率))"
    r"(?:[ \t]?\((?:[^()\n]{0,20}?(?P<top>\d{1,6})%?|[^()\n]{1,20})\))?"
    r"(?:[*_\"'`\]]{0,4}[ \t]{0,2}(?:[:=>|]|->|→|は|为|為|是)[*_\"'`]{0,4}[ \t]{0,4}\n?"
    r"|(?P<loose>[ \t]{1,2}(?:[-–—][ \t]{1,2})?(?=[\d*])))"
)
_WORDS_BEFORE_VALUE = re.compile(r"[^\n\d]{1,40}")
_LABEL_ALONE = re.compile(rf"(?im)^[ \t*_\"'`#>\-•({{<]{{0,8}}{_SURE}[*_\"'`]{{0,4}}[ \t]{{0,4}}(?::[^\n]*$|\Z)")
_SENTENCE = re.compile(
    rf"(?i)(?<![a-z]){_SURE}(?! (?:interval|band|bound|limit))[^.\n\d]{{0,30}}?"
    r" (?:is|of|at|to be|to|as)(?: only| set at| set to)? "
)
_SURE_AFTER = re.compile(
    r"(?i)[ -](?:confident|sure|certain)\b| (?:confidence|certainty)\b(?! (?:interval|level|band|bound|limit))"
    r"| (?:chance|probability|likelihood|likely)[^.\n]{1,60}?(?:correct|right)\b"
)
_CLAUSE = re.compile(
    r"(?i)[\s*_\"'`(\[$<]{0,6}(?:\\\w{1,8}\{)?"
    r"(?:(?!\b(?:but|because|since|as|given|due|though|although)\b|, )[^\n.;<>{}()\"|&]){0,80}+"
)
"""What a label says: to the end of its sentence, its quotes or its tag, or to where it is explained."""
_PERCENTAGE_NEAR = re.compile(rf"(?i)[^\n]{{0,100}}?{_PERCENTAGE.pattern.removeprefix('(?i)')}")
_WRONG = re.compile(r"(?i)\b(?:wrong|incorrect|false|mistaken|error)\b")
_I_AM = re.compile(r"(?i)\b(?:i am|i'm|i feel|we are|we're)(?: not)?[ ]\Z")
_SURELY = re.compile(r"(?i).*(?:certain|sure|confident|doubt)")
_IS_RIGHT = re.compile(
    r"(?i)(?:(?!\b(?:wrong|incorrect|not|false)\b|n't)[^.\n]){0,60}?"
    r"\b(?:correct|right)(?: answer| one| option)?(?=[ \t*_]*(?:[.,;!)\n]|\Z))"
)
_IS_CONFIDENCE = re.compile(r"(?i) (?:level of )?(?:confidence|certainty)\b(?! (?:interval|level|band|bound|limit))")
_NEGATED = re.compile(r"(?i)(?:\bnot|n't|never)[ \w]{0,12}\Z")
_BARE_LINE = re.compile(rf"(?i)[ \t*_]{{0,4}}{_NUMBER}[ ]?{_PERCENT}?[ \t*_.]{{0,4}}\Z")
_BARE_BRACKET = re.compile(rf"(?i)\((?={_NUMBER}[ ]?{_PERCENT}\)[ \t*_.]{{0,4}}\Z)")
_BARE_TAIL = re.compile(r"[:;,](?=[ ]{0,2}[01]?\.\d{1,15}\Z)")
_LEFT = re.compile(
    r"(?i)[ \t*_\"'`#\-•({<]{0,8}"
    r"(?:\b(?:my|overall|final|answer|self|i'm|i am|i feel|there's|there is|it's|it is|this is|the|with|about|around"
    r"|an?)[ _\-]){0,5}\Z"
)


def states_answer(answer_text: str) -> bool:
    """Whether an answer is marked as one: by a label, a tag, a box, a sentence, or as a program."""
    return _states_answer(_FENCED.sub(_opaque, answer_text.translate(_PLAIN)))


def parse(text: str, *, reasoning_opened: bool, scale: str | None, finish_reason: str) -> Parsed:
    """Splits one generation, in time linear in its length.

    Args:
        text: the output as decoded; any text is valid.
        reasoning_opened: the prompt opened the reasoning, so that text starts inside it.
        scale: how a confidence was asked for: `percent`, `probability`, `words`, or None if it was not; then none is
            read.
        finish_reason: `length` if the token limit ended the text.
    """
    at_limit = finish_reason == "length"
    blocks, unclosed = _reasoning_blocks(text, reasoning_opened, at_limit)
    # Reasoning that the text starts with can be long: only what follows it is searched.
    lead = blocks[0][1] if blocks and not text[: blocks[0][0]].strip() else 0
    rest = text[lead:]
    blanked = _blank(rest.translate(_PLAIN), [(start - lead, end - lead) for start, end in blocks if start >= lead])
    visible = _FENCED.sub(_opaque, blanked)
    analyses = list(_analyses(visible))
    visible = _blank(visible, analyses)
    if unclosed and not _states_answer(visible):
        visible = "\n" * len(rest)  # what precedes the reasoning is a preamble and no answer

    statements = _statements(visible, scale) if scale else []
    end = _next_question(visible, statements)
    statements = [s for s in statements if s.end <= end]
    cut = [*analyses, *((s.start, s.end) for s in statements), (end, len(rest))]
    visible = _blank(visible, cut)
    chosen = _strongest(statements)
    confidence, status = _read(chosen, scale, at_limit, visible) if chosen else (None, "missing")

    if chosen and _closes_answer(chosen, visible):
        cut.append((chosen.end, len(rest)))
        visible, answer_ended = _blank(visible, cut), True
    else:
        answer_ended = _answer_ended(visible)
    return Parsed(
        reasoning="\n".join(_TAG.sub("", text[a:b]).strip() for a, b in blocks).strip() or None,
        answer_text=_unblanked(rest, visible).strip(),
        answer_start=blocks[-1][1] if blocks else 0,
        confidence=confidence,
        status=status,
        raw=rest[chosen.start : chosen.end] if chosen else None,
        confidence_span=(lead + chosen.start, lead + chosen.end) if chosen else None,
        cut_spans=tuple((lead + start, lead + stop) for start, stop in cut if start < stop),
        truncated=("reasoning" if unclosed else "answer") if at_limit and not answer_ended else None,
        unclosed=unclosed,
    )


def _reasoning_blocks(text: str, opened: bool, at_limit: bool) -> tuple[list[tuple[int, int]], bool]:
    """Spans of the reasoning, tags included, and whether the last one does not end."""
    blocks: list[tuple[int, int]] = []
    start = 0 if opened else None
    for tag in _TAG.finditer(text):
        closing = any(tag.groups())
        if closing and start is None:
            blocks = [(0, tag.end())]
        elif closing:
            blocks.append((start, tag.end()))
            start = None
        elif start is None:
            start = tag.start()
    if start is None:
        return blocks, False
    outside = _blank(text, [analysis.span() for analysis in _CLOSED_ANALYSIS.finditer(text)])
    final = None if at_limit else _last_match(_FINAL_ANSWER, outside)
    if final and final.start() >= start and _ONLY_CONFIDENCE.fullmatch(outside, final.end()):
        return [*blocks, (start, final.start())], False
    return [*blocks, (start, len(text))], True


def _analyses(visible: str) -> Iterator[tuple[int, int]]:
    """Spans of the analyses, tags included; only the last one may be without an end."""
    for analysis in _ANALYSIS.finditer(visible):
        start, end = analysis.span()
        confidence = None if analysis["close"] else _last_match(_CONFIDENCE_TAG, analysis[0])
        yield start, start + confidence.start() if confidence else end


def _last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return max(pattern.finditer(text), key=re.Match.start, default=None)


def _blank(text: str, spans: list[tuple[int, int]]) -> str:
    """Replaces the spans, which may overlap, by as many line ends: offsets stay, and nothing matches across them."""
    parts, done = [], 0
    for start, end in sorted(spans):
        start = max(start, done)
        if start < end:
            parts += [text[done:start], "\n" * (end - start)]
            done = end
    return "".join([*parts, text[done:]])


def _unblanked(text: str, visible: str) -> str:
    """The characters of text, and a blank line for all that visible has blanked in a row."""
    return re.sub(
        r"[^\n]+|\n{3,}", lambda seen: "\n\n" if seen[0][0] == "\n" else text[seen.start() : seen.end()], visible
    )


def _opaque(block: re.Match[str]) -> str:
    """A fenced block, with as many signs that no pattern matches in place of a program."""
    language, code = block["language"].lower(), block["code"]
    if language.startswith("py") or (not language and _PYTHON.search(code)):
        return block["open"] + _PROGRAM * len(code) + block["close"]
    return block[0]


def _states_answer(visible: str) -> bool:
    return bool(_ANSWER.search(visible) or _ANSWER_SENTENCE.search(visible) or _PROGRAM in visible)


def _answer_ended(visible: str) -> bool:
    """Whether the last labelled answer or program is seen to end: its line, tag, box or block is closed."""
    labels = list(_ANSWER.finditer(visible))
    program = visible.rfind(_PROGRAM)
    if program > (labels[-1].start() if labels else -1):
        return "```" in visible[program:]
    if not labels:
        return False
    rest = visible[labels[-1].end() :]
    if labels[-1]["tag"]:
        return "</answer>" in rest
    if labels[-1]["box"]:
        depth = accumulate(({"{": 1, "}": -1}[brace] for brace in re.findall(r"[{}]", rest)), initial=1)
        return 0 in depth
    return "\n" in rest.lstrip(" \t\n*_")


def _next_question(visible: str, statements: list[_Statement]) -> int:
    """Where the model goes on to another question after its first answer or confidence; else the text's length."""
    answer = _ANSWER.search(visible)
    starts = [s.end for s in statements if s.value and s.form == "labelled"] + ([answer.end()] if answer else [])
    following = _NEXT_QUESTION.search(visible, min(starts)) if starts else None
    return following.start() if following else len(visible)


def _statements(visible: str, scale: str) -> list[_Statement]:
    """Every statement of a confidence, in the order of the text."""
    found = [*_labelled(visible, scale), *_in_sentences(visible)]
    if scale == "words":
        found = [*found, *_labelled_words(visible), *_words_in_sentences(visible)] or list(_bare_words(visible))
    found = found or list(_bare(visible, scale))
    found = found or [_Statement(m.start(), m.end(), "labelled", None) for m in _LABEL_ALONE.finditer(visible)]
    return sorted(found, key=lambda s: s.start)


def _strongest(statements: list[_Statement]) -> _Statement | None:
    labelled = [s for s in statements if s.form == "labelled"]
    return (labelled or statements or [None])[-1]


def _labelled(visible: str, scale: str) -> Iterator[_Statement]:
    for label in _LABEL.finditer(visible):
        start = _left(visible, label.start())
        value = _VALUE.match(visible, label.end()) or _percentage_on_line(visible, label.end())
        if not value or (label["loose"] and start and visible[start - 1] != "\n"):
            continue
        # Some questions ask for a probability: where a percentage of confidence was asked for, it must stand below the
        # answer and be a percentage to count as one.
        if label["likely"] and scale == "percent" and not (value["percent"] and _states_answer(visible[:start])):
            continue
        yield _Statement(start, _AFTER_VALUE.match(visible, value.end()).end(), "labelled", value, label["top"])


def _percentage_on_line(visible: str, start: int) -> re.Match[str] | None:
    """A percentage that follows words, as in `Confidence: very high (95%)`."""
    words = _WORDS_BEFORE_VALUE.match(visible, start)
    number = _PERCENTAGE.match(visible, words.end()) if words else None
    return _VALUE.match(visible, number.end()) if number and not _NEGATED.search(words[0]) else None


def _in_sentences(visible: str) -> Iterator[_Statement]:
    for phrase in _SENTENCE.finditer(visible):
        if value := _VALUE.match(visible, phrase.end()):
            end = _AFTER_VALUE.match(visible, value.end()).end()
            yield _Statement(_left(visible, phrase.start()), end, "sentence", value)
    for number in _PERCENTAGE.finditer(visible):
        value = _VALUE.match(visible, number.start())
        after = _SURE_AFTER.match(visible, value.end())
        if after and not _NEGATED.search(visible[max(0, number.start() - 20) : number.start()]):
            yield _Statement(_left(visible, number.start()), after.end(), "sentence", value)


def _labelled_words(visible: str) -> Iterator[_Statement]:
    for label in _LABEL.finditer(visible):
        words = _words_of_clause(visible, label.end())
        if words and not _PERCENTAGE_NEAR.match(visible, label.end()):
            yield _Statement(_left(visible, label.start()), _words_end(visible, words), "labelled", words)


def _words_in_sentences(visible: str) -> Iterator[_Statement]:
    for phrase in _SENTENCE.finditer(visible):
        if words := _words_of_clause(visible, phrase.end()):
            yield _Statement(_left(visible, phrase.start()), _words_end(visible, words), "sentence", words)
    for word in hedges(visible):
        start = _left(visible, word.start)
        mine = word.kind in ("sure", "vague", "low") and _I_AM.search(visible[max(0, word.start - 30) : word.start])
        if right := _IS_RIGHT.match(visible, word.end) or _IS_CONFIDENCE.match(visible, word.end):
            yield _Statement(start, right.end(), "sentence", (word,))
        elif mine and _SURELY.match(visible[word.start : word.end]):
            yield _Statement(start, word.end, "sentence", (word,))


def _bare_words(visible: str) -> Iterator[_Statement]:
    """Words alone on the last line below the answer, or in brackets at its end."""
    end = len(visible.rstrip())
    line = visible.rfind("\n", 0, end) + 1
    above = visible[:line]
    stated = _last_answer(above) if _ANSWER.search(above) else above.strip()
    words = tuple(hedges(visible, line, end))
    around = len(words) == 1 and (visible[line : words[0].start], visible[words[0].end : end])
    if around and stated and not re.search(r"\w", "".join(around)):
        yield _Statement(line, end, "bare", words)
    elif around and around[0].endswith("(") and re.fullmatch(r"\)[ \t*_.]{0,4}", around[1]):
        yield _Statement(words[0].start - 1, words[0].end + 1, "bare", words)


def _words_of_clause(visible: str, start: int) -> tuple[Hedge, ...]:
    """The words that a label or a phrase is followed by; without values if they say how likely an error is."""
    end = _CLAUSE.match(visible, start).end()
    words = tuple(hedges(visible, start, end))
    wrong = words and _WRONG.search(visible, words[0].end, end)
    return tuple(word._replace(value=None) for word in words) if wrong else words


def _words_end(visible: str, words: tuple[Hedge, ...]) -> int:
    return _AFTER_VALUE.match(visible, words[-1].end).end()


def _bare(visible: str, scale: str) -> Iterator[_Statement]:
    end = len(visible.rstrip())
    line = visible.rfind("\n", 0, end) + 1
    above = visible[:line]
    answered = _last_answer(above) if _ANSWER.search(above) else scale == "probability" and above.strip()
    if answered and _BARE_LINE.match(visible, line, end):
        start = line
    elif bracket := _BARE_BRACKET.search(visible, line, end):
        start = bracket.start()
    elif scale == "probability" and not _ANSWER.search(visible) and (tail := _BARE_TAIL.search(visible, line, end)):
        start = tail.end()
    else:
        return
    value = _VALUE.match(visible, start)
    yield _Statement(start, _AFTER_VALUE.match(visible, value.end()).end(), "bare", value)


def _left(visible: str, start: int) -> int:
    """Start of the markup and small words that belong to a statement whose label starts at `start`."""
    window = max(0, start - 40)
    return window + _LEFT.search(visible[window:start]).start()


def _closes_answer(chosen: _Statement, visible: str) -> bool:
    """Whether the statement ends the answer: it is labelled, something stands above it and no answer below it."""
    above, below = visible[: chosen.start], visible[chosen.end :]
    return chosen.form == "labelled" and bool(above.strip()) and not _states_answer(below)


def _between_answers(chosen: _Statement, visible: str) -> bool:
    """Whether one answer stands above the statement and another one below it."""
    above, below = (_last_answer(part) for part in (visible[: chosen.start], visible[chosen.end :]))
    return bool(above and below) and above != below


def _last_answer(visible: str) -> str:
    """Letters and digits of the last labelled answer's line."""
    end = max((m.end() for m in _ANSWER.finditer(visible)), default=len(visible))
    return re.sub(r"\W|boxed|text", "", visible[end:].lstrip().partition("\n")[0])


def _read(chosen: _Statement, scale: str, at_limit: bool, visible: str) -> tuple[float | None, Status]:
    value = chosen.value
    if isinstance(value, tuple):
        return _read_words(chosen, value, at_limit, visible)
    if value is None or (at_limit and value.end() == len(visible) and value[0][-1] in "0123456789.,"):
        return None, "missing"
    if value["upper"] or value["bound"] or _between_answers(chosen, visible):
        return None, "ambiguous"
    number = _decimal(value["restated"] or value["number"])
    top = 100 if value["percent"] or value["restated"] else int(value["top"] or chosen.top or 0)
    if not top and scale == "percent" and 0 < number <= 1:
        return None, "ambiguous"
    if value["top"] and not top:
        return None, "out_of_range"
    if not top and scale == "words":
        return None, "ambiguous"
    share = number / (top or {"percent": 100, "probability": 1}[scale])
    return (float(share), "ok") if 0 <= share <= 1 else (None, "out_of_range")


def _read_words(
    chosen: _Statement, words: tuple[Hedge, ...], at_limit: bool, visible: str
) -> tuple[float | None, Status]:
    if at_limit and words[-1].end == len(visible):
        return None, "missing"
    values = {word.value for word in words}
    if len(values) > 1 or None in values or _between_answers(chosen, visible):
        return None, "ambiguous"
    return values.pop(), "ok"


def _decimal(number: str) -> Decimal:
    """A comma before exactly three digits groups thousands, unless a zero precedes it; any other is a decimal comma."""
    grouped = re.fullmatch(r"[-+]?[1-9]\d*,\d{3}", number)
    return Decimal(number.replace(",", "" if grouped else "."))
