"""Test programs as benchmarks of programs publish them, read as the statements that `grading.code` grades by.

A test program gives its verdict by running to its end, in the process of the program that it tests, which then can
forge it. Here its asserts are taken out of it, so that almost all can be split into a call and what its value must be.
Nothing of it is run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from calibench.errors import DataError

_AUXILIARY = ("is_floats", "assertion")
"""Functions of EvalPlus's test programs, which compare a value with the expected one."""
_RTOL, _ATOL = 1e-07, 1e-06
"""As `assertion` compares floats: numpy's relative tolerance, and the absolute one where the row gives none."""
_LOOP = "_calibench_loop_{}"
_COMPOUND = (ast.For, ast.While, ast.If, ast.With, ast.Try)


def statements(program: str, entry_point: str, place: str) -> tuple[str, ...]:
    """The asserts of a test program, and the set-up that they need, as `Question.tests` holds them.

    Understood are asserts one after another, in the module or in `check(candidate)` as in HumanEval; and loops over
    `zip(inputs, results)` with one `assertion(f(*inp), exp, atol)` or assert in them, as EvalPlus writes them. Another
    loop becomes a function, and an assert that calls it.

    Args:
        program: the test program.
        entry_point: the function under test.
        place: of the row, for messages.

    Raises:
        DataError: it is no Python, or nothing in it asserts anything.
    """
    try:
        module = ast.parse(program)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise DataError(f"{place}: expected a Python program as test, found {error}") from error
    lists: dict[str, list[ast.expr]] = {}
    found = [line for node in _steps(module, entry_point) for line in _read(node, lists)]
    named = iter(range(1, len(found) + 1))
    lines = [line for node in found for line in (_as_function(node, next(named)) if _loops(node) else [_text(node)])]
    if not any(line.startswith("assert ") for line in lines):
        raise DataError(f"{place}: expected a test program that asserts something, found {program!r:.200}")
    return tuple(lines)


def _steps(module: ast.Module, entry_point: str) -> Iterator[ast.stmt]:
    """What the program does in turn, `check(candidate)` as if it were written out."""
    renamed = _Renamed({"candidate": ast.Name(entry_point), "inf": ast.Constant(float("inf"))})
    for node in module.body:
        match node:
            case ast.FunctionDef(name="check"):
                yield from (renamed.visit(inner) for inner in node.body)
            case ast.Expr(value=ast.Call(func=ast.Name(id="check"))):
                pass
            case _:
                yield renamed.visit(node)


def _read(node: ast.stmt, lists: dict[str, list[ast.expr]]) -> Iterator[ast.stmt]:
    match node:
        case ast.Import(names=[ast.alias(name="numpy")]) | ast.Expr(value=ast.Constant()):
            pass  # the sandbox has no numpy
        case ast.FunctionDef(name=name) if name in _AUXILIARY:
            pass
        case ast.Assign(targets=[ast.Name(id="METADATA")]) | ast.Assert(test=ast.Constant()):
            pass
        case ast.Assign(targets=[ast.Name(id="inputs" | "results" as name)], value=ast.List(elts=values)):
            lists[name] = values
        case ast.For(iter=ast.Call(func=ast.Name(id="enumerate"), args=[over]), body=[inner]) if rounds := _rounds(
            over, lists
        ):
            yield from (_compared(_Renamed(names).visit(_copied(inner))) for names in rounds)
        case _:
            yield node


def _rounds(over: ast.expr, lists: Mapping[str, Sequence[ast.expr]]) -> list[dict[str, ast.expr]] | None:
    """Name -> value in each round of a loop over the lists; None if it is another loop."""
    match over:
        case ast.Call(func=ast.Name(id="zip"), args=[ast.Name(id="inputs"), ast.Name(id="results")]) if len(lists) == 2:
            pairs = zip(lists["inputs"], lists["results"], strict=False)
            return [{"inp": given, "exp": expected} for given, expected in pairs]
        case ast.Name(id="inputs") if "inputs" in lists:
            return [{"inp": given} for given in lists["inputs"]]
    return None


def _compared(node: ast.stmt) -> ast.stmt:
    """`assertion(value, expected, atol)` as an assert: equal, or of floats within the tolerance."""
    match node:
        case ast.Expr(
            value=ast.Call(
                func=ast.Name(id="assertion"), args=[value, expected, ast.Constant(value=float() | int() as t)]
            )
        ):
            if not t and not _is_floats(expected):
                return ast.Assert(ast.Compare(value, [ast.Eq()], [expected]))
            tolerances = [ast.keyword("rtol", ast.Constant(_RTOL)), ast.keyword("atol", ast.Constant(t or _ATOL))]
            close = ast.Attribute(ast.Name("numpy"), "allclose")
            return ast.Assert(ast.Call(close, [value, expected], tolerances))
    return node


def _is_floats(node: ast.expr) -> bool:
    """As EvalPlus asks of a value: a float, or a list or tuple of nothing else."""
    match node:
        case ast.List(elts=values) | ast.Tuple(elts=values):
            return all(_is_float(value) for value in values)
    return _is_float(node)


def _is_float(node: ast.expr) -> bool:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=float())) | ast.Constant(value=float()):
            return True
    return False


def _loops(node: ast.stmt) -> bool:
    return isinstance(node, _COMPOUND) and any(isinstance(inner, ast.Assert) for inner in ast.walk(node))


def _as_function(node: ast.stmt, number: int) -> list[str]:
    name = _LOOP.format(number)
    body = "\n".join(f"    {line}" for line in ast.unparse(node).splitlines())
    return [f"def {name}():\n{body}\n    return True", f"assert {name}()"]


def _text(node: ast.stmt) -> str:
    return ast.unparse(ast.Assert(node.test)) if isinstance(node, ast.Assert) else ast.unparse(node)


def _copied(node: ast.stmt) -> ast.stmt:
    return ast.parse(ast.unparse(node)).body[0]


class _Renamed(ast.NodeTransformer):
    """Puts other expressions in the place of names."""

    def __init__(self, names: Mapping[str, ast.expr]):
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._names.get(node.id, node)
