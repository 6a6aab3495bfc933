"""What a run with thinking budgets needs, and which of its protocols share their generations."""

from __future__ import annotations

from collections.abc import Mapping

from calibench.backends import base as backends
from calibench.confidence.base import Method
from calibench.errors import CapabilityError
from calibench.prompting.protocols import Protocol
from calibench.running.config import RunConfig
from calibench.running.steps import Asked


def check_budgets(config: RunConfig, methods: Mapping[str, Method], capabilities: frozenset[str]) -> None:
    """Refuses budgets that a backend of these capabilities cannot serve, or the methods cannot read.

    Raises:
        CapabilityError: says what would serve.
    """
    if not config.budgets:
        return
    if "token_ids" not in capabilities:
        served = " or ".join(backends.having(frozenset({"token_ids"})))
        raise CapabilityError(
            f"--budgets needs token_ids, to go on behind a part of a reasoning; backend {config.backend} does not give"
            f" them (--backend {served} does)"
        )
    for name, method in methods.items():
        if method.of_whole_output and "log_probabilities" in method.needs:
            raise CapabilityError(
                f"method {name} reads the probabilities of all tokens, some of which --budgets puts there; expected"
                " methods that ask, or answer_probability"
            )


def with_budgets(asked: Asked) -> list[Asked]:
    """The protocols in groups whose generations are the same: whole first, then as the budgets cut them."""
    groups: list[list[tuple[Protocol, Mapping[str, Method]]]] = []
    for one in asked:
        if one[0].budget is None:
            groups.append([one])
        else:
            groups[-1].append(one)
    return [*groups]
