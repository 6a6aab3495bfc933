"""Which runs `--adapter` asks for: one of the model with an adapter on it, or one for each of several."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from calibench.errors import InputError
from calibench.model import Checkpoint, ServedModel
from calibench.model import adapter as adapters
from calibench.model.adapter import Adapter
from calibench.running.config import RunConfig
from calibench.running.progress import Named, Progress
from calibench.store.files import FILE_NAME

NONE = "none"
"""In the place of an adapter: the model as it is."""
BASE = "base"
"""Its folder beside those of adapters."""


class Adapted(NamedTuple):
    """A run to make."""

    adapter: Adapter | None
    out: Path
    """Its folder."""
    name: str | None
    """Of that folder, where there are several runs."""

    def shown(self, progress: Progress) -> Progress:
        return Named(progress, self.name) if self.name else progress


def listed(given: Sequence[str]) -> list[str]:
    """What `--adapter` names: folders, each given apart or several with commas between them.

    Raises:
        InputError: it names nothing, as variables of the shell that are not set.
    """
    found = [name.strip() for text in given for name in ([text] if _is_there(text) else text.split(","))]
    if given and not any(found):
        raise InputError("--adapter: expected a folder, found nothing")
    return [*filter(None, found)]


def _is_there(folder: str) -> bool:
    """Whether a name is that of a folder, which may hold commas."""
    with contextlib.suppress(OSError, RuntimeError):
        return Path(folder).expanduser().exists()
    return False


def read(config: RunConfig, checkpoint: Checkpoint | ServedModel) -> list[Adapted]:
    """The runs to make.

    Raises:
        ModelError: an adapter cannot be read, or does not fit the model.
        InputError: they cannot be told apart, or something is said that holds for one of them alone.
    """
    found = [None if name == NONE else adapters.read(name) for name in listed(config.adapter)]
    for adapter in found:
        if adapter is not None and checkpoint.path is not None:
            adapter.require_fit(checkpoint.path)
    out = Path(config.out)
    if len(found) < 2:
        return [Adapted(found[0] if found else None, out, None)]
    _require_apart(found)
    names = _names(found)
    if (out / FILE_NAME).exists():
        raise InputError(f"--out {out}: expected a folder for the runs of {len(found)} adapters, found a run")
    if config.name is not None:
        raise InputError(f"--name: expected with one adapter, whose run it names; found {len(found)}")
    against = Path(config.against).resolve() if config.against else None
    for name in names:
        if against in ((out / name).resolve(), (out / name / FILE_NAME).resolve()):
            raise InputError(f"--against {config.against}: expected another run, found one of those below --out")
    return [Adapted(adapter, out / name, name) for adapter, name in zip(found, names, strict=True)]


def _require_apart(found: Sequence[Adapter | None]) -> None:
    known: dict[str, str] = {}
    for adapter in found:
        name = str(adapter.path) if adapter else NONE
        weights = adapter.fingerprint() if adapter else NONE
        if weights in known:
            same = "" if known[weights] == name else f", which holds the same as {known[weights]}"
            raise InputError(f"--adapter: expected each once, found {name} again{same}")
        known[weights] = name


def _names(found: Sequence[Adapter | None]) -> list[str]:
    """Names of the adapters' folders; those of one name have as many of the folders above as tell them apart."""
    names = [adapter.path.name if adapter else BASE for adapter in found]
    deepest = max(len(adapter.path.parts) for adapter in found if adapter)
    for depth in range(2, deepest + 2):
        held = Counter(names)
        if len(held) == len(names):
            return names
        names = [
            "-".join(adapter.path.parts[-depth:]) if adapter and held[name] > 1 else name
            for adapter, name in zip(found, names, strict=True)
        ]
    raise InputError(f"--adapter: expected folders whose names can be told apart, found {', '.join(names)}")
