"""Maps for production: one recommended by its numbers, fitted on all answers, kept in a file, and used from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from calibench import fields
from calibench.analysis import answers, recalibrate
from calibench.analysis import saved as saved_files
from calibench.analysis.options import AnalysisOptions, ColumnOptions
from calibench.errors import IdentityError, InputError
from calibench.files import write_text
from calibench.results import Difference, Recalibrated
from calibench.results.maps import Recommendation, SavedMap, SavedMaps
from calibench.store import RunFile
from calibench.store.opening import opened
from calibench.version import __version__

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = "calibench-map/1"
MARGIN = 0.002
"""A simpler map is taken if its Brier score is no more than this above the best one's."""


def from_options(
    run: str | Path | RunFile, fit: str | Path | RunFile | None, given: AnalysisOptions, save: str | Path | None
) -> Recalibrated:
    """As `recalibrate`, of runs as they are given; page and recommended maps are written where places are named."""
    with opened(run) as (scored,), opened(*([] if fit is None else [fit])) as fitted:
        other = fitted[0] if fitted else None
        result = recalibrate.recalibrate(scored, other, given.maps, given.protocol)
        if save is not None and (found := saved(result, scored, other)).maps:
            publish(found, Path(save))
    if given.out is not None:
        recalibrate.publish(result, Path(given.out))
    return result


def saved(result: Recalibrated, run: RunFile, fit: RunFile | None = None, *, seed: int = 0) -> SavedMaps:
    """The recommended map of each method, fitted on all answers of the run, or of the one that it was fitted on before.

    Args:
        result: of `recalibrate` of the same runs.
        run: what was scored.
        fit: what the maps were fitted on; None: a half of `run`.
        seed: of the fit.
    """
    from calibench.metrics import recalibration

    source = fit or run
    of = answers.read(source)
    recommended = tuple(_recommendations(result))
    chosen = {(r.protocol, r.method): r.recalibration for r in recommended if r.recalibration}
    maps = []
    for (task, protocol, method), confidence, correct, questions in recalibrate.parts_to_fit(source):
        if (protocol, method) in chosen:
            try:
                fitted = recalibration.fit(chosen[protocol, method], confidence, correct, questions, seed=seed)
            except recalibration.Unfit:
                continue  # of too few answers; the others of this method have a map
            maps.append(
                SavedMap(
                    task=task,
                    protocol=protocol,
                    method=method,
                    recalibration=fitted.method,
                    parameters={name: float(value) for name, value in fitted.parameters.items()},
                    knots=fitted.knots,
                    n_fit=fitted.n_rows,
                )
            )
    return SavedMaps(
        schema=SCHEMA,
        calibench=__version__,
        name=of.name,
        model=of.model,
        fitted_on=f"all answers of the run {of.name}",
        identity=_identity(of),
        recommendations=recommended,
        maps=tuple(maps),
    )


def publish(maps: SavedMaps, file: Path) -> Path:
    """Writes the maps; returns the file."""
    write_text(file, msgspec.json.format(msgspec.json.encode(maps), indent=1).decode() + "\n")
    return file


def read(path: Path) -> SavedMaps:
    """Reads a file of maps.

    Raises:
        InputError: there is none, or it is damaged, of another schema, or has fields or values that no map has.
    """
    import numpy as np

    from calibench.metrics import recalibration

    maps = saved_files.read(path, SavedMaps, SCHEMA, "map", "calibench recalibrate ... --save FILE")
    try:
        for one in maps.maps:
            recalibration.restored(one.recalibration, one.parameters, one.knots)(np.array([0.0, 0.5, 1.0]))
    except (KeyError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"{path}: not a usable map: {error!s:.200}") from None
    return maps


