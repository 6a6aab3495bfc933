"""Benchmarks real checkpoints on the field's tasks, by several ways of asking: `make real`.

    python -m calibench.study.real MODEL... --cells docs/real      # measures; may be stopped and repeated
    python -m calibench.study.real --cells docs/real --page docs  # writes the pages, from the cells alone

Each model is asked the same questions in three passes, greedily:

- `default`: as `calibench run` asks, with the confidences asked for afterwards;
- `stated`: answer and confidence in one turn;
- `standard`: a standard prompt of the field, and nothing about confidence.

A cell is what one model answered, small enough to be committed; the pages are made of cells.
"""

from __future__ import annotations

import argparse
import resource
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from calibench import model as checkpoints
from calibench import run
from calibench.analysis.spreads import label_mass, spreads
from calibench.errors import CalibenchError
from calibench.errors.terminal import clean
from calibench.files import write_text
from calibench.study.cells import answers_of
from calibench.study.real_cells import Asked, RealCell, read
from calibench.study.real_pages import write_pages
from calibench.study.standard import STANDARD, task_file

MODELS = (
    "HuggingFaceTB/SmolLM2-135M-Instruct",
    "Qwen/Qwen2.5-Coder-0.5B-Instruct",
    "Qwen/Qwen2.5-Coder-1.5B-Instruct",
)
QUESTIONS = {"gsm8k": 200, "mbpp": 200, "creak": 200, "popqa": 200, "truthfulqa": 200}
"""Per task; of the standard and stated prompts of MBPP half, as each answer is long."""
FEW = 60
"""Per task for a model of more than `LARGE` bytes of weights, whose answers take seconds each on a processor."""
LARGE = 4 * 2**30
MAX_TOKENS = 512
"""Budget of an answer; longer ones of these models are loops."""
METHODS = "asked,p_true"


class Pass(NamedTuple):
    tasks: tuple[str, ...]
    options: dict[str, Any]


PASSES = {
    "default": Pass(tuple(QUESTIONS), {"confidence": METHODS}),
    "stated": Pass(("gsm8k", "creak", "popqa", "mbpp"), {"protocol": "stated", "confidence": "stated"}),
    "standard": Pass(tuple(STANDARD), {"protocol": "plain", "confidence": "none"}),
}


def measure(
    model: str,
    out: Path,
    cells: Path,
    names: Sequence[str],
    wanted: Sequence[str],
    data: str | None,
    *,
    limit: int | None = None,
    engine: Mapping[str, Any] = {},
    spent: float = 0.0,
) -> None:
    """Asks a model, and writes its cell anew after each pass.

    Args:
        model: hub id, folder or GGUF file.
        out: folder of the runs.
        cells: folder of the cells.
        names: of the passes.
        wanted: names of tasks; what was asked of others before stays.
        data: folder of original data files; None: the hub.
        limit: questions per task; None: as `QUESTIONS` and `FEW` say.
        engine: arguments of the engine.
        spent: CPU seconds that went into the checkpoint before; they count as its cell's.
    """
    checkpoint = checkpoints.resolve(model)
    short = Path(checkpoint.name).name
    few = sum(file.stat().st_size for file in checkpoint.path.glob("*.safetensors")) > LARGE
    file = cells / f"{short}.json"
    before = read(file) if file.is_file() else None
    passes = dict(before.passes) if before else {}
    spent = before.cpu_seconds if before else spent
    for name in names:
        begin = cpu_seconds()
        folder = out / short / name
        asked = [task for task in PASSES[name].tasks if task in wanted]
        limits = {limit: asked} if limit and asked else _by_limit(asked, name, few)
        if not limits:
            continue
        for size, tasks in limits.items():
            named = [task_file(task, size, out / "standard") if name == "standard" else task for task in tasks]
            held = run(
                model, named, folder, limit=size, max_tokens=MAX_TOKENS, data=data, name=short, engine=dict(engine),
                **PASSES[name].options,
            )  # fmt: skip
            passes[name] = _answers(held)
            manifest = held.manifest()
            held.close()
        spent += cpu_seconds() - begin
        cell = RealCell(
            model=checkpoint.name, weights=manifest["identity"]["weights"], passes=passes, cpu_seconds=round(spent),
            settings={"max_tokens": MAX_TOKENS, "sessions": manifest["sessions"][-1]}, lineage=checkpoint.lineage(),
        )  # fmt: skip
        cells.mkdir(parents=True, exist_ok=True)
        write_text(file, msgspec.json.format(msgspec.json.encode(cell), indent=1).decode() + "\n")


def _by_limit(tasks: Sequence[str], name: str, few: bool) -> dict[int, list[str]]:
    limits: dict[int, list[str]] = {}
    for task in tasks:
        half = task == "mbpp" and name != "default"
        limits.setdefault(FEW if few else QUESTIONS[task] // (1 + half), []).append(task)
    return limits


def _answers(held: Any) -> dict[str, Asked]:
    """Of the tasks that are complete: those that come first of an unfinished one are the short answers."""
    frame, scope = held.frame(), held.manifest()["scope"]
    wanted = {task: sum(part["questions"] for part in of.values()) for task, of in scope.items()}
    answered = frame.groupby("task")["question_id"].nunique()
    frame = frame[frame["task"].map(lambda task: answered[task] == wanted[task])]
    answers = answers_of(frame)
    found = spreads(frame, label_mass(held))
    asked = {}
    for task, of in frame.groupby("task"):
        first = of.drop_duplicates("question_id").sort_values("question_id")
        asked[str(task).removesuffix("_standard")] = Asked(
            ids=tuple(first["question_id"]),
            answers=answers[str(task)],
            tokens=round(float((first["reasoning_tokens"] + first["answer_tokens"]).mean()), 1),
            spreads=tuple(spread for spread in found if spread.task == task),
        )
    return asked


def cpu_seconds() -> float:
    """Of this process and its ended children."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m calibench.study.real", description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="hub ids, folders or GGUF files")
    parser.add_argument("--out", type=Path, default=Path("runs/real"), help="folder of the runs")
    parser.add_argument("--cells", type=Path, default=Path("runs/real/cells"), help="folder of the cells")
    parser.add_argument("--passes", default=",".join(PASSES), help="comma-separated; default: all")
    parser.add_argument("--tasks", default=",".join(QUESTIONS), help="comma-separated; default: all")
    parser.add_argument("--data", help="folder of original data files instead of the hub (or CALIBENCH_DATA)")
    parser.add_argument("--page", type=Path, help="folder for the pages; nothing is measured")
    given = parser.parse_args(arguments)
    names, wanted = given.passes.split(","), given.tasks.split(",")
    for option, found, known in (("--passes", names, PASSES), ("--tasks", wanted, QUESTIONS)):
        if unknown := sorted(set(found) - known.keys()):
            parser.error(f"{option}: expected some of {', '.join(known)}, found {unknown[0]!r}")
    try:
        if given.page:
            write_pages([read(file) for file in sorted(given.cells.glob("*.json"))], given.page)
            return 0
        for model in given.models or MODELS:
            measure(model, given.out, given.cells, names, wanted, given.data)
    except CalibenchError as error:
        print(f"calibench: {clean(str(error))}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
