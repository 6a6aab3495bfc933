"""Meta-abilities: specialists in deduction, induction and abduction, merged, then trained on a domain.

Hu et al. 2025 (Beyond 'Aha!', arXiv 2505.10554):

- Stage A trains a specialist of each family of puzzles (`calibench.tasks.puzzles`) by reinforcement learning without a
  critic, level after level, each from the last.
- Stage B merges the three: theta = 1.0 deduction + 0.2 induction + 0.1 abduction, divided by the sum of the weights.
- Stage C is reinforcement learning on the training split of `--tasks`, with reward 1 for a right answer and else 0.

Ours: before stage A, a warm start on worked solutions, since a model that solves no puzzle earns no signal; weights
that are chosen on validation questions; and the two controls of `--method`. The warm start is common to the three, so
that they can be averaged.

Format: the paper asks for <think> and <answer> tags, each once and in order. Here a reply has the right form if an
answer can be read from it (`Judged.well_formed`), so that models without these tags can be trained.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from calibench import model
from calibench.errors import InputError
from calibench.files import write_text
from calibench.finetune import puzzles, stage
from calibench.finetune import questions as questions_of
from calibench.finetune.averaging import effective_weights, merge
from calibench.finetune.config import TuneConfig
from calibench.finetune.job import Asked, Job, Taught
from calibench.finetune.options import RlOptions, distillation
from calibench.finetune.puzzles import PuzzleOptions
from calibench.finetune.recipes.base import Parent, Recipe, ancestor
from calibench.finetune.rewards import Judged, Reward
from calibench.finetune.stage import Trained
from calibench.finetune.trainers import critic_free, grpo, selection
from calibench.finetune.trainers.critic_free import Estimator
from calibench.model import Checkpoint
from calibench.prompting import protocols
from calibench.tasks.puzzles import FAMILIES

_BAND = (0.2, 0.6)
"""Share of right replies at the start of a level from which there is something to learn. Ours."""
_BAND_STEPS = 5


class MetaAbilitiesOptions(PuzzleOptions, frozen=True):
    method: Annotated[
        Literal["merged", "mixed", "parent"],
        Meta(
            description="what the domain is learned from: three specialists, merged; one model of all three families,"
            " with as many sampled replies; or the parent, with as many more updates on the domain"
        ),
    ] = "merged"
    steps: Annotated[int, Meta(ge=1, description="updates per family and level")] = 100
    domain_steps: Annotated[int, Meta(ge=0, description="updates on --tasks at the end; 0: none")] = 100
    reward: Annotated[
        Literal["paper", "code"], Meta(description="of a reply to a puzzle: as in the text, or in its released code")
    ] = "code"
    estimator: Annotated[
        Estimator, Meta(description="whose mean and deviation make an advantage: group (text) or whitened (code)")
    ] = "group"
    reference: Annotated[
        Literal["level", "start"],
        Meta(description="what --beta holds a specialist to: each level's start (the code), or that of level 1 (text)"),
    ] = "level"
    weights: Annotated[
        str,
        Meta(
            description="of deduction, induction and abduction, by comma; several such, by semicolon: what does best on"
            " validation questions"
        ),
    ] = "1.0,0.2,0.1"
    generations: Annotated[int, Meta(ge=2, description="replies per question; the paper's code: 4")] = 4
    temperature: Annotated[float, Meta(gt=0, le=2, description="of the sampling; the paper's code: 0.7")] = 0.7
    learning_rate: Annotated[float, Meta(gt=0, description="peak, after the warm-up; the paper's code: 5e-7")] = 5e-7
    beta: Annotated[float, Meta(ge=0, description="weight of the divergence; the paper's code: 0.001")] = 0.001


# -- rewards ----------------------------------------------------------------------------------------------------------


def _paper(reply: Judged) -> float | None:
    """Form 1 or -1; answer 2 if right, -2 if there is none. The text gives no value for a wrong one, which earns 0."""
    if reply.outcome == "failed":
        return None
    answer = {"correct": 2.0, "incorrect": 0.0}.get(reply.outcome or "", -2.0)
    return (1.0 if reply.well_formed else -1.0) + answer


def _code(reply: Judged) -> float | None:
    """As `_paper`, but a wrong answer earns -1.5, and any answer in a bad form -2."""
    if reply.outcome == "failed":
        return None
    if not reply.well_formed:
        return -3.0
    return 1.0 + {"correct": 2.0, "incorrect": -1.5}.get(reply.outcome or "", -2.0)


def _right(reply: Judged) -> float | None:
    return None if reply.outcome == "failed" else float(reply.correct)


PAPER, CODE, RIGHT = Reward(_paper), Reward(_code), Reward(_right)
_REWARDS = {"paper": f"{__name__}:PAPER", "code": f"{__name__}:CODE"}


# -- questions --------------------------------------------------------------------------------------------------------


def questions(config: TuneConfig, options: MetaAbilitiesOptions) -> list[Taught]:
    """Those of the domain, and beside them the puzzles of each family, and those whose solutions are learned first."""
    if protocols.protocol(config.protocol).scale is not None:
        raise InputError(
            "recipe meta_abilities: worked solutions state no confidence: expected a --protocol that asks for none, as"
            f" plain, found {config.protocol}"
        )
    points = weights(options)
    if len(points) > 1 and not config.validation:
        raise InputError(
            "recipe meta_abilities: several --weights: expected --validation above 0 to choose by, found 0"
        )
    if options.reference == "start" and options.lora_rank:
        raise InputError("recipe meta_abilities: --reference start: expected --lora-rank 0: adapters have one base")
    domain = questions_of.taught(config) if _domain_steps(options) else []
    if options.method == "parent":
        return domain
    return [*domain, *puzzles.taught(options)]


def weights(options: MetaAbilitiesOptions) -> list[list[float]]:
    """The points that are merged, normalised.

    Raises:
        InputError: not three finite numbers each, or they sum to zero.
    """
    points = []
    for point in options.weights.split(";"):
        try:
            given = [float(weight) for weight in point.split(",")]
        except ValueError:
            raise InputError(f"--weights: expected numbers by comma, found {point.strip()!r}") from None
        points.append(effective_weights(len(FAMILIES), given, normalize=True))
    return points


def _domain_steps(options: MetaAbilitiesOptions) -> int:
    """Without stage A, its updates go to the domain, so that all methods sample as many replies."""
    of_stage_a = len(FAMILIES) * options.levels * options.steps
    return options.domain_steps + (of_stage_a if options.method == "parent" else 0)


# -- stages -----------------------------------------------------------------------------------------------------------


def run(job: Job) -> Path:
    options = job.options
    job.notes["stages"] = {}
    if options.method == "parent":
        return _domain(job, job.parent)
    asked, held = {}, {}
    for family in FAMILIES:
        asked[family], held[family] = questions_of.held_out(job.further[family], job.config.validation)
    if len(weights(options)) > 1 and not _joined(held):
        raise InputError("several --weights: expected 5 --puzzles or more, so that some are left to choose by")
    start = _warm_start(job, held)
    if options.method == "mixed":
        merged = _curriculum(job, "mixed", start, _joined(asked), _joined(held), len(FAMILIES))
    else:
        specialists = [_curriculum(job, name, start, asked[name], held[name]) for name in FAMILIES]
        merged = _merged(job, specialists, _joined(held))
    return _domain(job, merged) if options.domain_steps else merged.path


def _joined(parts: dict[str, tuple[Asked, ...]]) -> tuple[Asked, ...]:
    return tuple(asked for part in parts.values() for asked in part)


def _warm_start(job: Job, held: dict[str, tuple[Asked, ...]]) -> Checkpoint:
    """The parent after worked solutions of all families, none of which is a twin of a puzzle that is held out."""
    options = job.options
    if not options.warm_puzzles:
        return job.parent
    path, summary = job.write_rows("warm-start", puzzles.rows(job, _joined(held)))
    how = distillation(
        options,
        learning_rate=options.warm_learning_rate,
        epochs=options.warm_epochs,
        batch_size=options.batch_size,
        max_length=options.max_length,
    )
    trained = job._replace(validation=_joined(held)).train("warm-start", job.parent.path, path, how)
    return _finished(job, "warm-start", trained, [Parent(job.parent)], {"rows": summary._asdict()})


def _curriculum(
    job: Job,
    name: str,
    start: Checkpoint,
    asked: Sequence[Asked],
    held: Sequence[Asked],
    times: int = 1,
) -> Checkpoint:
    """Reinforcement learning on puzzles, level after level; with `times` as many updates as the options say."""
    options, last = job.options, start
    for level in range(1, options.levels + 1):
        of_level = [pair for pair in asked if pair[1].level == level]
        last = _reinforced(
            job._replace(validation=tuple(pair for pair in held if pair[1].level == level)),
            f"{name}-{level}",
            last,
            options.steps * times,
            questions=job.asked(of_level),
            reward=_REWARDS[options.reward],
            estimator=options.estimator,
            reference=str(start.path) if options.reference == "start" else "",
        )
    return last


def _domain(job: Job, start: Checkpoint) -> Path:
    found = _reinforced(
        job, "domain", start, _domain_steps(job.options), questions=job.asked(job.training), reward=f"{__name__}:RIGHT"
    )
    return found.path


def _reinforced(job: Job, name: str, start: Checkpoint, steps: int, **what: Any) -> Checkpoint:
    options = job.options
    if not what["questions"]:
        raise InputError(f"recipe meta_abilities: {name}: expected questions to ask, found none that is no leak")
    notes: dict[str, Any] = {}
    of_stage = job._replace(options=msgspec.structs.replace(options, steps=steps), notes=notes)
    trained = grpo.reinforce(
        of_stage, trainer="critic_free", kind=critic_free.Settings, name=name, model=str(start.path), **what
    )
    replies = options.batch_size * options.accumulation * job.config.processes
    lengths = [entry["completions/mean_length"] for entry in trained.curve if "completions/mean_length" in entry]
    notes["updates"] = steps
    notes["replies"] = steps * replies
    notes["sampled_tokens"] = round(sum(lengths) * replies)
    first = [entry["accuracy"] for entry in trained.curve if entry.get("accuracy") is not None][:_BAND_STEPS]
    if first and not _BAND[0] <= fmean(first) <= _BAND[1]:
        job.progress.stage(
            f"warning: {name}: {fmean(first):.0%} of the first replies are right, and {_BAND[0]:.0%} to {_BAND[1]:.0%}"
            " teach most; change --warm-puzzles, --warm-epochs or --levels, with another --out"
        )
    return _finished(job, name, trained, [Parent(start)], notes)


def _merged(job: Job, specialists: Sequence[Checkpoint], held: Sequence[Asked]) -> Checkpoint:
    """The specialists, averaged; of several weights, those that do best on validation questions."""
    points = weights(job.options)
    folders = [specialist.path for specialist in specialists]
    consent = job.config.trust_remote_code
    validation = (*held, *job.validation)
    if len(points) == 1:
        job.progress.stage("merging")
        done = job.work / "merged" / stage.CHECKPOINT
        if not stage.is_there(done):
            merge(folders, points[0], done, trust_remote_code=consent)
        trained, best = Trained(done, []), points[0]
    else:
        alone = job._replace(config=msgspec.structs.replace(job.config, processes=1), validation=validation)
        job.progress.stage(f"merging with {len(points)} weights")
        settings = selection.Settings(
            model=str(folders[0]), options=RlOptions(lora_rank=job.options.lora_rank), points=points,
            parents=[str(folder) for folder in folders], **alone.stage_settings(),
        )  # fmt: skip
        trained = alone.run_stage("selection", "merged", settings)
        best = max(trained.curve, key=lambda point: point["accuracy"])["weights"]
    parents = [Parent(*pair) for pair in zip(specialists, best, strict=True)]
    return _finished(job, "merged", trained, parents, {"weights": best})


def _finished(job: Job, name: str, trained: Trained, parents: Sequence[Parent], notes: dict[str, Any]) -> Checkpoint:
    """The checkpoint of a stage, with its lineage beside it; what it tells goes into the job's notes too."""
    notes = {"curve": trained.curve, **notes}
    job.notes["stages"][name] = notes
    lineage = {
        "schema": model.LINEAGE_SCHEMA,
        "made_by": f"calibench tune {job.config.recipe}, stage {name}",
        "recipe": job.config.recipe,
        "kind": "rl",
        "parents": [ancestor(parent) for parent in parents],
        **notes,
    }
    write_text(trained.folder / "lineage.json", json.dumps(lineage, indent=1) + "\n")
    return Checkpoint(f"{job.parent.name}/{name}", trained.folder, None, trust_remote_code=job.parent.trust_remote_code)


RECIPE = Recipe(
    description="specialists in deduction, induction and abduction by reinforcement learning, merged, then a domain",
    source="Beyond 'Aha!', Hu et al. 2025, arXiv 2505.10554; the warm start, the puzzles' form, steps and the choice of"
    " weights are ours",
    kind="rl",
    options=MetaAbilitiesOptions,
    train=run,
    questions=questions,
)
