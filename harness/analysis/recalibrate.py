"""Post-hoc recalibration of a run: its confidences before and after, on the same answers. Needs no model.

The maps are fitted on one half of the run's questions and scored on the other; or they are fitted on another run, such
as the training split's, that shares no question with this one, and scored on all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from calibench.analysis.protocols import of_protocols
from calibench.confidence import base as confidence
from calibench.errors import InputError, unknown_name
from calibench.errors.working import stage
from calibench.files import write_text
from calibench.records import Question, Scorecard, TokenFeatures
from calibench.results import Recalibrated, RecalibrationFit
from calibench.results.judging import graders_told
from calibench.store import RunFile
from calibench.store.finished import unfinished

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from calibench.metrics import recalibration

DEFAULT = ("temperature", "platt", "isotonic", "classifier")
_NO_FEATURES = "needs token features, which sequence_probability and answer_probability read"
AS_READ = "as read"
FEATURES = "features"
"""Column of token features: an array with nan for what is not known, or None where the method reads none."""


_UNIT = "unit"
"""Column of what is independent within one run."""


class _Part(NamedTuple):
    """The rows of one task, protocol and method."""

    key: tuple[str, str, str]
    rows: pd.DataFrame
    scored: pd.DataFrame
    """Those that are answered and have a confidence."""


def recalibrate(
    run: RunFile,
    fit: RunFile | None = None,
    methods: Sequence[str] | None = None,
    protocols: Sequence[str] | None = None,
    *,
    seed: int = 0,
) -> Recalibrated:
    """Recalibrates every confidence method of a run, by each of the `methods` of `metrics.recalibration`.

    Args:
        run: what is scored.
        fit: fits the maps on this run; None: on one half of the questions of `run`, so that all numbers are of the
            other half. The map of a task is fitted on the same task of `fit`, or, where that has not asked it, on all
            its tasks together.
        methods: keys of `metrics.recalibration.MAPS`; None: those of `DEFAULT` that a confidence has the features for.
        protocols: each has maps of its own; None: those of whole generations.
        seed: of the halves, the fits and the bootstrap.

    Raises:
        InputError: an unknown method or protocol, a run without answers that have confidences, or two runs that share a
            question or no confidence method.
    """
    from calibench.metrics import recalibration
    from calibench.metrics.compare import compare

    frames, fits, left_out = _applied(run, fit, methods, protocols, seed)
    stage("scoring before and after")
    after = [name for name in frames if name != AS_READ]
    manifest = run.manifest()
    return Recalibrated(
        name=manifest["name"],
        model=manifest["model"]["name"],
        how=_how(fit, seed),
        notes=(*left_out, *_notes(run, fit)),
        before=AS_READ,
        descriptions={name: recalibration.MAPS[name].description for name in after},
        fits=fits,
        scorecards={name: _scorecard(of, seed) for name, of in frames.items()},
        differences=tuple(
            compare(frames, [(AS_READ, name) for name in after], metrics=measures_of_confidences(), seed=seed)
        ),
    )


def _applied(
    run: RunFile, fit: RunFile | None, methods: Sequence[str] | None, protocols: Sequence[str] | None, seed: int
) -> tuple[dict[str, pd.DataFrame], tuple[RecalibrationFit, ...], list[str]]:
    """The confidences of a run as read (`AS_READ`) and as each method maps them, and how it was fitted.

    Args, raises: as `recalibrate`.

    Returns:
        Name -> frame of `RunFile.frame` with the rows that are scored; what could not be mapped is missing. The fits.
        What a reader must know of protocols that are left out.
    """
    from calibench.metrics import recalibration

    chosen = list(dict.fromkeys(methods or DEFAULT))
    for name in chosen:
        if name not in recalibration.MAPS:
            raise unknown_name("map", name, list(recalibration.MAPS))
    frame, left_out = of_protocols(frame_with_features(run), protocols, run.path.parent.name)
    frame = frame.reset_index(drop=True)
    if fit is None:
        to_fit = _fit_half(frame, seed)
        # Within a run, what is independent is a cluster; over runs, a question is what must not be shared.
        frame[_UNIT] = frame["task"] + "\0" + frame["cluster"].astype(str)
        frame, of_fit = frame[~to_fit], frame[to_fit]
    else:
        of_fit = _refuse_shared(run, fit)
    parts, known = _parts(frame), _parts(of_fit)
    if not {p.key[1:] for p in parts} & {p.key[1:] for p in known}:
        if fit is None:
            raise InputError(f"{run.path.parent}: too few questions to fit on one half of them and score on the other")
        raise InputError(f"{fit.path.parent} has no confidence of a method and protocol that {run.path.parent} has")
    after, fits = {name: frame.copy() for name in chosen}, []
    for part in parts:
        stage(f"fitting {part.key[0]}, {part.key[2]}")
        for name in chosen:
            result, described = _one(part, name, known, seed)
            if methods is not None or result.reason != _NO_FEATURES:
                fits.append(described)
            after[name].loc[part.rows.index, ["value", "status"]] = (float("nan"), "missing")
            if result.confidence is not None:
                after[name].loc[part.scored.index, "value"] = result.confidence
                after[name].loc[part.scored.index, "status"] = "ok"
    fitted = {fit.recalibration for fit in fits}
    return {AS_READ: frame, **{name: of for name, of in after.items() if name in fitted}}, tuple(fits), left_out


def publish(result: Recalibrated, folder: Path) -> Path:
    """Writes `recalibration.json` and `recalibration.html` into the folder; returns the page."""
    from calibench.reports.recalibration import recalibration_report

    write_text(folder / "recalibration.json", msgspec.json.format(msgspec.json.encode(result), indent=1).decode())
    page = folder / "recalibration.html"
    write_text(page, recalibration_report(result))
    return page


def frame_with_features(run: RunFile) -> pd.DataFrame:
    """`RunFile.frame` of the rows that a confidence was asked for, with the column `FEATURES`."""
    import numpy as np

    frame = run.frame()
    frame = frame[frame["method"] != "none"].reset_index(drop=True)
    if not (frame["value"].notna() & frame["outcome"].isin(["correct", "incorrect"])).any():
        raise InputError(f"{run.path}: no graded answer has a confidence; nothing can be recalibrated")
    features: dict[tuple, np.ndarray] = {}
    for method in frame["method"].unique():
        if method in confidence.names() and confidence.load(method).evidence is TokenFeatures:
            for c in run.confidences(method):
                if c.status == "ok" and c.raw is not None:
                    read = run.evidence(c, TokenFeatures)
                    values = np.array(msgspec.structs.astuple(read), dtype=float)
                    features[c.task, c.protocol, c.question_id, c.draw, method] = values
    key = ["task", "protocol", "question_id", "draw", "method"]
    frame[FEATURES] = [features.get(row) for row in frame[key].itertuples(index=False, name=None)]
    return frame.assign(subject=None, level=float("nan"))


def _fit_half(frame: pd.DataFrame, seed: int) -> np.ndarray:
    """Mask [N] of the rows to fit on, a half of the clusters of each task."""
    import numpy as np

    from calibench.metrics import recalibration

    half = np.zeros(len(frame), dtype=bool)
    for rows in frame.groupby("task").indices.values():
        half[rows] = recalibration.fit_half(frame["cluster"].to_numpy()[rows].astype(str), seed)
    return half


def _parts(frame: pd.DataFrame) -> list[_Part]:
    scored = frame["value"].notna() & (frame["status"] == "ok") & frame["outcome"].isin(["correct", "incorrect"])
    return [_Part(key, rows, rows[scored[rows.index]]) for key, rows in frame.groupby(["task", "protocol", "method"])]


def _one(part: _Part, name: str, known: list[_Part], seed: int) -> tuple[recalibration.Mapped, RecalibrationFit]:
    """One part recalibrated by one method, and how."""
    from calibench.metrics import recalibration

    note = None
    if part.scored.empty:
        result = recalibration.Mapped(None, None, "no graded answer has a confidence")
    elif recalibration.MAPS[name].of_features and part.scored[FEATURES].isna().any():
        result = recalibration.Mapped(None, None, _NO_FEATURES)
    else:
        result, note = _transferred(part, name, known, seed)
    described = RecalibrationFit(
        **dict(zip(("task", "protocol", "method"), part.key, strict=True)),
        recalibration=name,
        n_fit=result.map.n_rows if result.map else 0,
        parameters={p: float(value) for p, value in result.map.parameters.items()} if result.map else {},
        note=note,
        reason=result.reason,
    )
    return result, described


def _transferred(part: _Part, name: str, known: list[_Part], seed: int) -> tuple[recalibration.Mapped, str | None]:
    """One part recalibrated on rows of other questions, and the note on these."""
    import pandas as pd

    from calibench.metrics import recalibration

    alike = [p for p in known if p.key[1:] == part.key[1:]]
    same = [p for p in alike if p.key == part.key]
    if not alike:
        return recalibration.Mapped(None, None, "nothing to fit on has such confidences"), None
    of_fit = pd.concat([p.scored for p in same or alike])
    if of_fit.empty:
        return recalibration.Mapped(None, None, "no graded answer to fit on has a confidence"), None
    learned, inputs = inputs_of([of_fit, part.scored], name)
    given = learned, _correct(of_fit), _questions(of_fit)
    result = recalibration.transferred(name, given, inputs, _questions(part.scored), seed=seed)
    return result, None if same else f"fitted on {', '.join(p.key[0] for p in alike)}"


def parts_to_fit(run: RunFile) -> Iterator[tuple[tuple[str, str, str], np.ndarray, np.ndarray, np.ndarray]]:
    """((task, protocol, method), confidences [N], correct [N], identities of what is independent [N]) of a run."""
    frame = frame_with_features(run)
    frame[_UNIT] = frame["task"] + "\0" + frame["cluster"].astype(str)
    for part in _parts(frame):
        if not part.scored.empty:
            rows = part.scored
            yield part.key, rows["value"].to_numpy(), _correct(rows).to_numpy(), _questions(rows).to_numpy()


def _correct(rows: pd.DataFrame) -> pd.Series:
    return rows["outcome"] == "correct"


def inputs_of(frames: list[pd.DataFrame], name: str) -> list[np.ndarray]:
    """Confidences [N] of each frame; or features [N, F], those that are known of every row of all frames."""
    import numpy as np

    from calibench.metrics.recalibration import MAPS

    if not MAPS[name].of_features:
        return [rows["value"].to_numpy() for rows in frames]
    tables = [np.array(rows[FEATURES].tolist()) for rows in frames]
    known = np.isfinite(np.concatenate(tables)).all(axis=0)
    return [table[:, known] for table in tables]


def _questions(rows: pd.DataFrame) -> pd.Series:
    return rows[_UNIT] if _UNIT in rows else rows["task"] + "\0" + rows["question_id"]


def _refuse_shared(run: RunFile, fit: RunFile) -> pd.DataFrame:
    """The frame of the run that is fitted on, if it holds other questions than the run that is scored."""
    if run.path.resolve() == fit.path.resolve():
        raise InputError(f"--fit {fit.path.parent} is the run itself; without --fit, one half of it is fitted on")
    ours, theirs = frame_with_features(run), frame_with_features(fit)
    texts = {_text(question) for question in run.questions()}
    shared = {*_questions(ours)} & {*_questions(theirs)}
    shared |= {f"{q.task}\0{q.question_id}" for q in fit.questions() if _text(q) in texts}
    if shared:
        task, question = min(shared).split("\0", 1)
        raise InputError(
            f"{fit.path.parent} and {run.path.parent} share {len(shared)} questions (the first: {question} of {task});"
            " a map can only score other questions than those that it is fitted on"
        )
    return theirs


def _text(question: Question) -> tuple[str, ...]:
    """What makes two questions the same, whatever their ids: the words and the options, in any order and case."""
    return " ".join(question.text.lower().split()), *sorted(choice.lower().strip() for choice in question.choices)


def measures_of_confidences() -> list[str]:
    """The metrics that maps and methods are judged by: of the confidences alone, and better at one end."""
    from calibench.metrics.measures import MEASURES

    found = [m for m in MEASURES.values() if m.compared and m.population == "scored"]
    return [m.name for m in found if m.better in ("higher", "lower")]


def _scorecard(frame: pd.DataFrame, seed: int) -> Scorecard:
    from calibench.metrics.measures import MEASURES, NOISE_FLOOR, OUTCOME_MEASURES
    from calibench.metrics.scorecard import scorecard

    shown = {m.name for m in MEASURES.values() if m not in OUTCOME_MEASURES and (m.compared or m is NOISE_FLOOR)}
    card = scorecard(frame, seed=seed)
    return Scorecard(
        metrics=tuple(m for m in card.metrics if m.metric in shown and m.subset == "all"),
        reliability=card.reliability,
        measures=card.measures,
    )


def _how(fit: RunFile | None, seed: int) -> str:
    if fit is None:
        return (
            f"fitted on a random half of the questions of each task (seed {seed}); every number here, those of the"
            " confidences as read among them, is of the other half"
        )
    return (
        f"fitted on the run {fit.manifest()['name']} ({fit.path.parent.name}), which shares no question with this one"
    )


def _notes(run: RunFile, fit: RunFile | None) -> list[str]:
    """What a reader must know before the numbers."""
    runs = [run] if fit is None else [run, fit]
    notes = [warning for warning in map(unfinished, runs) if warning]
    weights = {r.manifest().get("identity", {}).get("weights") or r.manifest()["model"]["name"] for r in runs}
    if len(weights) > 1:
        notes.append("the maps were fitted on answers of another checkpoint")
    return [*notes, *graders_told([r.manifest() for r in runs])]
