"""Which weights to merge checkpoints with: each point of a grid is merged, and asked the validation questions."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from statistics import fmean

import msgspec

from calibench.files import settle, write_text
from calibench.finetune.averaging import merge
from calibench.finetune.options import RlOptions
from calibench.finetune.stage import CHECKPOINT, CURVE, Report
from calibench.finetune.trainers import base as trainer_of
from calibench.finetune.trainers.validation import graders, validate
from calibench.grading.pool import GradingPool

_SCORES = "scores.json"


class Settings(trainer_of.TrainerSettings, frozen=True, kw_only=True):
    parents: list[str]
    """Folders of the checkpoints; `model` is the first of them."""
    options: RlOptions
    points: list[list[float]]
    """Weights of the parents, one list for each merge that is tried; normalised."""


def fit(folder: Path, settings: Settings, report: Report) -> None:
    """Writes the best merge to `folder/checkpoint`, and all points with their accuracy into its curve.

    The accuracy is the mean over tasks; of points that are equally good, the first is taken. Points that a stopped run
    has asked are not asked again.

    Raises:
        ModelError: the checkpoints cannot be merged; see `calibench.finetune.averaging.merge`.
    """
    found = folder / _SCORES
    scores: list[dict] = json.loads(found.read_text()) if found.is_file() else []
    with graders(1, settings.task_files, settings.validation) as pool:
        for weights in settings.points[len(scores) :]:
            point = _merged(folder / "point", settings, weights)
            scores.append({"step": len(scores) + 1, "weights": weights, "accuracy": _accuracy(settings, point, pool)})
            write_text(found, json.dumps(scores))
            report(len(scores), len(settings.points), {"accuracy": scores[-1]["accuracy"]})
    shutil.rmtree(folder / "point", ignore_errors=True)
    best = _merged(folder / "best", settings, max(scores, key=lambda score: score["accuracy"])["weights"])
    (best / CURVE).write_text(json.dumps(scores))
    settle(best, folder / CHECKPOINT)


def _merged(folder: Path, settings: Settings, weights: list[float]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return merge([Path(p) for p in settings.parents], weights, folder, trust_remote_code=settings.trust_remote_code)


def _accuracy(settings: Settings, point: Path, pool: GradingPool) -> float:
    """Of the merge at that point, with greedy answers."""
    import torch

    model, chat = trainer_of.load(msgspec.structs.replace(settings, model=str(point)))
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    tasks = {question.task for _, question in settings.validation}
    parts = [[asked for asked in settings.validation if asked[1].task == task] for task in sorted(tasks)]
    return fmean(validate(model, chat, part, settings.protocol, settings.max_tokens, pool).accuracy for part in parts)
