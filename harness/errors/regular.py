"""Tells a file from what only has a file's name: whoever opens a pipe waits for its writer, and a device has no end."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def regular(path: Path) -> Path:
    """The path of a file to read. Where nothing lies there, or a folder does, opening it says so.

    Raises:
        OSError: a pipe, a socket or a device lies there; `strerror` says which.
    """
    try:
        kind = _KINDS.get(stat.S_IFMT(path.stat().st_mode))
    except (OSError, ValueError):
        return path
    if kind:
        raise OSError(errno.EINVAL, f"{kind}, not a file", str(path))
    return path
