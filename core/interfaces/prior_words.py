"""The words of configuration files that make priors, and the priors that they make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from terranova.interfaces.conditional_priors import Between, Derived, When
from terranova.interfaces.continuous_priors import (
    Beta,
    Exponential,
    HalfNormal,
    Scipy,
    TabulatedPrior,
    TruncatedNormal,
)
from terranova.interfaces.discrete_priors import Choice, Integer, Sign
from terranova.interfaces.expressions import Expression, ExpressionError
from terranova.interfaces.joint_priors import JOINT_PRIORS, JointPrior
from terranova.interfaces.priors import Angle, Fixed, LogUniform, Normal, Prior, SignedLogUniform, Uniform

PRIORS: Mapping[str, type[Prior]] = {
    prior.kind: prior
    for prior in (
        *(Uniform, LogUniform, SignedLogUniform, Normal, Angle, Fixed),
        *(TruncatedNormal, HalfNormal, Exponential, Beta, Scipy, TabulatedPrior),
        *(Choice, Integer, Sign),
    )
}
"""Prior classes by the word that names them in a configuration file."""

CONDITION, OTHERWISE = "when", "otherwise"
"""Keys beside those of any prior: where the parameter is used, and its value elsewhere."""


OF, NUMBER = "of", "number"
"""Keys beside those of a joint prior, where it stands under one parameter: all of them, and which one this is."""


def moving_bounds(words: Mapping[str, Any]) -> bool:
    """True for bounds of which at least one is an expression of other parameters."""
    bounds = [words.get("lower"), words.get("upper")]
    return words.get("prior") in (Uniform.kind, LogUniform.kind) and any(map(reads_something, bounds))


def reads_something(value: Any) -> bool:
    """True for text that is an expression of columns: not a number in quotes, nor what is no expression."""
    try:
        return isinstance(value, str) and bool(Expression(value).names)
    except ExpressionError:
        return False


def make_prior(words: Mapping[str, Any]) -> Prior:
    """Return the prior that `Prior.to_dict` has put into words.

    Raises:
        KeyError: there is no such prior.
        TypeError: its keys are others.
        ValueError: its numbers make no prior.
    """
    own = {key: value for key, value in words.items() if key not in ("prior", CONDITION, OTHERWISE)}
    kind = words["prior"]
    prior: Prior
    if moving_bounds(words):
        prior = Between(own.pop("lower"), own.pop("upper"), kind == LogUniform.kind, **own)
    elif kind == Derived.kind:
        prior = Derived(**own)
    elif kind in JOINT_PRIORS:
        names, number = own.pop(OF), own.pop(NUMBER)
        prior = make_joint({"prior": kind, **own}).components(names)[names[number]]
    else:
        prior = PRIORS[kind](**own)
    return When(words[CONDITION], prior, words[OTHERWISE]) if CONDITION in words else prior


def make_joint(words: Mapping[str, Any]) -> JointPrior:
    """Return the prior of several parameters that these words make; raises as `make_prior` does."""
    return JOINT_PRIORS[words["prior"]](**{key: value for key, value in words.items() if key != "prior"})


def prior_expressions(prior: Prior) -> list[tuple[str, str]]:
    """Return the expressions of a prior with the keys that they stand under; "" where it is nothing else."""
    if isinstance(prior, Derived):
        return [("", prior.expression)]
    if isinstance(prior, Between):
        return [(key, text) for key in ("lower", "upper") if isinstance(text := getattr(prior, key), str)]
    return [(CONDITION, prior.condition)] if isinstance(prior, When) else []
