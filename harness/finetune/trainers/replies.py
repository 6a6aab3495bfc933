"""What reinforcement learning samples: the prompts that it is asked with, and the replies, judged."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from calibench.finetune import rewards
from calibench.finetune.options import RlOptions
from calibench.finetune.rewards import Judged, ReplyScores
from calibench.finetune.trainers import base as trainer_of
from calibench.finetune.trainers import signs
from calibench.finetune.trainers.scores import token_scores
from calibench.finetune.trainers.validation import Asked
from calibench.grading.pool import GradingPool
from calibench.prompting import protocols
from calibench.prompting.chat import ChatFormat
from calibench.prompting.parsing import Parsed, parse, states_answer


class Settings(trainer_of.TrainerSettings, frozen=True, kw_only=True):
    questions: list[Asked]
    options: RlOptions
    reward: str = "outcome"
    """See `calibench.finetune.rewards`."""
    credit: Literal["reply", "parts"] = "reply"
    confidence_weight: float = 1.0
    """Factor on the advantages of the tokens that state the confidence; for `parts`."""


class Reply(NamedTuple):
    """One sampled reply, judged."""

    group: int
    """Number of its question within the step."""
    judged: Judged
    confidence_tokens: tuple[int, int]
    """The tokens that state the confidence: the first, and one after the last; equal if there are none."""
    row: int = 0
    """Number of its question in `Settings.questions`."""
    tokens: tuple[int, ...] = ()
    """Without the end of the turn."""
    parsed: Parsed | None = None


class Grader:
    """Makes the prompts and judges the replies as the benchmark does; TRL calls it as its reward function."""

    __name__ = "reward"

    def __init__(self, settings: Settings, chat: ChatFormat, pool: GradingPool, ends: set[int]):
        self._settings, self._chat, self._pool = settings, chat, pool
        self._reward = rewards.reward(settings.reward)
        self._protocol = protocols.protocol(settings.protocol)
        self._ends = ends
        self.replies: list[Reply] = []
        """Those of the latest step, in the order of their prompts."""
        self.model: Any = None
        """What is trained; a reward that reads the scores of tokens needs it."""

    @property
    def longest_prompt(self) -> int:
        """Tokens of the longest prompt."""
        return max(len(self._chat.first(turn).token_ids) for turn, _ in self._settings.questions)

    def prompts(self, processes: int) -> Any:
        """The questions of all steps, in order: pass after pass, each in an order that the seed decides.

        A data set that lasts for the whole run, so that a run that goes on finds its place.
        """
        from datasets import Dataset

        options, total = self._settings.options, len(self._settings.questions)
        wanted = options.steps * options.batch_size * options.accumulation * processes // options.generations
        rows: list[int] = []
        while len(rows) < wanted:
            order = random.Random(f"{self._settings.seed} pass {len(rows) // total}")
            rows += order.sample(range(total), total)
        turns = [self._settings.questions[row][0] for row in rows[:wanted]]
        return Dataset.from_dict(
            {
                "prompt": [[{"role": "user", "content": turn}] for turn in turns],
                "row": rows[:wanted],
                "opened": [self._chat.first(turn).reasoning_opened for turn in turns],
            }
        )

    def __call__(
        self,
        completion_ids: Sequence[Sequence[int]],
        row: Sequence[int],
        opened: Sequence[bool],
        log_metric: Callable[[str, float], None],
        **_: Any,
    ) -> list[float | None]:
        """Rewards of replies given as token ids, the end of the turn included."""
        self.replies = self._judge(completion_ids, row, opened)
        for name, value in signs.figures([reply.judged for reply in self.replies]).items():
            if value is not None:
                log_metric(name, value)
        return [self._reward(reply.judged) for reply in self.replies]

    def prompt(self, row: int) -> tuple[int, ...]:
        """Token ids of the turn that asks that question."""
        return self._chat.first(self._settings.questions[row][0]).token_ids

    def _judge(self, completions: Sequence[Sequence[int]], rows: Sequence[int], opened: Sequence[bool]) -> list[Reply]:
        read = []
        for ids, row, reasoning_opened in zip(completions, rows, opened, strict=True):
            ended = bool(ids) and ids[-1] in self._ends
            tokens = tuple(ids[:-1] if ended else ids)
            parsed = parse(
                self._chat.decode(tokens),
                reasoning_opened=reasoning_opened,
                scale=self._protocol.scale,
                finish_reason="stop" if ended else "length",
                markup=self._chat.markup,
            )
            read.append((row, tokens, parsed, self._verdict(row, parsed)))
        groups = {row: number for number, row in enumerate(dict.fromkeys(rows))}
        scores = self._scores(completions, rows)
        return [
            Reply(groups[row], self._judged(parsed, verdict, given), self._stating(tokens, parsed), row, tokens, parsed)
            for (row, tokens, parsed, verdict), given in zip(read, scores, strict=True)
        ]

    def _verdict(self, row: int, parsed: Parsed) -> Any:
        """What the pool makes of an answer; None where nothing is graded."""
        question = self._settings.questions[row][1]
        if not self._reward.graded or parsed.truncated:
            return None
        return self._pool.submit(question.task, question, parsed.answer_text)

    def _judged(self, parsed: Parsed, verdict: Any, scores: ReplyScores | None) -> Judged:
        confidence = None if parsed.truncated else parsed.confidence
        asked = self._protocol.scale is not None
        if not self._reward.graded:
            answered = not parsed.truncated and states_answer(parsed.answer_text)
            return Judged(None, confidence, asked, answered, scores)
        return Judged(verdict.result().outcome if verdict else "truncated", confidence, asked, scores=scores)

    def _stating(self, tokens: Sequence[int], parsed: Parsed) -> tuple[int, int]:
        """The tokens that state the confidence that counts."""
        if parsed.truncated or parsed.confidence is None or not parsed.confidence_span:
            return 0, 0
        written = self._chat.touching(tokens, *parsed.confidence_span)
        return written.start, written.stop

    def _scores(self, completions: Sequence[Sequence[int]], rows: Sequence[int]) -> Sequence[ReplyScores | None]:
        if not self._reward.token_scores:
            return [None] * len(completions)
        pairs = [(self.prompt(row), ids) for row, ids in zip(rows, completions, strict=True)]
        return token_scores(self.model, self._chat, pairs)
