"""Measures whether a language model knows when it is right. Every command is a function here; see docs/python.md.

from calibench import open_run, run

if __name__ == "__main__":  # engine and graders are processes that import this file again
    run("micro-sft", tasks=["micro"], out="runs/sft")
    frame = open_run("runs/sft").frame()  # one row per generation and method

A run is given by its folder, by its file, or opened. What is returned is a record (`calibench.results`) or an open run;
a page is written where `out` names a folder for it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from calibench.version import __version__

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from calibench.analysis.apply import Applied
    from calibench.analysis.imports import Imported
    from calibench.analysis.score import Scored
    from calibench.results import Comparison, Recalibrated, RunSummary, Votes
    from calibench.results.decisions import Checked, Plan, Policy, Thresholds
    from calibench.results.labels import Labelled
    from calibench.results.maps import SavedMaps
    from calibench.store import RunFile

__all__ = [
    "__version__", "apply", "check", "compare", "import_log", "labels", "open_run", "plan", "plot", "recalibrate",
    "recalibrated", "report", "run", "score", "threshold", "tune", "votes",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])


def _door(function: F) -> F:
    """With the checks of `calibench.running.door`."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def called(*arguments: Any, **keywords: Any) -> Any:
        from calibench.running.door import entered

        with entered(function.__name__, signature, arguments, keywords):
            return function(*arguments, **keywords)

    return called  # type: ignore[return-value]  # the same function to all who call it


@overload
def run(
    model: str, tasks: str | Sequence[str], out: str | Path, *, adapter: list[Any] | tuple[Any, ...], **options: Any
) -> list[RunFile]: ...


@overload
def run(model: str, tasks: str | Sequence[str], out: str | Path, **options: Any) -> RunFile: ...


@_door
def run(model: str, tasks: str | Sequence[str], out: str | Path, **options: Any) -> RunFile | list[RunFile]:
    """Runs or continues a run, scores it and writes its report, as `calibench run` does.

    Args:
        model: bundled checkpoint, local folder, GGUF file or hub id.
        tasks: names of tasks, or one text with commas between them; empty: those of the suite that `options` name.
        out: folder of the run.
        options: further fields of `calibench.running.config.RunConfig`, such as `protocol`, `confidence`, `draws`,
            `limit`, `until`; a `suite` gives those that are not given here. None: as if it were not given.

    Returns:
        The run, open for reading. Where `adapter` is a list, a list: the run of each.

    Raises:
        InputError: an option that there is not, or a value of a wrong type, word or range.
        CalibenchError: see `calibench.errors`; what was finished is kept.
        KeyboardInterrupt: Ctrl-C stopped the run; what was finished is kept, and the same call continues it.
    """
    from calibench.analysis.launch import launch
    from calibench.lm_eval import theirs

    theirs.register()
    runs = launch({"model": model, "tasks": tasks, "out": out, **options})
    return runs if len(runs) > 1 or isinstance(options.get("adapter"), list | tuple) else runs[0]


@_door
def open_run(path: str | Path) -> RunFile:
    """Opens a run, given its folder or its file, for reading. It is closed by `close()`, or at the end of a `with`.

    Raises:
        CalibenchError: there is no run, or it cannot be read.
    """
    from calibench.store import RunFile
    from calibench.store.opening import run_path

    return RunFile.open(run_path(path))


@_door
def score(file: str | Path, *, out: str | Path | None = None, **options: Any) -> Scored:
    """Scores predictions that were made elsewhere, as `calibench score` does.

    Args:
        file: table with a row per answer, or the folder of a saved data set.
        out: folder for a run of each model, for report and figures. None: nothing is written.
        options: keywords of `calibench.analysis.score.score`: names of columns (`confidence_column`, `correct`,
            `question`, `group`, `model`, `answer`, `gold`), `grader`, `scale`, `missing`, `shared` and so on.

    Raises:
        InputError: an option that there is not, or a value of a wrong type; the file cannot be read or understood,
            and the message names the row.
        CalibenchError: the folder cannot be written, or holds another run.
    """
    from calibench.analysis import score as of
    from calibench.analysis.options import ScoreOptions
    from calibench.fields import read

    given = read((ScoreOptions,), {"file": file, "out": out, **options})
    folder = given.pop("out", None)
    scored = of.score(given.pop("file"), **given)
    if folder is not None:
        of.publish(scored, Path(folder))
    return scored


@_door
def import_log(*files: str | Path, **options: Any) -> Imported:
    """Makes runs of other tools' logs, as `calibench import` does. `options`: fields of `ImportOptions`."""
    from calibench.analysis.imports import import_log as of
    from calibench.analysis.options import ImportOptions

    return of(files, ImportOptions(**options))


