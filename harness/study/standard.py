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
from calibench.running.selection import select
from calibench.tasks.base import Rows, Task

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


def standard(name: str, limit: int) -> Task:
    """The task with the standard prompt in the place of its own, over the sample of `limit` that the task itself has.

    A sample goes by the task's name, and this one has a name of its own.
    """
    task = tasks.load(name)
    own = f"{name}_standard"
    sample: frozenset[str] | None = None

    def open_sampled(data: str | None) -> Rows:
        nonlocal sample
        sample = select(task, data, limit).chosen
        return task.open(data)

    def to_question(row: dict, place: str) -> Question | None:
        question = task.to_question(row, place)
        if question is None or (sample is not None and question.question_id not in sample):
            return None
        return replace(question, task=own, text=STANDARD[name].format(question=body(question)), choices=())

    return task._replace(name=own, instruction=None, open=open_sampled, to_question=to_question, training=None)


def task_file(name: str, limit: int, folder: Path) -> str:
    """Writes the task as a user's Python file, which every process can load; returns how a run names it."""
    file = folder / str(limit) / f"{name}_standard.py"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, f'from calibench.study.standard import standard\n\nTASK = standard("{name}", {limit})\n')
    return f"file:{file.resolve()}"
