"""Models made of a plain Python function and what is declared of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from terranova.errors import ConfigError, ContractError, Diagnostic, did_you_mean
from terranova.interfaces.model import Model, Observable, PointModel
from terranova.interfaces.parameters import Parameter
from terranova.interfaces.priors import Fixed, Prior, Uniform
from terranova.types import Floats

Declared = Prior | Parameter | float | Sequence[float]
"""What can be said of a parameter: a prior, all of a `Parameter`, a value that fixes it, or (lower, upper)."""


def model_from(
    function: Callable[..., Any],
    parameters: Mapping[str, Declared] | Sequence[Parameter],
    observables: str | Mapping[str, str] | Sequence[str | Observable],
    *,
    name: str = "",
    vectorised: bool = False,
    version: str = "0",
    description: str = "",
) -> Model:
    """Make a model of a function.

    Args:
        function: returns the observables of a point: a mapping, or their values in the order of `observables`, or
            the only one's value. It is called with the parameters by name, `f(m=.., x=..)`; a function of one
            argument that is no parameter gets a mapping of all. It may raise `PointFailed`.
        parameters: name -> prior, (lower, upper) of a flat one, a number that fixes it, or a `Parameter`; or a list
            of `Parameter`.
        observables: names, or `Observable`s, or name -> unit.
        name: of the model; that of the function if "".
        vectorised: True for a function that takes arrays (n,) of n points and returns such arrays; otherwise it
            gets one point at a time, as floats.
        version: changes with what it computes.
        description: one line; the first of the function's docstring if "".

    Raises:
        ConfigError: something of this does not fit together; says what.
    """
    if not callable(function):
        raise _wrong("function", f"expected a function, got {function!r}"[:200])
    if inspect.isclass(function) and issubclass(function, Model):
        raise _wrong("function", f"{function.__name__} is a model already: give the class itself")
    declared = _parameters(parameters)
    outputs = _observables(observables)
    words = name or getattr(function, "__name__", type(function).__name__)
    whole = _takes_whole(function, [p.name for p in declared])
    text = description or (inspect.getdoc(function) or "").split("\n")[0]
    cls = FunctionModel if vectorised else PointFunctionModel
    return cls(function, declared, outputs, words.replace("<lambda>", "lambda"), version, text, whole)


class _OfFunction:
    """What both kinds share: how the function is called, and what its answer means."""

    def __init__(
        self,
        function: Callable[..., Any],
        parameters: tuple[Parameter, ...],
        observables: tuple[Observable, ...],
        name: str,
        version: str,
        description: str,
        whole: bool,
    ) -> None:
        self.function, self.whole, self._outputs = function, whole, [o.name for o in observables]
        declared = {"parameters": parameters, "observables": observables}
        vars(self).update(declared, name=name, version=version, description=description)

    def _answer(self, point: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call the function; return observable -> value."""
        answer = self.function(dict(point)) if self.whole else self.function(**point)
        if isinstance(answer, Mapping):
            return answer
        names = self._outputs
        if len(names) == 1:
            alone = isinstance(answer, list | tuple) and len(answer) == 1
            return {names[0]: answer[0] if alone else answer}
        if not isinstance(answer, list | tuple | np.ndarray) or len(answer) != len(names):
            got = f"{len(answer)} values" if isinstance(answer, list | tuple | np.ndarray) else repr(answer)[:80]
            who = vars(self)["name"]
            raise ContractError(
                f"model {who!r}: its function returned {got}, expected {len(names)} ({', '.join(names)})"
            )
        return dict(zip(names, answer, strict=True))


class FunctionModel(_OfFunction, Model):
    """A model of a function of arrays. `model_from` makes it."""

    name = "function"

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Compute n points in one call of the function."""
        return self._answer(points)


class PointFunctionModel(_OfFunction, PointModel):
    """A model of a function of one point. `model_from` makes it."""

    name = "function"

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """Compute one point by one call of the function."""
        return self._answer(point)


def _parameters(given: Any) -> tuple[Parameter, ...]:
    if isinstance(given, Mapping):
        found = tuple(_parameter(name, value) for name, value in given.items())
    elif (
        isinstance(given, Sequence) and not isinstance(given, str) and all(isinstance(p, Parameter) for p in given)
    ):
        found = tuple(given)
    else:
        raise _wrong("parameters", f'expected names with priors, such as {{"m": (1, 100)}}, got {given!r}'[:200])
    if not found:
        raise _wrong("parameters", "a model needs at least one parameter")
    return found


def _parameter(name: Any, value: Any) -> Parameter:
    key = f"parameters.{name}"
    if not isinstance(name, str):
        raise _wrong("parameters", f"a name must be text, got {name!r}")
    if isinstance(value, Parameter):
        if value.name != name:
            raise _wrong(key, f"the parameter that stands here is called {value.name!r}")
        return value
    if isinstance(value, Prior):
        return Parameter(name, value)
    try:
        if isinstance(value, bool | str) or value is None:
            raise TypeError
        if isinstance(value, int | float | np.number):
            return Parameter(name, Fixed(float(value)))
        low, high = (float(bound) for bound in value)
    except (TypeError, ValueError):
        raise _wrong(
            key,
            f"expected (lower, upper), a prior such as terranova.LogUniform(1, 100), or a number, got {value!r}",
        ) from None
    try:
        return Parameter(name, Uniform(low, high))
    except ValueError as error:
        swapped = f"; swapped? write ({high:g}, {low:g})" if low > high else ""
        raise _wrong(key, f"{error}{swapped}") from None


def _observables(given: Any) -> tuple[Observable, ...]:
    if isinstance(given, Mapping):
        given = [Observable(name, unit) for name, unit in given.items()]
    if isinstance(given, str | Observable):
        given = [given]
    if not isinstance(given, Sequence) or not all(isinstance(o, str | Observable) for o in given):
        raise _wrong("observables", f'expected names, such as ["mass", "width"], got {given!r}'[:200])
    if not given:
        raise _wrong("observables", "a model needs at least one observable")
    return tuple(o if isinstance(o, Observable) else Observable(o) for o in given)


def _takes_whole(function: Callable[..., Any], names: Sequence[str]) -> bool:
    """Say whether a function takes all parameters as one mapping, instead of each by its name.

    Raises:
        ConfigError: neither fits.
    """
    try:
        arguments = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # of a compiled module, which does not say
        return False
    kinds = inspect.Parameter
    if any(a.kind is kinds.VAR_KEYWORD for a in arguments):
        return False
    by_name = {a.name for a in arguments if a.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)}
    needed = [
        a.name
        for a in arguments
        if a.default is kinds.empty and a.kind not in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)
    ]
    if set(names) <= by_name and set(needed) <= set(names):
        return False
    if len(needed) <= 1 and len(list(arguments)) >= 1 and not by_name & set(names):
        return True
    who = getattr(function, "__name__", repr(function))
    if missing := [name for name in names if name not in by_name]:
        hint = did_you_mean(missing[0], by_name)
        raise _wrong(f"parameters.{missing[0]}", f"{who}() takes no argument {missing[0]!r}{hint}")
    extra = next(name for name in needed if name not in names)
    raise _wrong("parameters", f"{who}() needs {extra!r}, too: declare it, or give it a default")


def _wrong(key: str, message: str) -> ConfigError:
    return ConfigError([Diagnostic("", 0, 0, key, message)])
