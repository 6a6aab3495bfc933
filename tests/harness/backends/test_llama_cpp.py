"""A run against the real server of llama.cpp, beside the plain reference on the same weights."""

from __future__ import annotations

import pytest
from served import NAME, served_by_llama_cpp

from calibench import model
from calibench.cli import main
from calibench.store import RunFile

CHECKPOINT = "micro-sft"
KEY = ["task", "question_id", "method"]
ASKED = ("--tasks", "micro", "--limit", "3")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served_by_llama_cpp(CHECKPOINT, tmp_path_factory.mktemp("llama.cpp")) as server:
        yield server


def of_server(server, out, *options):
    code = main(["run", NAME, "--backend", "openai", "--base-url", server.url, *ASKED, "--out", str(out), *options])
    return code, rows(out) if code == 0 else None


def rows(out):
    with RunFile.open(out) as run:
        return run.frame(texts=True).sort_values(KEY, ignore_index=True)


@pytest.mark.parametrize(
    "options",
    [("--confidence", "stated,asked,p_true"), ("--repetition-penalty", "1.3", "--confidence", "stated")],
)
def test_verdicts_and_confidences_are_those_of_the_local_road(server, tmp_path, options):
    assert main(["run", CHECKPOINT, "--backend", "transformers", *ASKED, "--out", str(tmp_path / "l"), *options]) == 0
    local = rows(tmp_path / "l")
    code, through = of_server(server, tmp_path / "s", *options)
    assert code == 0
    for column in (*KEY, "output", "outcome", "status", "prompt_tokens"):
        assert through[column].tolist() == local[column].tolist(), column
    assert through.value.tolist() == pytest.approx(local.value.tolist(), abs=1e-3)


def test_a_reasoning_that_the_template_opens_is_a_reasoning_also_where_it_is_cut(tmp_path):
    turns = "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    opening = f"{turns}<|assistant|><think>"
    with served_by_llama_cpp(CHECKPOINT, tmp_path, opening) as server:
        code, whole = of_server(server, tmp_path / "whole", "--confidence", "stated")
        assert code == 0
        assert whole.reasoning.str.len().gt(0).all()
        assert whole.output.str.count("<think>").eq(1).all()
        code, cut = of_server(server, tmp_path / "cut", "--confidence", "stated", "--max-tokens", "6")
    assert code == 0
    assert cut.output.str.startswith("<think>").all()
    assert cut.answer.isna().all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--presence-penalty", "0.5"), "llama.cpp's server counts the prompt's tokens too"),
        (("--engine", f"tokenizer={model.resolve(CHECKPOINT).path}"), "its answers hold no token ids"),
    ],
)
def test_what_it_would_do_otherwise_is_refused(server, tmp_path, capsys, options, said):
    assert of_server(server, tmp_path, *options)[0] == 2
    assert said in capsys.readouterr().err
