"""The family of micro checkpoints: `python -m calibench.study.family --out DIR [--seed S] [--kinds NAMES] [--bundle]`.

Base, instruct and sft are trained from scratch (`calibench.study.from_scratch`); every other one by a recipe of
`calibench tune` on training questions of the micro suite. Settings are those that this size needs; all are ours.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from calibench.errors import CalibenchError
from calibench.errors.terminal import clean
from calibench.finetune.config import TuneConfig
from calibench.finetune.tune import tune
from calibench.running.progress import Lines, Live
from calibench.study import from_scratch

BUNDLED = ("instruct", "sft", "epicar", "rlcr")
"""Those that come with calibench."""
_MODELS = Path(__file__).parent.parent / "models"
_FROM_SCRATCH = ("base", *from_scratch.STYLES)


class Member(NamedTuple):
    """A checkpoint that a recipe makes."""

    recipe: str
    options: dict[str, Any]
    parent: str = "sft"
    tasks: tuple[str, ...] = ("micro",)
    limit: int = 120
    """Training questions per task."""
    max_tokens: int = 300
    """Longest answer that is sampled."""


_TRAINING = {"learning_rate": 1e-4, "epochs": 2, "batch_size": 16, "save_every": 100}
_LOOP = {**_TRAINING, "iterations": 3, "draws": 8, "temperature": 0.7}
_RL = {"learning_rate": 2e-4, "steps": 72, "generations": 4, "batch_size": 128, "accumulation": 1}
_MATH = ("micro_words", "micro_algebra")

MEMBERS = {
    "star": Member("star", _LOOP),
    "epicar": Member("epicar", _LOOP),
    "epicar_fresh": Member("epicar", {**_LOOP, "fresh": True}, limit=360),
    "confidence_sft": Member("confidence_sft", {**_TRAINING, "draws": 16, "temperature": 0.7}),
    "rl": Member("rl", _RL, limit=400, max_tokens=90),
    "rlcr": Member("rlcr", _RL, limit=400, max_tokens=90),
    "star_math": Member("star", _LOOP, tasks=_MATH, limit=240),
    "epicar_math": Member("epicar", _LOOP, tasks=_MATH, limit=240),
}
"""kind -> how it is made. `epicar_fresh` has as many questions in each iteration as `epicar`, but others each time; the
last two learn from two domains, to be tested on the others."""
KINDS = (*_FROM_SCRATCH, *MEMBERS)
"""All kinds, parents before children."""


def build(kind: str, seed: int, out: Path, progress: Lines, members: Mapping[str, Member] = MEMBERS) -> Path:
    """Makes the checkpoint of that kind, and its parents, in `out`; what is there already is left. Returns its folder.

    Raises:
        CalibenchError: see `calibench.finetune.tune`.
    """
    folder = out / f"micro-{kind}"
    if kind in _FROM_SCRATCH:
        if not from_scratch.is_there(kind, out):
            from_scratch.make(out, seed)
        return folder
    member = members[kind]
    parent = build(member.parent, seed, out, progress, members)
    config = TuneConfig(
        recipe=member.recipe,
        model=str(parent),
        tasks=member.tasks,
        out=str(folder),
        options=member.options,
        limit=member.limit,
        eval_tasks=("micro",),
        max_tokens=member.max_tokens,
        seed=seed,
    )
    return tune(config, progress)


def bundle(folder: Path) -> None:
    """Puts a checkpoint among those that come with calibench, without what it was made with."""
    target = _MODELS / folder.name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for file in folder.iterdir():
        if file.is_file():
            shutil.copyfile(file, target / file.name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default=",".join(KINDS), help="comma-separated")
    parser.add_argument("--bundle", action="store_true", help=f"put {', '.join(BUNDLED)} into harness/models")
    options = parser.parse_args()
    try:
        with Live() if sys.stderr.isatty() else contextlib.nullcontext(Lines()) as progress:
            for kind in options.kinds.split(","):
                folder = build(kind, options.seed, options.out, progress)
                if options.bundle and kind in BUNDLED:
                    bundle(folder)
    except CalibenchError as error:
        print(f"family: {clean(str(error))}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
