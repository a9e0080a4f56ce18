"""Expressions of columns, such as "mH2 - mH1": arithmetic that a file may hold, and nothing else.

The text is parsed by Python's grammar and never evaluated by Python: what is left of the tree is a list of steps,
each a number, a column or one of the functions below, which are numpy's. There is no attribute, no subscript, no
text, no call of anything else, and what a text can cost is bounded by its length, depth and exponents.
"""

from __future__ import annotations

import ast
import functools
import math
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from terranova.errors import did_you_mean
from terranova.interfaces.units import Unit, dimension_of
from terranova.types import Floats

LONGEST = 500
"""Characters of an expression."""

DEEPEST = 24
"""Operations within operations."""

MOST_STEPS = 200
"""Numbers, columns and operations of an expression."""

LARGEST_EXPONENT = 100.0
"""Size of an exponent that is a number."""

_ALLOWED = re.compile(r"[A-Za-z0-9_.,+\-*/()<>=! \t\n]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Values = Floats | float


class ExpressionError(ValueError):
    """An expression that is none; the message says what is wrong with it."""


def _unknown_of(result: Any, *operands: Values) -> Values:
    """Return a comparison's result as 0 and 1, and NaN where an operand is: what is unknown decides nothing."""
    found: Floats = np.asarray(result, dtype=float)
    for operand in operands:
        found = np.where(np.isnan(operand), np.nan, found)
    return found


def _where(condition: Values, then: Values, other: Values) -> Values:
    chosen = np.where(np.asarray(condition) != 0.0, then, other)
    return np.asarray(np.where(np.isnan(condition), np.nan, chosen))


def _truth(value: Values) -> Values:
    return _unknown_of(np.asarray(value) != 0.0, value)


def _many(function: Callable[[Any, Any], Any]) -> Callable[..., Values]:
    def reduced(*values: Values) -> Values:
        result: Values = functools.reduce(function, values)
        return result

    return reduced


@dataclass(frozen=True)
class _Function:
    """A function that an expression may call.

    Attributes:
        compute: of arrays or numbers.
        fewest, most: arguments.
        units: how it treats them: "same" (all alike, and so is the result), "plain" (dimensionless), "log" (any,
            the result is a number), "root", "angle" (all alike, the result a number), "where", "sign".
    """

    compute: Callable[..., Any]
    fewest: int
    most: int
    units: str


FUNCTIONS: Mapping[str, _Function] = {
    "abs": _Function(np.abs, 1, 1, "same"),
    "sqrt": _Function(np.sqrt, 1, 1, "root"),
    "exp": _Function(np.exp, 1, 1, "plain"),
    "log": _Function(np.log, 1, 1, "log"),
    "log10": _Function(np.log10, 1, 1, "log"),
    "sin": _Function(np.sin, 1, 1, "plain"),
    "cos": _Function(np.cos, 1, 1, "plain"),
    "tan": _Function(np.tan, 1, 1, "plain"),
    "asin": _Function(np.arcsin, 1, 1, "plain"),
    "acos": _Function(np.arccos, 1, 1, "plain"),
    "atan": _Function(np.arctan, 1, 1, "plain"),
    "atan2": _Function(np.arctan2, 2, 2, "angle"),
    "sinh": _Function(np.sinh, 1, 1, "plain"),
    "cosh": _Function(np.cosh, 1, 1, "plain"),
    "tanh": _Function(np.tanh, 1, 1, "plain"),
    "radians": _Function(np.radians, 1, 1, "plain"),
    "degrees": _Function(np.degrees, 1, 1, "plain"),
    "hypot": _Function(np.hypot, 2, 2, "same"),
    "min": _Function(_many(np.minimum), 2, 12, "same"),
    "max": _Function(_many(np.maximum), 2, 12, "same"),
    "sign": _Function(np.sign, 1, 1, "sign"),
    "where": _Function(_where, 3, 3, "where"),
}
"""The functions by the names that expressions call them by. `log` is the natural logarithm."""


def _power(base: Values, exponent: Values) -> Values:
    return np.asarray(np.power(np.asarray(base, dtype=float), exponent))


_BINARY: Mapping[type, tuple[Callable[..., Any], str]] = {
    ast.Add: (np.add, "same"),
    ast.Sub: (np.subtract, "same"),
    ast.Mult: (np.multiply, "times"),
    ast.Div: (np.divide, "over"),
    ast.Pow: (_power, "power"),
}
_COMPARISONS: Mapping[type, Callable[..., Any]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}


@dataclass(frozen=True)
class _Step:
    """One operation on what earlier ones left: a number, a column, or a function of the last `count` results."""

    number: float = math.nan
    column: str = ""
    compute: Callable[..., Any] | None = field(default=None, compare=False)
    count: int = 0
    units: str = ""
    says: str = ""


class Expression:
    """A checked expression of columns.

    Attributes:
        text: as it was written, blanks gathered.
        names: the columns that it reads, in the order in which they occur.

    Args:
        text: such as "abs(mA - mC1)".

    Raises:
        ExpressionError: it is no expression; the message says why.
    """

    def __init__(self, text: str) -> None:
        self.text = " ".join(text.split()) if isinstance(text, str) else ""
        steps: list[_Step] = []
        _translate(_parsed(text), steps, 0)
        self._steps = tuple(steps)
        self.names = tuple(dict.fromkeys(step.column for step in steps if step.column))

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[type[Expression], tuple[str]]:
        return Expression, (self.text,)

    def __call__(self, columns: Mapping[str, Floats], n: int) -> Floats:
        """Compute n points; what has no value is NaN or infinite there.

        Args:
            columns: column -> values (n,), at least those of `names`.
            n: number of points.

        Raises:
            KeyError: a column is missing.
        """
        return np.array(np.broadcast_to(np.asarray(_run(self._steps, columns), dtype=float), (n,)))

    def unit(self, units: Mapping[str, str]) -> str | None:
        """Return the unit of the result; None where that of a column is not known.

        Args:
            units: column -> unit, "1" when dimensionless; columns that are left out have any.

        Raises:
            ExpressionError: masses and numbers are added, or the like.
        """
        stack: list[Unit | None] = []
        for step in self._steps:
            if step.column:
                stack.append(dimension_of(units[step.column]) if step.column in units else None)
            elif step.compute is None:
                stack.append(Unit.number(step.number))
            else:
                arguments = stack[-step.count :]
                del stack[-step.count :]
                stack.append(_unit_of(step, arguments, self.text))
        found = stack[0]
        return None if found is None else str(found)


def _run(steps: Sequence[_Step], columns: Mapping[str, Floats]) -> Values:
    """Take the steps one by one; return the result of the last."""
    stack: list[Values] = []
    with np.errstate(all="ignore"):
        for step in steps:
            if step.column:
                stack.append(np.ascontiguousarray(columns[step.column], dtype=float))
            elif step.compute is None:
                stack.append(step.number)
            else:
                arguments = stack[-step.count :]
                del stack[-step.count :]
                stack.append(step.compute(*arguments))
    return stack[0]


def is_name(text: str) -> bool:
    """True for text that is a single name, as of a column, and so no expression that says anything new."""
    return _NAME.fullmatch(text.strip()) is not None


def _parsed(text: object) -> ast.expr:
    if not isinstance(text, str) or not text.strip():
        raise ExpressionError("empty, expected an expression such as mH2 - mH1")
    if len(text) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST} characters: name its parts under observables:")
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    odd = _ALLOWED.sub("", text)
    if odd:
        why = {"^": ": a power is written **", "[": ": there are no lists", "%": ": there is no remainder"}
        raise ExpressionError(f"{shown!r} holds {odd[0]!r}{why.get(odd[0], '')}")
    nesting = deepest = 0
    for character in text:
        nesting += (character == "(") - (character == ")")
        deepest = max(deepest, nesting)
    if deepest > DEEPEST:
        raise ExpressionError(f"{shown!r} is nested more than {DEEPEST} deep")
    try:
        with warnings.catch_warnings(action="ignore"):  # such as of "1or m"
            # Blanks gathered: a line break within parentheses is one, and blanks in front are no indentation.
            return ast.parse(" ".join(text.split()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = error.msg if isinstance(error, SyntaxError) and error.msg else "cannot be read"
        raise ExpressionError(f"{shown!r} is no expression: {said}") from None


def _translate(node: ast.AST, steps: list[_Step], depth: int) -> None:
    """Append the steps of a tree: operands first."""
    if len(steps) > MOST_STEPS:  # as it grows: the middle of a < b < c is read twice
        raise ExpressionError(f"more than {MOST_STEPS} operations: name its parts under observables:")
    if depth > DEEPEST:
        raise ExpressionError(f"nested more than {DEEPEST} deep: name its parts under observables:")
    if isinstance(node, ast.Constant):
        steps.append(_Step(number=_number(node.value)))
    elif isinstance(node, ast.Name):
        if node.id.startswith("__"):
            raise ExpressionError(f"{node.id!r} is no name of a column")
        steps.append(_Step(column=node.id))
    elif isinstance(node, ast.UnaryOp):
        _unary(node, steps, depth)
    elif isinstance(node, ast.BinOp):
        _binary(node, steps, depth)
    elif isinstance(node, ast.Compare):
        _compare(node, steps, depth)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            _translate(value, steps, depth + 1)
            steps.append(_Step(compute=_truth, count=1, units="truth", says="and, or"))
        combine = np.minimum if isinstance(node.op, ast.And) else np.maximum
        steps.append(_Step(compute=_many(combine), count=len(node.values), units="truth", says="and, or"))
    elif isinstance(node, ast.Call):
        _call(node, steps, depth)
    elif isinstance(node, ast.IfExp):
        raise ExpressionError("a choice is written where(condition, then, otherwise)")
    else:
        raise ExpressionError(
            f"{_what(node)} has no place in an expression, which holds numbers, columns, + - * / **, comparisons "
            f"and the functions {', '.join(FUNCTIONS)}"
        )


def _what(node: ast.AST) -> str:
    """Return what a piece of Python is called that is not taken."""
    names = {ast.Attribute: "a dot behind a name", ast.Lambda: "lambda", ast.Tuple: "a list", ast.Starred: "a star"}
    return names.get(type(node), f"Python's {type(node).__name__}")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"expected a number, got {str(value)[:40]!r}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= 1e150:
        raise ExpressionError("a number beyond 1e150: its square is too large for a number")
    return number


def _unary(node: ast.UnaryOp, steps: list[_Step], depth: int) -> None:
    _translate(node.operand, steps, depth + 1)
    if isinstance(node.op, ast.USub):
        if steps[-1].compute is None and not steps[-1].column:
            steps[-1] = _Step(number=-steps[-1].number)
        else:
            steps.append(_Step(compute=np.negative, count=1, units="same", says="-"))
    elif isinstance(node.op, ast.Not):
        steps.append(_Step(compute=_truth, count=1, units="truth", says="not"))
        steps.append(_Step(compute=functools.partial(np.subtract, 1.0), count=1, units="truth", says="not"))
    elif not isinstance(node.op, ast.UAdd):
        raise ExpressionError("~ has no place in an expression")


def _binary(node: ast.BinOp, steps: list[_Step], depth: int) -> None:
    if type(node.op) not in _BINARY:
        hint = ": a power is written **" if isinstance(node.op, ast.BitXor) else ""
        raise ExpressionError(f"the operator {type(node.op).__name__} has no place in an expression{hint}")
    compute, units = _BINARY[type(node.op)]
    _translate(node.left, steps, depth + 1)
    before = len(steps)
    _translate(node.right, steps, depth + 1)
    says = {ast.Add: "+", ast.Sub: "-"}.get(type(node.op), "")
    if isinstance(node.op, ast.Pow):
        exponent = steps[before:]
        if not any(step.column for step in exponent):
            power = float(np.asarray(_run(exponent, {})))
            if not abs(power) <= LARGEST_EXPONENT:
                raise ExpressionError(f"an exponent beyond {LARGEST_EXPONENT:g}, got {power:g}")
            del steps[before:]
            steps.append(_Step(compute=_fixed_power(power), count=1, units=f"power {power!r}", says="**"))
            return
    steps.append(_Step(compute=compute, count=2, units=units, says=says))


def _fixed_power(exponent: float) -> Callable[..., Any]:
    """Return the power; small whole ones as products, which are exact where a power is rounded."""
    if exponent == 2.0:
        return lambda base: np.multiply(base, base)
    return lambda base: np.power(np.asarray(base, dtype=float), exponent)


def _compare(node: ast.Compare, steps: list[_Step], depth: int) -> None:
    """Translate a < b < c as a < b and b < c."""
    operands = [node.left, *node.comparators]
    for i, operator in enumerate(node.ops):
        if type(operator) not in _COMPARISONS:
            raise ExpressionError(f"{type(operator).__name__} has no place in an expression")
        _translate(operands[i], steps, depth + 1)
        _translate(operands[i + 1], steps, depth + 1)
        compare = functools.partial(_compared, _COMPARISONS[type(operator)])
        steps.append(_Step(compute=compare, count=2, units="compare", says="a comparison"))
    if len(node.ops) > 1:
        steps.append(_Step(compute=_many(np.minimum), count=len(node.ops), units="truth", says="a comparison"))


def _compared(compare: Callable[..., Any], left: Values, right: Values) -> Values:
    return _unknown_of(compare(left, right), left, right)


def _call(node: ast.Call, steps: list[_Step], depth: int) -> None:
    if not isinstance(node.func, ast.Name):
        raise ExpressionError("only functions can be called, by their names")
    name = node.func.id
    if name not in FUNCTIONS:
        other = {"ln": "log", "arctan": "atan", "arcsin": "asin", "arccos": "acos", "pow": "**", "fabs": "abs"}
        hint = f" (did you mean {other[name]!r}?)" if name in other else did_you_mean(name, FUNCTIONS)
        raise ExpressionError(f"there is no function {name!r}{hint}")
    function = FUNCTIONS[name]
    if node.keywords or not function.fewest <= len(node.args) <= function.most:
        count = str(function.fewest) if function.fewest == function.most else f"{function.fewest} or more"
        plural = "" if count == "1" else "s"
        raise ExpressionError(f"{name} takes {count} argument{plural}, got {len(node.args) + len(node.keywords)}")
    for argument in node.args:
        _translate(argument, steps, depth + 1)
    steps.append(_Step(compute=function.compute, count=len(node.args), units=function.units, says=name))


def _unit_of(step: _Step, units: list[Unit | None], text: str) -> Unit | None:
    """Return the unit of a step's result.

    Raises:
        ExpressionError: its operands do not go together.
    """
    word, _, rest = step.units.partition(" ")
    if word == "power" and rest:
        return None if units[0] is None else units[0] ** float(rest)
    if word in ("times", "over"):
        if units[0] is None or units[1] is None:
            return None
        return units[0] * units[1] if word == "times" else units[0] / units[1]
    if word == "root":
        return None if units[0] is None else units[0] ** 0.5
    if word in ("plain", "power"):
        for unit in units:
            if unit is not None and not unit.plain:
                raise ExpressionError(
                    f"{text!r}: {step.says or 'an exponent'} of something in {unit}: divide by a unit first"
                )
        return Unit.ONE
    if word in ("log", "truth", "sign"):
        return Unit.ONE
    alike = units[1:] if word == "where" else units
    known = [unit for unit in alike if unit is not None and not unit.literal]
    for unit in known[1:]:
        if unit != known[0]:
            raise ExpressionError(f"{text!r}: {step.says} of {known[0]} and {unit}, which are different units")
    if word in ("compare", "angle"):
        return Unit.ONE
    if known:
        return known[0]
    return None if any(unit is None for unit in alike) else alike[0]
