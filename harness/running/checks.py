"""What is refused before any work: what a backend does not give, and options that do not go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from calibench.backends import base as backends
from calibench.backends.base import BaseBackend
from calibench.confidence.base import Method
from calibench.errors import CapabilityError, InputError
from calibench.prompting.protocols import Protocol
from calibench.running import deciding
from calibench.running.budgets import check_budgets
from calibench.running.config import RunConfig
from calibench.running.selection import Selection
from calibench.store import RunFile
from calibench.tasks.base import Task


def require_engine(config: RunConfig, backend_type: type[BaseBackend]) -> None:
    backends.check_options(config.backend, config.engine)
    if config.base_url and "base_url" not in backend_type.neutral_options:
        raise InputError(f"--base-url: expected --backend openai, which asks servers; found {config.backend}")


def require_capabilities(
    config: RunConfig, methods: Mapping[str, Method], protocol: Protocol, capabilities: frozenset[str]
) -> None:
    """Refuses what a backend of these capabilities does not give."""
    if not protocol.writes:
        deciding.check(config.backend, methods, protocol, capabilities)
    has = capabilities | ({"stated"} if protocol.scale else set())
    has |= set() if protocol.writes else {f"protocol {protocol.name}"}
    for name, method in methods.items():
        if missing := method.needs - has:
            what = "a protocol that asks for a confidence" if missing == {"stated"} else ", ".join(sorted(missing))
            served = backends.having(missing)
            raise CapabilityError(
                f"method {name} needs {what}; backend {config.backend} with protocol {protocol.name} does not give it"
                + (f" (--backend {' or '.join(served)} does)" if served else "")
            )
    if config.adapter and "adapters" not in capabilities:
        raise CapabilityError(
            f"--adapter needs adapters; backend {config.backend} does not take them here"
            " (a server has its adapters under names of their own: give one as MODEL)"
        )
    if config.force_answer and "token_ids" not in capabilities:
        raise CapabilityError(f"--force-answer needs token_ids; backend {config.backend} does not give them")
    if config.force_answer and any("log_probabilities" in method.needs for method in methods.values()):
        raise InputError(
            "--force-answer puts words into the answer, and token log-probabilities are of the model's own"
        )
    check_budgets(config, methods, capabilities)


def require_sampling(config: RunConfig, protocol: Protocol) -> None:
    temperature = config.token_sampling().temperature
    if not protocol.writes and temperature > 0:
        raise InputError(f"protocol {protocol.name} draws nothing: leave --draws and --temperature out")
    if config.draws > 1 and temperature == 0:
        raise InputError(
            f"--draws {config.draws} at temperature 0 would draw the same answer every time; give --temperature"
        )


def require_draws(config: RunConfig, methods: Mapping[str, Method], chosen: Sequence[Task]) -> None:
    """Refuses methods that compare the draws of a question where there is one."""
    single = [task.name for task in chosen if config.draws_of(task.name) < 2]
    for name, method in methods.items():
        if method.of_draws and single:
            raise CapabilityError(
                f"method {name} compares the draws of a question, and {single[0]} has one; expected --draws K of 2 or"
                f" more, such as 8{' (or leave --task-draws out)' if single[0] in config.task_draws else ''}"
            )


def require_stored_scores(
    run: RunFile, config: RunConfig, selections: Sequence[Selection], methods: Mapping[str, Method]
) -> None:
    """Refuses methods that read log-probabilities of generations that were stored without them."""
    names = [name for name, method in methods.items() if "log_probabilities" in method.needs]
    read = [asking.protocol.name for asking in config.askings() if asking.methods]
    for selection, protocol in product(selections, read):
        tally = run.tally(selection.task.name, protocol)
        stored = tally.get("generation", 0)
        if unread := sorted(name for name in names if tally.get(name, 0) < stored):
            raise CapabilityError(
                f"{run.path.parent} holds {stored} generations of {selection.task.name} whose token log-probabilities"
                f" were not asked for, so {', '.join(unread)} cannot be read from them; choose another --out to"
                f" generate again, or leave {', '.join(unread)} out of --confidence"
            )
