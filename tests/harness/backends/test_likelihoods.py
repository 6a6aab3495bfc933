"""The protocol `options`: what is scored, which option wins, and what a run keeps of it; no model."""

import json
import math
from types import SimpleNamespace

import pytest
from fakes import FakeBackend, NeverStarts, checkpoint_folder, gsm8k_folder, tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from calibench import tasks
from calibench.backends import _likelihoods, base
from calibench.backends.base import LogLikelihood
from calibench.errors import CapabilityError, EngineError, IdentityError, InputError
from calibench.model import resolve
from calibench.prompting import protocols
from calibench.prompting.chat import ChatFormat
from calibench.records import Question
from calibench.running.config import RunConfig
from calibench.running.pipeline import execute
from calibench.running.progress import Silent
from calibench.store import RunFile
from calibench.tasks.base import AnswerOptions

ROWS = 12


def by_letter(context: str, continuation: str) -> float:
    """Two to one for B against each other letter; A where the question has an even number."""
    number = int(context.partition("What is ")[2].partition("?")[0])
    return math.log(2) if continuation == (" A" if number % 2 == 0 else " B") else 0.0


@pytest.fixture
def launch(tmp_path, monkeypatch):
    model = checkpoint_folder(tmp_path / "model")
    (tmp_path / "data" / "truthfulqa" / "v0").mkdir(parents=True)
    table = [{"question": f"What is {i}?", "mc1_targets": {"one": 1, "two": 0, "three": 0}} for i in range(ROWS)]
    (tmp_path / "data" / "truthfulqa" / "v0" / "mc_task.json").write_text(json.dumps(table))
    gsm8k_folder(tmp_path / "data", 3)

    def launch(backend: FakeBackend, out: str = "run", **given):
        class Given(type(backend)):
            def __new__(cls, *arguments):
                return backend

        monkeypatch.setattr(base, "load", lambda name: Given)
        asked = {"tasks": ("truthfulqa",), "protocol": "options", "data": str(tmp_path / "data"), **given}
        execute(RunConfig(model=str(model), out=str(tmp_path / out), **asked), Silent()).run.close()

    launch.folder = tmp_path
    return launch


def scorer(context: int = 4096) -> FakeBackend:
    return FakeBackend(lambda *_: pytest.fail("a text was asked for"), context=context, likelihood=by_letter)


def content(out, *, without=("latency",)) -> dict[str, list[tuple]]:
    with RunFile.open(out) as run:
        tables = {}
        for table in ("questions", "generations", "confidences", "grades"):
            cursor = run._db.execute(f"SELECT * FROM {table}")
            keep = [i for i, column in enumerate(cursor.description) if column[0] not in without]
            tables[table] = sorted(tuple(row[i] for i in keep) for row in cursor)
        return tables


def test_the_most_likely_option_is_the_answer_and_its_share_the_confidence(launch):
    launch(scorer())
    with RunFile.open(launch.folder / "run") as run:
        frame = run.frame()
        assert run.manifest()["complete"]
        for row in frame.itertuples():
            question = run.question(row.task, row.question_id)
            even = int(question.text.removeprefix("What is ").rstrip("?")) % 2 == 0
            assert row.answer == ("A" if even else "B")
            assert row.outcome == ("correct" if row.answer == question.gold[0] else "incorrect")
            assert row.value == pytest.approx(2 / 4)  # 2 : 1 : 1
    assert len(frame) == ROWS
    assert set(frame["method"]) == {"choice_probability"}
    assert set(frame["outcome"]) == {"correct", "incorrect"}
    raw = json.loads(content(launch.folder / "run")["confidences"][0][-2])
    assert sorted(raw["log_likelihoods"].values()) == [0.0, 0.0, math.log(2)]
    assert list(raw["log_likelihoods"]) == ["A", "B", "C"]


