"""Reasoning as every family writes it, for each reasoning parser that vLLM has."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from fakes import tokenizer

from calibench.backends._reasoning import declared_markup, parser_name
from calibench.prompting.markup import Markup, ending, of_response_template, opened_by
from calibench.prompting.parsing import parse
from calibench.tasks.grading.answer import stated_answer

THOUGHT = "Three boxes of four: first I said 11, Confidence: 20%, but no."
SAID = "Answer: 12\nConfidence: 80%"


class Form(NamedTuple):
    """How a family writes a reply."""

    opening: str
    closing: str
    before: str = ""
    """Between the end of the reasoning and the answer."""
    after: str = ""
    """Behind the answer, before the end of the turn."""
    mention: str = ""
    """Its closing tag as words of the reasoning; none where that is no text that a reasoning would quote."""


THINK = Form("<think>\n", "\n</think>\n\n", mention="</think>")
COHERE = Form("<|START_THINKING|>", "<|END_THINKING|>", "<|START_RESPONSE|>", "<|END_RESPONSE|>")
FORMS = {
    "cohere_command3": COHERE,
    "cohere_command4": COHERE._replace(before="<|START_TEXT|>", after="<|END_TEXT|>"),
    "deepseek_r1": THINK,
    "deepseek_v3": THINK,
    "deepseek_v4": Form("<think>", "</think>", mention="</think>"),
    "deepseek_v41": Form("<think>", "</think>", mention="</think>"),
    "ernie45": Form("<think>\n", "\n</think>\n\n", "<response>\n", "\n</response>\n", "</think>"),
    "gemma4": Form("<|channel>thought\n", "\n<channel|>", mention="<channel|>"),
    "glm45": THINK,
    "glm47": Form("<think>", "</think>", mention="</think>"),
    "granite": Form("Here is my thought process:\n\n", "\n\nHere is my response:\n\n"),
    "granite_thinking_parser": THINK,
    "hf": Form("<|plan|>", "<|/plan|>", "<|say|>"),
    "holo2": THINK,
    "hunyuan_a13b": Form("<think>\n", "\n</think>\n", "<answer>\n", "\n</answer>", "</think>"),
    "hy_v3": Form("<think>", "</think>", mention="</think>"),
    "hy_v4": Form("<think>", "</think>", mention="</think>"),
    "inkling": Form(
        "<|content_thinking|>", "<|end_message|>", "<|message_model|><|content_text|>", "<|end_message|>"
    ),
    "k2_horizon": Form("<ifm|think>\n", "\n</ifm|think>\n", mention="</ifm|think>"),
    "kimi_k2": THINK,
    "kimi_k3": Form(
        "<|open|>think<|sep|>", "<|close|>think<|sep|>", "<|open|>response<|sep|>",
        "<|close|>response<|sep|><|close|>message<|sep|>", "<|close|>think<|sep|>",
    ),
    "ling3": THINK,
    "mimo": THINK,
    "minicpmv": THINK,
    "minimax_m2": THINK,
    "minimax_m2_append_think": THINK,
    "minimax_m3": Form("<mm:think>", "</mm:think>", mention="</mm:think>"),
    "mistral": Form("[THINK]", "[/THINK]", mention="[/THINK]"),
    "muse_glimmer": Form("to=self<|message|>", "<|eom|>", "<|start|>assistant to=user<|message|>", "<|eot|>"),
    "nemotron_v3": THINK,
    "olmo3": Form("<think>", "</think>\n\n", mention="</think>"),
    "openai_gptoss": Form(
        "<|channel|>analysis<|message|>", "<|end|>", "<|start|>assistant<|channel|>final<|message|>"
    ),
    "plamo3": Form("<|plamo:begin_think:plamo|>\n", "\n<|plamo:end_think:plamo|>\n"),
    "poolside_v1": THINK,
    "qwen3": THINK,
    "seed_oss": Form("<seed:think>", "</seed:think>", mention="</seed:think>"),
    "step3": THINK,
    "step3p5": THINK,
}  # fmt: skip
TEMPLATE = {
    "start_anchor": "<|assistant|>",
    "fields": {
        "thinking": {"open": "<|plan|>", "close": "<|/plan|>"},
        "content": {"open_pattern": r"\s*<\|say\|>", "close": "<|end|>"},
    },
}
DECLARED = {"hf": of_response_template(TEMPLATE)}
each_family = pytest.mark.parametrize("name", FORMS)


def read(name: str, text: str, finish_reason: str = "stop", opened: bool = False) -> tuple:
    parsed = parse(
        text, reasoning_opened=opened, scale="percent", finish_reason=finish_reason, markup=DECLARED.get(name)
    )
    return parsed.reasoning, stated_answer(parsed.answer_text), parsed.confidence, parsed.truncated


def complete(form: Form, thought: str = THOUGHT) -> str:
    return f"{form.opening}{thought}{form.closing}{form.before}{SAID}{form.after}"


@each_family
def test_a_complete_reply(name):
    assert read(name, complete(FORMS[name])) == (THOUGHT, "12", 0.8, None)


@each_family
def test_a_reply_cut_inside_the_reasoning_is_no_answer(name):
    thought = f"{THOUGHT}\nAnswer: 11\nConfidence: 90%\nWait, the boxes"
    assert read(name, FORMS[name].opening + thought, "length") == (thought, None, None, "reasoning")


@each_family
def test_a_reply_cut_after_the_reasoning_is_cut_in_the_answer(name):
    form = FORMS[name]
    reasoning, _, confidence, truncated = read(
        name, f"{form.opening}{THOUGHT}{form.closing}{form.before}There are twel", "length"
    )
    assert (reasoning, confidence, truncated) == (THOUGHT, None, "answer")


@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if form.mention])
@pytest.mark.parametrize("quote", ["`{}`", '"{}"', "{}"])
def test_a_closing_tag_that_the_reasoning_mentions_does_not_end_it(name, quote):
    thought = f"{THOUGHT}\nAnswer: 11? I must write {quote.format(FORMS[name].mention)} before the answer."
    _, answer, confidence, truncated = read(name, complete(FORMS[name], thought))
    assert (answer, confidence, truncated) == ("12", 0.8, None)


@pytest.mark.parametrize("name", sorted(FORMS.keys() - {"granite"}))  # a heading of words, which no template writes
def test_reasoning_that_the_prompt_opened(name):
    form = FORMS[name]
    assert read(name, complete(form).removeprefix(form.opening), opened=True) == (THOUGHT, "12", 0.8, None)
    cut = f"{THOUGHT}\nAnswer: 11\nConfidence: 90%\nWait"
    assert read(name, cut, "length", opened=True) == (cut, None, None, "reasoning")
    assert opened_by(f"<|user|>Q<|assistant|>{form.opening}", DECLARED.get(name)) == form.opening.strip()
    assert opened_by(f"<|user|>Q<|assistant|>{form.opening}{form.closing}", DECLARED.get(name)) is None


@each_family
def test_a_stray_closing_tag_takes_no_answer_away(name):
    form = FORMS[name]
    assert read(name, f"{SAID}{form.closing}")[1:] == ("12", 0.8, None)
    assert read(name, f"{complete(form)}{form.closing}")[1:] == ("12", 0.8, None)


@each_family
def test_what_closes_an_open_reasoning_leads_to_the_answer(name):
    form, declared = FORMS[name], DECLARED.get(name)
    text = f"{form.opening}{THOUGHT}{ending(form.opening, declared)}{SAID}"
    assert read(name, text) == (THOUGHT, "12", 0.8, None)


def test_the_tag_may_have_a_suffix():
    """As those of HY 4, whose vocabulary says which."""
    assert read("hy_v4", f"<think:open>{THOUGHT}</think:open>{SAID}") == (THOUGHT, "12", 0.8, None)
    assert ending("<think:open>") == "\n</think:open>\n\n"


def test_another_familys_closing_tag_is_text():
    harmony = FORMS["openai_gptoss"]
    assert read("openai_gptoss", complete(harmony, "Write </think> first. Answer: 11"))[1:] == ("12", 0.8, None)
    cut = f"{harmony.opening}Write </think> first.\nAnswer: 11\nConfidence: 90%"
    assert read("openai_gptoss", cut, "length")[3] == "reasoning"


def test_harmony_writes_several_channels():
    text = (
        "<|channel|>analysis<|message|>One.<|end|><|start|>assistant<|channel|>commentary<|message|>Two.<|end|>"
        "<|start|>assistant<|channel|>analysis<|message|>Three.<|end|>"
    )
    assert read("openai_gptoss", text, "length")[3] == "reasoning"
    final = "<|start|>assistant<|channel|>final <|constrain|>text<|message|>"
    assert read("openai_gptoss", f"{text}{final}{SAID}")[1:] == ("12", 0.8, None)
    assert read("openai_gptoss", f"<|channel|>final<|message|>{SAID}") == (None, "12", 0.8, None)


@pytest.mark.parametrize(
    ("template", "found"),
    [
        (TEMPLATE, ("<|plan|>", "<|/plan|>", "<|say|>")),
        ({"fields": {"thinking": {"open": ["<a>", "<b>"], "close_pattern": r"\s*</a>"}}}, ("<a>", "</a>", "")),
        ({"fields": {"thinking": {"open_pattern": "<(a|b)>", "close": "</a>"}}}, None),
        ({"fields": {"content": {"close": "<|end|>"}}}, None),
        (None, None),
        ("no template", None),
    ],
)
def test_a_response_template_says_what_marks_the_reasoning(template, found):
    markup = of_response_template(template)
    assert (markup and markup[1:]) == found


def test_declared_markup_is_read_beside_what_is_known():
    markup = Markup("a test", "<|plan|>", "<|/plan|>")
    text = f"<|plan|>{THOUGHT}<|/plan|>\n{SAID}"
    assert parse(text, reasoning_opened=False, scale=None, finish_reason="stop", markup=markup).reasoning == THOUGHT
    assert parse(text, reasoning_opened=False, scale=None, finish_reason="stop").reasoning is None
    known = f"<think>{THOUGHT}</think>\n{SAID}"
    assert parse(known, reasoning_opened=False, scale=None, finish_reason="stop", markup=markup).reasoning == THOUGHT


def test_transformers_reads_a_response_template_as_we_do():
    of_family = tokenizer()
    of_family.response_template = TEMPLATE
    message = of_family.parse_response(f"{complete(FORMS['hf'])}<|end|>", prefix="<|user|>Q<|end|><|assistant|>")
    assert message == {"thinking": THOUGHT, "content": SAID}


SPLITS_NOTHING = {
    "cohere_command3": "needs the package cohere_melody",
    "cohere_command4": "needs the package cohere_melody",
    "hf": "see transformers above",
    "minimax_m2_append_think": "hands the text through",
    "olmo3": "needs the tokens of its own vocabulary",
    "openai_gptoss": "harmony is read by a package that fetches its vocabulary",
}


OF_MODEL_TYPE = {
    "cohere2": "cohere_command3",
    "deepseek_v32": "deepseek_v3",
    "ernie4_5_moe": "ernie45",
    "gemma4": "gemma4",
    "glm4_moe": "glm45",
    "gpt_oss": "openai_gptoss",
    "granite": "granite",
    "granitemoehybrid": "granite_thinking_parser",
    "hunyuan_v1_moe": "hunyuan_a13b",
    "kimi_k25": "kimi_k2",
    "laguna": "poolside_v1",
    "llama": None,
    "minimax_m2": "minimax_m2",
    "minimax_m3_vl": "minimax_m3",
    "mistral3": "mistral",
    "nemotron_h": "nemotron_v3",
    "olmo3": "olmo3",
    "qwen2": None,
    "qwen3_moe": "qwen3",
    "seed_oss": "seed_oss",
    "step3p7": "step3p5",
}
"""Model types of transformers -> the parser that vLLM has for them."""


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # vLLM's own, at its first import
def test_each_parser_of_vllm_has_its_form_here_and_reads_it_as_we_do():
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
    from vllm.reasoning import ReasoningParserManager

    names = ReasoningParserManager.list_registered()
    assert set(names) == FORMS.keys()
    request = ChatCompletionRequest(messages=[], model="m")
    for model_type, expected in OF_MODEL_TYPE.items():
        assert parser_name(model_type, names) == expected, model_type
    assert parser_name("llama", names, chosen="mimo") == "mimo"
    seed = declared_markup(_tokenizer_of(FORMS["seed_oss"]), "seed_oss")
    assert seed == Markup("vLLM's reasoning parser seed_oss", "<seed:think>", "</seed:think>")
    assert declared_markup(tokenizer(), "minimax_m3") is None  # a tokenizer without its tags
    assert declared_markup(tokenizer(), "llama") is None
    for name in names:
        if name not in SPLITS_NOTHING:
            parser = ReasoningParserManager.get_reasoning_parser(name)(
                _tokenizer_of(FORMS[name]), chat_template_kwargs={"thinking": True, "reasoning_effort": "high"}
            )
            reasoning, answer = parser.extract_reasoning(complete(FORMS[name]), request)
            opening = FORMS[name].opening.strip()  # Step 3's template writes it, and its parser keeps what comes
            assert (reasoning.strip().removeprefix(opening).strip(), answer.strip()) == (THOUGHT, SAID), name


def _tokenizer_of(form: Form):
    of_family = tokenizer()
    tags = [tag.strip() for tag in (form.opening, form.closing, form.before, form.after) if tag.strip()]
    further = ["<|message_model|>", "<|content_text|>", "<assistant>", "[TOOL_CALLS]", "[ARGS]"]
    of_family.add_tokens([*tags, *further], special_tokens=True)
    return of_family
