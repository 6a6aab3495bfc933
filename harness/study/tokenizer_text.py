"""What the tokenizer is trained on: the checkpoints' own corpus, and text like that of other tasks."""

from __future__ import annotations

import random
from collections.abc import Iterator

from calibench.study.corpus import base_corpus, chat_corpus

_QUESTIONS = (
    "Is it true that {thing} {verb} in the {place}? Answer yes or no.",
    "Could the {person} have used a {thing} before the {place} was built? Yes, because {reason}.",
    "True or false: every {person} needs a {thing} when the {place} is open.",
    "A {person} in the {place} sells {n} {thing}s for ${m} each. How much money does the {person} make per week?",
    "Which of these is right? A) the {thing} B) the {place} C) the {person} D) none of the above",
    "If the {person} works {n} hours a day and earns ${m} per hour, how many dollars will he have after {n} days?",
    "Who was the {person} that wrote about the {thing}? What is the occupation of the {person}?"
    " In what city was he born?",
    "The sequence is {n}, {m}, {n}, {m}. What is the next integer in the sequence? Explain the rule step by step.",
    "x{n} AND x{m} => NOT x{n}; x{n} OR NOT x{m}; (x{m} => x{n}) AND x{n}. Values: true, false, true, false.",
    "All {person}s are {thing}s. Some {thing}s are not in the {place}. Therefore, the conclusion is false.",
    "Let $f(x) = \\frac{{{n}x + {m}}}{{x^2 - {n}}}$."
    " Find the value of $\\sqrt{{{m}}} \\cdot \\left( {n} + \\pi \\right)$.",
    "Convert the point $(0,{n})$ in rectangular coordinates to polar coordinates $(r,\\theta)$,"
    " where $r > 0$ and $0 \\le \\theta < 2 \\pi.$",
    "The triangle has area \\[\\sum_{{k=1}}^{{n}} \\binom{{{n}}}{{k}} = {m}\\] and the final answer is \\boxed{{{n}}}.",
    "def solve(numbers):\n    total = 0\n    for number in numbers:\n        if number % {n} == 0:\n"
    "            total += number\n    return total",
    "There are {n} people at the {place} and half of them have more than {m} {thing}s;"
    " how many of them are there in total?",
    "I think that this is not the right answer, since they would have been able to see it with their own eyes.",
)
_WORDS = {
    "thing": (
        *("book", "car", "computer", "letter", "river", "song"),
        *("school", "table", "window", "box", "flower", "chicken"),
    ),
    "person": (
        *("teacher", "writer", "king", "doctor", "student"),
        *("mother", "friend", "scientist", "president", "player"),
    ),
    "place": (
        *("house", "garden", "United States", "country", "market"),
        *("world", "university", "hospital", "store", "city"),
    ),
    "verb": (
        *("can be found", "is made", "was invented", "has lived"),
        *("grows", "will happen", "should be kept", "are used"),
    ),
    "reason": (
        *("it is older than that", "they are both living things", "there was only one"),
        *("no one could know", "water is needed"),
    ),
}


def tokenizer_texts(seed: int) -> Iterator[str]:
    """A few thousand documents of every kind."""
    rng = random.Random(f"{seed} tokenizer")
    base = base_corpus(100_000, seed)
    for number in range(50_000, 53_000):
        yield "".join(text for text, _ in base.document(number))
    for style in ("reasons", "at once"):
        chat = chat_corpus(500, seed, style)
        for number in range(chat.size):
            yield "".join(text for text, _ in chat.document(number))
    for _ in range(4000):
        words = {kind: rng.choice(values) for kind, values in _WORDS.items()}
        yield rng.choice(_QUESTIONS).format(**words, n=rng.randint(1, 99), m=rng.randint(1, 99))
