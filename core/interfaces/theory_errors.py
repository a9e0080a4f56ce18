"""Errors of predictions: of one constraint alone, and shared by several observables.

Each is a Gaussian nuisance parameter of the prediction, over which the likelihood is profiled. For Gaussian
measurements with covariance V, pulls and shifts d_k of the predictions p by one standard deviation of error k,

    min over xi of (p + sum_k xi_k d_k - v)^T V^-1 (p + sum_k xi_k d_k - v) + sum_k xi_k^2
        = (p - v)^T (V + sum_k d_k d_k^T)^-1 (p - v),

exactly: covariances add up (G. L. Fogli et al., arXiv:hep-ph/0206162, section II: "covariance" and "pull" approach
are one). There is no term ln det of the sum, also where d_k depends on the point: it would come of integrating over
xi, not of maximising.

A relative error is one of the *prediction*, p (1 + r xi): it is the prediction that is uncertain, and of the
measured value it would shrink where data fluctuate downwards (G. D'Agostini, doi:10.1016/0168-9002(94)90719-6).
Far above the value chi2 then tends to 1/r^2: what is uncertain by a factor may be as small as anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Annotated, Any, NamedTuple

import numpy as np
from annotated_types import Ge, Lt

from terranova.errors import did_you_mean
from terranova.interfaces.constraint import LATER, Constraint, KeyProblem
from terranova.types import Floats

NotNegative = Annotated[float, Ge(0)]
"""Annotation of a field that is an error, or 0 for none."""

Share = Annotated[float, Ge(0), Lt(1)]
"""Annotation of a field that is a part of something: 0.05 for 5 %."""


@dataclass(frozen=True, kw_only=True)
class WithTheoryError(Constraint):
    """Base of the kinds whose prediction may have an error of its own, in quadrature with that of the measurement.

    Attributes:
        theory_sigma: standard deviation of the prediction, in the unit of the observable.
        theory_relative: the same as a part of the prediction: 0.05 for 5 %. With both, they are independent.
    """

    theory_sigma: NotNegative = field(default=0.0, metadata=LATER)
    theory_relative: Share = field(default=0.0, metadata=LATER)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.theory_sigma >= 0.0 and math.isfinite(self.theory_sigma)):
            raise ValueError(f"theory_sigma must not be negative, got {self.theory_sigma!r}")
        if not 0.0 <= self.theory_relative < 1.0:
            raise ValueError(f"theory_relative is a part, 0.05 for 5 %: got {self.theory_relative!r}")

    @property
    def has_theory_error(self) -> bool:
        """True if there is any."""
        return self.theory_sigma > 0.0 or self.theory_relative > 0.0

    def in_quadrature(self, sigma: Floats | float, prediction: Floats) -> Floats:
        """Return errors (n,) of measurement and prediction together.

        Args:
            sigma: of the measurement.
            prediction: (n,) of the observable.
        """
        if self.theory_sigma:
            sigma = np.hypot(sigma, self.theory_sigma)
        if self.theory_relative:
            sigma = np.hypot(sigma, self.theory_relative * prediction)
        return np.asarray(sigma)

    def farthest(self, value: float, sigma: float, pull: float) -> float:
        """Return the prediction that is `pull` standard deviations of both errors away from a value.

        With a = 1 - (pull r)^2 it solves a p^2 - 2 value p + value^2 - pull^2 (sigma^2 + theory_sigma^2) = 0.

        Args:
            value: measured.
            sigma: its error on that side.
            pull: number of standard deviations, negative below the value.

        Raises:
            ValueError: none is so far away, for the error grows as fast as the prediction.
        """
        spread, relative = math.hypot(sigma, self.theory_sigma), self.theory_relative
        if not relative:
            return value + pull * spread
        a = 1.0 - (pull * relative) ** 2
        if a <= 0.0:
            raise ValueError(
                f"theory_relative {relative:g} is so large that no prediction is {abs(pull):.3g} standard "
                "deviations too large"
            )
        return (value + pull * math.hypot(spread * math.sqrt(a), relative * value)) / a

    @property
    def theory_text(self) -> str:
        """The error in words, with a blank before it; "" if there is none."""
        parts = [f"{self.theory_sigma:.4g}"] * (self.theory_sigma > 0.0)
        parts += [f"{100 * self.theory_relative:.4g} %"] * (self.theory_relative > 0.0)
        return f" ± {' ± '.join(parts)} (theory)" if parts else ""


def limit_pulls(constraint: WithTheoryError, prediction: Floats, limit: Floats | float, level: float) -> Floats:
    """Return pulls (n,) of predictions from zero, whose measurement has the limit as the end of its level.

    Args:
        constraint: whose errors of theory are added in quadrature.
        prediction: (n,) of the observable.
        limit: upper, positive.
        level: of confidence, one-sided.
    """
    z, signal = NormalDist().inv_cdf(level), np.maximum(prediction, 0.0)
    if not constraint.has_theory_error:
        return np.asarray(z * signal / limit)
    return np.asarray(signal / constraint.in_quadrature(limit / z, signal))


class SharedError(NamedTuple):
    """An error that several predictions share: all of them move together.

    Attributes:
        name: of it.
        relative: whether sizes are parts of the predictions.
        sizes: (m,) of one standard deviation, for each of m observables; 0 where it has no effect, negative where
            it moves the prediction the other way.
    """

    name: str
    relative: bool
    sizes: tuple[float, ...]


_WORDS = ("sigma", "relative", "on")


def shared_problems(theory: Mapping[str, Any], observables: Sequence[str]) -> Iterator[KeyProblem]:
    """Yield what is wrong with shared errors as a file has them, below their key.

    Args:
        theory: name -> {sigma or relative: number, or one for each of `on`; on: observables, all if left out}.
        observables: those of the constraint.
    """
    for name, entry in theory.items():
        if not isinstance(entry, Mapping):
            yield KeyProblem((name,), "expected keys with values (sigma or relative, on)")
            continue
        for key in entry:
            if key not in _WORDS:
                yield KeyProblem((name, key), f"unknown key{did_you_mean(key, _WORDS)}", at_key=True)
        if ("sigma" in entry) == ("relative" in entry):
            yield KeyProblem((name,), "expected either sigma, in the unit of the observables, or relative")
            continue
        on = entry.get("on", observables)
        if isinstance(on, str) or not isinstance(on, Sequence) or not on:
            yield KeyProblem((name, "on"), "expected a list of observables of this constraint")
            continue
        for i, one in enumerate(on):
            if one not in observables:
                known = did_you_mean(str(one), observables)
                yield KeyProblem((name, "on", i), f"{one!r} is no observable of this constraint{known}")
        if len(set(map(str, on))) < len(on):
            yield KeyProblem((name, "on"), "the same observable twice")
        yield from _wrong_sizes(name, "sigma" if "sigma" in entry else "relative", entry, len(on))


def _wrong_sizes(name: str, key: str, entry: Mapping[str, Any], n: int) -> Iterator[KeyProblem]:
    """Yield what is wrong with the size, or sizes, of an error on n observables."""
    size = entry[key]
    several = isinstance(size, Sequence) and not isinstance(size, str)
    for i, one in enumerate(size if several else [size]):
        path = (name, key, i) if several else (name, key)
        if isinstance(one, bool) or not isinstance(one, (int, float)) or not math.isfinite(one):
            yield KeyProblem(path, f"expected a number, got {one!r}")
        elif key == "relative" and not abs(one) < 1.0:
            yield KeyProblem(path, f"a part of the prediction, 0.05 for 5 %: must be below 1, got {one:g}")
        elif not several and not one > 0.0:
            yield KeyProblem(path, f"must be above 0, got {one:g}")
    if several and len(size) != n:
        yield KeyProblem((name, key), f"expected {n} numbers, one for each entry of on, got {len(size)}")


def shared_errors(theory: Mapping[str, Any], observables: Sequence[str]) -> tuple[SharedError, ...]:
    """Return shared errors as numbers.

    Raises:
        ValueError: something is wrong with one of them.
    """
    for problem in shared_problems(theory, observables):
        raise problem._replace(path=("theory", *problem.path)).error()
    errors = []
    for name, entry in theory.items():
        key = "sigma" if "sigma" in entry else "relative"
        on, size = entry.get("on", observables), entry[key]
        sizes = dict(zip(on, size if isinstance(size, Sequence) else [size] * len(on), strict=True))
        errors.append(SharedError(name, key == "relative", tuple(float(sizes.get(o, 0.0)) for o in observables)))
    return tuple(errors)
