"""The rule that stops a run, from its options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from calibench.analysis import decided, until
from calibench.errors import InputError
from calibench.running.config import RunConfig
from calibench.running.steps import StoppingRule
from calibench.store.files import FILE_NAME


def rule_of(config: RunConfig, tell: Callable[[str], None]) -> StoppingRule | None:
    """What `config.until` says; None where it says nothing.

    Args:
        config: of the run.
        tell: is told what a look saw.

    Raises:
        InputError: no rule, one about confidences that are not asked for, or one about two runs where one is missing.
    """
    if config.until is None:
        if config.against is not None:
            raise InputError('--against goes with a rule about two runs, as --until "accuracy decided"')
        return None
    if until.is_of_pair(config.until):
        metric = decided.metric_of(config.until)
        if config.against is None:
            raise InputError(f"--until {config.until}: expected --against RUN, which this one is held against")
        if Path(config.against).resolve() in (Path(config.out).resolve(), Path(config.out, FILE_NAME).resolve()):
            raise InputError(f"--against {config.against}: expected another run, found the one of --out")
    else:
        metric = until.width(config.until).metric
        if config.against is not None:
            raise InputError(f"--against goes with a rule about two runs; {config.until} is about one")
    if metric != "accuracy" and not config.methods():
        raise InputError(f"--until {config.until}: needs confidences, and --confidence none asks for none")
    if config.against is not None:
        return decided.Against(config.against, metric, config.methods(), tell)
    return until.Precision(until.width(config.until), tell)
