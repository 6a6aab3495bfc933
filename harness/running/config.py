"""What a run is asked to do, and the seeds that follow from it."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from calibench.prompting import protocols
from calibench.records import Sampling


class RunConfig(NamedTuple):
    """What a run is asked to do. Fields have the names of the command line's options."""

    model: str
    tasks: tuple[str, ...]
    out: str
    backend: str = "vllm"
    engine: dict[str, Any] = {}
    protocol: str = "stated"
    confidence: tuple[str, ...] | None = None
    """None: `stated` if the protocol asks for it, `choice_probability` if it scores options, else no method."""
    draws: int = 1
    temperature: float | None = None
    """None: 0 (greedy) for one draw, 0.7 for several."""
    top_p: float = 1.0
    max_tokens: int = 2048
    force_answer: bool = False
    """Where an output comes to no answer, close its reasoning, begin the answer, and let the model finish it."""
    thinking: str = "auto"
    seed: int = 0
    limit: int | None = None
    split: str = "test"
    """`test`, or `train` for the questions that a checkpoint may be tuned or a calibrator fitted on."""
    data: str | None = None
    kind: str | None = None
    name: str | None = None
    suite: str | None = None
    """The suite whose settings hold where no other was given; see `calibench.running.suites`."""
    task_draws: dict[str, int] = {}
    """task -> draws, where they are not `draws`."""

    def draws_of(self, task: str) -> int:
        return self.task_draws.get(task, self.draws)

    def sampling(self) -> Sampling:
        temperature = self.temperature if self.temperature is not None else (0.0 if self.draws == 1 else 0.7)
        return Sampling(temperature, self.top_p, self.max_tokens)

    def methods(self) -> tuple[str, ...]:
        if self.confidence is not None:
            return self.confidence
        protocol = protocols.protocol(self.protocol)
        if protocol.scores_options:
            return ("choice_probability",)
        return ("stated",) if protocol.scale else ()


def seed_of(run_seed: int, task: str, question_id: str) -> int:
    """Seed of a question's draw 0; draw k has this + k, as vLLM numbers the children of one request."""
    digest = hashlib.sha256(f"{run_seed}\0{task}\0{question_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
