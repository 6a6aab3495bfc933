"""What a chat template reads beside the messages: the variables that a caller may give, and its switches of thinking.

All of it is found in the template's source, by its syntax tree; nothing is rendered.
"""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple

from jinja2 import Environment, TemplateSyntaxError, meta, nodes

_GIVEN = frozenset(
    {
        "messages", "tools", "documents", "add_generation_prompt", "continue_final_message", "strftime_now",
        "raise_exception",
    }
)  # fmt: skip
"""What transformers gives to every template; special tokens, whose names end in `_token`, are given too."""
_ON_OFF = {
    "enable_thinking": (True, False),
    "thinking": (True, False),
    "enable_reasoning": (True, False),
    "reasoning": (True, False),
    "skip_thinking": (False, True),
}
"""Variables that switch thinking on and off -> their values."""
_WORDS = ("thinking_mode", "reasoning_mode", "reasoning_effort", "thinking", "reasoning")
"""Variables that may switch it by a word, which the template compares them with."""
_ON = ("enabled", "on", "thinking", "think", "high")
_OFF = ("disabled", "off", "none", "no_think", "nothink", "chat")
_GENERATION = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")
"""Marks what is trained on; a tag of transformers' own."""


class Variables(NamedTuple):
    """What a template reads."""

    names: tuple[str, ...]
    """Variables that a caller may give, in the order of the alphabet."""
    on: dict[str, Any]
    """Values that switch thinking on; empty: it has no switch."""
    off: dict[str, Any]


@functools.lru_cache(maxsize=16)
def variables(source: str) -> Variables:
    """The variables of a template; of one that cannot be read, the usual switch."""
    environment = Environment(extensions=["jinja2.ext.loopcontrols"])
    try:
        tree = environment.parse(_GENERATION.sub("", source))
    except TemplateSyntaxError:
        return Variables((), {"enable_thinking": True}, {"enable_thinking": False})
    read = meta.find_undeclared_variables(tree) - environment.globals.keys() - _GIVEN
    names = tuple(sorted(name for name in read if not name.endswith("_token")))
    on: dict[str, Any] = {}
    off: dict[str, Any] = {}
    for name in names:
        words = _compared(tree, name) if name in _WORDS else frozenset()
        of_words = [next((word for word in known if word in words), None) for known in (_ON, _OFF)]
        for found, word, value in zip((on, off), of_words, _ON_OFF.get(name, (None, None)), strict=True):
            chosen = value if word is None and not any(of_words) else word
            if chosen is not None:
                found[name] = chosen
    if "thinking_budget" in names:
        off["thinking_budget"] = 0
    return Variables(names, on, off)


def _compared(tree: nodes.Template, name: str) -> frozenset[str]:
    """The words that the template compares the variable with."""
    words: set[str] = set()
    for comparison in tree.find_all(nodes.Compare):
        if any(each.name == name for each in comparison.find_all(nodes.Name)):
            for constant in comparison.find_all(nodes.Const):
                of_list = constant.value if isinstance(constant.value, tuple | list) else (constant.value,)
                words.update(word for word in of_list if isinstance(word, str))
    return frozenset(words)
