"""How families of models mark their reasoning, and what a checkpoint says about it itself.

Every family of `FAMILIES` is recognized in any text. A checkpoint's own `Markup` adds to them where it is none of them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple


class Markup(NamedTuple):
    """What a checkpoint says about its reasoning. A run keeps it, so that its texts can be read again."""

    source: str
    """Who says so: the tokenizer's response template, or a reasoning parser of the engine."""
    opening: str
    closing: str
    answer: str = ""
    """What stands between the closing markup and the answer."""


class FamilyMarkup(NamedTuple):
    """Reasoning markup. Regular expressions have no groups that capture, and match in linear time."""

    opening: str
    """Regular expression."""
    closing: str
    """Regular expression; whatever stands between the reasoning and the answer may belong to it."""
    unopened: Literal["never", "prompt", "anywhere"]
    """Where the closing markup counts without an opening one in the text: nowhere; if the prompt opened the reasoning;
    or always, and all before it is reasoning."""
    close: str
    """What ends the reasoning and begins the answer, as the family writes it. `{}` is the name of the opening tag."""


_NAME = r"(?i:(?:(?:seed:|mm:|ifm\|)?think(?:ing|_fast(?:er)?)?|thoughts?|reasoning)(?::[\w.-]{1,30})?)"
_TO_MODEL = r"(?:<\|start\|>assistant[ ]?)?"
FAMILIES = {
    "tags": FamilyMarkup(
        rf"<{_NAME}>|\[THINK\]|◁think▷", rf"</{_NAME}>|\[/THINK\]|◁/think▷", "anywhere", "\n{}\n\n"
    ),
    "cohere": FamilyMarkup(
        r"<\|START_THINKING\|>", r"<\|END_THINKING\|>", "anywhere", "<|END_THINKING|><|START_RESPONSE|>"
    ),
    "gemma": FamilyMarkup(r"<\|channel>thought", r"<channel\|>", "anywhere", "\n<channel|>"),
    "granite": FamilyMarkup(
        r"\A\s{0,8}Here(?:'s| is) my thought process:", r"Here(?:'s| is) my response:", "never",
        "\n\nHere is my response:\n\n",
    ),
    "harmony": FamilyMarkup(
        rf"{_TO_MODEL}<\|channel\|>analysis[^<\n]{{0,40}}<\|message\|>|\Aanalysis(?=[A-Z\d(\\])",
        rf"(?:<\|end\|>)?{_TO_MODEL}<\|channel\|>final[^<\n]{{0,40}}(?:<\|constrain\|>[^<\n]{{0,40}})?<\|message\|>"
        r"|assistantfinal(?=\S)",
        "anywhere",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
    ),
    "inkling": FamilyMarkup(
        r"<\|content_thinking\|>", r"<\|end_message\|>", "prompt", "<|end_message|><|message_model|><|content_text|>"
    ),
    "kimi_k3": FamilyMarkup(
        r"<\|open\|>[ ]?think[ ]?<\|sep\|>", r"<\|close\|>[ ]?think[ ]?<\|sep\|>", "anywhere",
        "<|close|>think<|sep|><|open|>response<|sep|>",
    ),
    "muse_glimmer": FamilyMarkup(
        rf"{_TO_MODEL}to=self<\|message\|>", rf"(?:<\|eom\|>)?\s{{0,4}}{_TO_MODEL}to=user<\|message\|>", "anywhere",
        "<|eom|><|start|>assistant to=user<|message|>",
    ),
    "openthinker": FamilyMarkup(
        r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>", "anywhere",
        "\n<|end_of_thought|>\n\n<|begin_of_solution|>\n\n",
    ),
    "plamo": FamilyMarkup(
        r"<\|plamo:begin_think:plamo\|>", r"<\|plamo:end_think:plamo\|>", "anywhere", "\n<|plamo:end_think:plamo|>\n"
    ),
}  # fmt: skip


@functools.cache
def families(declared: Markup | None) -> dict[str, FamilyMarkup]:
    """All that is recognized, by name; `declared` is one of them where no other has its markup."""
    if declared is None or family_of(declared) is not None:
        return FAMILIES
    own = FamilyMarkup(
        re.escape(declared.opening),
        re.escape(declared.closing),
        "anywhere" if "/" in declared.closing else "prompt",
        re.sub(r"([{}])", r"\1\1", f"{declared.closing}{declared.answer}"),
    )
    return {**FAMILIES, "declared": own}


