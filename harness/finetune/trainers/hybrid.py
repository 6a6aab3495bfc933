"""Reinforcement learning beside distillation: each reply counts by what its own reasoning steps gain for its answer.

Per update, over replies i with advantages A_i (normalised in their groups) and traces j:

    loss = GRPO of (w_i A_i)  +  anchor * (1 - mean(w)) * mean_j NLL(trace_j)
    w_i  = sigmoid(G_i / temperature)

G_i is the reasoning gain of the reply (`calibench.confidence.reasoning_gain`), under the model as it is now and without
gradient; for a reply without two steps it is 0, which weighs one half. Weights act on advantages that are normalised
already: a factor on rewards would cancel where a group shares it. Nothing here knows which answers are right, unless
the reward does.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from calibench.confidence.reasoning_gain import Gain, forced, gain
from calibench.finetune import rows as rows_of
from calibench.finetune.rows import IGNORED, Row
from calibench.finetune.stage import Report
from calibench.finetune.trainers import grpo, replies
from calibench.finetune.trainers.replies import Grader, Reply
from calibench.finetune.trainers.scores import log_likelihoods
from calibench.finetune.trainers.validation import pad_token
from calibench.prompting.chat import ChatFormat

Weighting = Literal["gain", "net", "monotonicity", "shuffled", "constant"]


class Settings(replies.Settings, frozen=True, kw_only=True):
    weighting: Weighting = "gain"
    """What of the reasoning gain weighs a reply: all of it, a part, that of the steps in another order, or nothing."""
    constant_weight: float = 1.0
    """Of every reply, for `constant`; in [0, 1]."""
    gain_scale: float = 1.0
    """In nats; see `calibench.confidence.reasoning_gain`."""
    gain_temperature: float = 0.5
    traces: str = ""
    """File of rows to distil from; empty: none."""
    anchor: float = 0.0
    """Weight of the distillation."""
    trace_batch: int = 8
    """Rows of it per update and process."""


def fit(folder: Path, settings: Settings, report: Report) -> None:
    """Trains on questions and traces, and writes `folder/checkpoint`; see `calibench.finetune.trainers.grpo.fit`."""
    traces = list(rows_of.read(Path(settings.traces))) if settings.traces and settings.anchor else []
    grpo.fit(folder, settings, report, lambda made, chat: _trainer_class(made, chat, traces))


def gains(grader: Grader, chat: ChatFormat, settings: Settings) -> list[Gain | None]:
    """The reasoning gain of each reply of the latest step; None without two steps, or without an answer."""
    order = "shuffled" if settings.weighting == "shuffled" else None
    split = [_forced(grader, chat, reply, order) for reply in grader.replies]
    pairs = [(prefix, one.answer) for one in split if one for prefix in one.prefixes]
    supports = iter(log_likelihoods(grader.model, chat, pairs))
    return [
        gain([next(supports) / len(one.answer) for _ in one.prefixes], settings.gain_scale) if one else None
        for one in split
    ]


def _forced(grader: Grader, chat: ChatFormat, reply: Reply, order: str | None) -> Any:
    assert reply.parsed
    found = forced(chat, grader.prompt(reply.row), reply.tokens, reply.parsed, order)
    return None if isinstance(found, str) else found


def weights(found: Sequence[Gain | None], settings: Settings) -> list[float]:
    """The weight of each reply, in (0, 1)."""
    return [1 / (1 + math.exp(-_counted(one, settings) / settings.gain_temperature)) for one in found]


def _counted(found: Gain | None, settings: Settings) -> float:
    if found is None:
        return 0.0
    if settings.weighting == "net":
        return math.tanh(found.net / settings.gain_scale)
    return found.monotonicity if settings.weighting == "monotonicity" else found.value


def chosen(traces: Sequence[Row], batch: int, step: int, seed: int) -> list[Row]:
    """The traces of an update: pass after pass, each in an order that the seed decides; a continued run finds them."""
    places = range(step * batch, (step + 1) * batch)
    orders = {
        place // len(traces): random.Random(f"{seed} traces {place // len(traces)}").sample(
            range(len(traces)), len(traces)
        )
        for place in places
    }
    return [traces[orders[place // len(traces)][place % len(traces)]] for place in places]


def _trainer_class(made: type, chat: ChatFormat, traces: Sequence[Row]) -> type:
    class Trainer(made):
        """The trainer of `grpo` with weights on its advantages, and a loss on traces beside its own."""

        grader: Grader
        settings: Settings
        _mean_weight: float
        _anchored_step = -1

        def _generate_and_score_completions(self, inputs: list[dict]) -> dict:
            import torch

            output = super()._generate_and_score_completions(inputs)
            settings = self.settings
            if settings.weighting == "constant":
                found, of_replies = [], [settings.constant_weight] * len(inputs)
            else:
                found = gains(self.grader, chat, settings)
                of_replies = weights(found, settings)
            advantages = output["advantages"]
            factor = torch.tensor(of_replies, dtype=advantages.dtype, device=advantages.device)
            output["advantages"] = advantages * (factor if advantages.dim() == 1 else factor[:, None])
            self._mean_weight = self.accelerator.gather(factor).mean().item()
            self._tell(found)
            return output

        def _tell(self, found: Sequence[Gain | None]) -> None:
            metrics = self._metrics["train" if self.model.training else "eval"]
            metrics["gain_weight"].append(self._mean_weight)
            if found:
                metrics["without_steps"].append(sum(one is None for one in found) / len(found))
                metrics["gain"].append(fmean(one.value if one else 0.0 for one in found))
            if scores := [reply.judged.scores for reply in self.grader.replies if reply.judged.scores]:
                certainties = [fmean(one.self_certainties) for one in scores if one.self_certainties]
                metrics["self_certainty"].append(fmean(certainties or [0.0]))

        def _compute_loss(self, model: Any, inputs: dict) -> Any:
            """Traces are learned once per update, with the first of its batches."""
            loss = super()._compute_loss(model, inputs)
            step = self.state.global_step
            if not traces or self._anchored_step == step:
                return loss
            self._anchored_step = step
            rank, of = self.accelerator.process_index, self.accelerator.num_processes
            batch = chosen(traces, self.settings.trace_batch * of, step, self.settings.seed)[rank::of]
            distilled = _distilled(model, batch, pad_token(chat))
            self._metrics["train"]["distillation_loss"].append(
                self.accelerator.gather(distilled.detach()).mean().item()
            )
            return loss + self.settings.anchor * (1 - self._mean_weight) * distilled

    return Trainer


def _distilled(model: Any, batch: Sequence[Row], padding: int) -> Any:
    """Mean negative log-likelihood over the learned tokens of the rows, at the temperature that TRL's head has."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    device = next(model.parameters()).device
    ids = pad_sequence([torch.tensor(row.input_ids) for row in batch], batch_first=True, padding_value=padding)
    labels = pad_sequence([torch.tensor(row.labels) for row in batch], batch_first=True, padding_value=IGNORED)
    lengths = torch.tensor([len(row.input_ids) for row in batch])
    mask = (torch.arange(ids.shape[1])[None] < lengths[:, None]).long()
    outputs = model(
        input_ids=ids.to(device),
        attention_mask=mask.to(device),
        labels=labels.to(device),
        use_cache=False,
        fused_lm_head=True,
    )
    return -outputs.log_probs.sum() / (labels[:, 1:] != IGNORED).sum()