def test_a_question_is_scored_as_plain_text_with_its_letters(launch):
    backend = scorer()
    launch(backend)
    assert backend.completed == []
    (context,) = {context for context, _ in backend.scored if "What is 3?" in context}
    assert context.startswith("What is 3?\nA) ")
    assert context.endswith("\n\nWhich option is true? The answer is the letter of one option.\nAnswer:")
    assert [option for one, option in backend.scored if one == context] == [" A", " B", " C"]


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("creak", ("true", "false")),
        ("fever", ("SUPPORTS", "REFUTES")),
        ("halueval", ("yes", "no")),
        ("strategyqa", ("yes", "no")),
    ],
)
def test_tasks_of_few_labels_have_them_as_options_and_grade_them(name, labels):
    task = tasks.load(name)
    question = Question(task=name, question_id="1", text="Tea is wet.", gold=labels[:1], domain="fact", split="dev")
    asked = protocols.options_of(task, question)
    context = f"Tea is wet.\n\n{task.instruction}\nAnswer:"
    assert asked == AnswerOptions(labels, tuple((context, f" {label}") for label in labels))
    assert [task.grade(question, label).outcome for label in labels] == ["correct", "incorrect"]


@given(
    st.lists(st.tuples(st.floats(-5000, 0), st.integers(1, 50)), min_size=1, max_size=9),
    st.booleans(),
)
def test_probabilities_add_up_and_the_winner_has_the_highest(scored, normalised):
    labels = tuple("ABCDEFGHI"[: len(scored)])
    lengths = tuple(length for _, length in scored) if normalised else None
    asked = AnswerOptions(labels, tuple(("", label) for label in labels), lengths)
    one = _likelihoods.ScoredOptions(asked, tuple(LogLikelihood(value, False) for value, _ in scored), 1)
    shares = one.probabilities()
    assert math.fsum(shares.values()) == pytest.approx(1)
    assert shares[one.winner()] == max(shares.values())
    assert one.winner() == max(labels, key=lambda label: one.values()[labels.index(label)])


def test_lengths_divide_before_options_are_compared():
    """-6 and -8 nats, of 2 and 4 characters: -3 and -2 per character; 1 / (1 + e) = 0.2689."""
    asked = AnswerOptions(("A", "B"), (("", "ab"), ("", "abcd")), (2, 4))
    one = _likelihoods.ScoredOptions(asked, (LogLikelihood(-6.0, False), LogLikelihood(-8.0, False)), 1)
    assert one.winner() == "B"
    assert one.probabilities() == {"A": pytest.approx(0.26894142), "B": pytest.approx(0.73105858)}
    plain = one._replace(options=asked._replace(lengths=None))
    assert plain.winner() == "A"
    assert plain.probabilities()["A"] == pytest.approx(0.88079708)  # 1 / (1 + e^-2)


def test_a_run_that_died_continues_to_the_file_of_an_uninterrupted_one(launch):
    class Dies(FakeBackend):
        async def log_likelihoods(self, prompt, continuations):
            if len(self.scored) > 15:
                raise EngineError("the engine died")
            return await super().log_likelihoods(prompt, continuations)

    launch(scorer(), out="whole")
    with pytest.raises(EngineError):
        launch(Dies(None, likelihood=by_letter, in_flight=2))
    kept = content(launch.folder / "run")
    assert 0 < len(kept["generations"]) < ROWS
    launch(scorer())
    assert content(launch.folder / "run") == content(launch.folder / "whole")


def test_a_confidence_that_is_missing_is_read_again_for_the_stored_answer(launch):
    launch(scorer(), confidence=())
    launch(scorer())
    launch(scorer(), out="whole")
    assert content(launch.folder / "run") == content(launch.folder / "whole")


def test_grades_are_made_of_the_stored_answers_without_the_engine(launch):
    launch(scorer())
    whole = content(launch.folder / "run")
    with RunFile.create(launch.folder / "run") as run:
        run._db.execute("DELETE FROM grades")
        run.update_manifest(complete=False)
    launch(NeverStarts())
    assert content(launch.folder / "run") == whole


