"""Runs inside the sandbox, before and around an untrusted program: gives up all rights, runs it, evaluates the calls.

Reads a job from standard input. Writes to standard output one line `ready`, then for each call `=` and its
value as a literal, or `!` and the error that ended the program. From `ready` on, the program may write there
whatever it likes: no expected value is in this process, so no forged line is worth more than a computed one.
"""

from __future__ import annotations

import marshal
import os
import resource
import sys
import types

_ERROR_LENGTH = 300
_INFINITY = float("inf")


def main() -> None:
    job = marshal.loads(sys.stdin.buffer.read())  # json takes longer to import than most programs to run
    results = os.dup(1)
    nowhere = os.open("/dev/null", os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    _confine(job["user"], job["limits"])
    _say(results, "ready")
    try:
        scope = _run(job["program"], job["setup"])
        for call in job["calls"]:
            _say(results, "=" + literal(eval(compile(call, "<test>", "eval"), scope)))
    except BaseException as error:  # SystemExit too: a program that ends itself has not answered
        _say(results, f"!{type(error).__name__}: {error}"[:_ERROR_LENGTH].replace("\n", " "))
    os._exit(0)  # threads that the program left running do not keep it alive


def literal(value: object) -> str:
    """Text that `ast.literal_eval` reads back as a value equal to this one.

    Instances of subclasses (a `defaultdict`, a named tuple) become their built-in type.

    Raises:
        TypeError: no literal is equal to the value.
    """
    match value:
        case None:
            return "None"
        case float() if value in (_INFINITY, -_INFINITY):  # which has no literal but one that overflows
            return "1e999" if value > 0 else "-1e999"
        case bool() | int() | float() | complex() | str() | bytes():
            kind = next(k for k in (bool, int, float, complex, str, bytes) if isinstance(value, k))
            return kind.__repr__(value)
        case tuple():
            return "(" + "".join(literal(v) + "," for v in value) + ")"
        case list():
            return "[" + ",".join(map(literal, value)) + "]"
        case set() | frozenset():
            return "{" + ",".join(map(literal, value)) + "}" if value else "set()"
        case dict():
            return "{" + ",".join(f"{literal(k)}:{literal(v)}" for k, v in value.items()) + "}"
    for number in (int, float):  # a Fraction or Decimal may equal one
        if hasattr(value, "as_integer_ratio"):
            equal = number(value)  # type: ignore[call-overload, arg-type]  # what has a ratio has a value of both kinds
            if equal == value:
                return literal(equal)
    raise TypeError(f"returned a {type(value).__name__}, which equals no literal")


def _confine(user: int | None, limits: dict[str, tuple[int, int]]) -> None:
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    for name, (soft, hard) in limits.items():
        resource.setrlimit(getattr(resource, name), (soft, hard))


def _run(program: str, setup: list[str]) -> dict[str, object]:
    module = types.ModuleType("program")  # not __main__: what a program does as a script is no part of an answer
    sys.modules["program"] = module
    for source in (program, *setup):
        exec(compile(source, "<program>", "exec"), module.__dict__)
    return module.__dict__


def _say(results: int, line: str) -> None:
    data = (line + "\n").encode("utf-8", "backslashreplace")
    while data:
        data = data[os.write(results, data) :]


if __name__ == "__main__":
    main()
