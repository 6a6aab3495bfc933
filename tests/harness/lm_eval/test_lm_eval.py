"""The bridge to lm-eval: each road's prompts, answers and numbers against those of lm-eval itself."""

from __future__ import annotations

import json
import math
import random
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from fakes import FakeBackend, Given, checkpoint_folder
from own_rows import OWN_ROWS, ROWS

from calibench import tasks
from calibench.backends import _likelihoods, base
from calibench.backends.base import LogLikelihood
from calibench.cli import main
from calibench.errors import CalibenchError, InputError
from calibench.lm_eval import ours as our_tasks
from calibench.lm_eval import theirs as their_tasks
from calibench.metrics.scorecard import scorecard
from calibench.model import resolve
from calibench.prompting import protocols
from calibench.records import Question
from calibench.running.config import RunConfig
from calibench.running.pipeline import execute
from calibench.running.progress import Silent
from calibench.running.selection import select
from calibench.store import RunFile

STATED = protocols.protocol("stated")
Likelihood = Callable[[str, str], float]
"""(context, continuation) -> log-likelihood."""

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


# Options of unequal lengths in characters and bytes, right in turn.
ZOO = """
import random
from datasets import Dataset

def documents(**_):
    def some(*numbers):
        return Dataset.from_list(
            [
                {
                    "n": n,
                    "options": ["a", "é" * (n % 4 + 2), f"a mole of {n}"],
                    "right": ["a", "é" * (n % 4 + 2), f"a mole of {n}"][n % 3],
                    "both": [n % 3, (n + 1) % 3],
                    "place": n % 3,
                }
                for n in numbers
            ]
        )
    return {"train": some(100, 200, 300), "test": some(*range(12))}

def soft(document, results):
    values = [value for value, _ in results]
    return {"acc": values[0] / sum(values), "acc_norm": 0}
"""
ZOO_YAML = """
task: zoo
custom_dataset: !function zoo.documents
training_split: train
test_split: test
fewshot_split: train
output_type: multiple_choice
description: "Animals.\\n\\n"
doc_to_text: "Which is animal {{n}}?"
doc_to_choice: "{{options}}"
doc_to_target: "{{right}}"
num_fewshot: 2
metric_list:
- {metric: acc, aggregation: mean, higher_is_better: true}
- {metric: acc_norm, aggregation: mean, higher_is_better: true}
- {metric: acc_bytes, aggregation: mean, higher_is_better: true}
"""
SEVERAL_RIGHT_YAML = ZOO_YAML.replace('"{{right}}"', "both").replace("num_fewshot: 2", "num_fewshot: 0")
OPTION_IN_THE_CONTEXT_YAML = (
    ZOO_YAML.replace('"Which is animal {{n}}?"', "place")
    .replace('"{{right}}"', '"is animal {{n}}."')
    .replace("num_fewshot: 2", "num_fewshot: 0")
)
HIGH_STAKES = (
    "medqa_4options", "medmcqa", "pubmedqa", "headqa_en", "careqa_en", "mmlu_professional_medicine",
    "mmlu_clinical_knowledge", "mmlu_medical_genetics", "mmlu_professional_law", "mmlu_international_law",
    "mmlu_professional_accounting", "mmlu_econometrics",
)  # fmt: skip


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr(tasks, "SOURCES", {})
    their_tasks.register()


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    (tmp_path / "sums.py").write_text(SUMS)
    file = tmp_path / "sums.yaml"
    file.write_text(SUMS_YAML)
    return file


@pytest.fixture
def launch(tmp_path, monkeypatch):
    """Runs a task here on a model that is a function; returns the prompts and the run's rows."""

    def launch(task: str, answer: Callable[[str], str] | None = None, likelihood: Likelihood | None = None, **options):
        backend = FakeBackend(lambda prompt, _: answer(user_turn(prompt)), context=100_000, likelihood=likelihood)

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


