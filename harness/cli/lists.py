"""Commands that list what there is: tasks, suites, methods, backends, models."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from calibench.cli import output
from calibench.cli.parser import add


def register(commands: Any) -> None:
    add(commands, "tasks", _tasks, "list the tasks", table=True)
    add(
        commands,
        "suites",
        _suites,
        "list the suites: tasks and settings by one name, with what differs from their source",
    )
    add(commands, "methods", _methods, "list the confidence methods", table=True)
    add(commands, "backends", _backends, "list the inference backends", table=True)
    add(commands, "models", _models, "list the checkpoints that come with calibench", table=True)


def _tasks(options: argparse.Namespace) -> None:
    from calibench import tasks

    rows = output.loaded(tasks.names(), tasks.load)
    output.print_list([{"name": name, "domain": t.domain, "description": t.description} for name, t in rows], options)


def _suites(options: argparse.Namespace) -> None:
    from calibench.running.suites import SUITES

    if options.json:
        output.print_json([suite.as_dict() for suite in SUITES.values()])
    else:
        print("\n\n".join(suite.text() for suite in SUITES.values()))


def _methods(options: argparse.Namespace) -> None:
    from calibench.confidence import base

    rows = output.loaded(base.names(), base.load)
    output.print_list(
        [
            {"name": n, "needs": sorted(m.needs | ({"draws"} if m.of_draws else set())), "description": m.description}
            for n, m in rows
        ],
        options,
    )


def _backends(options: argparse.Namespace) -> None:
    from calibench.backends import base

    rows = output.loaded(base.names(), base.load)
    output.print_list(
        [{"name": n, "capabilities": sorted(b.capabilities), "description": _summary_line(b)} for n, b in rows],
        options,
    )


def _models(options: argparse.Namespace) -> None:
    from calibench.model import bundled

    rows = [(c, c.lineage()) for c in bundled()]
    output.print_list(
        [
            {"name": c.name, "kind": lineage.get("kind"), "parameters": lineage.get("parameters"), "path": str(c.path)}
            for c, lineage in rows
        ],
        options,
    )


def _summary_line(thing: Any) -> str:
    return (sys.modules[thing.__module__].__doc__ or "").strip().splitlines()[0]
