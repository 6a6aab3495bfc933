"""What is taught, token by token: builders that teach another thing fail here."""

from __future__ import annotations

import pytest
from fakes import tokenizer

from calibench.confidence import asked, p_true
from calibench.errors import InputError
from calibench.finetune import rows
from calibench.finetune.recipes.confidence_sft import ConfidenceOptions, percentage
from calibench.finetune.recipes.epicar import EpicarOptions, factors
from calibench.finetune.rows import IGNORED, Summary
from calibench.finetune.sampling import Sampled, SampledReply
from calibench.prompting.chat import ChatFormat
from calibench.prompting.parsing import parse
from calibench.records import Question

OUTPUT = "<think>2+2</think>\nAnswer: 4\nConfidence: 90%"


@pytest.fixture
def chat():
    return ChatFormat(tokenizer(), "auto")


@pytest.fixture
def prompt(chat):
    return chat.first("What is 2 + 2?").token_ids


def encoded(chat, text):
    return tuple(chat.tokenizer.encode(text, add_special_tokens=False))


def parsed(text=OUTPUT):
    return parse(text, reasoning_opened=False, scale="percent", finish_reason="stop")


def learned(chat, row):
    """The text whose tokens are learned; they are the row's own tokens, at their own places."""
    assert len(row.labels) == len(row.input_ids)
    assert all(label in (IGNORED, token) for label, token in zip(row.labels, row.input_ids, strict=True))
    return chat.decode([label for label in row.labels if label != IGNORED])


def test_an_answer_is_learned_to_its_end_and_its_prompt_is_not(chat, prompt):
    end = chat.tokenizer.eos_token_id
    row = rows.answer_row(prompt, encoded(chat, OUTPUT), end)
    assert row.kind == "answer"
    assert learned(chat, row) == f"{OUTPUT}<|end|>"
    assert row.input_ids[: len(prompt)] == prompt


@pytest.mark.parametrize(("right", "letter", "kind"), [(True, "A", "yes"), (False, "B", "no")])
def test_a_verdict_is_one_letter_after_the_question_that_p_true_asks(chat, prompt, right, letter, kind):
    row = rows.verdict_row(chat, prompt, encoded(chat, OUTPUT), parsed(), right)
    assert row.kind == kind
    assert learned(chat, row) == letter
    text = chat.decode(row.input_ids)
    reasoned_none = "<think>\n\n</think>\n\n"  # as the output above opens a reasoning by itself
    assert text.endswith(f"<|user|>{p_true.QUESTION}<|end|><|assistant|>{reasoned_none}{letter}")
    assert "Answer: 4" in text
    assert "90%" not in text


@pytest.mark.parametrize("learn_output", [True, False])
def test_a_confidence_takes_the_place_of_the_one_that_was_stated(chat, prompt, learn_output):
    row = rows.confidence_row(
        chat, prompt, encoded(chat, OUTPUT), parsed(), 38, chat.tokenizer.eos_token_id, learn_output=learn_output
    )
    before = "<think>2+2</think>\nAnswer: 4\nConfidence:" if learn_output else ""
    assert learned(chat, row) == f"{before} 38%<|end|>"
    assert chat.decode(row.input_ids).endswith("<think>2+2</think>\nAnswer: 4\nConfidence: 38%<|end|>")


def test_a_percentage_is_the_reply_to_the_question_of_asked(chat, prompt):
    row = rows.asked_row(chat, prompt, encoded(chat, OUTPUT), parsed(), 38, chat.tokenizer.eos_token_id)
    assert row.kind == "confidence"
    assert learned(chat, row) == "Confidence: 38%<|end|>"
    text = chat.decode(row.input_ids)
    assert f"Answer: 4<|end|><|user|>{asked.QUESTION}<|end|><|assistant|>" in text.replace("\n<|end|>", "<|end|>")
    assert "90%" not in text


