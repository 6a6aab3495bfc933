"""Standard prompts of the field, as tasks that differ from ours in nothing else.

What a prompt of ours costs is seen beside them, on the same questions and by the same graders.
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from calibench import tasks
from calibench.files import write_text
from calibench.prompting.protocols import body
from calibench.records import Question
from calibench.tasks.base import Task

STANDARD = {
    "gsm8k": "Q: {question}\nA: Let's think step by step.",
    "mbpp": (
        "Please provide a self-contained Python script that solves the following problem in a markdown code block:\n"
        "```\n{question}\n```"
    ),
    "creak": "Claim: {question}\nIs the claim true or false?\nAnswer:",
    "popqa": "Q: {question}\nA:",
}
"""Task -> prompt. GSM8K: zero-shot chain of thought (Kojima et al. 2022, arXiv 2205.11916), as in lm-eval's
gsm8k_cot_zeroshot. MBPP: EvalPlus, without the beginning of the reply that it writes for the model. PopQA: that of its
paper (arXiv 2212.10511). CREAK: none is published for instructed models; the bare question."""


def standard(name: str) -> Task:
    """The task with the standard prompt in the place of its own."""
    task = tasks.load(name)
    own = f"{name}_standard"

    def to_question(row: dict, place: str) -> Question | None:
        question = task.to_question(row, place)
        if question is None:
            return None
        return replace(question, task=own, text=STANDARD[name].format(question=body(question)), choices=())

    return task._replace(name=own, instruction=None, to_question=to_question, training=None)


def task_file(name: str, folder: Path) -> str:
    """Writes the task as a user's Python file, which every process can load; returns how a run names it."""
    file = folder / f"{name}_standard.py"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_text(file, f'from calibench.study.standard import standard\n\nTASK = standard("{name}")\n')
    return f"file:{file.resolve()}"
