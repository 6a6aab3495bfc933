"""Tunes a real checkpoint by three recipes and asks the results what their parent was asked.

    python -m calibench.study.real_tuning MODEL --out DIR --cells docs/real-tuning  # may be stopped and repeated
    python -m calibench.study.real_tuning --cells docs/real-tuning --page docs      # the page, from the cells alone

- `distilled` learns its own right answers (`star`, one iteration: supervised fine-tuning on right traces);
- `epicar` learns them, and "Yes" or "No" to the question whether an answer is correct;
- `confidence_sft` learns them, and the share of its answers that is right, as the reply to the method `asked`.

All three learn from the same draws, sampled once, of the same training questions, with the same settings. What is
asked is the default of `calibench run`. Rows, measures and margin of the page are in
`calibench.study.real_tuning_page`; they were fixed before any result was there.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from calibench import model as checkpoints
from calibench import tune
from calibench.errors import CalibenchError
from calibench.errors.terminal import clean
from calibench.files import write_text
from calibench.study import real, real_tuning_page
from calibench.study.real_cells import read

RECIPES = {"distilled": "star", "epicar": "epicar", "confidence_sft": "confidence_sft"}
"""Name of the checkpoint -> recipe. The first samples."""
TASK = "gsm8k"
"""Whose training split is learned from."""
SETTINGS: dict[str, Any] = {
    "iterations": 1, "draws": 4, "temperature": 0.7, "repair": False, "epochs": 1, "learning_rate": 2e-4,
    "batch_size": 2, "accumulation": 2, "lora_rank": 8, "lora_alpha": 16, "max_length": 1024, "save_every": 5,
}  # fmt: skip
ENGINE = {"max_num_seqs": 20, "kv_cache_memory_bytes": 512 * 2**20}
"""No answer depends on them. Half a billion parameters in float32 take 5 GB of memory beside such a small cache."""
SAMPLED, TRAINED = 22.0, 17.0
"""Tokens per CPU second and billion parameters: sampled by vLLM (prompts and second turns included), and trained with
adapters, as measured with Qwen2.5-Coder-0.5B-Instruct."""
_PROMPT, _TURN, _ANSWER = 130, 60, 150
"""Tokens of a question, of a second turn, and of an answer to a test question, for the plan."""
_RIGHT, _GRADED = 0.25, 0.7
"""Shares of the draws that are learned, and judged, for the plan."""


class Extent(NamedTuple):
    questions: int = 64
    """Of the training split."""
    max_tokens: int = 320
    """Of an answer to them. Of 12 replies of Qwen2.5-Coder-0.5B-Instruct to training questions, 10 end within it, and 2
    within 200."""
    test: int | None = None
    """Questions per task that all are asked; None: as `calibench.study.real` asks, 200."""


SMALL = Extent(questions=8, max_tokens=64, test=4)
"""Shows that everything runs; its numbers mean nothing."""


def plan(parameters: int, size: Extent) -> dict[str, float]:
    """Step -> expected CPU hours, for a model of so many parameters."""
    billions, draws = parameters / 1e9, size.questions * SETTINGS["draws"]
    reply = 0.8 * size.max_tokens
    answers = draws * _RIGHT * (_PROMPT + reply)
    judged = draws * _GRADED * (_PROMPT + reply + _TURN)
    asked = sum(size.test or real.QUESTIONS[task] for task in real_tuning_page.TASKS) * _ANSWER
    seconds = {"sampling": draws * reply / SAMPLED}
    for name in RECIPES:
        learned = answers if name == "distilled" else answers + judged
        seconds[f"training {name}"] = SETTINGS["epochs"] * learned / TRAINED
    seconds |= {f"asking {name}": asked / SAMPLED for name in ("the parent", *RECIPES)}
    return {step: billions * of / 3600 for step, of in seconds.items()}


def make(model: str, out: Path, cells: Path, size: Extent, data: str | None) -> None:
    """Tunes, asks, and writes a cell each; goes on where it was stopped.

    Args:
        model: hub id, folder or GGUF file of the parent.
        out: folder of checkpoints and runs.
        cells: folder of the cells.
        size: how much.
        data: folder of original data files; None: the hub.

    Raises:
        CalibenchError: see `calibench.errors`; what is finished is kept.
    """
    parent = checkpoints.resolve(model)
    short = Path(parent.name).name
    hours = plan(sum(file.stat().st_size for file in parent.path.glob("*.safetensors")) // 4, size)
    _tell("plan, in CPU hours: " + ", ".join(f"{step} {of:.2f}" for step, of in hours.items()))
    _tell(f"{sum(hours.values()):.1f} CPU hours in all")
    asked = (out / "runs", cells, ["default"], real_tuning_page.TASKS, data)
    real.measure(model, *asked, limit=size.test, engine=ENGINE)
    first = out / f"{short}-{next(iter(RECIPES))}"
    for name, recipe in RECIPES.items():
        folder = out / f"{short}-{name}"
        share_draws(first, folder)
        spent = _tuned(recipe, model, folder, size, data)
        real.measure(str(folder), *asked, limit=size.test, engine=ENGINE, spent=spent)
        _tell(f"{folder.name}: done, {read(cells / f'{folder.name}.json').cpu_seconds / 3600:.2f} CPU hours")


def _tuned(recipe: str, model: str, folder: Path, size: Extent, data: str | None) -> float:
    """Makes the checkpoint in `folder`; returns the CPU seconds of the sessions that ended."""
    account = folder.with_name(f"{folder.name}.cpu-seconds")
    before = float(account.read_text()) if account.is_file() else 0.0
    begin = real.cpu_seconds()
    try:
        tune(
            recipe, model, TASK, folder, data=data, limit=size.questions, validation=0, protocol="plain",
            max_tokens=size.max_tokens, engine=ENGINE, **SETTINGS,
        )  # fmt: skip
    finally:
        spent = before + real.cpu_seconds() - begin
        write_text(account, f"{spent:.0f}\n")
    return spent


def share_draws(first: Path, folder: Path) -> None:
    """Gives a recipe the draws of the first one, before it would sample the same itself."""
    source, target = (of / "work" / "iteration-1" / "samples" for of in (first, folder))
    if target.exists() or first == folder:
        return
    partial = target.with_name("samples.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    partial.rename(target)


def _tell(line: str) -> None:
    print(f"tuning: {clean(line)}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m calibench.study.real_tuning", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("model", nargs="?", metavar="MODEL", help="the parent: hub id, folder or GGUF file")
    parser.add_argument("--out", type=Path, default=Path("runs/real-tuning"), help="folder of checkpoints and runs")
    parser.add_argument("--cells", type=Path, default=Path("runs/real-tuning/cells"), help="folder of the cells")
    parser.add_argument("--data", help="folder of original data files instead of the hub (or CALIBENCH_DATA)")
    parser.add_argument("--small", action="store_true", help="few questions and short answers; numbers mean nothing")
    parser.add_argument("--page", type=Path, help="folder for the page; nothing is trained or asked")
    given = parser.parse_args(arguments)
    if (given.model is None) == (given.page is None):
        parser.error("expected either MODEL, or --page DIR")
    try:
        if given.page:
            real_tuning_page.write([read(file) for file in sorted(given.cells.glob("*.json"))], given.page)
        else:
            make(given.model, given.out, given.cells, SMALL if given.small else Extent(), given.data)
    except CalibenchError as error:
        _tell(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _tell("stopped; the same command continues it")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
