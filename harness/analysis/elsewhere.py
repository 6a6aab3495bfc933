"""Where the runs of what was made elsewhere lie: one in the folder itself, or one per model in folders below it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from calibench.errors import IdentityError
from calibench.store import RunFile
from calibench.store.files import FILE_NAME

FIGURE = "reliability.svg"


def folders(folder: Path, models: Sequence[str]) -> dict[str, Path]:
    """Model -> its run's folder: names without what file systems dislike, told apart by a hash where that is needed.

    Args:
        folder: named by the user; the run itself where `models` is a single one without a name.
        models: their names.

    Raises:
        IdentityError: a run of none of these models lies below the folder, and would pass for one of them.
    """
    if list(models) == [""]:
        return {"": folder}
    plain = {name: re.sub(r"[^\w.-]+", "_", name).strip(".")[:60] or "_" for name in models}
    held = Counter(name.lower() for name in (FILE_NAME, "report.html", "comparison.json", FIGURE, *plain.values()))
    found = {
        name: folder / (of if held[of.lower()] == 1 else f"{of}-{sha256(name.encode()).hexdigest()[:8]}")
        for name, of in plain.items()
    }
    others = [path.parent for path in (folder / FILE_NAME, *folder.glob(f"*/{FILE_NAME}")) if path.is_file()]
    if strange := [str(path) for path in others if path not in found.values()]:
        raise IdentityError(
            f"{folder} also holds runs of none of these models: {', '.join(strange[:3])}; choose another --out"
        )
    return found


def refuse_generated(run: RunFile) -> None:
    """What was read from a file can be made again; what a model wrote cannot.

    Raises:
        IdentityError: a model made the run.
    """
    manifest = run.manifest()
    if manifest and "file" not in manifest:
        raise IdentityError(
            f"{run.path.parent} holds a run that was not scored from a file, and is left as it is; choose another --out"
        )
