import pytest
from fakes import tokenizer

from calibench.errors import ModelError
from calibench.prompting.chat import ChatFormat

ANSWER = "First é.\nAnswer: 18\nConfidence: 85%"


def chat(opening: str = "", thinking: str = "auto", **options) -> ChatFormat:
    return ChatFormat(tokenizer(opening, **options), thinking)


def test_first_turn_is_the_template_and_nothing_else():
    c = chat()
    prompt = c.first("Two plus two?")
    assert c.decode(prompt.token_ids) == "<|user|>Two plus two?<|end|><|assistant|>"
    assert not prompt.reasoning_opened


@pytest.mark.parametrize("opening", ["<think>", "<think>\n", "<thinking>\n\n", "[THINK]"])
def test_a_reasoning_tag_at_the_end_of_the_prompt_is_seen(opening):
    assert chat(opening).first("Hi").reasoning_opened


def test_thinking_is_passed_to_the_template():
    assert chat("<think>", "on").first("Hi").reasoning_opened
    assert not chat("<think>", "off").first("Hi").reasoning_opened


def test_a_template_that_tells_the_date_tells_the_same_one_on_every_day():
    """As Llama 3.2's does."""
    dated = (
        "{% if not date_string %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}Today: {{ date_string }}"
        "{{ messages[0].content }}"
    )
    c = chat(template=dated)
    assert c.decode(c.first("Hi").token_ids) == "Today: 26 Jul 2024Hi"


PARTS = (
    "{% for m in messages %}<|{{ m.role }}|>{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}"
    "{% endif %}{% endfor %}<|end|>{% endfor %}"
)
"""Takes a turn as a list of parts, and writes nothing of a text."""


def test_a_template_that_takes_parts_gets_parts():
    c = chat(template=PARTS)
    assert c.decode(c.first("Two plus two?").token_ids) == "<|user|>Two plus two?<|end|>"
    assert c.decode(c.follow_up((), (), "Sure?")) == "<|end|><|user|>Sure?<|end|>"
    assert c.decode([c.end]) == "<|end|>"


@pytest.mark.parametrize("change", ["[:5]", "| upper", "| replace('two', '2')", "| tojson | replace('\"', '')"])
def test_a_prompt_without_the_question_as_it_is_asked_is_refused(change):
    c = chat(template=f"{{% for m in messages %}}{{{{ m.content{change} }}}}{{% endfor %}}")
    with pytest.raises(ModelError, match="leaves out the question or changes its text"):
        c.first('Two plus two?\n"two"')


def test_a_template_may_strip_white_space_around_a_question():
    c = chat(template="{% for m in messages %}{{ m.content | trim }}{% endfor %}")
    assert c.decode(c.first("Two plus two?\n").token_ids) == "Two plus two?"


def test_a_system_turn_comes_first():
    assert (c := chat()).decode(c.first("Hi", "Be brief.").token_ids).startswith("<|system|>Be brief.<|end|><|user|>Hi")
    assert (c := chat(template=None)).decode(c.first("Hi", "Be brief.").token_ids) == "Be brief.\n\nHi\n"


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages if m.role != 'system' %}{{ m.content }}{% endfor %}",
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ messages[0].content }}",
    ],
)
def test_a_template_without_system_turn_is_reported(template):
    with pytest.raises(ModelError, match=r"takes no system turn|no system"):
        chat(template=template).first("Hi", "Be brief.")


def test_follow_up_keeps_the_very_tokens_of_prompt_and_output():
    c = chat()
    prompt, output = c.first("Two plus two?").token_ids, c._encode(ANSWER)
    follow_up = c.follow_up(prompt, output, "Sure?")
    assert follow_up[: len(prompt) + len(output)] == prompt + output
    assert c.decode(follow_up[len(prompt) + len(output) :]) == "<|end|><|user|>Sure?<|end|><|assistant|>"


