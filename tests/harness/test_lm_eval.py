"""The bridge to lm-eval: each road's prompts, answers and numbers against those of lm-eval itself."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from fakes import FakeBackend, checkpoint_folder

import tasks
from harness import lm_eval, protocols
from harness.backends import base
from harness.cli import main
from harness.config import RunConfig
from harness.errors import InputError
from harness.model import resolve
from harness.pipeline import execute
from harness.progress import Silent
from harness.records import Question
from harness.selection import select
from harness.store import RunFile
from metrics.scorecard import scorecard

STATED = protocols.protocol("stated")

# Documents that hold a random number: each process must draw the same ones, as lm-eval's shuffled options are drawn.
SUMS = """
import random
from datasets import Dataset

def documents(**_):
    def some(*numbers):
        return Dataset.from_list([{"n": n, "m": random.randint(1, 99)} for n in numbers])
    return {"train": some(100, 200, 300, 400), "test": some(*range(8), 7)}
"""
SUMS_YAML = """
task: sums
custom_dataset: !function sums.documents
training_split: train
test_split: test
fewshot_split: train
output_type: generate_until
description: "Add up.\\n\\n"
doc_to_text: "Question: {{n}} plus {{m}}\\nAnswer:"
doc_to_target: "{{n + m}}"
num_fewshot: 2
generation_kwargs: {until: ["Question:"], max_gen_toks: 64}
filter_list:
- name: first
  filter: [{function: regex, regex_pattern: "(-?[0-9]+)"}, {function: take_first}]
- name: last
  filter: [{function: regex, regex_pattern: "(-?[0-9]+)", group_select: -1}, {function: take_first}]
metric_list:
- {metric: exact_match, aggregation: mean, higher_is_better: true}
"""


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr(tasks, "SOURCES", {})
    lm_eval.register()


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    (tmp_path / "sums.py").write_text(SUMS)
    file = tmp_path / "sums.yaml"
    file.write_text(SUMS_YAML)
    return file


@pytest.fixture
def launch(tmp_path, monkeypatch):
    """Runs a task here on a model that is a function; returns the prompts and the run's rows."""

    def launch(task: str, answer: Callable[[str], str], **options):
        backend = FakeBackend(lambda prompt, seed: answer(user_turn(prompt)), context=100_000)

        class Given(FakeBackend):
            def __new__(cls, *arguments):
                return backend

        monkeypatch.setattr(base, "load", lambda name: Given)
        model = checkpoint_folder(tmp_path / "model")
        result = execute(RunConfig(model=str(model), tasks=(task,), out=str(tmp_path / "run"), **options), Silent())
        result.run.close()
        with RunFile.open(tmp_path / "run") as run:
            return [user_turn(prompt) for prompt, _ in backend.completed], run.frame()

    return launch


def user_turn(prompt: str) -> str:
    return re.fullmatch(r"<\|user\|>(.*)<\|end\|><\|assistant\|>", prompt, re.DOTALL)[1]


def evaluate(configuration: Path, answer: Callable[[str], str]) -> dict:
    """What lm-eval makes of a task on a model that is a function."""
    from lm_eval import simple_evaluate
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    class Function(LM):
        def generate_until(self, requests):
            for request in requests:
                text, stops = answer(request.args[0]), request.args[1]["until"]
                yield re.split("|".join(map(re.escape, stops)), text)[0] if stops else text

        loglikelihood = loglikelihood_rolling = None

    results = simple_evaluate(
        model=Function(),
        tasks=[str(configuration)],
        task_manager=TaskManager(include_defaults=False),
        bootstrap_iters=0,
    )
    return {name: results[name][task] for name in ("results", "samples") for task in results["results"]}


# -- their tasks here -------------------------------------------------------------------------------------------------


def guess(prompt: str) -> str:
    """Answers the sum at the end of the prompt: right, wrong, in many words, not at all, or going on too long."""
    n, m = map(int, re.findall(r"(\d+) plus (\d+)", prompt)[-1])
    return (
        f"{n + m}",
        f"{n + m + 1}",
        f"{n} and {m} make {n + m}",
        "no idea",
        f" {n + m}\n\nQuestion: 1 plus 1\nAnswer: 2",
        f"{n + m} or {n + m + 1}",
    )[n % 6]


