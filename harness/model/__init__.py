"""Finds a checkpoint: a bundled one by name, a folder, a GGUF file, or a hub id; and says which weights it holds."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from calibench.errors import ModelError, is_fault
from calibench.errors.regular import regular
from calibench.errors.secrets import require_shallow
from calibench.errors.terminal import clean, indented
from calibench.model import code, gguf
from calibench.model.adapter import Adapter
from calibench.model.bounds import require_bounded
from calibench.version import __version__

LINEAGE_SCHEMA = 1
"""Version of what a lineage holds; one without a version is of the first."""
LINEAGE_WRITER = __version__
"""Version of calibench that a new lineage names."""
_BUNDLED = Path(__file__).parent.parent / "models"
_WEIGHTS = ("*.safetensors", "*.bin")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "tekken.json", "*.tiktoken")
_ASIDE = ("*.json", "*.jinja", "*.model", "*.txt", "*.tiktoken")
_IDENTITY_FILES = (*_WEIGHTS, "*.gguf", *_ASIDE)
_NOT_IDENTITY = {"lineage.json", "README.md"}


class _Parent(msgspec.Struct):
    name: str
    fingerprint: str
    lineage: dict[str, Any] = {}


class _Lineage(msgspec.Struct):
    """The entries of a lineage that commands read; others are only shown."""

    schema: int = LINEAGE_SCHEMA
    kind: str | None = None
    calibench: str = ""
    parameters: int | None = None
    parents: list[_Parent] = []
    recipe: str = ""
    options: dict[str, Any] = {}
    configuration: dict[str, Any] = {}
    questions: dict[str, Any] = {}


class Checkpoint(NamedTuple):
    name: str
    path: Path
    revision: str | None
    """Commit of the hub's repository; None for a folder."""
    sha256: str | None = None
    """Of the GGUF file that the folder was made from; or of the folder's own files, where it is known already."""
    trust_remote_code: bool = False
    """Whether the user consents that its Python files are executed."""
    adapter: Adapter | None = None
    """Changes the weights of `path`."""

    def adapted(self, adapter: Adapter | None) -> Checkpoint:
        """With an adapter on it; None: as it is."""
        return self._replace(name=f"{self.name}+{adapter.name}", adapter=adapter) if adapter else self

    def hashed(self) -> Checkpoint:
        """Knows the fingerprint of its files, which may take minutes to read, whatever adapters it is given."""
        assert self.adapter is None, "it is hashed by itself"
        return self._replace(sha256=self.fingerprint().removeprefix("sha256:"))

    @property
    def location(self) -> str:
        """What a backend loads."""
        return str(self.path)

    def code(self) -> dict[str, str]:
        """The Python files that may be executed -> sha256 of each."""
        return code.files(self.path) if self.trust_remote_code else {}

    def fingerprint(self) -> str:
        """sha256 over names and contents of weights, configuration and tokenizer files, or of the GGUF file; and of the
        adapter."""
        if self.adapter:
            return f"{self._replace(adapter=None).fingerprint()} + adapter {self.adapter.fingerprint()}"
        if self.sha256:
            return f"sha256:{self.sha256}"
        total = hashlib.sha256()
        for file in _files(self.path, _IDENTITY_FILES):
            try:
                with file.open("rb") as data:
                    digest = hashlib.file_digest(data, "sha256").hexdigest()
            except OSError as error:
                raise ModelError(f"{file}: cannot be read ({error.strerror})") from error
            total.update(f"{file.name} {digest}\n".encode())
        return f"sha256:{total.hexdigest()}"

    def lineage(self) -> dict:
        """What `calibench` itself recorded when it trained the checkpoint; empty for others.

        Raises:
            ModelError: the file is none that calibench wrote, or a newer one wrote it.
        """
        file = self.path / "lineage.json"
        try:
            content = regular(file).read_bytes()
            if not is_inside(file, self.path):  # it becomes a part of lineages and runs made of the checkpoint
                raise ModelError(f"{file}: expected a file, found a link to one elsewhere")
            lineage = msgspec.json.decode(content)
            msgspec.convert(lineage, _Lineage)
            require_shallow(lineage)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, msgspec.MsgspecError, RecursionError) as error:
            why = getattr(error, "strerror", error)
            raise ModelError(f"{file}: expected a lineage as `calibench tune` writes it ({why})") from error
        schema = lineage.get("schema", LINEAGE_SCHEMA)
        if schema > LINEAGE_SCHEMA:
            raise ModelError(
                f"{file}: schema {schema} of calibench {lineage.get('calibench', 'unknown')}; this is calibench"
                f" {__version__}, which reads up to schema {LINEAGE_SCHEMA}: install a newer one"
            )
        return lineage


class ServedModel(NamedTuple):
    """A model that a server holds: its weights, configuration and template are not here."""

    name: str
    """As the server has it."""
    path: None = None
    revision: None = None
    trust_remote_code: bool = False
    adapter: None = None

    def adapted(self, adapter: Adapter | None) -> ServedModel:
        assert adapter is None, "a server has its adapters under names of their own"
        return self

    def hashed(self) -> ServedModel:
        return self

    @property
    def location(self) -> str:
        return self.name

    def code(self) -> dict[str, str]:
        return {}

    def fingerprint(self) -> str:
        """Its name: no server says which weights it holds."""
        return f"unknown, served as {self.name}"

    def lineage(self) -> dict:
        return {}


