"""Chat templates of reasoning families, rewritten here in short: thinking switches, follow-ups, forced answers."""

from __future__ import annotations

import pytest
from fakes import tokenizer

from calibench.errors import InputError
from calibench.prompting.chat import ChatFormat
from calibench.prompting.template import variables

HARMONY = (
    "<|start|>system<|message|>Reasoning: {{ reasoning_effort | default('medium') }}<|end|>"
    "{% for m in messages %}{% if m.role == 'assistant' %}"
    "{% if m.thinking and loop.last and not add_generation_prompt %}"
    "<|start|>assistant<|channel|>analysis<|message|>{{ m.thinking }}<|end|>{% endif %}"
    "<|start|>assistant<|channel|>final<|message|>{{ m.content }}<|end|>"
    "{% else %}<|start|>{{ m.role }}<|message|>{{ m.content }}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant{% endif %}"
)
QWEN = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.role == 'assistant' and loop.last %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}"
    "{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}"
)
QWEN_THINKING = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
)
DEEPSEEK = (
    "{% if not thinking is defined %}{% set thinking = false %}{% endif %}"
    "{% for m in messages %}{% if m.role == 'user' %}<User>{{ m.content }}"
    "{% else %}<Assistant></think>{{ m.content }}<eos>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<Assistant>{% if thinking %}<think>{% else %}</think>{% endif %}{% endif %}"
)
GEMMA = (
    "{% if enable_thinking is defined and enable_thinking %}<|turn>system\n<|think|><turn|>\n{% endif %}"
    "{% for m in messages %}<|turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{% if m.reasoning %}<|channel>thought\n{{ m.reasoning }}\n<channel|>{% endif %}"
    "{{ m.content }}<turn|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn>model\n"
    "{% if enable_thinking is defined and not enable_thinking %}<|channel>thought\n<channel|>{% endif %}{% endif %}"
)
GRANITE = (
    "{% if thinking %}<|role|>system<|end_role|>First think.<|text_end|>\n{% endif %}"
    "{% for m in messages %}<|role|>{{ m.role }}<|end_role|>{{ m.content }}<|text_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|role|>assistant<|end_role|>{% endif %}"
)
COHERE = (
    "{% for m in messages %}<|START_OF_TURN_TOKEN|><|{{ m.role }}|>"
    "{% if m.role == 'assistant' %}<|START_RESPONSE|>{{ m.content }}<|END_RESPONSE|>"
    "{% else %}{{ m.content }}{% endif %}"
    "<|END_OF_TURN_TOKEN|>{% endfor %}"
    "{% if add_generation_prompt %}<|START_OF_TURN_TOKEN|><|assistant|>"
    "{% if reasoning is defined and not reasoning %}<|START_THINKING|><|END_THINKING|>{% endif %}{% endif %}"
)
MINIMAX = (
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}[e]\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant]"
    "{% if thinking_mode == 'enabled' %}<mm:think>{% elif thinking_mode == 'disabled' %}</mm:think>"
    "{% endif %}{% endif %}"
)
SEED = (
    "{% for m in messages %}<bos>{{ m.role }}\n{{ m.content }}<eos>{% endfor %}"
    "{% if add_generation_prompt %}<bos>assistant\n"
    "{% if thinking_budget is defined and thinking_budget == 0 %}<seed:think></seed:think>{% endif %}{% endif %}"
)
HUNYUAN = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>"
    "{% if reasoning_effort is defined and reasoning_effort == 'no_think' %}<think>\n\n</think>\n"
    "{% elif reasoning_effort in ('low', 'high') %}<think>{% endif %}{% endif %}"
)
MAGISTRAL = (
    "{% for m in messages %}{% if m.role == 'user' %}[INST]{{ m.content }}[/INST]"
    "{% else %}{{ m.content }}</s>{% endif %}{% endfor %}"
)
KIMI_K3 = (
    "{% for m in messages %}<|open|>message {{ m.role }}<|sep|>"
    "{% if m.role == 'assistant' %}<|open|>response<|sep|>{{ m.content }}<|close|>response<|sep|>"
    "{% else %}{{ m.content }}{% endif %}<|close|>message<|sep|>{% endfor %}"
    "{% if add_generation_prompt %}<|open|>message assistant<|sep|>{% endif %}"
)


