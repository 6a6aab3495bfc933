"""Reinforcement learning without a critic: whose mean and deviation make an advantage, and what the divergence is from.

- `group`: (r - mean) / standard deviation over the replies to one question, as TRL has it, and as Hu et al. 2025 (arXiv
  2505.10554, equation 1) print it.
- `whitened`: their released code, REINFORCE++. The reward stands on a reply's last token and is not discounted, so each
  token of a reply returns r; returns are whitened over all tokens of the update. A long reply thus counts more in mean
  and deviation, and a question whose replies all earn the same teaches something too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from calibench.finetune.rewards import reward
from calibench.finetune.stage import Report
from calibench.finetune.trainers import grpo, replies

if TYPE_CHECKING:
    import torch

Estimator = Literal["group", "whitened"]


class Settings(replies.Settings, frozen=True, kw_only=True):
    estimator: Estimator = "group"
    reference: str = ""
    """Folder of the checkpoint that the divergence is from; empty: the one that is trained, as it was."""


def fit(folder: Path, settings: Settings, report: Report) -> None:
    """Trains on the questions and writes `folder/checkpoint`; see `calibench.finetune.trainers.grpo.fit`."""
    grpo.fit(folder, settings, report, lambda made, _: _trainer_class(made, settings))


def whitened(returns: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Advantages [B] of replies with these returns [B] and numbers of tokens [B], whitened over all their tokens.

    The variance is the unbiased one, with 1e-8 added, as in verl's `masked_whiten`. A reply without a return (NaN) has
    advantage 0, and its tokens are not counted.
    """
    known = ~returns.isnan()
    count = lengths * known
    total = count.sum().clamp(min=1)
    values = returns.nan_to_num()
    mean = (values * count).sum() / total
    variance = ((values - mean).square() * count).sum() / (total - 1).clamp(min=1)
    return (values - mean) * (variance + 1e-8).rsqrt() * known


def _trainer_class(made: type, settings: Settings) -> type:
    class Trainer(made):
        """The trainer of `grpo` with the estimator and the reference of the settings."""

        def __init__(self, **given: Any):
            super().__init__(**given)
            if settings.reference and self.ref_model is not None:
                from transformers import AutoModelForCausalLM

                kept = AutoModelForCausalLM.from_pretrained(
                    settings.reference, trust_remote_code=settings.trust_remote_code
                )
                self.accelerator.unwrap_model(self.ref_model).load_state_dict(kept.state_dict())

        def _generate_and_score_completions(self, inputs: list[dict]) -> dict:
            import torch

            output = super()._generate_and_score_completions(inputs)
            if settings.estimator == "whitened":
                advantages = output["advantages"]
                earned = [reward(settings.reward)(reply.judged) for reply in self.grader.replies]
                values = torch.tensor([float("nan") if r is None else r for r in earned], dtype=torch.float32)
                lengths = output["completion_mask"].sum(1).float()
                gather = self.accelerator.gather
                of_all = whitened(gather(values.to(lengths.device)), gather(lengths))
                own = self.accelerator.process_index * len(values)
                output["advantages"] = of_all[own : own + len(values)].to(advantages.dtype)
            return output

    return Trainer