@contextmanager
def reading(what: str, of: Path | str) -> Iterator[None]:
    """Turns whatever a library raises for a part of a checkpoint, which may hold anything, into an error of a line.

    Raises:
        ModelError: the part cannot be read.
    """
    try:
        yield
    except BaseException as error:
        if not is_fault(error):
            raise
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{of}: its {what} cannot be read: {type(error).__name__}: {reason}") from error


def bundled() -> list[Checkpoint]:
    """The checkpoints that come with calibench, by name."""
    if not _BUNDLED.is_dir():
        return []
    return [Checkpoint(f.name, f, None) for f in sorted(_BUNDLED.iterdir()) if (f / "config.json").is_file()]


def on_stderr(text: str) -> None:
    print(indented(clean(text)), file=sys.stderr, flush=True)


def resolve(model: str, tell: Callable[[str], None] = on_stderr, *, trust_remote_code: bool = False) -> Checkpoint:
    """The checkpoint that `model` names; downloads it if it is a hub id, de-quantizes it if it is a GGUF file.

    Args:
        model: name of a bundled checkpoint, a folder, a GGUF file, or a hub id.
        tell: receives a line on what takes long.
        trust_remote_code: whether the user consents that Python files of the checkpoint are executed.

    Raises:
        ModelError: no such folder or repository, or it holds no usable checkpoint; or it needs that consent.
    """
    found = _found(model, tell, trust_remote_code)
    code.require_consent(found.path, trust_remote_code)
    require_bounded(found.path)
    return found._replace(trust_remote_code=trust_remote_code)


def _found(model: str, tell: Callable[[str], None], with_code: bool) -> Checkpoint:
    for checkpoint in bundled():
        if model == checkpoint.name:
            return checkpoint
    try:
        folder = Path(model).expanduser()
        exists = folder.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelError(f"{model[:100]}: neither a folder nor a hub id ({error})") from error
    if exists:
        file = gguf.only_file(folder) if folder.is_dir() and not _files(folder, _WEIGHTS) else folder
        if file and file.is_file():
            unpacked, sha256 = gguf.dequantized(file, tell)
            return Checkpoint(file.stem, unpacked, None, sha256)
        _require_checkpoint(folder)
        return Checkpoint(folder.resolve().name, folder.resolve(), None)
    if model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise ModelError(f"{model}: no such folder")
    return _from_hub(model, with_code)


def _require_checkpoint(folder: Path) -> None:
    try:
        for file in regular(folder).iterdir():
            regular(file)
    except OSError as error:
        raise ModelError(f"{error.filename}: cannot be read ({error.strerror})") from error
    found = ", ".join(sorted(f.name for f in folder.iterdir())[:8]) or "nothing"
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        raise ModelError(
            f"{folder}: an adapter, not a checkpoint: give the model that it was trained on, and --adapter {folder};"
            f" or add it by `calibench tune merge --model BASE --adapters {folder} --out DIR`"
        )
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder}: no checkpoint; expected config.json, a tokenizer and weights, found {found}")
    for index in folder.glob("*.index.json"):
        _require_own_files(index)
    for what, patterns in (("weights", _WEIGHTS), ("a tokenizer", _TOKENIZERS)):
        if not _files(folder, patterns):
            raise ModelError(
                f"{folder}: config.json without {what}; expected one of {', '.join(patterns)}, found {found}"
            )


def _require_own_files(index: Path) -> None:
    """Refuses an index of weights that names files elsewhere, which the fingerprint is without."""
    with contextlib.suppress(
        OSError, ValueError, RecursionError, msgspec.MsgspecError
    ):  # loading it tells what is wrong
        for name in set(msgspec.json.decode(index.read_bytes(), type=_Index).weight_map.values()):
            if name != Path(name).name:
                raise ModelError(f"{index}: expected names of files beside it, found {name!r:.100}")


class _Index(msgspec.Struct):
    weight_map: dict[str, str]


def _from_hub(model: str, with_code: bool) -> Checkpoint:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        wanted = [*_WEIGHTS, *_ASIDE, *(["*.py"] if with_code else [])]
        folder = Path(snapshot_download(model, allow_patterns=wanted))
        files = [] if _files(folder, _WEIGHTS) else HfApi().list_repo_files(model)
    except HFValidationError:
        raise ModelError(f"{model}: neither a folder here nor a well-formed hub id (`owner/name`)") from None
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        names = ", ".join(c.name for c in bundled())
        reason = str(error).strip().splitlines()[0]
        raise ModelError(
            f"{model}: no folder of that name here, and the hub gave no such model ({reason}). Bundled: {names}"
        ) from None
    if ggufs := [name for name in files if name.endswith(".gguf")]:
        raise ModelError(
            f"{model}: a repository of GGUF files; get one with `hf download {model} FILE --local-dir DIR` and name its"
            f" path. Files: {', '.join(ggufs[:8])}"
        )
    _require_checkpoint(folder)
    return Checkpoint(model, folder, folder.name)


def _files(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    return sorted(f for pattern in patterns for f in folder.glob(pattern) if f.name not in _NOT_IDENTITY)


def is_inside(file: Path, folder: Path) -> bool:
    """Whether a file of a folder lies there, and is no link to another file of this machine.

    The hub's cache has the files of a snapshot beside it.
    """
    folder, target = folder.resolve(), file.resolve()
    repository = folder.parent.parent
    is_snapshot = folder.parent.name == "snapshots" and repository.name.startswith("models--")
    return target.is_relative_to(folder) or (is_snapshot and target.is_relative_to(repository / "blobs"))
