"""GRPO on whether answers are right.

The reward is 0.9 for a right answer and 0.1 for a well-formed reply (`calibench.finetune.rewards.outcome`); a
confidence that is stated with the answer earns the same whatever its value.
"""

from __future__ import annotations

from pathlib import Path

from calibench.finetune.job import Job
from calibench.finetune.options import RlOptions
from calibench.finetune.recipes.base import Recipe
from calibench.finetune.trainers import grpo


def run(job: Job) -> Path:
    return grpo.reinforce(job, reward="outcome").folder


RECIPE = Recipe(
    description="reinforcement learning by GRPO on right answers",
    source="GRPO, Shao et al. 2024, arXiv 2402.03300; steps, generations, learning rate and format share are ours",
    kind="rl",
    options=RlOptions,
    train=run,
)