@pytest.mark.parametrize("filter_name", ["first", "last"])
def test_a_task_of_lm_eval_is_asked_and_graded_as_lm_eval_does(sums, tmp_path, launch, filter_name):
    prompts, frame = launch(f"lm_eval:{sums}:{filter_name}", guess, protocol="plain")
    samples = [s for s in evaluate(sums, guess)["samples"] if s["filter"] == filter_name]
    assert sorted(prompts) == sorted(s["arguments"][0][0] for s in samples)
    assert all(prompt.startswith("Add up.") and prompt.count("Answer:") == 3 for prompt in prompts)

    theirs = {s["arguments"][0][0]: s["exact_match"] for s in samples}
    with RunFile.open(tmp_path / "run") as run:
        ours = {run.question(row.task, row.question_id).text: row.outcome for row in frame.itertuples()}
    assert {text: float(outcome == "correct") for text, outcome in ours.items()} == theirs
    assert {"correct", "incorrect", "unparsed"} == set(ours.values())


def test_only_a_confidence_is_asked_for_besides_and_lm_eval_does_not_see_it(sums, launch):
    """A percentage after the answer would be the last number of the text."""
    prompts, frame = launch(f"lm_eval:{sums}:last", lambda prompt: guess(prompt) + "\nConfidence: 85%")
    theirs = {sample["arguments"][0][0] for sample in evaluate(sums, guess)["samples"]}
    assert {prompt.removesuffix(f"\n\n{STATED.alone}") for prompt in prompts} == theirs
    assert set(frame["value"].dropna()) == {0.85}
    assert (frame["outcome"] == "correct").sum() == 4


def test_equal_documents_are_questions_of_their_own(sums, launch):
    _, frame = launch(f"lm_eval:{sums}:last", guess, protocol="plain")
    assert frame["question_id"].nunique() == len(frame) == 9


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("arc_easy", "output type is multiple_choice"),
        ("mbpp", "without a sandbox"),
        ("gsm8kk", "Did you mean gsm8k"),
        ("mmlu", "no single task"),
        ("no/such/file.yaml", "No such file"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_downloaded(name, said):
    with pytest.raises(InputError, match=said):
        tasks.load(f"lm_eval:{name}")


def test_the_command_line_knows_tasks_of_lm_eval(tmp_path, capsys):
    tasks.SOURCES.clear()
    assert main(["run", "micro-sft", "--tasks", "lm_eval:arc_easy", "--out", str(tmp_path / "run")]) == 2
    assert "multiple_choice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "choose lm_eval:.*:first or lm_eval:.*:last"),
        ("gen_prefix: The sum is", "gen_prefix"),
        ("repeats: 8", "votes over repeated answers"),
        ("metric_list: [{metric: f1}]", "a metric that says right or wrong"),
        ("doc_to_image: picture", "images"),
        ("task: [", "not a configuration"),
    ],
)
def test_a_configuration_that_cannot_be_run_is_refused(sums, line, said):
    sums.write_text(f"{SUMS_YAML}\n{line}\n")
    with pytest.raises(InputError, match=said):
        tasks.load(f"lm_eval:{sums}:last" if line else f"lm_eval:{sums}")


# -- our tasks there --------------------------------------------------------------------------------------------------


def test_every_task_is_written(tmp_path, capsys):
    assert main(["lm-eval-tasks", "--out", str(tmp_path / "new")]) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {file.stem for file in written} == {f"calibench_{name}" for name in tasks.names()}
    assert all(file.is_file() for file in written)


@pytest.mark.data
@pytest.mark.sandbox
@pytest.mark.parametrize("name", tasks.names())
def test_every_task_has_documents_and_grades_their_answers(name, benchmark_data):
    task = tasks.load(name)
    document = lm_eval.documents(name, str(benchmark_data))["test"][0]
    question = msgspec.json.decode(document["question"], type=Question)
    right = f"{task.gold_text(question)[0]}\nConfidence: 77%"
    assert set(lm_eval.score(document, [right]).values()) == {("correct", 0.77)}
    assert set(lm_eval.score(document, [task.wrong_text(question)]).values()) == {("incorrect", None)}


def test_a_folder_that_cannot_be_written_is_said(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["lm-eval-tasks", "--out", str(tmp_path / "file")]) == 4
    assert "cannot write" in capsys.readouterr().err


def answers(task: str) -> Callable[[str], str]:
    """A model that answers a task's prompts in every way that ends in another outcome."""
    loaded = tasks.load(task)
    selection = select(loaded, None, None)
    replies: dict[str, str] = {}
    for i, question in enumerate(selection.questions(None)):
        right = f"Answer: {question.gold[0]}"
        replies[protocols.first_turn(question, loaded.instruction, STATED)] = (
            f"<think>Is it 5? Confidence: 1%</think>{right}\nConfidence: {95 - i % 30}%",
            f"{right}\nConfidence: 80%",
            f"Answer: no such thing\nConfidence: {i % 100}%",
            right,
            f"{right}\nConfidence: 250%",
            "Answer: I don't know.\nConfidence: 10%",
            "",
        )[i % 7]
    return replies.__getitem__