def chat(template: str, thinking: str = "auto") -> ChatFormat:
    return ChatFormat(tokenizer(template=template), thinking)


def first(template: str, thinking: str = "auto") -> str:
    c = chat(template, thinking)
    return c.decode(c.first("Q").token_ids)


@pytest.mark.parametrize(
    ("template", "names", "on", "off"),
    [
        (HARMONY, ("reasoning_effort",), {}, {}),
        (QWEN, ("enable_thinking",), {"enable_thinking": True}, {"enable_thinking": False}),
        (QWEN_THINKING, (), {}, {}),
        (DEEPSEEK, ("thinking",), {"thinking": True}, {"thinking": False}),
        (GRANITE, ("thinking",), {"thinking": True}, {"thinking": False}),
        (COHERE, ("reasoning",), {"reasoning": True}, {"reasoning": False}),
        (MINIMAX, ("thinking_mode",), {"thinking_mode": "enabled"}, {"thinking_mode": "disabled"}),
        (SEED, ("thinking_budget",), {}, {"thinking_budget": 0}),
        (HUNYUAN, ("reasoning_effort",), {"reasoning_effort": "high"}, {"reasoning_effort": "no_think"}),
        ("{% generation %}{{ x }}{% endgeneration %}{{ eos_token }}{{ messages }}{% break %}", ("x",), {}, {}),
        ("{% nonsense", (), {"enable_thinking": True}, {"enable_thinking": False}),
    ],
)
def test_a_template_says_which_variables_it_reads_and_which_of_them_switch_thinking(template, names, on, off):
    assert variables(template) == (names, on, off)


@pytest.mark.parametrize(
    ("template", "on", "off"),
    [
        (QWEN, "assistant\n", "<think>\n\n</think>\n\n"),
        (DEEPSEEK, "<Assistant><think>", "<Assistant></think>"),
        (COHERE, "<|assistant|>", "<|START_THINKING|><|END_THINKING|>"),
        (MINIMAX, "[assistant]<mm:think>", "[assistant]</mm:think>"),
        (SEED, "assistant\n", "<seed:think></seed:think>"),
        (HUNYUAN, "<|assistant|><think>", "<think>\n\n</think>\n"),
        (GEMMA, "<|turn>model\n", "<|channel>thought\n<channel|>"),
    ],
)
def test_thinking_sets_the_switch_that_the_template_has(template, on, off):
    assert first(template, "on").endswith(on)
    assert first(template, "off").endswith(off)
    assert [chat(template, thinking).notes() for thinking in ("on", "off")] == [[], []]


@pytest.mark.parametrize(
    ("template", "thinking", "noted"),
    [
        (HARMONY, "off", "reads reasoning_effort"),
        (HARMONY, "on", "reads reasoning_effort"),
        (QWEN_THINKING, "off", "no switch"),
        (QWEN_THINKING, "on", None),  # it always opens the reasoning
        (MAGISTRAL, "off", "no switch"),
        ("{% for m in messages %}{{ m.content }}{% endfor %}<think>\n\n</think>", "off", None),  # and this closes it
        (MAGISTRAL, "auto", None),
        (None, "off", None),
    ],
)
def test_a_setting_of_thinking_without_effect_is_noted(template, thinking, noted):
    notes = chat(template, thinking).notes()
    assert bool(notes) == bool(noted)
    assert not noted or noted in notes[0]


def test_the_template_gets_the_variables_that_it_reads():
    c = chat(HARMONY)
    c.give({"reasoning_effort": "low"})
    assert "Reasoning: low<|end|>" in c.decode(c.first("Q").token_ids)
    with pytest.raises(InputError, match=r"--template effort=...: .* does not read this; it reads reasoning_effort"):
        c.give({"effort": "low"})
    with pytest.raises(InputError, match="it reads no variable"):
        chat(None).give({"effort": "low"})


