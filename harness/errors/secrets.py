"""Secrets of the user, which stand in options and in the environment: masked in whatever is written or told."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import select
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MASK = "***"
_WORDS = {
    "secret", "secrets", "password", "passwords", "passwd", "passphrase", "pwd", "auth", "authorization", "credential",
    "credentials", "apikey", "apikeys", "bearer", "cookie", "cookies",
}  # fmt: skip
"""A name that has one of these words names a secret; so does one that ends in `token` or `key`, with exceptions."""
_TOKENS_OF_MODELS = {
    "bos", "eos", "pad", "unk", "sep", "cls", "mask", "image", "audio", "video", "vision", "special", "start", "end",
    "stop", "begin", "think", "boi", "eoi", "boa", "eoa", "last", "first", "next", "prompt", "new", "per", "added",
    "additional", "language", "extra", "generation", "every", "cost",
}  # fmt: skip
_KEYS_OF_DATA = {"public", "primary", "foreign", "sort", "cache", "shared", "value", "query", "group", "question"}
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9_])(?:hf_[A-Za-z0-9]{16,}|(?:sk|pk|rk)-(?=[\w-]*\d)[\w-]{16,}|gh[oprsu]_[A-Za-z0-9]{20,}"
    r"|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}|A[KS]IA[A-Z0-9]{16}|AIza[\w-]{30,}"
    r"|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,})"
)
_URL = re.compile(
    r"((?<![A-Za-z\d])[A-Za-z][\w+.-]{0,20}:/{1,3})[^\s/@'\"<>]{1,400}@"  # with one slash where it was taken for a path
    r"|(?<![:/])(//)[^\s/@:'\"<>]{1,400}:[^\s/@'\"<>]{1,400}@"
)
_NAMED = re.compile(
    r"""(?P<name>(?<![\w-])-{0,2}[A-Za-z][\w-]{0,60})(?P<between>['"]\s{0,4}:\s{0,4}|\s{0,4}=\s{0,4}|:\s{0,4}(?=Bearer|Basic|Token|[A-Za-z]{0,15}\d[\w.+/=-]{15}))"""
    r"""(?P<value>"[^"\n]{1,2000}"|'[^'\n]{1,2000}'|(?:(?:Bearer|Basic|Token)\s{1,4})?[^\s,;&"'<>()\[\]{}]{1,2000})"""
)
_OPTION = re.compile(r"(?<![\w-])--(?P<name>[A-Za-z][\w-]{0,60})(?P<between>[ \t]{1,4})(?P<value>[^\s-]\S{0,2000})")
"""As on a command line; a value that begins with a dash is the next option."""
_SHORTEST = 8
"""Characters of a secret that is masked wherever it occurs; a shorter one is masked where its name stands beside it."""
_given: set[str] = set()


@functools.lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether what has this name looks like a secret: `hf_token`, `OPENAI_API_KEY`, but not `max_tokens`."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    if not words:
        return False
    *before, last = words
    if not _WORDS.isdisjoint(words):
        return True
    previous = before[-1] if before else ""
    return (last == "token" and previous not in _TOKENS_OF_MODELS) or (last == "key" and previous not in _KEYS_OF_DATA)


def remember(options: Mapping[str, Any]) -> None:
    """Masks the values of options that look like secrets from now on, wherever they occur."""
    for name, value in options.items():
        if isinstance(value, Mapping):
            remember(value)
        elif is_secret(name):
            _given.update(text for text in map(str, value if isinstance(value, list | tuple) else [value]))


def masked(value: Any) -> Any:
    """The value, as JSON has values, without secrets: those that were remembered, those of the environment, what has
    the name of one, and what has the shape of one."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {
            name: MASK if is_secret(str(name)) and _is_plain(each) else masked(each) for name, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(each) for each in value]
    return value


_DEEPEST = 100


def require_shallow(value: Any) -> None:
    """Makes sure that what a file holds can be masked, shown and written again.

    Raises:
        ValueError: lists and tables lie in each other more than 100 deep.
    """
    level = [value]
    for _ in range(_DEEPEST):
        if not level:
            return
        insides = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level = [inner for inside in insides for inner in inside]
    raise ValueError(f"nested more than {_DEEPEST} deep")


def _is_plain(value: Any) -> bool:
    """Whether a value that has a secret's name is one: no switch, no table, and not missing."""
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_is_plain, value))
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _text(text: str) -> str:
    for secret in _known():
        text = text.replace(secret, MASK)
    if "@" in text:
        text = _URL.sub(lambda m: f"{m[1] or m[2]}{MASK}@", text)
    text = _SHAPES.sub(MASK, text)
    if "--" in text:
        text = _OPTION.sub(lambda m: f"--{m['name']}{m['between']}{MASK}" if is_secret(m["name"]) else m[0], text)
    return _NAMED.sub(_without_value, text) if "=" in text or ":" in text else text


def _without_value(match: re.Match[str]) -> str:
    name = match["name"].lstrip("-")
    if not is_secret(name) or name.lower() == "key":  # KEY=VALUE is how options are written
        return match[0]
    quote = match["value"][0] if match["value"][0] in "\"'" else ""
    return f"{match['name']}{match['between']}{quote}{MASK}{quote}"


def _known() -> list[str]:
    """The longest first, so that none is cut by another."""
    # Other threads may change the environment meanwhile.
    values = {os.environ.get(name, "") for name in list(os.environ) if is_secret(name)}
    of_environment = {value for value in values if not _is_place(value)}
    return sorted((s for s in _given | of_environment if len(s) >= _SHORTEST), key=len, reverse=True)


def _is_place(value: str) -> bool:
    """Whether it says where something lies (PWD, XAUTHORITY); base64 may begin with a slash too."""
    return value.startswith("/") and os.path.exists(value)


class Log:
    """A file that other processes write to by a descriptor; what they write is masked before it gets there.

    Args:
        path: is appended to.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW  # a link may be a stranger's
        self._file = os.fdopen(os.open(path, flags, 0o666), "ab")
        self._source, self.descriptor = os.pipe()
        self._rest = b""
        self._reading = threading.Lock()
        threading.Thread(target=self._copy, daemon=True).start()

    def handed_out(self) -> None:
        """This process writes no more by the descriptor; others that have it go on."""
        os.close(self.descriptor)

    def settle(self, seconds: float) -> None:
        """Returns when all that was written until now is in the file, or after so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self._reading:
                if self._file.closed or not select.select([self._source], [], [], 0)[0]:
                    self._write(b"", whole=True)
                    return
            time.sleep(0.01)

    def _copy(self) -> None:
        open_ = True
        while open_:
            select.select([self._source], [], [])
            with self._reading:
                part = os.read(self._source, 1 << 16)
                open_ = bool(part)
                self._write(part, whole=not open_)
                if not open_:
                    self._file.close()
                    os.close(self._source)

    def _write(self, part: bytes, *, whole: bool) -> None:
        """Whole lines, since a secret may be cut between two parts."""
        if self._file.closed:
            return
        lines, newline, self._rest = (self._rest + part).rpartition(b"\n")
        if whole or len(self._rest) > 1 << 20:
            lines, newline, self._rest = lines + newline + self._rest, b"", b""
        text = (lines + newline).decode(errors="surrogateescape")
        with contextlib.suppress(OSError):  # a full disk ends the log, not those who write to it
            self._file.write(_text(text).encode(errors="surrogateescape"))
            self._file.flush()