def test_what_does_not_fit_the_context_is_failed_and_no_answer(launch):
    launch(scorer(context=60))
    rows = content(launch.folder / "run")
    assert {row[5] for row in rows["grades"]} == {"failed"}
    assert len(rows["confidences"]) == ROWS
    with RunFile.open(launch.folder / "run") as run:
        assert set(run.frame()["status"]) == {"missing"}


def test_the_options_are_part_of_the_identity(launch, monkeypatch):
    launch(scorer(), limit=3)
    task = tasks.load("truthfulqa")
    monkeypatch.setattr(tasks, "load", lambda name: task._replace(instruction="Pick one."))
    with pytest.raises(IdentityError, match="truthfulqa, options"):
        launch(scorer(), limit=4)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"confidence": ("p_true",)}, CapabilityError, "p_true needs a text that the model wrote"),
        ({"confidence": ("choice_probability", "stated")}, CapabilityError, "stated needs a text"),
        ({"draws": 5}, InputError, "draws nothing"),
        ({"temperature": 0.7}, InputError, "draws nothing"),
        ({"tasks": ("gsm8k",)}, CapabilityError, "gsm8k has no options"),
        (
            {"protocol": "stated", "confidence": ("choice_probability",)},
            CapabilityError,
            "choice_probability needs protocol options",
        ),
    ],
)
def test_what_does_not_go_with_the_protocol_is_refused_before_any_work(launch, given, error, said):
    with pytest.raises(error, match=said):
        launch(scorer(), **given)
    assert not (launch.folder / "run").exists()


def test_a_backend_without_log_likelihoods_is_refused(launch):
    class Blind(FakeBackend):
        capabilities = frozenset({"sampling", "follow_up", "label_probabilities"})

    with pytest.raises(CapabilityError, match="log_likelihoods"):
        launch(Blind(None))


# -- tokens -----------------------------------------------------------------------------------------------------------


def theirs(hf_tokenizer, context: str, continuation: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The tokens that lm-eval's transformers model scores."""
    from lm_eval.api.instance import Instance
    from lm_eval.api.model import TemplateLM
    from lm_eval.models.huggingface import HFLM

    class Tokens(SimpleNamespace):
        backend, add_bos_token, custom_prefix_token_id = "causal", None, None
        prefix_token_id, tok_encode, _encode_pair = HFLM.prefix_token_id, HFLM.tok_encode, TemplateLM._encode_pair

        def _loglikelihood_tokens(self, requests, **_):
            return requests

    request = Instance("loglikelihood", {}, (context, continuation), 0, ("", 0, 1))
    ((_, prompt, rest),) = TemplateLM.loglikelihood(Tokens(tokenizer=hf_tokenizer), [request], disable_tqdm=True)
    return tuple(prompt), tuple(rest)


def micro():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(resolve("micro-sft").path)


def beginning():
    """A tokenizer that begins every text with a token, as Llama's do."""
    from tokenizers.processors import TemplateProcessing

    fast = tokenizer()
    fast.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|user|> $A", special_tokens=[("<|user|>", fast.convert_tokens_to_ids("<|user|>"))]
    )
    fast.bos_token = "<|user|>"
    return fast


TOKENIZERS = {"bytes": tokenizer(), "begins": beginning(), "micro": micro()}


@pytest.mark.parametrize("kind", TOKENIZERS)
@settings(deadline=None)
@given(
    st.sampled_from(["", "Is it", "Is it ", "a\n\n", "<|user|>Why?", "the cat \n\t", "12 + 3 =", "x" * 30]),
    st.sampled_from([" yes", "yes", " no way", "", "15", " 15", "é", "<|user|>"]),
)
def test_context_and_continuation_are_split_as_lm_eval_splits_them(kind, context, continuation):
    if context or continuation:
        hf_tokenizer = TOKENIZERS[kind]
        assert ChatFormat(hf_tokenizer, "auto").pair(context, continuation) == theirs(
            hf_tokenizer, context, continuation
        )
