"""How likely the model finds it, before it solves a problem, that it would: what it is shown, and what is read."""

from fake_runs import RIGHT
from fakes import FakeBackend

from calibench.store import RunFile

SOLVED = "<think>So many of them.</think>" + RIGHT.partition("\n")[0]


def answering(prompt: str, _seed: int | None) -> str:
    return "Confidence: 35%" if "Do not solve it" in prompt else SOLVED.format(4)


def test_the_prompt_has_the_problem_and_neither_answer_nor_reasoning(launch):
    backend = FakeBackend(answering, opening="<think>")
    launch(backend, protocol="plain", limit=3, confidence="foreseen,asked")
    shown = [prompt for prompt, _ in backend.completed if "Do not solve it" in prompt]
    with RunFile.open(launch.out) as run:
        texts = [question.text for question in run.questions()]
        frame = run.frame()
    assert len(shown) == len(texts) == 3
    for text in texts:
        (prompt,) = [each for each in shown if text in each]
        assert prompt.startswith("<|user|>Below is a problem.")
        assert prompt.endswith(f"{text}<|end|><|assistant|>")  # thinking is off: the template opens no reasoning
        assert "So many of them" not in prompt
        assert "Answer:" not in prompt
    assert set(frame[frame["method"] == "foreseen"]["value"]) == {0.35}
