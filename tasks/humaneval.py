"""HumanEval: Python functions, begun by signature and docstring, tested by asserts that are not shown.

Chen et al. 2021, "Evaluating Large Language Models Trained on Code" (arXiv 2107.03374). The paper has the function's
body continued; here the question shows what is begun, and the answer is a program that defines the whole function. As
there, the imports and helpers of what is begun stand before it. Accuracy is the paper's pass@1.

Seven of the 164 tests have loops or values that are computed, so that their verdicts are not proof against forging.
"""

from __future__ import annotations

import ast

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Program, Task, Verdict
from calibench.tasks.data import Hub, Source, open_rows, text_field
from calibench.tasks.grading import published
from calibench.tasks.grading.code import GRADER, finish_code, grade_code
from calibench.tasks.mbpp import wrong_program

SOURCE = Source(
    task="humaneval",
    file="humaneval/HumanEval.jsonl.gz",
    layout="lines",
    sha256="b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
    publisher="https://github.com/openai/human-eval, data/HumanEval.jsonl.gz",
    hub=Hub("openai/openai_humaneval", None, "test"),
)


def to_question(row: dict, place: str) -> Question:
    return function_question("humaneval", row, place)


def function_question(task: str, row: dict, place: str) -> Question:
    """A row with `prompt`, `canonical_solution`, `entry_point` and `test` as a question of the task."""
    begun, entry_point = text_field(row, "prompt", place), text_field(row, "entry_point", place)
    program = begun + text_field(row, "canonical_solution", place)
    if entry_point not in _functions(program, place):
        raise DataError(f"{place}: expected the function {entry_point!r:.80} in 'prompt', found {begun!r:.200}")
    return Question(
        task=task,
        question_id=text_field(row, "task_id", place),
        text=f"Complete this Python function:\n\n```python\n{begun.strip()}\n```",
        gold=(program,),
        tests=published.statements(text_field(row, "test", place), entry_point, place),
        domain="code",
        split="test",
    )


def grade(question: Question, answer_text: str) -> Verdict | Program:
    """The job that runs the answer after the imports and helpers of what was begun."""
    job = grade_code(question.tests, answer_text)
    if isinstance(job, Verdict):
        return job
    return job._replace(program=before_function(question.gold[0]) + job.program)


def before_function(program: str) -> str:
    """What stands before the last function of a program."""
    tree = ast.parse(program)
    last = max(node.lineno for node in tree.body if isinstance(node, ast.FunctionDef))
    return "".join(program.splitlines(keepends=True)[: last - 1])


def _functions(program: str, place: str) -> set[str]:
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError) as error:
        raise DataError(f"{place}: expected a program in 'prompt' and 'canonical_solution', found {error}") from error
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


TASK = Task(
    name="humaneval",
    domain="code",
    description="Python functions, begun by signature and docstring, with unseen tests (164 questions)",
    instruction="Write the whole function in Python, with all its imports.",
    open=lambda data: open_rows(SOURCE, data),
    to_question=to_question,
    grade=grade,
    finish=lambda question, job, ran: finish_code(question.tests, job, ran),
    grader=GRADER,
    gold_text=lambda question: [f"```python\n{gold}\n```" for gold in question.gold],
    wrong_text=wrong_program,
)
