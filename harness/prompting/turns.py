"""Finds where a generation goes on to a further turn or question, which it asks and answers itself.

The markup of a chat's next turn (`<|im_end|>`, `</s>`, `[INST]`, a role's name alone on its line) ends a reply, and so
does a heading of a further question (`Question: ...`, `### Problem 2`), behind the first answer or confidence.
Without either before it, markup ends the reply where a user's turn follows.
"""

from __future__ import annotations

import re

from calibench.prompting.values import Statement
from calibench.tasks.grading.answer import first_label

_QUOTE = "`\"'“‘"
_MARKUP = (
    rf"(?<![{_QUOTE}])(?:<\|[A-Za-z][\w ]{{1,30}}\|>|<｜[^｜>\n]{{1,30}}｜>|</s>|<(?:start|end)_of_turn>|\[/?INST\]"
    r"|\[/?(?:USER|ASSISTANT|SYSTEM|HUMAN)\])"
)
_ROLE = r"(?m:(?<=[^\s\w])(?:assistant|user|system)(?=\n)|^(?:assistant|user|human|system|instruction)[ \t]{0,4}$)"
_HEADING = (
    r"(?im:^[ \t#*>]{0,6}(?:(?:next |new |another )?(?:question|problem|claim|q|input)[ \t]{0,2}\d{0,4}[ \t*_]{0,4}[:.]"
    r"|(?:example|exercise|task)[ \t]\d{1,4}[ \t*_]{0,4}(?:[:.]|$)"
    r"|(?:问题|問題|题目|題目|質問|例题|例題|질문|문제|frage|aufgabe|pregunta|problema|domanda|pergunta|вопрос"
    r"|задача|(?:ال)?سؤال|प्रश्न|सवाल)[ \t]{0,2}\d{0,4}[ \t*_]{0,4}[:.]"
    r"|(?:user|human|instruction)[ \t*_]{0,4}(?::|$))"
    r"|^#{1,6}[ \t](?:problem|question|example|exercise|task)[ \t]\d{1,4}[ \t]{0,4}$)"
)
_FURTHER = re.compile(rf"{_MARKUP}|{_ROLE}|{_HEADING}")
_USER_TURN = re.compile(
    rf"(?:{_MARKUP}|\s){{0,6}}(?i:(?:<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>)(?:user|human)\b"
    r"|<\|user\|>|<｜user｜>|\[INST\]|\[USER\])"
)
_OPENING = re.compile(
    rf"(?:\s|<s>|<\|open\|>response<\|sep\|>|{_MARKUP}|(?<=>)(?:assistant|model)\b|^(?:assistant|model)(?=\n))*+", re.M
)
_WORD = re.compile(r"\w")


def opening_markup(visible: str) -> int:
    """Where the markup that a reply starts with ends (`<|im_start|>assistant`, `<|START_RESPONSE|>`); 0 without any."""
    opening = _OPENING.match(visible)
    return opening.end() if opening and opening[0].strip() else 0


def further_turn(visible: str, found: list[Statement]) -> int:
    """Where a further turn or question begins; the text's length if none does.

    Args:
        visible: the text in plain characters, with reasoning and programs left blank.
        found: the confidences that it states.
    """
    answer = first_label(visible)
    starts = [s.end for s in found if s.value and s.form == "labelled"] + ([answer] if answer is not None else [])
    following = _FURTHER.search(visible, min(starts)) if starts else None
    end = following.start() if following else len(visible)
    if "<" not in visible and "[" not in visible:
        return end
    word = _WORD.search(visible)
    for user in _USER_TURN.finditer(visible, word.start() if word else len(visible), end):
        return user.start()
    return end