def outcomes(samples: list[dict]) -> dict[str, tuple[str, float | None]]:
    """question id -> outcome and confidence, as lm-eval logged them."""
    return {json.loads(s["doc"]["question"])["question_id"]: tuple(s["accuracy"]) for s in samples}


def verdicts(frame: pd.DataFrame) -> dict[str, tuple[str, float | None]]:
    """The same of a run."""
    return {r.question_id: (r.outcome, None if math.isnan(r.value) else r.value) for r in frame.itertuples()}


def test_both_roads_agree_sample_by_sample_and_in_every_metric(tmp_path, launch):
    prompts, frame = launch("micro_facts", answers("micro_facts"))
    lm_eval.write_configurations(tmp_path)
    theirs = evaluate(tmp_path / "calibench_micro_facts.yaml", answers("micro_facts"))

    assert sorted(prompts) == sorted(s["arguments"][0][0] for s in theirs["samples"])
    assert outcomes(theirs["samples"]) == verdicts(frame)
    numbers = {
        m.metric: m.value
        for m in scorecard(frame, resamples=10).metrics
        if (m.task, m.subset) == ("micro_facts", "all")
    }
    assert {metric: theirs["results"][f"{metric},none"] for metric in lm_eval.METRICS} == {
        metric: pytest.approx(numbers[metric], abs=1e-12) for metric in lm_eval.METRICS
    }


def test_our_backend_is_a_model_of_lm_eval(tmp_path, monkeypatch):
    """The same answers through lm-eval's interface for models: chat template, reasoning, stop strings."""
    from lm_eval.api.instance import Instance

    from harness.lm_eval.model import Model

    shown = []

    def answer(prompt: str, seed: int | None) -> str:
        shown.append((prompt, seed))
        return "<think>Stop. Why?</think>Lima. Stop. Next"

    monkeypatch.setattr(base, "load", lambda name: lambda *_: FakeBackend(answer, in_flight=2))
    model = Model(str(checkpoint_folder(tmp_path / "model")))
    context = model.apply_chat_template([{"role": "user", "content": "Capital of Peru?"}])

    def request(doc_id: int, **options) -> Instance:
        return Instance("generate_until", {}, (context, options), 0, ("capitals", doc_id, 1))

    greedy = model.generate_until([request(n, until=["Stop"], max_gen_toks=99) for n in range(5)])
    assert greedy == ["Lima. "] * 5
    assert set(shown) == {("<|user|>Capital of Peru?<|end|><|assistant|>", None)}

    shown.clear()
    assert model.generate_until([request(7, temperature=1.0, max_gen_toks=8)] * 2) == ["", ""]  # cut in the reasoning
    (_, first), (_, second) = shown
    assert second == first + 1
    with pytest.raises(InputError, match="top_k"):
        model.generate_until([request(0, top_k=5)])


@pytest.mark.parametrize(
    ("metric", "items"),
    [("auroc", [("correct", 0.9), ("correct", 0.2)]), ("ece", [("unparsed", 0.9), ("correct", None)])],
)
def test_an_undefined_metric_is_none(metric, items):
    assert getattr(lm_eval, metric)(items) is None


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_stock_command_and_a_run_agree_on_a_checkpoint(tmp_path):
    """The same weights, greedy: vLLM under `calibench run`, transformers under `lm_eval --model hf`."""
    command("harness.cli", "run", "micro-sft", "--tasks", "micro_facts", "--out", str(tmp_path / "run"), cwd=tmp_path)
    command("harness.cli", "lm-eval-tasks", "--out", str(tmp_path), cwd=tmp_path)
    command(
        "lm_eval", "--include_path", str(tmp_path), "--tasks", "calibench_micro_facts", "--model", "hf",
        "--model_args", f"pretrained={resolve('micro-sft').path},dtype=float32", "--device", "cpu",
        "--batch_size", "64", "--apply_chat_template", "--gen_kwargs", "max_gen_toks=1024",
        "--log_samples", "--output_path", str(tmp_path / "theirs"), cwd=tmp_path,
    )  # fmt: skip
    (log,) = (tmp_path / "theirs").rglob("samples_*.jsonl")
    theirs = outcomes([json.loads(line) for line in log.read_text().splitlines()])
    with RunFile.open(tmp_path / "run") as run:
        ours = verdicts(run.frame())
    assert ours == theirs
    assert {"correct", "incorrect"} <= {outcome for outcome, _ in ours.values()}


def command(module: str, *arguments: str, cwd: Path) -> None:
    done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
