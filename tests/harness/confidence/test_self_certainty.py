"""Self-certainty: the value, and the refusal where the backend does not have the whole vocabulary.

That the divergences are those of a plain forward pass is in `tests/harness/backends/test_contract.py`.
"""

import asyncio

import msgspec
import pytest
from fakes import FakeBackend

from calibench.backends.base import TokenScores
from calibench.cli import main
from calibench.confidence.base import Answered, load
from calibench.confidence.self_certainty import SelfCertainty
from calibench.errors import CapabilityError
from calibench.prompting.parsing import parse

PARSED = parse("Answer: 4", reasoning_opened=False, scale=None, finish_reason="stop")


def test_the_value_is_of_the_mean_over_the_output():
    scores = TokenScores((-0.1,) * 3, None, certainties=(10.0, 20.0, 15.0))
    reading = asyncio.run(load("self_certainty").read(Answered(PARSED, scores=scores), None))
    assert (reading.value, reading.status) == (pytest.approx(15 / 25), "ok")
    assert msgspec.json.decode(reading.raw, type=SelfCertainty) == SelfCertainty(15.0, 3)


def test_a_backend_without_the_whole_vocabulary_is_refused_before_any_work(launch):
    backend = FakeBackend(lambda prompt, seed: "Answer: 4")
    with pytest.raises(CapabilityError, match="self_certainty needs whole_vocabulary"):
        launch(backend, protocol="plain", limit=3, confidence="self_certainty")
    assert not backend.completed
    assert not launch.out.exists()


def test_the_refusal_says_which_backend_would_serve(tmp_path, capsys):
    command = [
        "run",
        "micro-sft",
        "--tasks",
        "micro_words",
        "--confidence",
        "self_certainty",
        "--out",
        str(tmp_path / "a"),
    ]
    assert main(command) != 0
    assert "backend vllm with protocol plain does not give it (--backend transformers does)" in capsys.readouterr().err
