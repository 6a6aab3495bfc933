"""`--track` of commands that score a run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from calibench.exchange.trackers import base


def add_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--track",
        metavar="NAME",
        help=f"also send headline numbers, settings and page to a tracker: {', '.join(base.own_names())}",
    )


def require(options: argparse.Namespace) -> None:
    """Refuses a tracker that there is not, or that is not installed, before any work."""
    if options.track is not None:
        base.load(options.track)


def send(options: argparse.Namespace, summary: Any, folder: Path) -> None:
    """Sends the run if that was asked for; a run without any number has nothing to send."""
    if options.track and summary.counts:
        from calibench.analysis.track import track

        track(options.track, summary, folder)