@pytest.mark.parametrize(
    ("template", "output", "turn"),
    [
        (
            HARMONY,
            "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>5",
            "<|end|><|start|>user<|message|>Sure?<|end|><|start|>assistant<|channel|>final<|message|>",
        ),
        (QWEN, "<think>\nHm.\n</think>\n\n5", "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
        (QWEN_THINKING, "Hm.\n</think>\n\n5", "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
        (DEEPSEEK, "5", "<eos><User>Sure?<Assistant></think>"),
        (GEMMA, "<|channel>thought\nHm.\n<channel|>5", "<|turn>model\n<|channel>thought\n<channel|>"),
        (
            GRANITE,
            "Here is my thought process:\nHm.\n\nHere is my response:\n\n5",
            "<|end_role|>Here is my thought process:\n\nHere is my response:\n\n",
        ),
        (GRANITE, "5", "<|role|>assistant<|end_role|>"),
        (COHERE, "<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>5", "<|START_THINKING|><|END_THINKING|>"),
        (MINIMAX, "<mm:think>Hm.</mm:think>5", "[assistant]</mm:think>"),
        (SEED, "<seed:think>Hm.</seed:think>5", "assistant\n<seed:think></seed:think>"),
        (MAGISTRAL, "[THINK]Hm.[/THINK]5", "</s>[INST]Sure?[/INST][THINK]\n\n[/THINK]\n\n"),
        (MAGISTRAL, "5", "</s>[INST]Sure?[/INST]"),
        (
            KIMI_K3,
            "<|open|>think<|sep|>Hm.<|close|>think<|sep|><|open|>response<|sep|>5<|close|>response<|sep|>",
            "<|open|>message assistant<|sep|><|open|>response<|sep|>",
        ),
    ],
)
def test_a_follow_up_asks_at_the_place_where_the_family_answers(template, output, turn):
    c = chat(template)
    asked = c.decode(c.follow_up((), c._encode(output), "Sure?"))
    assert asked.startswith(output)
    assert asked.endswith(turn)


@pytest.mark.parametrize(
    ("template", "output", "begun"),
    [
        (HARMONY, "<|channel|>analysis<|message|>Hm", "<|end|><|start|>assistant<|channel|>final<|message|>Answer:"),
        (HARMONY, "<|channel|>analysis<|message|>Hm<|end|>", "<|start|>assistant<|channel|>final<|message|>Answer:"),
        (HARMONY, "<|channel|>final<|message|>Hm", "\nAnswer:"),
        (QWEN, "<think>\nHm", "\n</think>\n\nAnswer:"),
        (QWEN, "<reasoning>\nHm", "\n</reasoning>\n\nAnswer:"),
        (QWEN_THINKING, "Hm", "\n</think>\n\nAnswer:"),
        (GEMMA, "<|channel>thought\nHm", "\n<channel|>Answer:"),
        (GRANITE, "Here is my thought process:\nHm", "\n\nHere is my response:\n\nAnswer:"),
        (COHERE, "<|START_THINKING|>Hm", "<|END_THINKING|><|START_RESPONSE|>Answer:"),
        (MINIMAX, "<mm:think>Hm", "\n</mm:think>\n\nAnswer:"),
        (MAGISTRAL, "[THINK]Hm", "\n[/THINK]\n\nAnswer:"),
        (KIMI_K3, "<|open|>think<|sep|>Hm", "<|close|>think<|sep|><|open|>response<|sep|>Answer:"),
        (QWEN, "It is", "\nAnswer:"),
    ],
)
def test_a_forced_answer_begins_where_the_family_answers(template, output, begun):
    c = chat(template)
    prompt = c.first("Q")
    parsed_unclosed = not begun.startswith("\nAnswer")
    assert c.decode(c.answer_begun(prompt.token_ids, c._encode(output), parsed_unclosed)) == begun
