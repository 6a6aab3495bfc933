"""Answers with confidences, of a run or of a user's file: what `threshold`, `apply` and `check` read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from calibench.analysis import predictions
from calibench.errors import InputError
from calibench.exchange.cells import Scale
from calibench.records import UNSAID
from calibench.results.judging import judge_notes
from calibench.store import RunFile
from calibench.store.files import FILE_NAME
from calibench.store.finished import unfinished

if TYPE_CHECKING:
    import pandas as pd

ANSWERED = ("correct", "incorrect")
_NOT_SHAPING = ("data", "graders", "seed", "shard", "shared", "columns", "sha256", "prompts", "scale", "missing")
"""Entries of a run's identity that answers of the same kind may differ in, or that are compared one by one."""


class Answers(NamedTuple):
    """Answers, with what is known of where they come from."""

    name: str
    model: str
    frame: pd.DataFrame
    """One row per answer and method, in the order of the file; columns `task`, `question_id`, `cluster`, `protocol`,
    `method`, `draw`, `value`, `status`, `outcome` (missing where nothing says what is right), `model` (of a file) and,
    of a run, `grader`, `reasoning_tokens` and `answer_tokens`."""
    identity: dict[str, Any]
    """Of a run that a model made: the manifest's. Of a file: its scale, and its model where one is named."""
    columns: dict[str, str]
    """Role -> column of the file that the answers are in; empty for a run that a model made."""
    notes: tuple[str, ...]
    is_run: bool

    def having(self) -> pd.Series:
        """[N] bool: there is an answer, as far as that is known, and a confidence in it."""
        answered = self.frame["outcome"].isin(ANSWERED) | self.frame["outcome"].isna()
        return answered & (self.frame["status"] == "ok") & self.frame["value"].notna()


def read(
    of: str | Path | RunFile,
    columns: Mapping[str, str | None] = {},
    scale: Scale | None = None,
    *,
    labelled: bool = True,
) -> Answers:
    """The answers of a run, given open or by folder or file, or of any other file.

    Args:
        of: a run, or a file as `calibench score` reads it.
        columns: of a file, role -> its column: `confidence`, `correct`, `question`, `group`, `model`.
        scale: of a file's confidences; None: `fraction`.
        labelled: whether the file must say what is right.

    Raises:
        InputError: there is no such run or file, it has no answer, or a cell cannot be understood.
    """
    if isinstance(of, RunFile):
        return _of_run(of)
    path = Path(of)
    if path.suffix and path.suffix != Path(FILE_NAME).suffix and not path.exists():
        raise InputError(f"{path}: no such file; expected a table of answers, or a run")
    is_table = path.is_file() or (path / "state.json").is_file()
    if not is_table or path.suffix == Path(FILE_NAME).suffix:
        with RunFile.open(path) as run:
            return _of_run(run)
    named = {role: column for role, column in columns.items() if column}
    names = predictions.Columns(
        confidence=named.get("confidence", "confidence"),
        correct=named.get("correct", "correct") if labelled else None,
        question=named.get("question"),
        group=named.get("group"),
        model=named.get("model"),
    )
    found = predictions.in_file_order(path, names, predictions.TableForm(scale or "fraction"))
    frame = found.frame.assign(cluster=found.frame["question_id"])
    models = frame["model"].unique()
    return Answers(
        path.name,
        ", ".join(map(str, models)) or "not stated",
        frame,
        {"scale": scale or "fraction"},
        {role: column for role, column in names._asdict().items() if column},
        (),
        is_run=False,
    )


def _of_run(run: RunFile) -> Answers:
    frame = run.frame()
    if frame.empty:
        raise InputError(f"{run.path}: holds no graded generation yet; run it first")
    manifest = run.manifest()
    warning = unfinished(run)
    model = str(manifest.get("model", {}).get("name", "not stated"))
    identity = {"scale": "fraction", **manifest.get("identity", {})}
    columns = {}
    if "file" in manifest:  # scored from one: of what a model was asked, nothing is known
        columns = identity.get("columns", {})
        identity = {"scale": identity["scale"]} | ({} if model == "not stated" else {"model": model})
    name = str(manifest.get("name", run.path.parent.name))
    notes = (*([warning] if warning else []), *judge_notes(manifest))
    return Answers(name, model, frame, identity, columns, notes, is_run=True)


def identity(of: Answers, protocol: str, method: str, tasks: Sequence[str]) -> dict[str, Any]:
    """What these answers and confidences came from, as far as it is known: one entry per fact."""
    found: dict[str, Any] = {"protocol": protocol, "method": method, "scale": of.identity["scale"]}
    if not of.is_run:
        named = list(of.frame["model"].unique())
        return {**found, **({"model": named[0]} if named != [""] else {})}
    for entry, value in of.identity.items():
        if entry not in _NOT_SHAPING:
            found |= _flat(entry, value)
    prompts = of.identity.get("prompts", {})
    asked = {task: f"{task}, {protocol}" for task in tasks} | {f"method {method}": f"method {method}"}
    return found | {f"prompts[{name}]": prompts[key] for name, key in asked.items() if key in prompts}


def graders(of: Answers, tasks: Sequence[str]) -> dict[str, Any]:
    """`graders[TASK]` -> by which grader, or judge, what is right of its answers is; without those of which a file says
    what is right and not by whom."""
    if "grader" not in of.frame:
        return {}
    rows = of.frame[of.frame["outcome"].isin(ANSWERED) & of.frame["task"].isin(tasks)]
    by_task = rows.groupby("task", sort=True)["grader"].unique()
    return {
        f"graders[{task}]": ", ".join(sorted(names))
        for task, names in by_task.items()
        if predictions.FILE_GRADER not in names
    }


def _flat(entry: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {f"{entry}[{key}]": _plain(each) for key, each in value.items()}
    return {entry: _plain(value)}


def _plain(value: Any) -> str | int | float | bool | None:
    return value if isinstance(value, str | int | float | bool | None) else msgspec.json.encode(value).decode()


def differences(there: Mapping[str, Any], here: Mapping[str, Any], holder: str = "policy") -> list[str]:
    """The facts that both state, or that one of two runs alone states, and that differ."""
    runs = "weights" in there and "weights" in here
    names = [name for name in {**there, **here} if runs or (name in there and name in here)]
    held = [(name, there.get(name, UNSAID.get(name)), here.get(name, UNSAID.get(name))) for name in names]
    return [f"{name}: {_said(a)} in the {holder}, {_said(b)} here" for name, a, b in held if a != b]


def _said(value: Any) -> str:
    return "nothing" if value is None else str(value)