_BEGIN = ("<", "[", "◁", "Here", "assistantfinal")
"""One of these is in every tag of `FAMILIES` but one that begins the text."""


def found_tags(text: str, declared: Markup | None = None) -> Iterator[re.Match[str]]:
    """Every tag of every family in the text."""
    ours = families(declared) is FAMILIES
    if ours and not any(begin in text for begin in _BEGIN) and not text.startswith("analysis"):
        return iter(())
    return tags(declared).finditer(text)


@functools.cache
def tags(declared: Markup | None) -> re.Pattern[str]:
    """Every tag of every family. The name of the group that matched is `close_` or `open_` and the family's."""
    found = families(declared)
    sides = [f"(?P<close_{name}>{family.closing})" for name, family in found.items()]
    sides += [f"(?P<open_{name}>{family.opening})" for name, family in found.items()]
    return re.compile("|".join(sides))


def family_of(declared: Markup) -> str | None:
    """The family of FAMILIES that has this opening markup, or this closing one."""
    for name, family in FAMILIES.items():
        if re.fullmatch(family.opening, declared.opening) or re.fullmatch(family.closing, declared.closing):
            return name
    return None


def opened_by(prompt: str, declared: Markup | None = None) -> str | None:
    """The opening markup that a rendered prompt ends with; None if it ends outside any reasoning."""
    end = prompt[-200:].rstrip()
    last = None
    for tag in tags(declared).finditer(end):
        last = tag
    return last[0] if last and last.end() == len(end) and str(last.lastgroup).startswith("open_") else None


def opens_with(text: str, declared: Markup | None = None) -> str | None:
    """The opening markup that a text begins with; None if it begins with something else."""
    first = tags(declared).search(text)
    opens = first and str(first.lastgroup).startswith("open_") and not text[: first.start()].strip()
    return first[0] if first and opens else None


def closes(prompt: str, declared: Markup | None = None) -> bool:
    """Whether a rendered prompt ends behind a reasoning that it closed."""
    end = prompt[-200:].rstrip()
    found = [tag for tag in tags(declared).finditer(end) if tag.end() == len(end)]
    return any(str(tag.lastgroup).startswith("close_") for tag in found)


def ending(opening: str, declared: Markup | None = None, of_template: str = "") -> str:
    """What ends the reasoning that `opening` began, and begins the answer.

    Args:
        opening: the opening markup.
        declared: what the checkpoint says about its markup.
        of_template: what its chat template writes between a reasoning and an answer; taken where it closes `opening`.
    """
    known = families(declared)
    family = next(each for each in known.values() if re.fullmatch(each.opening, opening.strip()))
    own = family.close.format(closing_tag(opening))
    closing = re.escape(own.strip()) if family is FAMILIES["tags"] else family.closing
    return of_template if re.search(closing, of_template) else own


def closing_tag(opening: str) -> str:
    """`</think>` of `<think>`, `[/THINK]` of `[THINK]`."""
    return f"{opening[0]}/{opening[1:].strip()}"


def with_reasoning(reasoning: str, answer: str) -> str:
    """The text of a model whose server or tool took the reasoning out of it; without answer, the reasoning is open."""
    return f"<think>\n{reasoning}\n</think>\n\n{answer}" if answer else f"<think>\n{reasoning}"


def of_response_template(template: Any) -> Markup | None:
    """What a tokenizer's response template (transformers' `parse_response`) says of the field `thinking`.

    None where it says nothing, or nothing but a regular expression that is more than a text with white space around it.
    """
    try:
        thinking, content = template["fields"]["thinking"], template["fields"].get("content", {})
        opening, closing = (_literal(thinking, side) for side in ("open", "close"))
        answer = _literal(content, "open") or ""
    except (TypeError, KeyError, AttributeError):
        return None
    if not opening or not closing:
        return None
    return Markup("the tokenizer's response template", opening.strip(), closing.strip(), answer)


def _literal(field: Mapping[str, Any], side: str) -> str | None:
    given = field.get(side)
    if given is None:
        pattern = re.sub(r"\A(?:\\s[*+]?)+|(?:\\s[*+]?)+\Z", "", field.get(f"{side}_pattern", ""))
        plain = re.sub(r"\\(\W)", r"\1", pattern)
        return plain if not re.search(r"(?<!\\)[.^$*+?{}\[\]|()]|\\\w", pattern) else None
    return given if isinstance(given, str) else str(given[0])