def test_follow_up_closes_reasoning_that_the_template_opens_regardless():
    always = chat("<think>", template="{% for m in messages %}{{ m['content'] }}|{% endfor %}<think>")
    turn = always.decode(always.follow_up((), (), "Sure?"))
    assert turn == "|Sure?|<think>\n\n</think>\n\n"


def test_without_a_template_the_prompt_is_plain_text():
    c = chat(template=None)
    assert not c.has_template
    assert c.decode(c.first("Two plus two?").token_ids) == "Two plus two?\n"
    assert c.decode(c.follow_up((), (), "Sure?")) == "\n\nSure?\n"


TURNS = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}REST{% endfor %}"
HARMONY = (
    "{% for m in messages %}<|{{ m.role }}|>{% if m.thinking %}{{ m.thinking }}<|end|><|assistant|>{% endif %}"
    "{{ m.content }}{{ LAST if loop.last else '<|end|>' }}{% endfor %}"
)


@pytest.mark.parametrize(
    ("template", "end"),
    [
        (TURNS.replace("REST", "<|end|>"), "<|end|>"),
        (TURNS.replace("REST", " <|user|>\n"), "<|user|>"),  # white space before it, as Llama 2 has
        (TURNS.replace("REST", "\n\n"), "<|end|>"),  # text alone: the tokenizer's
        (TURNS.replace("m.content", "m.content | upper").replace("REST", "<|user|>"), "<|end|>"),
        (HARMONY.replace("LAST", "'<|user|>'"), "<|user|>"),  # gpt-oss: <|return|>
        ("{% if messages|length > 1 %}{{ raise_exception('one turn') }}{% endif %}", "<|end|>"),
        (None, "<|end|>"),
    ],
)
def test_the_end_of_a_turn_is_what_the_template_writes_after_a_reply(template, end):
    c = chat(template=template)
    assert c.decode([c.end]) == end
    assert {c.decode([token]) for token in c.ends} == {end, "<|end|>"}  # the tokenizer's own counts too


def test_a_token_that_also_ends_the_reasoning_does_not_end_the_turn():
    """A template of gpt-oss that closes every message with <|end|>: to stop there would cut before the answer."""
    other = tokenizer(template=HARMONY.replace("LAST", "'<|end|>'"))
    other.eos_token = "<|user|>"
    c = ChatFormat(other, "auto")
    assert c.decode([c.end]) == "<|user|>"
    assert c.ends == {c.end}


def test_tokens_that_the_checkpoint_declares_as_ends_are_ends():
    fast = tokenizer()
    think = fast.convert_tokens_to_ids("</think>")
    assert ChatFormat(fast, "auto", [think]).ends == {think, fast.eos_token_id}


def test_the_stated_confidence_is_cut_at_token_boundaries():
    c = chat()
    ids = c._encode(ANSWER)
    start = ANSWER.index("Confidence")
    assert c.decode(c.without(ids, [(start, len(ANSWER))])) == "First é.\nAnswer: 18\n"
    assert c.without(ids, []) == ids
    middle = ANSWER.index("Answer")
    assert c.decode(c.without(ids, [(middle, start)])) == "First é.\nConfidence: 85%"


def test_tokens_that_straddle_the_cut_go_too():
    c = chat()
    ids = c._encode("aéb")  # é is two tokens of one character
    assert c.decode(c.without(ids, [(1, 2)])) == "ab"
    assert [c.token_of(ids, n) for n in range(4)] == [0, 1, 3, 4]


def test_label_tokens_are_the_single_tokens_that_write_the_label():
    c = chat()
    assert [c.decode([t]) for t in c.label_tokens("A")] == ["A"]
    assert c.label_tokens("Yes") == []


@pytest.mark.parametrize("ends", [["x"], [[1]], [3, None], [True], [-7]])
def test_what_ends_a_text_are_tokens(ends):
    with pytest.raises(ModelError, match="expected token ids as eos_token_id, found"):
        ChatFormat(tokenizer(), "auto", ends)