def evaluate(
    configuration: Path, answer: Callable[[str], str] | None = None, likelihood: Likelihood | None = None
) -> dict:
    """What lm-eval makes of a task on a model that is a function."""
    from lm_eval import simple_evaluate
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    class Function(LM):
        def generate_until(self, requests):
            for request in requests:
                text, stops = answer(request.args[0]), request.args[1]["until"]
                yield re.split("|".join(map(re.escape, stops)), text)[0] if stops else text

        def loglikelihood(self, requests):
            return [(likelihood(*request.args), False) for request in requests]

        loglikelihood_rolling = None

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
    prompts, frame = launch(f"lm_eval:{sums}:{filter_name}", guess, protocol="plain", confidence="none")
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
    prompts, frame = launch(
        f"lm_eval:{sums}:last", lambda prompt: guess(prompt) + "\nConfidence: 85%", protocol="stated"
    )
    theirs = {sample["arguments"][0][0] for sample in evaluate(sums, guess)["samples"]}
    assert {prompt.removesuffix(f"\n\n{STATED.alone}") for prompt in prompts} == theirs
    assert set(frame["value"].dropna()) == {0.85}
    assert (frame["outcome"] == "correct").sum() == 4


def test_equal_documents_are_questions_of_their_own(sums, launch):
    _, frame = launch(f"lm_eval:{sums}:last", guess, protocol="plain", confidence="none")
    assert frame["question_id"].nunique() == len(frame) == 9


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lambada_openai", "output type is loglikelihood"),
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
    assert main(["run", "micro-sft", "--tasks", "lm_eval:wikitext", "--out", str(tmp_path / "run")]) == 2
    assert "output type is loglikelihood_rolling" in capsys.readouterr().err


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


# -- their multiple-choice tasks here ---------------------------------------------------------------------------------


def seen(context: str, continuation: str) -> float:
    """A log-likelihood that depends on the whole text and on nothing else: not on where it is split."""
    return -20 * random.Random(context + continuation).random()


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    (tmp_path / "zoo.py").write_text(ZOO)
    return tmp_path


def written(folder: Path, configuration: str) -> Path:
    file = folder / "zoo.yaml"
    file.write_text(configuration)
    return file


def chosen(out: Path) -> dict[frozenset[tuple[str, str]], tuple]:
    """The whole texts of the options of each question -> the option that won, verdict, and log-likelihoods."""
    with RunFile.open(out) as run:
        rows = {}
        for row in run.frame().itertuples():
            asked = protocols.options_of(tasks.load(row.task), run.question(row.task, row.question_id))
            (generation,) = run.draws(row.task, row.question_id, "options").values()
            raw = run._db.execute("SELECT raw FROM confidences WHERE question_id = ?", (row.question_id,)).fetchone()
            likelihoods = json.loads(raw[0])["log_likelihoods"]
            winner = asked.labels.index(generation.text)
            rows[asked.pairs] = (winner, float(row.outcome == "correct"), list(likelihoods.values()))
        return rows


@pytest.mark.parametrize(
    ("configuration", "metric"),
    [
        ("ZOO_YAML", "acc"),
        ("ZOO_YAML", "acc_norm"),
        ("ZOO_YAML", "acc_bytes"),
        ("SEVERAL_RIGHT_YAML", "acc"),
        ("OPTION_IN_THE_CONTEXT_YAML", "acc"),
    ],
)
def test_options_are_scored_and_chosen_as_lm_eval_does(zoo, launch, configuration, metric):
    file = written(zoo, globals()[configuration])
    launch(f"lm_eval:{file}:{metric}", likelihood=seen, protocol="options")
    theirs = {}
    for sample in evaluate(file, likelihood=seen)["samples"]:
        pairs = tuple(tuple(pair) for pair in sample["arguments"])
        values = [seen(*pair) for pair in pairs]
        lengths = {"acc": None, "acc_norm": len, "acc_bytes": lambda c: len(c.encode())}[metric]
        if lengths:
            values = [v / lengths(choice) for v, choice in zip(values, sample["doc"]["options"], strict=True)]
        theirs[pairs] = (values.index(max(values)), sample[metric], [seen(*pair) for pair in pairs])
    ours = chosen(zoo / "run")
    assert ours == theirs
    assert len(ours) == 12
    assert {0.0, 1.0} == {verdict for _, verdict, _ in ours.values()}


def test_the_metrics_of_multiple_choice_differ_on_these_questions(zoo, launch):
    """Else the test above would not tell one from the other."""
    winners = set()
    for metric in ("acc", "acc_norm", "acc_bytes"):
        sub = zoo / metric
        sub.mkdir()
        (sub / "zoo.py").write_text(ZOO)
        task = tasks.load(f"lm_eval:{written(sub, ZOO_YAML)}:{metric}")
        questions = [task.to_question(row, place) for place, row in task.open(None).rows]
        scored = [
            _likelihoods.ScoredOptions(asked, tuple(LogLikelihood(seen(*pair), False) for pair in asked.pairs), 0)
            for asked in map(task.options, questions)
        ]
        winners.add(tuple(one.winner() for one in scored))
    assert len(winners) == 3


