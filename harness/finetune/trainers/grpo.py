"""Reinforcement learning by TRL's `GRPOTrainer` on the benchmark's own prompts, parser and graders.

Each step samples a group of replies to each of some questions, and raises the log-probability of the replies that earn
more than their group does on average (Shao et al. 2024, arXiv 2402.03300). Where the reward reads a stated confidence,
there are two ways to give credit for it:

- `reply`: every token shares the advantage of its reply, as published for RLCR (arXiv 2507.16806);
- `parts` (ours): the tokens that state the confidence are credited with its own score alone. Their baseline is what the
  other confidences of the group would have scored beside this reply's answer. It does not depend on the confidence
  that it is taken from, so with a weight of 1 and advantages that no standard deviation divides, the expected gradient
  is that of RLCR; but whether the answer came out right, which the confidence does not cause, no longer drowns the
  small difference that a better confidence makes. A larger weight makes that difference as much larger, against the
  answers. (Under `rlcr_code`, which is 1 + `rlcr` / 2, the weight that gives its gradient is 0.5.)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calibench.errors import CalibenchError, InputError
from calibench.finetune.job import Job
from calibench.finetune.options import RlOptions
from calibench.finetune.stage import Report, Trained
from calibench.finetune.trainers import base as trainer_of
from calibench.finetune.trainers import signs
from calibench.finetune.trainers.replies import Grader, Reply, Settings
from calibench.finetune.trainers.validation import end_tokens, graders, pad_token
from calibench.grading.pool import GRADERS, GradingPool
from calibench.prompting.chat import DATE, ChatFormat

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel
    from trl import GRPOConfig

_SHOWN = (
    *("loss", "reward", "accuracy", "well_formed", "ece", "brier", "auroc"),
    *("confidence_mean", "confidence_spread", "confidence_values", "confidence_mode_share", "confidence_collapsed"),
    *("self_certainty", "gain", "gain_weight", "without_steps", "distillation_loss", "reward_constant"),
    "completions/mean_length",
)


def reinforce(
    job: Job, trainer: str = "grpo", kind: type[Settings] = Settings, name: str = "reinforcement", **what: Any
) -> Trained:
    """Trains the job's parent in `work/NAME`.

    Args:
        job: with `RlOptions`.
        trainer: the module that trains.
        kind: its settings.
        name: of the stage.
        what: those of their fields that make the recipe; the model and the questions are the job's unless given.

    Raises:
        InputError: the replies of a process do not make whole groups.
    """
    options = job.options
    replies = options.batch_size * options.accumulation
    if replies % options.generations:
        raise InputError(
            f"--generations {options.generations}: expected a divisor of --batch-size x --accumulation = {replies}, so"
            " that the replies to a question are learned from together"
        )
    given = {"model": str(job.parent.path), "questions": job.asked(job.training), **job.stage_settings(), **what}
    settings = kind(
        options=RlOptions(**{name: getattr(options, name) for name in RlOptions.__struct_fields__}), **given
    )
    job.progress.stage(name)
    trained = job.run_stage(trainer, name, settings)
    job.notes["curve"] = trained.curve
    signs_of = (
        ("confidence_collapsed", "the stated confidences collapsed to one value during training; see the curve"),
        ("reward_constant", f"for {signs.CONSTANT_STEPS} steps or more {CONSTANT_REWARD}"),
    )
    if found := [told for name, told in signs_of if any(entry.get(name) for entry in trained.curve)]:
        job.notes["warning"] = "; ".join(found)
        job.progress.stage(f"warning: {job.notes['warning']}")
    return trained


CONSTANT_REWARD = (
    "all replies to a question earned the same, so that nothing was learned from them: ask questions of more mixed"
    " difficulty, or raise --generations or --temperature"
)


def fit(
    folder: Path, settings: Settings, report: Report, extend: Callable[[type, ChatFormat], type] | None = None
) -> None:
    """Trains on the questions and writes `folder/checkpoint`; goes on from the last state in `folder/states`.

    `extend` makes another class of the trainer's, which has `grader` and `settings`.

    Raises:
        InputError: unknown reward or protocol.
        CalibenchError: the loss is no longer a number, no reply is well formed any more, or the confidences collapse
            and that is to end the run; the last good state is kept.
    """
    model, chat = trainer_of.load(settings, padding_side="left")
    chat.tokenizer.pad_token_id = pad_token(chat)
    asked = [*settings.questions, *settings.validation]
    with graders(GRADERS, settings.task_files, asked) as pool:
        grader = Grader(settings, chat, pool, end_tokens(model, chat))
        made = _trainer_class()
        trainer = (extend(made, chat) if extend else made)(
            model=model,
            reward_funcs=grader,
            args=_config(folder, settings, grader.longest_prompt, model),
            train_dataset=grader.prompts(int(os.environ.get("WORLD_SIZE", "1"))),
            processing_class=chat.tokenizer,
            peft_config=trainer_of.adapters(settings),
        )
        trainer.grader, trainer.settings = grader, settings
        grader.model = trainer.accelerator.unwrap_model(trainer.model)
        trainer.add_callback(_watch(trainer, chat, settings, pool, report))
        trainer_of.train(trainer, folder, settings)


def _config(folder: Path, settings: Settings, longest_prompt: int, model: PreTrainedModel) -> GRPOConfig:
    from trl import GRPOConfig

    options = settings.options
    longest_reply = max(1, min(settings.max_tokens, model.config.max_position_embeddings - longest_prompt))
    thinking = {} if settings.thinking == "auto" else {"enable_thinking": settings.thinking == "on"}
    return GRPOConfig(
        **trainer_of.arguments(folder, settings, model, options.steps),
        max_steps=options.steps,
        num_generations=options.generations,
        max_completion_length=longest_reply,
        temperature=options.temperature,
        beta=options.beta,
        loss_type=options.loss,
        scale_rewards=options.scale_rewards,
        shuffle_dataset=False,
        chat_template_kwargs={"date_string": DATE.strftime("%d %b %Y"), **thinking},
        use_vllm=_by_vllm(options.sampler),
        vllm_max_model_length=longest_prompt + longest_reply,  # else room is made for the model's whole context
        logging_steps=1,
    )


def _by_vllm(sampler: str) -> bool:
    """Whether vLLM samples: TRL hands it new weights at every step, which its CPU engine cannot take."""
    import torch

    if sampler != "auto":
        return sampler == "vllm"
    return torch.cuda.is_available() and _trl_supports_vllm()


def _trl_supports_vllm() -> bool:
    """Whether vLLM is installed in a version that TRL does not warn about."""
    import warnings

    from trl.import_utils import is_vllm_available

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return is_vllm_available() and not caught


def credited(advantages: torch.Tensor, length: int, replies: Sequence[Reply], weight: float = 1.0) -> torch.Tensor:
    """Advantages per token under the credit `parts`.

    Args:
        advantages: [B], of the replies as wholes.
        length: tokens T of the longest reply.
        replies: B replies in the same order.
        weight: factor on the advantages of the tokens that state the confidence.

    Returns:
        [B, T]. Tokens that state a confidence q beside an answer of correctness c (1 or 0) have the advantage
        mean((q' - c)^2) - (q - c)^2, over the other confidences q' of the group. All other tokens have the advantage of
        their reply, and so has a confidence that is the only one of its group.
    """
    stated: dict[int, list[tuple[int, float]]] = {}
    for number, reply in enumerate(replies):
        if reply.judged.confidence is not None:
            stated.setdefault(reply.group, []).append((number, reply.judged.confidence))
    per_token = advantages.unsqueeze(1).repeat(1, length)
    for group in stated.values():
        for number, own in group:
            others = [q for other, q in group if other != number]
            if others and replies[number].judged.outcome != "failed":
                correct = float(replies[number].judged.correct)
                baseline = sum((q - correct) ** 2 for q in others) / len(others)
                first, end = replies[number].confidence_tokens
                per_token[number, first:end] = weight * (baseline - (own - correct) ** 2)
    return per_token


def _trainer_class() -> type:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about vLLM, which TRL imports where it can: `_by_vllm` decides on its use
        from trl import GRPOTrainer

    class Trainer(GRPOTrainer):
        """`GRPOTrainer` with the credit `parts`; with `reply` it is its own."""

        grader: Grader
        settings: Settings

        def _generate_and_score_completions(self, inputs: list[dict]) -> dict:
            output = super()._generate_and_score_completions(inputs)
            if self.settings.credit == "parts":
                length = output["completion_ids"].shape[1]
                output["advantages"] = credited(
                    output["advantages"], length, self.grader.replies, self.settings.confidence_weight
                )
            return output

    return Trainer


def _watch(trainer: Any, chat: ChatFormat, settings: Settings, pool: GradingPool, report: Report) -> Any:
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        """Tells the figures, looks at the validation questions, and stops when there is no sense in going on."""

        def on_log(self, args: Any, state: Any, control: Any, logs: dict, **_: Any) -> None:
            if "reward" not in logs:
                return
            step, entry = state.global_step, state.log_history[-1]
            trainer_of.require_number(step, logs)
            if signs.has_lost_its_form(state.log_history):
                raise CalibenchError(
                    f"no reply of the last {signs.LOST_STEPS} steps is well formed, so that there is nothing to learn"
                    " from. The last state is kept; lower --learning-rate, and choose another --out"
                )
            collapsed = signs.has_collapsed(state.log_history)
            if collapsed and settings.options.stop_on_collapse:
                raise CalibenchError(_collapse(step, entry))
            entry["confidence_collapsed"] = float(collapsed)
            if signs.has_constant_reward(state.log_history):
                entry["reward_constant"] = 1.0
            entry |= trainer_of.look(trainer, chat, settings, pool)
            shown = [*_SHOWN, *(name for name in entry if name.startswith("validation_"))]
            report(step, state.max_steps, {name: entry[name] for name in shown if name in entry})

    return Watch()


def _collapse(step: int, shown: dict[str, float]) -> str:
    return (
        f"the stated confidences are one value since step {step - signs.COLLAPSE_STEPS + 1}: mean"
        f" {shown['confidence_mean']:.2f}, spread {shown['confidence_spread']:.3f}. The last state is kept; train on"
        " questions of more mixed difficulty, or lower --learning-rate, and choose another --out"
    )
