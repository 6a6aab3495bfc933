"""vLLM makes a pool of a tokenizer, for its threads, whose methods are its own."""

from __future__ import annotations

import pytest
from transformers import AutoTokenizer
from vllm.tokenizers.hf import get_cached_tokenizer, maybe_make_thread_pool

from calibench import model
from calibench.backends.vllm import _single
from calibench.errors import ModelError
from calibench.prompting.chat import ChatFormat

ENDLESS = "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}"


def plain():
    return AutoTokenizer.from_pretrained(model.resolve("micro-sft").path)


@pytest.fixture(params=["a pool", "a pool of what is cached", "a cached pool"])
def pooled(request):
    match request.param:
        case "a pool":
            return maybe_make_thread_pool(plain())
        case "a pool of what is cached":
            return maybe_make_thread_pool(get_cached_tokenizer(plain()))
    return get_cached_tokenizer(maybe_make_thread_pool(plain()))


def test_prompts_are_those_of_the_tokenizer_itself(pooled):
    asked = ("What is 1 plus 1?", "Be brief.")
    found, expected = ChatFormat(_single(pooled), "auto"), ChatFormat(plain(), "auto")
    assert found.first(*asked) == expected.first(*asked)
    assert found.ends == expected.ends


def test_its_template_is_rendered_within_limits(pooled):
    pooled.chat_template = ENDLESS + plain().chat_template
    with pytest.raises(ModelError, match="more than 2 s of processor time"):
        ChatFormat(_single(pooled), "auto").first("What is 1 plus 1?")


def test_what_is_no_pool_is_left_as_it_is():
    tokenizer = plain()
    assert _single(tokenizer) is tokenizer
