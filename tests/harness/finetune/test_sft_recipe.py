"""What recipe sft teaches of a trace, as the benchmark reads it."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest
from fakes import tokenizer

from calibench.finetune import traces
from calibench.finetune.config import TuneConfig
from calibench.finetune.recipes import sft
from calibench.finetune.rows import IGNORED
from calibench.prompting.chat import ChatFormat, reasoning_tags
from calibench.prompting.parsing import parse

REASONING = "2 > 1, so 2 + 2 = 4."


def taught(tmp_path, opening: str, **options: str) -> str:
    """The text that is learned of one trace, where the template opens the reply with `opening`."""
    file = tmp_path / "traces.jsonl"
    trace = {"question": "How much is 2 + 2?", "answer": "4", "reasoning": REASONING, "confidence": 0.9}
    file.write_bytes(msgspec.json.encode(trace))
    config = TuneConfig(recipe="sft", model="m", tasks=("micro_words",), out="o")
    chosen = sft.SftOptions(traces=str(file), **options)
    training = tuple(each.asked for each in sft.questions(config, chosen))
    chat = ChatFormat(tokenizer(opening), "auto")
    job = SimpleNamespace(config=config, chat=chat)
    (row,) = traces.rows(job, chosen.traces, chosen.reasoning_format, training)
    return chat.decode([label for label in row.labels if label != IGNORED])


@pytest.mark.parametrize("opening", ["", "<think>\n", "[THINK]", "<reasoning>"])
@pytest.mark.parametrize("form", [None, "{reasoning}\n", "<think>{reasoning}\n", "<think>{reasoning}</think>\n"])
def test_reasoning_stands_whole_before_the_answer_whatever_template_and_format(tmp_path, opening, form):
    text = taught(tmp_path, opening, **({"reasoning_format": form} if form else {}))
    assert text.count(REASONING) == 1
    if opening:
        tag, closing = reasoning_tags(opening)
        assert tag not in text
        assert text.count(closing) == 1
        parts = parse(text, reasoning_opened=True, scale="percent", finish_reason="stop")
        assert (parts.reasoning.strip(), parts.answer_text.strip(), parts.confidence) == (REASONING, "Answer: 4", 0.9)


def test_the_default_format_keeps_to_the_tags(tmp_path):
    ending = f"\n{REASONING}\n</think>\n\nAnswer: 4\nConfidence: 90%<|end|>"
    assert taught(tmp_path, "") == f"<think>{ending}"
    assert taught(tmp_path, "<think>") == ending


def test_a_limit_takes_the_first_questions_of_each_task_with_all_their_traces(tmp_path):
    file = tmp_path / "traces.jsonl"
    tasks = ("micro_words", "micro_algebra")
    asked = [(task, f"Question {number}?") for number in (1, 2, 1, 3) for task in tasks]
    lines = [msgspec.json.encode({"question": q, "answer": "4", "reasoning": "", "task": task}) for task, q in asked]
    file.write_bytes(b"\n".join(lines))
    config = TuneConfig(recipe="sft", model="m", tasks=tasks, out="o", limit=2)
    found = [each.asked[1] for each in sft.questions(config, sft.SftOptions(traces=str(file)))]
    assert [(question.task, question.text) for question in found] == [pair for pair in asked if "3" not in pair[1]]
