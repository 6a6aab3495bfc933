"""Values that several commands read from their texts."""

from __future__ import annotations

import os

from calibench.cli.options import reader
from calibench.fields import Count, Names

names = reader(Names)
positive = reader(Count)


def default_data() -> str | None:
    """The folder of data files that the environment names."""
    return os.environ.get("CALIBENCH_DATA") or None
