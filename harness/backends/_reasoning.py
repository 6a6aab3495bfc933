"""What vLLM knows of a checkpoint's reasoning markup: its reasoning parser for the model type."""

from __future__ import annotations

from typing import Any

from calibench.prompting.markup import Markup

_OF_MODEL_TYPE = {
    "bailing": "ling3",
    "cohere2": "cohere_command3",
    "ernie4_5": "ernie45",
    "glm4_moe": "glm45",
    "glm5": "glm47",
    "gpt_oss": "openai_gptoss",
    "granitemoehybrid": "granite_thinking_parser",
    "hunyuan_v1": "hunyuan_a13b",
    "kimi_k25": "kimi_k2",
    "laguna": "poolside_v1",
    "ministral": "mistral",
    "nemotron_h": "nemotron_v3",
    "step3p7": "step3p5",
}
"""The beginning of a model type -> the parser, where that has another name."""
_THINKING = {"thinking": True, "enable_thinking": True, "thinking_mode": "enabled", "reasoning_effort": "high"}
"""With thinking switched off, several parsers look for no markup."""


def parser_name(model_type: str, names: list[str], chosen: str = "") -> str | None:
    """The parser of a model type: the chosen one, or the one with the longest name that the type begins with.

    Args:
        model_type: as in the checkpoint's `config.json`.
        names: of all parsers.
        chosen: by the engine option `reasoning_parser`, or by vLLM itself.
    """
    if chosen:
        return chosen
    known = {**{name: name for name in names}, **_OF_MODEL_TYPE}
    found = [start for start in known if model_type.startswith(start)]
    name = known[max(found, key=len)] if found else None
    return name if name in names else None


def declared_markup(tokenizer: Any, model_type: str, chosen: str = "") -> Markup | None:
    """The markup that vLLM's parser of the model type reads.

    None where vLLM has no parser for it, where the tokenizer lacks the markup, and where the parser names none: what
    such a parser reads is one of the families that are recognized in any case.
    """
    try:
        from vllm.reasoning import ReasoningParserManager
    except ImportError:  # another engine is at work
        return None
    name = parser_name(model_type, ReasoningParserManager.list_registered(), chosen)
    if name is None:
        return None
    try:
        parser = ReasoningParserManager.get_reasoning_parser(name)(tokenizer, chat_template_kwargs=dict(_THINKING))
        opening, closing = parser.reasoning_start_str, parser.reasoning_end_str
    except Exception:  # parsers refuse tokenizers in many ways
        return None
    return Markup(f"vLLM's reasoning parser {name}", opening, closing) if opening and closing else None
