"""TriviaQA: questions written by trivia enthusiasts, answered by a name or a few words.

Joshi et al. 2017, "TriviaQA: A Large Scale Distantly Supervised Challenge Dataset for Reading Comprehension" (arXiv
1705.03551), asked without documents. The file holds 1,000 questions drawn from FlashRAG's copy of the unfiltered
development set, the hub all 11,313 of it, with the same ids. Questions are shown as published, with the doubled quotes
that some have.

The paper counts exact matches with any alias and also reports the F1 of words. An answer is right here if it equals an
alias; normalising differs in that punctuation is removed ("U.S." is "us") where the paper's program puts spaces, and
that accents and the words around an answer are taken off.
"""

from __future__ import annotations

from calibench.errors import DataError
from calibench.records import Question
from calibench.tasks.base import Task
from calibench.tasks.data import Hub, Source, open_rows, text_field
from calibench.tasks.grading.alias import GRADER, grade_alias
from calibench.tasks.grading.judge import fact_request

SOURCE = Source(
    task="triviaqa",
    file="triviaqa/test.jsonl",
    layout="lines",
    sha256="4a46971e676400b102885b4690f26014cbfed71d6d9785f134b22182170e58e3",
    publisher="https://github.com/GaurisankarJ/reason_over_search, data_subsample/triviaqa/test.jsonl",
    hub=Hub("RUC-NLPIR/FlashRAG_datasets", "triviaqa", "test"),
)


def to_question(row: dict, place: str) -> Question:
    names = row.get("golden_answers")
    if not isinstance(names, list) or not names or not all(isinstance(n, str) and n.strip() for n in names):
        raise DataError(f"{place}: expected a list of names in 'golden_answers', found {names!r:.80}")
    return Question(
        task="triviaqa",
        question_id=text_field(row, "id", place),
        text=text_field(row, "question", place),
        gold=tuple(names),
        domain="fact",
        split="test",
    )


TASK = Task(
    name="triviaqa",
    domain="fact",
    description="Trivia questions, answered by a name or a few words (1,000 questions; 11,313 from the hub)",
    instruction="Answer the question. The answer is a name or a few words.",
    open=lambda data: open_rows(SOURCE, data),
    to_question=to_question,
    grade=lambda question, answer_text: grade_alias(question.gold, answer_text),
    grader=GRADER,
    gold_text=lambda question: [f"Answer: {gold}" for gold in question.gold],
    wrong_text=lambda question: "Answer: xyzzy",
    judge=fact_request,
)