def test_a_multiple_choice_question_can_also_be_answered_in_a_turn(zoo, launch):
    task = f"lm_eval:{written(zoo, ZOO_YAML)}"
    prompts, frame = launch(task, lambda prompt: "Answer: B\nConfidence: 70%", protocol="stated")
    assert set(frame["value"]) == {0.7}
    assert set(frame["answer"]) == {"B"}
    assert frame["outcome"].value_counts().to_dict() == {"correct": 4, "incorrect": 8}
    (prompt,) = [p for p in prompts if "animal 4" in p]
    assert prompt.startswith("Animals.\n\nWhich is animal ")
    assert "Which is animal 4?\nA) a\nB) éé\nC) a mole of 4" in prompt
    assert prompt.endswith(f"The answer is the letter of one option.\n{STATED.instruction}")


def test_an_option_that_the_task_does_not_have_as_its_target_is_no_wrong_answer(zoo, launch):
    _, frame = launch(
        f"lm_eval:{written(zoo, ZOO_YAML.replace('{{right}}', 'none of them'))}", likelihood=seen, protocol="options"
    )
    assert set(frame["outcome"]) == {"failed"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("acc_norm, aggregation: mean", "mcc, aggregation: matthews_corrcoef"), "found mcc"),
        (("num_fewshot: 2", "num_fewshot: 2\nprocess_results: !function zoo.soft"), "a rule of its own"),
        (("{{options}}", "{{options + range(30)|map('string')|list}}"), "expected 1 to 26 options"),
    ],
)
def test_multiple_choice_that_cannot_be_run_is_refused(zoo, change, said):
    configuration = ZOO_YAML.replace(*change)
    assert configuration != ZOO_YAML
    with pytest.raises(CalibenchError, match=said):
        tasks.load(f"lm_eval:{written(zoo, configuration)}:{'mcc' if 'mcc' in said else ''}").open(None)


@pytest.mark.parametrize("name", HIGH_STAKES)
def test_high_stakes_tasks_of_lm_eval_are_supported(name):
    """Medicine, law and finance, by the names of the installed lm-eval; their data are on the hub."""
    their_tasks._require_support(name, their_tasks._configuration(name))


# -- our tasks there --------------------------------------------------------------------------------------------------


CLOSED = (
    "creak", "fever", "gpqa_diamond", "halueval", "mmlu_pro", "scifact", "strategyqa", "supergpqa", "truthfulqa",
    "typed_decisions",
)  # fmt: skip
"""Tasks whose answers are a closed set."""


def test_every_task_is_written(tmp_path, capsys):
    assert main(["lm-eval-tasks", "--out", str(tmp_path / "new")]) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    names = {*tasks.names(), *(f"{name}_options" for name in CLOSED)}
    assert {file.stem for file in written} == {f"calibench_{name}" for name in names}
    assert all(file.is_file() for file in written)


@pytest.mark.parametrize("road", ["calibench run", "python -m calibench.lm_eval"])
def test_configurations_of_an_earlier_version_have_to_be_written_again(road, tmp_path, capfd, monkeypatch):
    file = tmp_path / "calibench_gsm8k.yaml"
    file.write_text("task: calibench_gsm8k\ncustom_dataset: !function harness.lm_eval.ours.documents\n")
    if road == "calibench run":
        assert main(["run", "micro-sft", "--tasks", f"lm_eval:{file}", "--out", str(tmp_path / "out")]) == 2
    else:
        monkeypatch.setattr(sys, "argv", ["lm_eval", "--include_path", str(tmp_path), "--tasks", "calibench_gsm8k"])
        with pytest.raises(SystemExit, match="2"):
            runpy.run_module("calibench.lm_eval", run_name="__main__")
    told = capfd.readouterr().err
    assert told.startswith(f"calibench: {file}: expected functions of calibench.lm_eval")
    assert told.endswith(f"calibench lm-eval-tasks --out {tmp_path}\n")
    assert told.count("\n") == 1


def folder_of(name: str, benchmark_data: Path) -> str:
    """Tasks whose data are on the hub alone have rows of our own in the published form."""
    return str(ROWS if name in OWN_ROWS else benchmark_data)