@_door
def report(
    run: str | Path | RunFile, *, convention: str | Sequence[str] | None = None,
    ensemble: str | Sequence[str] | None = None, labelled: str | Path | None = None,
    of: str | Path | RunFile | None = None, out: str | Path | None = None,
) -> RunSummary:  # fmt: skip
    """Scores a run: its scorecard, outcomes and most confident errors; without a graded answer, its `progress`.

    Args:
        run: folder, file, or an opened run.
        convention: names of `calibench.metrics.conventions.CONVENTIONS`, or `all`: how others compute a calibration
            error. The numbers under each are the summary's `conventions`.
        ensemble: confidence methods that a logistic model, fitted on other questions, joins to another one.
        labelled, of: `file` and `of` of the function `labels`; what it returns is the summary's `labelled`.
        out: folder for `report.html` and `scorecard.json`. None: nothing is written.

    Raises:
        CalibenchError: there is no run, it cannot be read, an unknown convention or method, or unusable labels.
    """
    from calibench.analysis.options import analysis_options
    from calibench.analysis.report import from_options

    return from_options(run, analysis_options(convention=convention, ensemble=ensemble, labelled=labelled, out=out), of)


@_door
def labels(
    run: str | Path | RunFile, file: str | Path, *, of: str | Path | RunFile | None = None, **options: Any
) -> Labelled:
    """Holds a run's grader against labels of some answers, and corrects the run's numbers for its errors.

    Args:
        run: what is corrected.
        file: table with a row per labelled answer.
        of: run whose answers are labelled, graded alike. None: `run`, of which they are a random sample.
        options: fields of `calibench.analysis.options.LabelOptions`: `question`, `label`, `seed`.

    Raises:
        CalibenchError: an option that there is not, unusable labels (their row is named), or runs not graded alike.
    """
    from calibench.analysis.labels import from_options
    from calibench.analysis.options import LabelOptions
    from calibench.fields import read

    return from_options(run, LabelOptions(**read((LabelOptions,), {"labels": file, **options})), of)


@_door
def compare(
    *runs: str | Path | RunFile, baseline: str = "first", margin: float = 0.02, until: str | None = None,
    out: str | Path | None = None,
) -> Comparison:  # fmt: skip
    """Compares runs, paired on the questions that both of a pair answered.

    Args:
        runs: at least two; a folder of runs stands for all of them.
        baseline: name or folder of the run that every other one is compared with; `first`: the first of `runs`.
        margin: differences that are smaller do not matter; `equivalent` is what lies inside it.
        until: `decided`, or a measure and `decided`: after which question two runs would have been told apart.
        out: folder for `report.html`. None: nothing is written.

    Raises:
        InputError: fewer than two runs, one that is given twice, or runs that share no question.
        CalibenchError: a run cannot be read.
    """
    from calibench.analysis.compare import from_options
    from calibench.analysis.options import analysis_options

    return from_options(runs, analysis_options(baseline=baseline, margin=margin, until=until, out=out))


@_door
def plan(*pilots: str | Path | RunFile, **options: Any) -> Plan:
    """Says how many questions and draws tell two models apart, as `calibench plan` does.

    Args:
        pilots: none; a run like either of the models; or two, like both. The noise is measured on them.
        options: fields of `calibench.analysis.options.PlanOptions`: `metric` and `difference`, and `draws`, `power`,
            `tests`, or what is assumed where no pilot tells it.

    Raises:
        InputError: an option that there is not or does not fit, or pilots that share no question.
    """
    from calibench.analysis.plan import from_options

    return from_options(pilots, options)


@_door
def plot(
    *runs: str | Path | RunFile, out: str | Path | None = None, data: str | Path | None = None, **options: Any
) -> Figure:
    """Draws a figure of runs, as `calibench plot` does.

    Args:
        runs: at least one; a folder of runs stands for all of them.
        out: file for the figure, ending in .svg, .pdf or .png. None: it is returned alone.
        data: CSV file for the numbers that are drawn.
        options: fields of `calibench.analysis.options.PlotOptions`: `kind`, `task`, `confidence`, `style`, `width`,
            `overlay`.

    Returns:
        A matplotlib figure, which may be changed; `calibench.reports.figures.save` writes it.

    Raises:
        InputError: an option that there is not or does not fit, or runs without what this kind is drawn from.
    """
    from calibench.analysis.plot import from_options

    return from_options(runs, out, data, options)


@_door
def votes(
    *runs: str | Path | RunFile, confidence: Sequence[str] | None = None, protocol: Sequence[str] | None = None,
    out: str | Path | None = None,
) -> Votes:  # fmt: skip
    """Lets the draws of each question vote: accuracy and calibration by number of draws.

    Starts worker processes, which import the calling file again: call it below `if __name__ == "__main__":`.

    Args:
        runs: each with several draws per question; several runs are compared on the questions that they share.
        confidence: methods that weigh votes; None: all that a run has.
        protocol: those that vote, each on its own; None: those of whole generations.
        out: folder for `votes.html` and `votes.json`. None: nothing is written.

    Raises:
        InputError: a run has one draw per question, lacks a method or protocol, or shares nothing with the others.
        CalibenchError: a run cannot be read.
    """
    from calibench.analysis.options import analysis_options
    from calibench.analysis.votes import from_options

    return from_options(runs, analysis_options(confidence=confidence, protocol=protocol, out=out))


