"""Reads `parameters:` of a problem: values, priors, and expressions of other parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from terranova.interfaces.conditional_priors import Derived
from terranova.interfaces.expressions import Expression, ExpressionError
from terranova.interfaces.joint_priors import JOINT_PRIORS
from terranova.interfaces.model import LARGEST
from terranova.interfaces.prior_words import (
    CONDITION,
    NUMBER,
    OF,
    OTHERWISE,
    PRIORS,
    make_joint,
    make_prior,
    moving_bounds,
)
from terranova.interfaces.priors import Fixed, Prior
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import Key, closest, convert, is_interval, keys_of, place_of, read_keys, show
from terranova.parsing.strict_yaml import KeyPath

UNIT = "unit"
"""Key beside those of a prior, of a parameter that only expressions read."""

_Text = Annotated[str, Field(min_length=1)]
_Number = Annotated[int, Field(ge=0, lt=1000)]


def read_value(given: Any, wanted: Any, path: KeyPath, diagnostics: Diagnostics) -> Any:
    """Return a value of the wanted type, or None with a problem."""
    value, wrong = convert(given, wanted)
    for inner, message in wrong:
        diagnostics.add((*path, *inner), message)
    return None if wrong else value


def read_parameters(given: Any, path: KeyPath, diagnostics: Diagnostics) -> tuple[dict[str, Prior], dict[str, str]]:
    """Read parameters with values, priors or expressions; return them, and the units that are said."""
    if given is None:
        return {}, {}
    if not isinstance(given, Mapping):
        diagnostics.add(path, f"expected parameters with values or priors, got {show(given)}")
        return {}, {}
    priors: dict[str, Prior] = {}
    units: dict[str, str] = {}
    for name, value in given.items():
        if "," in name:
            for one, component in _read_joint(name, value, (*path, name), diagnostics).items():
                if one in given or one in priors:
                    diagnostics.add((*path, name), f"{one!r} has two priors", at_key=True)
                priors[one] = component
                if isinstance(value, Mapping) and UNIT in value:
                    units[one] = str(value[UNIT])
            continue
        prior = read_prior(value, (*path, name), diagnostics)
        if prior is not None:
            priors[name] = prior
            if isinstance(value, Mapping) and UNIT in value:
                units[name] = str(value[UNIT])
    return priors, units


def read_prior(given: Any, path: KeyPath, diagnostics: Diagnostics) -> Prior | None:
    """Read a number, which fixes the parameter, `{prior: log, lower: 1, upper: 50}`, or "2 * tanb1"."""
    if not isinstance(given, Mapping):
        return _without_keys(given, path, diagnostics)
    if "prior" not in given:
        diagnostics.add((*path, "prior"), f"missing, expected one of {', '.join(PRIORS)}")
        return None
    kind = given["prior"]
    if isinstance(kind, str) and kind in JOINT_PRIORS and OF not in given:
        message = f'{kind} is of several parameters: write "{path[-1]}, other": {{prior: {kind}, ...}}'
        diagnostics.add((*path, "prior"), message)
        return None
    if not isinstance(kind, str) or kind not in (*PRIORS, *JOINT_PRIORS, Derived.kind):
        hint = closest(kind, PRIORS) if isinstance(kind, str) else ""
        diagnostics.add((*path, "prior"), f"unknown prior {show(kind)}, expected one of {', '.join(PRIORS)}{hint}")
        return None
    keys, complete = read_keys(given, _keys_of(kind, given), path, diagnostics)
    keys.pop(UNIT, None)
    if not complete or not _both(keys, path, diagnostics):
        return None
    try:
        prior = make_prior(keys)
    except ExpressionError as error:
        diagnostics.add(_blamed(keys, path), str(error))
        return None
    except (ValueError, IndexError) as error:
        hint = "" if moving_bounds(keys) else _way_out(kind, keys, path)
        diagnostics.add(place_of(str(error).partition(":")[2], keys, path), f"{error}{hint}")
        return None
    beyond = [(key, *inner) for key, value in keys.items() for inner in _beyond(value)]
    for key in beyond:
        diagnostics.add((*path, *key), f"beyond {LARGEST:g}: its square is too large for a number")
    return None if beyond else prior


def _read_joint(name: str, given: Any, path: KeyPath, diagnostics: Diagnostics) -> dict[str, Prior]:
    """Read `"a, b": {prior: correlated-normal, ...}`."""
    names = [word.strip() for word in name.split(",")]
    known = ", ".join(JOINT_PRIORS)
    if not isinstance(given, Mapping) or "prior" not in given:
        diagnostics.add(path, f"expected a prior of several parameters ({known}), got {show(given)}")
        return {}
    kind = given["prior"]
    if not isinstance(kind, str) or kind not in JOINT_PRIORS:
        message = f"expected a prior of several parameters ({known}), got {show(kind)}"
        diagnostics.add((*path, "prior"), message)
        return {}
    keys = {"prior": Key(str), **keys_of(JOINT_PRIORS[kind]), UNIT: Key(_Text)}
    found, complete = read_keys(given, keys, path, diagnostics)
    found.pop(UNIT, None)
    if not complete:
        return {}
    try:
        return dict(make_joint(found).components(names))
    except ValueError as error:
        diagnostics.add(place_of(str(error).partition(":")[2], found, path), str(error))
        return {}


def _without_keys(given: Any, path: KeyPath, diagnostics: Diagnostics) -> Prior | None:
    """Read a number or an expression."""
    if given is None or isinstance(given, list):
        low, high = given if isinstance(given, list) and is_interval(given) else (0, 1)
        wanted = f"a number, or a prior such as {{prior: uniform, lower: {low}, upper: {high}}}"
        diagnostics.add(path, f"expected {wanted}, got {show(given)}")
        return None
    if isinstance(given, str) and (wrong := _not_a_number(given)) is not None:
        if not wrong:
            return Derived(given)
        diagnostics.add(path, f"expected a number, got {show(given)}, and as an expression {wrong}")
        return None
    value = read_value(given, float, path, diagnostics)
    if value is not None and abs(value) > LARGEST:
        diagnostics.add(path, f"beyond {LARGEST:g}: its square is too large for a number")
        return None
    return None if value is None else Fixed(value)


def _not_a_number(text: str) -> str | None:
    """Return None for a number in quotes, "" for an expression of parameters, else what is wrong with it as one."""
    try:
        return "" if Expression(text).names else None
    except ExpressionError as error:
        return str(error)


def _keys_of(kind: str, given: Mapping[str, Any]) -> dict[str, Key]:
    """Return the keys that a prior may have; bounds may be expressions where one is."""
    if kind in JOINT_PRIORS:
        own = {OF: Key(tuple[str, ...], required=True), NUMBER: Key(_Number, required=True)}
        return {"prior": Key(str), **keys_of(JOINT_PRIORS[kind]), **own, UNIT: Key(_Text)}
    own = keys_of(Derived if kind == Derived.kind else PRIORS[kind])
    if moving_bounds(given):
        own = {**own, **dict.fromkeys(("lower", "upper"), Key(float | str, required=True))}
    return {"prior": Key(str), **own, CONDITION: Key(_Text), OTHERWISE: Key(float), UNIT: Key(_Text)}


def _both(keys: Mapping[str, Any], path: KeyPath, diagnostics: Diagnostics) -> bool:
    """Complain of a condition without a value for where it does not hold, or the other way round."""
    for key, other in ((CONDITION, OTHERWISE), (OTHERWISE, CONDITION)):
        if key in keys and other not in keys:
            diagnostics.add((*path, other), f"missing: {key} and {other} belong together")
            return False
    return True


def _blamed(keys: Mapping[str, Any], path: KeyPath) -> KeyPath:
    """Return the place of the first expression that cannot be read."""
    for key in (CONDITION, "expression", "lower", "upper"):
        if isinstance(keys.get(key), str):
            try:
                Expression(keys[key])
            except ExpressionError:
                return (*path, key)
    return path


def _beyond(value: Any) -> Iterator[KeyPath]:
    """Yield the places of numbers that are too large to compute with."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        for i, entry in enumerate(value):
            yield from ((i, *inner) for inner in _beyond(entry))
    elif isinstance(value, int | float) and abs(value) > LARGEST:
        yield ()


def _way_out(kind: str, keys: Mapping[str, Any], path: KeyPath) -> str:
    """Return what may have been meant by bounds that no prior can have; "" where nothing comes to mind."""
    if kind == "normal":
        return f"; to fix it, write `{path[-1]}: {keys['mean']!r}`" if keys["sd"] == 0 else ""
    if kind not in ("uniform", "log", "signed-log", "angle"):
        return ""
    names = ("min_abs", "max_abs") if kind == "signed-log" else ("lower", "upper")
    if not set(names) <= set(keys):
        return ""
    low, high = (keys[name] for name in names)
    if low == high:
        return f"; to fix it, write `{path[-1]}: {low!r}`"
    if low > high:
        return f"; swapped? write {names[0]}: {high!r}, {names[1]}: {low!r}"
    if kind == "log" and low < 0 < high:
        return "; for both signs, write prior: signed-log with min_abs and max_abs, or prior: uniform"
    return "; a logarithm never reaches 0: raise it to the smallest size that matters, or write prior: uniform"
