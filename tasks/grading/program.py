"""Grades one-line functions of an integer by what they compute, without running them as Python.

The answer is parsed to a syntax tree, and a small interpreter walks it. It knows integers, comparisons, the operators
`+ - * // % **`, conditional expressions, `and`, `or`, `not`, and functions abs, max and min; anything else makes the
answer incorrect. Values stay below 2^256 and trees below 200 nodes, so no answer can use much time or memory.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence

from calibench.tasks.base import Verdict
from calibench.tasks.grading.answer import stated_answer
from calibench.tasks.grading.refusal import is_refusal

GRADER = "program/2"

INPUTS = (*range(-6, 13), 25, 64, 100)
"""Arguments at which an answer must agree with the reference."""

_MAX_NODES = 200
_MAX_BITS = 256
_MAX_LENGTH = 1000
_FUNCTION = re.compile(r"def\s+\w+\(\s*\w+\s*(?::\s*int\s*)?\)\s*(?:->\s*int\s*)?:\s*return\b[^\n`]*")
_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[int], int]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARE: dict[type[ast.cmpop], Callable[[int, int], int]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_CALLS: dict[str, Callable[..., int]] = {"abs": abs, "max": max, "min": min}


def grade_program(gold: Sequence[str], answer_text: str) -> Verdict:
    """Whether the last function in the answer that is stated, or in the text where none is, computes the same as one of
    the gold functions at all `INPUTS`.

    Args:
        gold: reference functions, `def f(x): return ...`.
        answer_text: the text without reasoning and stated confidence.
    """
    stated = stated_answer(answer_text) or ""
    functions = _FUNCTION.findall(stated) or _FUNCTION.findall(answer_text)
    if not functions:
        return Verdict("abstained", stated or None) if is_refusal(stated or answer_text) else Verdict("unparsed", None)
    answer = functions[-1].strip()
    try:
        values = outputs(answer)
    except ValueError as error:
        return Verdict("incorrect", answer, str(error))
    if any(values == outputs(g) for g in gold):
        return Verdict("correct", answer)
    return Verdict("incorrect", answer)


def answer_classes(answers: Sequence[str]) -> list[str]:
    """A key for each function: its values at `INPUTS`, or its text where it cannot be interpreted."""
    return [_class(answer) for answer in answers]


def _class(answer: str) -> str:
    try:
        return repr(outputs(answer))
    except ValueError:
        return answer


def outputs(function: str) -> tuple[int | None, ...]:
    """Values of `def f(x): return ...` at `INPUTS`; None where the value is undefined or too large.

    Raises:
        ValueError: not such a function, or one that uses more than the interpreter knows.
    """
    if len(function) > _MAX_LENGTH:
        raise ValueError(f"longer than {_MAX_LENGTH} characters")
    try:
        module = ast.parse(function)
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(f"no valid function: {type(error).__name__}") from error
    match module.body:
        case [
            ast.FunctionDef(args=ast.arguments(args=[ast.arg(arg=name)]), body=[ast.Return(value=ast.expr() as body)])
        ]:
            pass
        case _:
            raise ValueError("not one function of one argument with one return")
    if sum(1 for _ in ast.walk(body)) > _MAX_NODES:
        raise ValueError(f"more than {_MAX_NODES} nodes")
    return tuple(_value_at(body, name, x) for x in INPUTS)


def _value_at(body: ast.expr, name: str, x: int) -> int | None:
    try:
        return int(_evaluate(body, name, x))
    except (ZeroDivisionError, OverflowError):
        return None


def _evaluate(node: ast.expr, name: str, x: int) -> int:
    """The value of an expression at argument `x`."""
    match node:
        case ast.Constant(value=int() as value):
            result = value
        case ast.Name(id=identifier) if identifier == name:
            result = x
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            result = _binary(op, _evaluate(left, name, x), _evaluate(right, name, x))
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            result = _UNARY[type(op)](_evaluate(operand, name, x))
        case ast.BoolOp(op=op, values=values):
            result = _first(values, isinstance(op, ast.Or), name, x)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            result = _evaluate(body if _evaluate(test, name, x) else orelse, name, x)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
            result = _COMPARE[type(op)](_evaluate(left, name, x), _evaluate(right, name, x))
        case ast.Call(func=ast.Name(id=function), args=[_, *_] as args, keywords=[]) if function in _CALLS:
            result = _call(function, [_evaluate(arg, name, x) for arg in args])
        case _:
            raise ValueError(f"unsupported: {type(node).__name__}")
    if abs(result).bit_length() > _MAX_BITS:
        raise OverflowError
    return result


def _binary(op: ast.operator, left: int, right: int) -> int:
    if isinstance(op, ast.Pow) and (right < 0 or right * max(abs(left).bit_length(), 1) > _MAX_BITS):
        raise OverflowError
    return _BINARY[type(op)](left, right)


def _first(values: list[ast.expr], wanted: bool, name: str, x: int) -> int:
    """What `or` (`wanted` is True) and `and` give: the first value of that truth, else the last."""
    for value in values[:-1]:
        if bool(result := _evaluate(value, name, x)) is wanted:
            return result
    return _evaluate(values[-1], name, x)


def _call(function: str, args: list[int]) -> int:
    if (function == "abs") != (len(args) == 1):
        raise ValueError(f"{function} of {len(args)} arguments")
    return _CALLS[function](*args)