def recalibrated(maps: str | Path | SavedMaps, of: str | Path | RunFile, columns: Mapping[str, Any]) -> pd.DataFrame:
    """The answers of a run or file with their confidences as read and as mapped.

    Args:
        maps: or their file.
        of: a run, or a file of answers, which need no verdicts.
        columns: of a file, fields of `ColumnOptions`. Where there are maps for several tasks, `group` says which one
            a row is of.

    Returns:
        One row per answer and method that has a map: `task`, `question_id`, `draw`, `method`, `confidence` and
        `recalibrated`, both nan where there is no confidence.

    Raises:
        InputError: the maps or answers cannot be read, or no map is for them.
        IdentityError: the answers come from something else than the maps were fitted on.
    """
    from calibench.metrics import recalibration

    told = maps if isinstance(maps, SavedMaps) else read(Path(maps))
    given = ColumnOptions(**fields.read((ColumnOptions,), dict(columns)))
    found = answers.read(of, given.by_role(), given.scale, labelled=False)
    if differing := answers.differences(told.identity, _identity(found), holder="map"):
        raise IdentityError(
            f"{found.name} is not what the maps of {told.name} were fitted on: {'; '.join(differing[:4])}"
        )
    frame = found.frame[["task", "question_id", "draw", "protocol", "method"]].assign(
        confidence=found.frame["value"].where(found.frame["status"] == "ok"), recalibrated=float("nan")
    )
    tasks = {one.task for one in told.maps}
    if found.columns and len({(one.protocol, one.method) for one in told.maps}) > 1:
        raise InputError(
            f"{found.name}: a file has confidences of one method, and the maps of {told.name} are for several"
        )
    used = frame["task"].isna()
    for one in told.maps:
        # A file is not of a task by its name; where several have maps, a column must say which one a row is of.
        rows = (frame["task"] == one.task) | (bool(found.columns) and len(tasks) == 1)
        if not found.columns:
            rows &= (frame["protocol"] == one.protocol) & (frame["method"] == one.method)
        mapped = rows & frame["confidence"].notna()
        apply = recalibration.restored(one.recalibration, one.parameters, one.knots)
        frame.loc[mapped, "recalibrated"] = apply(frame.loc[mapped, "confidence"].to_numpy(dtype=float))
        used |= rows
    if not used.any():
        known = ", ".join(f"{one.task} · {one.method}" for one in told.maps) or "none"
        raise InputError(f"{found.name}: no map is for these answers; there are maps for: {known:.200}")
    return frame[used].drop(columns="protocol").reset_index(drop=True)


def _identity(of: answers.Answers) -> dict[str, Any]:
    """What answers came from, as a policy has it, without their prompts: a map is for several methods."""
    whole = answers.identity(of, "", "", ())
    return {name: value for name, value in whole.items() if name not in ("protocol", "method")}


def _recommendations(result: Recalibrated) -> Iterator[Recommendation]:
    """For each method, by the mean over tasks of what was not fitted on."""
    from calibench.metrics.recalibration import OF_CONFIDENCES

    means: dict[tuple[str, str], dict[str, dict[str, Difference]]] = {}
    for d in result.differences:
        if d.task == "macro":
            means.setdefault((d.protocol, d.method), {}).setdefault(d.metric, {})[d.run_b] = d
    for (protocol, method), found in means.items():
        briers = {
            name: found["brier"][name]
            for name in OF_CONFIDENCES
            if name in found["brier"] and found["brier"][name].b is not None
        }
        better = {name: d for name, d in briers.items() if d.verdict == "better"}
        place = {"protocol": protocol, "method": method}
        if not better:
            words = (
                f"Leave the confidences of {method} as they are: of {', '.join(briers) or 'the maps'}, none is shown to"
                " lower the Brier score on answers that it was not fitted on."
            )
            yield Recommendation(**place, recalibration=None, words=words)
            continue
        best = min(d.b for d in better.values() if d.b is not None)
        name = next(name for name, d in better.items() if d.b is not None and d.b <= best + MARGIN)
        words = _words(method, name, better, found["ece"][name]) + _turned(result, protocol, method, name)
        yield Recommendation(**place, recalibration=name, words=words)


def _turned(result: Recalibrated, protocol: str, method: str, name: str) -> str:
    """Where a map gives a high confidence the lower chance."""
    place = (protocol, method, name)
    fits = (fit for fit in result.fits if (fit.protocol, fit.method, fit.recalibration) == place)
    tasks = [fit.task for fit in fits if fit.parameters.get("slope", 0) < 0]
    return f" It turns the order of confidences around in {', '.join(tasks)}." if tasks else ""


def _words(method: str, name: str, better: Mapping[str, Difference], ece: Difference) -> str:
    d = better[name]
    why = (
        "No other map is shown to lower it"
        if len(better) == 1
        else f"No simpler map comes within {MARGIN:g} of the best"
    )
    error = "" if ece.a is None or ece.b is None else f", the ECE from {ece.a:.3f} to {ece.b:.3f}"
    return (
        f"Use {name} for {method}: on answers that it was not fitted on, it takes the Brier score from {d.a:.3f} to"
        f" {d.b:.3f}{error} (mean over tasks). {why}."
    )