@_door
def recalibrate(
    run: str | Path | RunFile, *, fit: str | Path | RunFile | None = None, maps: Sequence[str] | None = None,
    protocol: Sequence[str] | None = None, out: str | Path | None = None, save: str | Path | None = None,
) -> Recalibrated:  # fmt: skip
    """Maps a run's confidences to the accuracy seen at them, and scores both on questions that no map was fitted on.

    Args:
        run: what is scored.
        fit: run that the maps are fitted on, as one of the training split; None: one half of the questions of `run`.
        maps: keys of `calibench.metrics.recalibration.MAPS`; None: temperature, platt, isotonic and classifier.
        protocol: those that have maps, each its own; None: those of whole generations.
        out: folder for `recalibration.html` and `recalibration.json`. None: nothing is written.
        save: file for the recommended map of each method, fitted on all answers; `recalibrated` uses it. Nothing is
            written where none is shown to be better than the confidences as they are.

    Raises:
        CalibenchError: an unknown map or protocol, no answer with a confidence, or runs that share a question.
    """
    from calibench.analysis.maps import from_options
    from calibench.analysis.options import analysis_options

    return from_options(run, fit, analysis_options(maps=maps, protocol=protocol, out=out), save)


@_door
def recalibrated(maps: str | Path | SavedMaps, of: Any, **columns: Any) -> pd.DataFrame:
    """Maps the confidences of a run or file by what `recalibrate(..., save=FILE)` wrote; the answers need no verdicts.

    Args, returns, raises: as `calibench.analysis.maps.recalibrated`; `columns` are of a file.
    """
    from calibench.analysis.maps import recalibrated as of_maps

    return of_maps(maps, of, columns)


@_door
def threshold(of: str | Path | RunFile, *, out: str | Path | None = None, **options: Any) -> Thresholds:
    """Finds from which confidence on answers may go out without a person, as `calibench threshold` does.

    Args:
        of: a run, or a file of labelled answers.
        out: the policy file to write. None: nothing is written.
        options: fields of `calibench.analysis.options.ThresholdOptions` (`precision`, `level`, `by`, ...) and, of a
            file, of `ColumnOptions` (`question`, ...).

    Raises:
        InputError: an option that there is not or does not fit, or no graded answer has a confidence.
    """
    from calibench.analysis import threshold as of_all

    found = of_all.from_options(of, options)
    if out is not None:
        of_all.publish(found, Path(out))
    return found


@_door
def apply(policy: str | Path | Policy, of: Any, *, out: str | Path | None = None, **columns: Any) -> Applied:
    """Marks each answer of a run or file `automate` or `review`, as `calibench apply` does.

    Args:
        policy: a policy, or its file.
        of: a run, or a file of answers, which need no verdicts.
        out: CSV file for the marked answers. None: nothing is written.
        columns: of a file, fields of `calibench.analysis.options.ColumnOptions`; those not given are the policy's.

    Raises:
        InputError: the policy or the answers cannot be read.
        IdentityError: the answers come from something else than the policy was made for.
    """
    from calibench.analysis import apply as of_all

    applied = of_all.from_options(policy, of, columns)
    if out is not None:
        of_all.publish(applied, Path(out))
    return applied


@_door
def check(policy: str | Path | Policy, *labelled: Any, **columns: Any) -> Checked:
    """Tests whether the precision of what a policy automates has fallen, as `calibench check` does.

    Args, raises: as `apply`; `labelled` are all labelled answers so far, in the order in which they were labelled.
    """
    from calibench.analysis.check import from_options

    return from_options(policy, labelled, columns)


@_door
def tune(recipe: str, model: str, tasks: str | Sequence[str], out: str | Path, **options: Any) -> Path:
    """Trains a checkpoint, or continues where a stopped call was, as `calibench tune` does.

    Args:
        recipe: see `calibench recipes`.
        model: parent: bundled checkpoint, local folder, GGUF file or hub id.
        tasks: tasks whose training questions are learned from; empty for a recipe that needs none.
        out: folder of the new checkpoint.
        options: further fields of `calibench.finetune.config.TuneConfig`, such as `limit` and `seed`; all others are
            options of the recipe, such as `epochs`.

    Returns:
        The folder, which `run` takes as a model.

    Raises:
        InputError: an option that there is not, or a value of a wrong type, word or range; questions that leak.
        CalibenchError: see `calibench.errors`; what was finished is kept.
    """
    from calibench.finetune.config import configured
    from calibench.finetune.tune import tune as of
    from calibench.lm_eval import theirs
    from calibench.running.progress import Lines

    theirs.register()
    return of(configured({"recipe": recipe, "model": model, "tasks": tasks, "out": out, **options}), Lines())
