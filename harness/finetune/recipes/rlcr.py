"""RLCR: GRPO on right answers and honest confidences.

Damani et al. 2025 (arXiv 2507.16806): the reward is 1[correct] - (q - 1[correct])^2 of the stated confidence q,
advantages are not divided by their standard deviation, and nothing holds the model to its parent.

Ours: by default, the tokens that state the confidence are credited with its own score alone, against the scores that
the other confidences of the group would have earned beside the same answer (`calibench.finetune.trainers.grpo`). On the
micro suite the published credit is noise to them: a reply's advantage has a standard deviation of 0.51 there, the part
of it that the confidence causes one of 0.03, and the two do not correlate (-0.015). `--credit reply` gives the
published one.

Measured on `micro-sft`, one seed, greedy answers to 880 held-out questions, after 72 steps of 128 replies (`--steps 72
--generations 4 --batch-size 128 --accumulation 1 --learning-rate 2e-4 --max-tokens 90`): ECE .150 to .104, Brier score
.195 to .183, AUROC .713 to .745, mean confidence .90 to .80 and its spread .065 to .099; accuracy .751 to .721. With
64 replies a step at 5e-4, the accuracy of the sampled replies fell from .77 to below .60 within 40 steps, and four
confidences of five were one value: a low rate and many replies per step are what keeps both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from calibench.errors import InputError
from calibench.finetune.job import Job
from calibench.finetune.options import RlOptions
from calibench.finetune.recipes.base import Recipe
from calibench.finetune.trainers import grpo
from calibench.prompting import protocols


class RlcrOptions(RlOptions, frozen=True):
    reward: Annotated[
        Literal["rlcr", "rlcr_code"], Meta(description="the paper's formula, or its code's with a share for the format")
    ] = "rlcr"
    scale_rewards: Annotated[
        Literal["group", "batch", "none"],
        Meta(description="whose standard deviation divides the advantages; RLCR: none"),
    ] = "none"
    credit: Annotated[
        Literal["parts", "reply"], Meta(description="what credits a confidence: its own score, or the whole reply's")
    ] = "parts"
    confidence_weight: Annotated[
        float, Meta(gt=0, description="factor on the advantages of the confidence's tokens; for credit parts")
    ] = 10.0


def run(job: Job) -> Path:
    if protocols.protocol(job.config.protocol).scale is None:
        raise InputError(f"recipe rlcr rewards stated confidences, and --protocol {job.config.protocol} asks for none")
    options = job.options
    return grpo.reinforce(
        job, reward=options.reward, credit=options.credit, confidence_weight=options.confidence_weight
    ).folder


RECIPE = Recipe(
    description="reinforcement learning by GRPO on right answers and honest confidences (Brier score)",
    source="RLCR, Damani et al. 2025, arXiv 2507.16806; credit by parts, steps, generations and learning rate are ours",
    kind="rl",
    options=RlcrOptions,
    train=run,
)
