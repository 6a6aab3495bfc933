"""A real language model, from its published file to the report: SmolLM2-135M-Instruct, on the engine."""

import json
import os

import pytest
import warm
from real_file import SHA256
from transformers import AutoTokenizer

from calibench.prompting.chat import ChatFormat
from calibench.records import Confidence, Generation
from calibench.store import RunFile

pytestmark = [pytest.mark.bench, pytest.mark.engine, pytest.mark.data, pytest.mark.slow, pytest.mark.timeout(600)]

MAX_TOKENS = 280


@pytest.fixture(scope="module")
def run(smollm2, tmp_path_factory) -> RunFile:
    work = tmp_path_factory.mktemp("smollm2")
    options = ["--tasks", "gsm8k", "--limit", "4", "--protocol", "boxed", "--confidence", "p_true"]
    options += ["--max-tokens", str(MAX_TOKENS), "--out", str(work / "run")]
    environment = {**os.environ, "XDG_CACHE_HOME": str(work / "cache")}
    done = warm.run("calibench", "run", str(smollm2), *options, env=environment)
    assert done.returncode == 0, done.stderr
    assert "unpacking the 135 million weights of smollm2-135m.gguf" in done.stderr
    return RunFile.open(work / "run")


@pytest.fixture(scope="module")
def generations(run) -> list[Generation]:
    made = [draw for q in run.questions() for draw in run.draws("gsm8k", q.question_id, "boxed").values()]
    assert len(made) == 4
    return made


def test_the_run_is_of_the_file_and_complete(run):
    manifest = run.manifest()
    assert manifest["identity"]["weights"] == f"sha256:{SHA256}"
    assert manifest["model"]["name"] == "smollm2-135m"
    assert manifest["complete"]
    assert (run.path.parent / "report.html").is_file()


def test_turns_end_where_the_model_ends_them_and_texts_decode(generations):
    ended = [made for made in generations if made.finish_reason == "stop"]
    assert len(ended) >= 2
    assert max(made.answer_tokens for made in ended) > 100
    for made in generations:
        assert made.answer_tokens == MAX_TOKENS or made in ended
        assert not set(made.text) & set("�ĠĊ")
        assert "<|im_" not in made.text
        assert len(made.text.split()) > made.answer_tokens / 3


def test_tokenizer_and_template_are_those_of_the_file(run, generations):
    """SmolLM2's template puts a system message first, and its tokenizer has no numbers but digits."""
    folder = run.path.parent.parent / "cache" / "calibench" / "gguf" / SHA256
    chat = ChatFormat(AutoTokenizer.from_pretrained(folder), "auto")
    for made in generations:
        question = run.question("gsm8k", made.question_id).text
        prompt = chat.first(question).token_ids
        text = chat.decode(prompt)
        assert text.startswith("<|im_start|>system\nYou are a helpful AI assistant named SmolLM")
        assert text.endswith(f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n")
        assert made.prompt_tokens > len(prompt)  # the protocol's instruction comes after the question
    assert len(chat.plain("1234")) == 4


def test_answers_are_read_and_followed_up(run, generations):
    grades = [run.grades("gsm8k", made.question_id, "boxed")[0] for made in generations]
    decided = [grade for grade in grades if grade.outcome in ("correct", "incorrect")]
    assert len(decided) >= 2
    assert all(float(grade.answer.replace(",", "")) >= 0 for grade in decided)
    readings: list[Confidence] = [c for c in run.confidences("p_true") if c.status == "ok"]
    assert len(readings) >= len(decided)
    for reading in readings:
        assert 0.5 < reading.value < 1
        assert sum(json.loads(reading.raw).values()) > 0.3
        assert reading.cached_tokens > 0
