"""A small run file as the pipeline leaves it: two draws of a dozen questions, three methods, and its whole manifest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace
from some_records import confidence, generation, grade, question

from calibench.records import AnswerClass, Record
from calibench.store import RunFile

TASK = "micro_words"
QUESTIONS, DRAWS = 12, 2
METHODS = ("p_true", "sequence_probability", "stated")
_RAW = {
    "p_true": '{"A":0.75,"B":0.25}',
    "sequence_probability": '{"mean_logprob":-0.5,"total_logprob":-1.0,"min_logprob":-1.0,'
    '"tokens":2,"mean_entropy":0.5}',
    "stated": "Confidence: 75%",
}
MANIFEST = {
    "name": "a run",
    "kind": "sft",
    "model": {"name": "a model", "revision": None, "lineage": {"kind": "sft"}},
    "suite": None,
    "calibench": "0.1.0",
    "complete": True,
    "notes": ["A note."],
    "scope": {"micro_words": {"stated": {"questions": QUESTIONS, "draws": DRAWS, "methods": list(METHODS)}}},
    "identity": {
        "weights": "sha256:0",
        "backend": "vllm",
        "temperature": 0.7,
        "top_p": 1.0,
        "max_tokens": 2048,
        "thinking": "auto",
        "seed": 0,
        "prompts": {"micro_words, stated": "0"},
        "graders": {"micro_words": "number/1"},
        "data": {"micro_words": "sha256:0"},
        "reasoning": {"source": "template", "opening": "<think>", "closing": "</think>", "answer": ""},
    },
    "configuration": {"model": "a model", "temperature": 0.7, "seed": 0},
    "data": {"micro_words": {"origin": "generated", "fingerprint": "sha256:0", "note": None}},
    "sessions": [{"start": "2026-11-28T15:01:15+00:00", "seconds": 1.5, "engine": {"dtype": "float32"}}],
    "hardware": {"processors": 2},
}


def identity_of(*tasks: str) -> dict:
    """What a run of these tasks says of what made its answers."""
    named = {"graders": dict.fromkeys(tasks, "number/1"), "data": dict.fromkeys(tasks, "sha256:0")}
    return MANIFEST["identity"] | named


def whole_run(
    folder: Path,
    name: str = "a run",
    tasks: Sequence[str] = (TASK,),
    shift: int = 0,
    methods: Sequence[str] = METHODS,
) -> Path:
    """Writes the run file into the folder; runs of another `shift` are right on other questions."""
    with RunFile.create(folder) as run:
        for task in tasks:
            for i in range(QUESTIONS):
                run.write([replace(question(i), task=task, choices=(), gold=(str(i),), level=1 + i % 3)])
                for draw in range(DRAWS):
                    run.write(_answered(task, i, draw, shift, methods))
        of_task = MANIFEST["scope"][TASK]["stated"] | {"methods": list(methods)}
        scope = {task: {"stated": of_task} for task in tasks}
        run.update_manifest(**MANIFEST | {"name": name, "scope": scope, "identity": identity_of(*tasks)})
    return folder


def _class(i: int, draw: int, shift: int) -> int:
    """All wrong answers are one class, and so are all right ones."""
    return int(draw > 0 and ((i + draw + shift) % 3 > 0) != ((i + shift) % 3 > 0))


def _answered(task: str, i: int, draw: int, shift: int, methods: Sequence[str]) -> list[Record]:
    right = (i + draw + shift) % 3 > 0
    answer = str(i if right else 100 + i)
    value = (10 + i + draw) / 30
    return [
        replace(generation(i, draw), task=task, text=f"Answer: {answer}\nConfidence: 75%"),
        replace(grade(i, "correct" if right else "incorrect", draw), task=task, answer=answer),
        AnswerClass(task=task, question_id=f"q{i}", protocol="stated", draw=draw, answer_class=_class(i, draw, shift)),
        *(replace(confidence(i, value, draw), task=task, method=method, raw=_RAW[method]) for method in methods),
    ]