@pytest.mark.data
@pytest.mark.sandbox
@pytest.mark.parametrize("name", tasks.names())
def test_every_task_has_documents_and_grades_their_answers(name, benchmark_data):
    task = tasks.load(name)
    document = our_tasks.documents(name, folder_of(name, benchmark_data))["test"][0]
    question = msgspec.json.decode(document["question"], type=Question)
    right = f"{task.gold_text(question)[0]}\nConfidence: 77%"
    assert set(our_tasks.score(document, [right]).values()) == {("correct", 0.77)}
    assert set(our_tasks.score(document, [task.wrong_text(question)]).values()) == {("incorrect", None)}


@pytest.mark.data
@pytest.mark.parametrize("name", CLOSED)
def test_every_task_of_a_closed_set_has_its_options_graded(name, benchmark_data):
    document = our_tasks.documents_with_options(name, folder_of(name, benchmark_data))["test"][0]
    n, right = len(document["choices"]), document["target"]
    share = pytest.approx(1 / (1 + (n - 1) / math.e))

    def scored(winner: int) -> tuple[str, float]:
        (said,) = set(our_tasks.score_options(document, [(-float(i != winner), False) for i in range(n)]).values())
        return said

    assert scored(right) == ("correct", share)
    assert scored((right + 1) % n) == ("incorrect", share)


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
        replies[protocols.first_turn(question, loaded, STATED)] = (
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
    prompts, frame = launch("micro_facts", answers("micro_facts"), protocol="stated")
    our_tasks.write_configurations(tmp_path)
    theirs = evaluate(tmp_path / "calibench_micro_facts.yaml", answers("micro_facts"))

    assert sorted(prompts) == sorted(s["arguments"][0][0] for s in theirs["samples"])
    assert outcomes(theirs["samples"]) == verdicts(frame)
    numbers = {
        m.metric: m.value
        for m in scorecard(frame, resamples=10).metrics
        if (m.task, m.subset) == ("micro_facts", "all")
    }
    assert {metric: theirs["results"][f"{metric},none"] for metric in our_tasks.METRICS} == {
        metric: pytest.approx(numbers[metric], abs=1e-12) for metric in our_tasks.METRICS
    }


def truthfulqa_folder(folder: Path, rows: int) -> Path:
    """A `--data` folder with questions of 2 to 5 options."""
    (folder / "truthfulqa" / "v0").mkdir(parents=True)
    table = [
        {"question": f"What is {i}?", "mc1_targets": {f"{i} is {n}": int(n == 0) for n in range(2 + i % 4)}}
        for i in range(rows)
    ]
    (folder / "truthfulqa" / "v0" / "mc_task.json").write_text(json.dumps(table))
    return folder


def test_both_roads_agree_on_options_sample_by_sample_and_in_every_metric(tmp_path, launch, monkeypatch):
    monkeypatch.setenv("CALIBENCH_DATA", str(truthfulqa_folder(tmp_path / "data", 30)))
    _, frame = launch("truthfulqa", likelihood=seen, protocol="options", data=str(tmp_path / "data"))
    our_tasks.write_configurations(tmp_path)
    theirs = evaluate(tmp_path / "calibench_truthfulqa_options.yaml", likelihood=seen)

    assert outcomes(theirs["samples"]) == verdicts(frame)
    assert {"correct", "incorrect"} == {outcome for outcome, _ in verdicts(frame).values()}
    numbers = {
        m.metric: m.value for m in scorecard(frame, resamples=10).metrics if (m.task, m.subset) == ("truthfulqa", "all")
    }
    assert {metric: theirs["results"][f"{metric},none"] for metric in our_tasks.METRICS} == {
        metric: pytest.approx(numbers[metric], abs=1e-12) for metric in our_tasks.METRICS
    }


def test_a_word_that_is_no_way_of_thinking_is_refused():
    from calibench.lm_eval.model import Model

    with pytest.raises(InputError, match=r"^thinking: expected one of auto, off, on, found 'perhaps'$"):
        Model("micro-sft", thinking="perhaps")


def test_our_backend_is_a_model_of_lm_eval(tmp_path, monkeypatch):
    """The same answers through lm-eval's interface for models: chat template, reasoning, stop strings."""
    from lm_eval.api.instance import Instance

    from calibench.lm_eval.model import Model

    shown = []

    def answer(prompt: str, seed: int | None) -> str:
        shown.append((prompt, seed))
        return "<think>Stop. Why?</think>Lima. Stop. Next"

    monkeypatch.setattr(base, "load", lambda name: Given(FakeBackend(answer, in_flight=2)))
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


def test_our_backend_gives_lm_eval_log_likelihoods(tmp_path, monkeypatch):
    from lm_eval.api.instance import Instance

    from calibench.lm_eval.model import Model

    def bytes_of(context: str, continuation: str) -> float:
        return -float(len(continuation.encode()))

    backend = FakeBackend(lambda *_: "", context=64, likelihood=bytes_of)
    monkeypatch.setattr(base, "load", lambda name: Given(backend))
    model = Model(str(checkpoint_folder(tmp_path / "model")))

    def ask(kind: str, *arguments: tuple[str, ...]) -> list[Instance]:
        return [Instance(kind, {}, one, 0, ("task", i, 1)) for i, one in enumerate(arguments)]

    pairs = [("Is it?", " yes"), ("Why? ", "é"), ("Is it?", " no"), ("", "a")]
    assert model.loglikelihood(ask("loglikelihood", *pairs)) == [(-4, False), (-3, False), (-3, False), (-1, False)]
    assert set(backend.scored) == {("Is it?", " yes"), ("Why?", " é"), ("Is it?", " no"), ("<|end|>", "a")}

    backend.scored.clear()
    texts = ["", "short", "x" * 63, "0123456789" * 20]
    assert model.loglikelihood_rolling(ask("loglikelihood_rolling", *((t,) for t in texts))) == [0, -5, -63, -200]
    assert all(len(context.replace("<|end|>", "|")) + len(text) <= 64 for context, text in backend.scored)
    with pytest.raises(InputError, match="found 60"):
        model.loglikelihood(ask("loglikelihood", ("Is it?", "x" * 60)))


@pytest.mark.parametrize(
    ("metric", "items"),
    [("auroc", [("correct", 0.9), ("correct", 0.2)]), ("ece", [("unparsed", 0.9), ("correct", None)])],
)
def test_an_undefined_metric_is_none(metric, items):
    assert getattr(our_tasks, metric)(items) is None


TOLERANCE = 2e-4
"""Nats between log-likelihoods of the same text by vLLM and by transformers, in float32."""


@pytest.mark.bench
@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_three_roads_score_the_same_options_on_a_checkpoint(zoo, monkeypatch):
    """A run of ours, transformers under the stock command, and our engine under it: of lm-eval's task and of ours."""
    monkeypatch.setenv("CALIBENCH_DATA", str(truthfulqa_folder(zoo / "data", 40)))
    file = written(zoo, ZOO_YAML)
    command(
        "calibench", "run", "micro-sft", "--tasks", f"lm_eval:{file},truthfulqa", "--protocol", "options",
        "--out", str(zoo / "run"), cwd=zoo,
    )  # fmt: skip
    assert main(["lm-eval-tasks", "--out", str(zoo)]) == 0
    models = {"lm_eval": ("hf", str(resolve("micro-sft").path)), "calibench.lm_eval": ("calibench", "micro-sft")}
    theirs = {}
    for module, (model, pretrained) in models.items():
        command(
            module, "--include_path", str(zoo), "--tasks", "zoo,calibench_truthfulqa_options", "--model", model,
            "--model_args", f"pretrained={pretrained},dtype=float32", "--device", "cpu", "--batch_size", "64",
            "--log_samples", "--output_path", str(zoo / model), cwd=zoo,
        )  # fmt: skip
        theirs[model] = logged(zoo / model)
    ours = chosen(zoo / "run")

    assert len(ours) == 52
    for road in theirs.values():
        assert {pairs: (winner, right) for pairs, (winner, right, _) in road.items()} == {
            pairs: (winner, right) for pairs, (winner, right, _) in ours.items()
        }
        difference = max(abs(a - b) for pairs in ours for a, b in zip(ours[pairs][2], road[pairs][2], strict=True))
        assert difference < TOLERANCE
    assert {0.0, 1.0} == {right for _, right, _ in ours.values()}


def logged(folder: Path) -> dict[tuple[tuple[str, str], ...], tuple]:
    """What `chosen` says of a run, from the samples that lm-eval logged."""
    rows = {}
    for log in folder.rglob("samples_*.jsonl"):
        for sample in map(json.loads, log.read_text().splitlines()):
            pairs = tuple((one["arg_0"], one["arg_1"]) for one in sample["arguments"].values())
            values = [float(value) for value, _ in sample["filtered_resps"]]
            right = float(sample["accuracy"][0] == "correct") if "accuracy" in sample else sample["acc"]
            rows[pairs] = (values.index(max(values)), right, values)
    return rows


def command(module: str, *arguments: str, cwd: Path) -> None:
    done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