def test_rows_come_back_from_their_file_and_long_ones_are_counted(chat, prompt, tmp_path):
    end = chat.tokenizer.eos_token_id
    written = [rows.answer_row(prompt, encoded(chat, text), end) for text in ("4", "5", "6" * 300)]
    summary = rows.write(written, tmp_path / "rows.parquet", max_length=200)
    assert list(rows.read(tmp_path / "rows.parquet")) == written[:2]
    assert (summary.rows, summary.too_long) == ({"answer": 2}, 1)
    assert summary.learned_tokens == {"answer": 4}
    again = rows.write(written[::-1], tmp_path / "other.parquet", max_length=200)
    assert again.sha256 != summary.sha256


def test_alpha_weighs_the_two_losses_and_balance_the_two_verdicts():
    summary = Summary({"answer": 10, "yes": 30, "no": 10}, {"answer": 160, "yes": 30, "no": 10}, 0, "")
    assert factors(EpicarOptions(), summary) == {}
    # alpha * mean(answers) + (1 - alpha) * mean(verdicts) = sum of factor * loss / all tokens, with 200 tokens
    weighed = factors(EpicarOptions(alpha=0.6), summary)
    assert weighed == pytest.approx({"answer": 0.6 * 200 / 160, "yes": 0.4 * 200 / 40, "no": 0.4 * 200 / 40})
    both = factors(EpicarOptions(alpha=0.6, balance=True), summary)
    assert both["yes"] * 30 == pytest.approx(both["no"] * 10)
    assert both["yes"] * 30 + both["no"] * 10 == pytest.approx(0.4 * 200)


def sampled(*outcomes):
    question = Question(task="t", question_id="1", text="?", gold=("4",), domain="math", split="train")
    traces = [SampledReply((), None, None, "4", outcome) for outcome in outcomes]
    return Sampled(None, question, tuple(traces))


@pytest.mark.parametrize(
    ("outcomes", "prior", "expected"),
    [
        (["correct"] * 3 + ["incorrect"], 0.0, 75),
        (["correct"] * 3 + ["incorrect"], 0.5, 70),
        (["incorrect"] * 4, 0.5, 10),
        (["correct", "truncated", "unparsed"], 0.0, 100),
    ],
)
def test_the_stated_percentage_is_the_share_of_right_answers(outcomes, prior, expected):
    assert percentage(sampled(*outcomes), prior) == expected
    assert ConfidenceOptions().prior == 0.5


def test_a_share_for_answers_of_which_none_is_left_is_refused_with_advice():
    only_verdicts = Summary({"no": 3}, {"no": 3}, 4, "")
    with pytest.raises(InputError, match=r"--alpha 0\.5: .*longer than --max-length 512\. Raise it"):
        factors(EpicarOptions(alpha=0.5, max_length=512), only_verdicts)
    assert factors(EpicarOptions(), only_verdicts) == {}


def test_each_row_has_a_weight_and_a_kinds_factor_is_a_case_of_it(chat, prompt, tmp_path):
    path = tmp_path / "rows.parquet"
    end = chat.tokenizer.eos_token_id
    plain = [rows.answer_row(prompt, encoded(chat, text), end) for text in "456"]
    written = [row._replace(weight=weight) for row, weight in zip(plain, (1.0, 0.25, 0.0), strict=True)]
    weighed = rows.write(written, path, max_length=200)
    assert list(rows.read(path)) == written
    assert weighed.sha256 != rows.write(plain, tmp_path / "plain.parquet", max_length=200).sha256
    rows.weigh(path, {"answer": 4.0})
    assert [row.weight for row in rows.read(path)] == [4.0, 1.0, 0.0]
    assert {file.name for file in tmp_path.iterdir()} == {"rows.parquet", "plain.parquet"}


@pytest.mark.parametrize(
    ("weights", "told"),
    [((0.0, 0.0), "weights of 2 .* sum to zero"), ((1.0, -0.5), "found -0.5"), ((1.0, float("nan")), "found nan")],
)
def test_weights_that_teach_nothing_are_refused(chat, prompt, tmp_path, weights, told):
    row = rows.answer_row(prompt, encoded(chat, "4"), chat.tokenizer.eos_token_id)
    with pytest.raises(InputError, match=told):
        rows.write([row._replace(weight=weight) for weight in weights], tmp_path / "rows.parquet", max_length=200)
