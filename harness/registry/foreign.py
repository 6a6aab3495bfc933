"""Guards code that is not calibench's: a plug-in of a package, or a user's file.

Whatever it raises, when it is imported or whenever it is called, is reported as its own fault, with file and line.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from calibench.errors import CalibenchError, PluginError


class Foreign(NamedTuple):
    """Code that is not calibench's."""

    what: str
    """`task NAME`, `backend NAME`, ..."""
    home: str
    """Whose it is: a package with its version, or a file."""
    place: str
    """What to name where no line of it is known."""
    root: Path | None
    """Its file, or the folder of its package."""

    @contextlib.contextmanager
    def blamed(self, *stopping: type[BaseException]) -> Iterator[None]:
        """Reports what the code inside raises as a fault of this plug-in, but for Ctrl-C and errors of calibench's own.

        Args:
            stopping: what stops the code inside from without, which is no fault of its own.
        """
        try:
            yield
        except BaseException as error:
            if isinstance(error, (CalibenchError, KeyboardInterrupt, *stopping)):
                raise
            text = ""
            with contextlib.suppress(BaseException):  # its own code again
                text = next(iter(str(error).strip().splitlines()), "")
            raise self._fault(self._place_of(error), f"{type(error).__name__}: {text[:300]}".rstrip(": ")) from error

    def checked(self, plugin: Any, kind: type) -> Any:
        """The plug-in, guarded.

        Raises:
            PluginError: it is no `kind`.
        """
        of_kind = isinstance(plugin, type) and issubclass(plugin, kind)
        expected = f"{kind.__module__}.{kind.__qualname__}"
        if not of_kind and not isinstance(plugin, kind):
            raise self._fault(self.place, f"expected a {expected}, found {plugin!r:.80}")
        if not of_kind:
            return self._guarded_fields(plugin, _results(kind))
        if lacking := sorted(getattr(plugin, "__abstractmethods__", ())):
            raise self._fault(self.place, f"a {expected} must define {', '.join(lacking)}")
        called = [name for name in dir(kind) if not name.startswith("_") and inspect.isfunction(getattr(kind, name))]
        guarded = {name: self.guard(getattr(plugin, name), name) for name in ("__init__", *called)}
        about = {"__module__": plugin.__module__, "__doc__": plugin.__doc__}
        return type(plugin)(plugin.__name__, (plugin,), about | guarded)

    def _guarded_fields(self, plugin: Any, results: dict[str, Any]) -> Any:
        """A NamedTuple with its functions guarded, also those of one within it."""
        guarded = {}
        for name, value in plugin._asdict().items():
            if isinstance(value, type(plugin)):
                guarded[name] = self._guarded_fields(value, results)
            elif callable(value) and not isinstance(value, type):
                guarded[name] = self.guard(value, name, results.get(name, object))
        return plugin._replace(**guarded)

    def guard(self, function: Callable[..., Any], name: str, gives: Any = object) -> Callable[..., Any]:
        """The function, with `blamed` around it and around what it gives to be awaited or iterated.

        Args:
            function: of the plug-in.
            name: what its part is called.
            gives: the type of what it must give.
        """

        def watched(result: Any) -> Any:
            if inspect.isawaitable(result):
                return awaited(result)
            if not isinstance(result, gives):
                expected = getattr(gives, "__name__", str(gives))
                raise self._fault(self._line_of(function), f"{name} gave {result!r:.80}, expected {expected}")
            if isinstance(result, Iterator):
                return self._iterated(result)
            return self._with_guarded_rows(result) if hasattr(result, "_asdict") else result

        async def awaited(result: Any) -> Any:
            with self.blamed(asyncio.CancelledError, GeneratorExit):
                given = await result
            return watched(given)

        @functools.wraps(function)
        def guarded(*arguments: Any, **named: Any) -> Any:
            with self.blamed():
                result = function(*arguments, **named)
            return watched(result)

        return guarded

    def _with_guarded_rows(self, result: Any) -> Any:
        """A NamedTuple with its iterators guarded."""
        rows = {n: self._iterated(value) for n, value in result._asdict().items() if isinstance(value, Iterator)}
        return result._replace(**rows)

    def _iterated(self, result: Iterator) -> Iterator:
        with self.blamed(GeneratorExit):
            yield from result

    def _place_of(self, error: BaseException) -> str:
        """File and line of the plug-in's own code that failed, the innermost."""
        if isinstance(error, SyntaxError) and error.filename and self._has(error.filename):
            return f"{self._named(error.filename)}, line {error.lineno}"
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if self._has(frame.filename):
                return f"{self._named(frame.filename)}, line {frame.lineno}"
        return self.place

    def _line_of(self, function: Callable[..., Any]) -> str:
        """File and line where a function of the plug-in begins."""
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is None or not self._has(code.co_filename):
            return self.place
        return f"{self._named(code.co_filename)}, line {code.co_firstlineno}"

    def _has(self, file: str) -> bool:
        path = Path(file).resolve()
        return self.root is not None and self.root.resolve() in (path, *path.parents)

    def _named(self, file: str) -> str:
        """The file within its package."""
        path = Path(file).resolve()
        return str(path.relative_to(self.root.resolve().parent)) if self.root else path.name

    def _fault(self, place: str, what_happened: str) -> PluginError:
        return PluginError(
            f"{self.what} ({place}): {what_happened}\n"
            f"The fault is in {self.home}, not in calibench: mend it there, then run the same command again"
        )


def _results(kind: type) -> dict[str, Any]:
    """Field -> the class of what it gives, of those fields of a NamedTuple that are functions."""
    found = {}
    for name, hint in get_type_hints(kind).items():
        for option in get_args(hint) if isinstance(hint, UnionType) else (hint,):
            if get_origin(option) is Callable:
                result = get_args(option)[1]
                result = get_args(result)[0] if get_origin(result) is Awaitable else result
                found[name] = result if isinstance(result, UnionType) else get_origin(result) or result
    return found
