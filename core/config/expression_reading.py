"""Reads `observables:` of a problem: names, and the expressions that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from terranova.config.problem import ExpressionChoice
from terranova.interfaces.expressions import Expression, ExpressionError, is_name
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import keys_of, read_keys, show
from terranova.parsing.strict_yaml import KeyPath


def read_expressions(given: Any, path: KeyPath, diagnostics: Diagnostics) -> dict[str, ExpressionChoice]:
    """Read `dm: "mH2 - mH1"` and `dm: {expression: "mH2 - mH1", unit: GeV}`; those with a problem are left out."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        diagnostics.add(path, f'expected names with expressions, such as dm: "mH2 - mH1", got {show(given)}')
        return {}
    found: dict[str, ExpressionChoice] = {}
    for name, value in given.items():
        choice = _expression(name, value, (*path, name), diagnostics)
        if choice is not None:
            found[name] = choice
    return found


def _expression(name: str, given: Any, path: KeyPath, diagnostics: Diagnostics) -> ExpressionChoice | None:
    if not is_name(name):
        diagnostics.add(
            path, f"expected letters, digits and '_', not beginning with a digit, got {show(name)}", at_key=True
        )
        return None
    if isinstance(given, Mapping):
        keys, complete = read_keys(given, keys_of(ExpressionChoice), path, diagnostics)
        if not complete:
            return None
        choice, path = ExpressionChoice(**keys), (*path, "expression")
    elif isinstance(given, str):
        choice = ExpressionChoice(given)
    else:
        diagnostics.add(path, f'expected an expression such as "mH2 - mH1", got {show(given)}')
        return None
    try:
        Expression(choice.expression)
    except ExpressionError as error:
        diagnostics.add(path, str(error))
        return None
    return choice
