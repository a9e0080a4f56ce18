"""Priors of several parameters at once: each is drawn given those before it, so that each has its own axis."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from terranova.interfaces.conditional_priors import Conditional, Given
from terranova.interfaces.correlation import SMALLEST, full
from terranova.interfaces.priors import Normal
from terranova.types import Floats


class JointPrior(ABC):
    """A prior of k parameters, as a chain: the first alone, the second given the first, and so on."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def count(self) -> int | None:
        """Number k of parameters; None if it is right for any number."""

    @abstractmethod
    def to_physical(self, i: int, k: int, u: Floats, before: Floats) -> Floats:
        """Map u (n,) to values of parameter number i of k, those before it being `before` (n, i)."""

    @abstractmethod
    def to_unit(self, i: int, k: int, x: Floats, before: Floats) -> Floats:
        """Inverse of `to_physical`."""

    @abstractmethod
    def logpdf(self, i: int, k: int, x: Floats, before: Floats) -> Floats:
        """Natural log of the density of parameter number i given those before it."""

    @abstractmethod
    def support(self, i: int) -> tuple[float, float]:
        """Smallest and largest value of parameter number i."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The words of a configuration file that make this prior."""

    def components(self, names: Sequence[str]) -> dict[str, Component]:
        """Return the prior of each of these parameters.

        Raises:
            ValueError: they are not as many as it needs, or one is there twice.
        """
        if len(set(names)) < len(names):
            raise ValueError(f"{self.kind} prior: a parameter is named twice")
        if len(names) < 2 or self.count not in (None, len(names)):
            raise ValueError(f"{self.kind} prior: is of {self.count or 'two or more'} parameters, got {len(names)}")
        return {name: Component(self, tuple(names), i) for i, name in enumerate(names)}


@dataclass(frozen=True)
class Component(Conditional):
    """The prior of one of the parameters of a joint one."""

    joint: JointPrior
    names: tuple[str, ...]
    number: int
    kind: ClassVar[str] = "component"

    @property
    def reads(self) -> tuple[str, ...]:
        return self.names[: self.number]

    def _before(self, given: Given, n: int) -> Floats:
        return np.column_stack([given[name] for name in self.reads]) if self.reads else np.empty((n, 0))

    def to_physical_given(self, u: Floats, given: Given) -> Floats:
        return self.joint.to_physical(self.number, len(self.names), u, self._before(given, len(u)))

    def to_unit_given(self, x: Floats, given: Given) -> Floats:
        return self.joint.to_unit(self.number, len(self.names), x, self._before(given, len(x)))

    def logpdf_given(self, x: Floats, given: Given) -> Floats:
        return self.joint.logpdf(self.number, len(self.names), x, self._before(given, len(x)))

    @property
    def support(self) -> tuple[float, float]:
        return self.joint.support(self.number)

    def describe(self) -> str:
        return f"{self.joint.kind} of {', '.join(self.names)}"

    def to_dict(self) -> dict[str, Any]:
        return {**self.joint.to_dict(), "of": list(self.names), "number": self.number}


@dataclass(frozen=True)
class CorrelatedNormal(JointPrior):
    """Gaussian with `means`, `sds` and a `correlation` matrix, of which the lower triangle is enough.

    With L the Cholesky factor of the correlation matrix, x = mean + sd L z for independent normal z.
    """

    means: tuple[float, ...]
    sds: tuple[float, ...]
    correlation: tuple[tuple[float, ...], ...]
    kind: ClassVar[str] = "correlated-normal"

    def __post_init__(self) -> None:
        object.__setattr__(self, "means", tuple(self.means))
        object.__setattr__(self, "sds", tuple(self.sds))
        rows = full(tuple(tuple(row) for row in self.correlation))
        object.__setattr__(self, "correlation", rows)
        n = len(self.means)
        if [len(self.sds), len(rows), *map(len, rows)] != [n] * (2 + n):
            raise ValueError(f"{self.kind} prior: correlation must be {n} x {n}, and sds {n} numbers, as means are")
        if not all(sd > 0 for sd in self.sds):
            raise ValueError(f"{self.kind} prior: sds must be positive")
        rho = np.array(rows, dtype=float)
        if not np.allclose(rho, rho.T) or not np.allclose(np.diag(rho), 1.0):
            raise ValueError(f"{self.kind} prior: correlation must be symmetric with ones on the diagonal")
        smallest = float(np.linalg.eigvalsh(rho)[0])
        if smallest <= SMALLEST:
            raise ValueError(
                f"{self.kind} prior: correlation is not positive definite, smallest eigenvalue {smallest:.3g}"
            )
        object.__setattr__(self, "_factor", np.linalg.cholesky(rho))

    @property
    def count(self) -> int:
        return len(self.means)

    def _normal(self, i: int, before: Floats) -> tuple[Floats, float]:
        """Return the mean (n,) and the width of number i given those before it."""
        factor: Floats = getattr(self, "_factor")  # noqa: B009 - a frozen class declares no attributes of its own
        z = np.zeros_like(before)
        for j in range(i):  # forward substitution, term by term: the same bits in any batch
            z[:, j] = (before[:, j] - self.means[j]) / self.sds[j]
            for k in range(j):
                z[:, j] -= factor[j, k] * z[:, k]
            z[:, j] /= factor[j, j]
        shift = np.zeros(len(before))
        for j in range(i):
            shift += factor[i, j] * z[:, j]
        return np.asarray(self.means[i] + self.sds[i] * shift), self.sds[i] * float(factor[i, i])

    def to_physical(self, i: int, k: int, u: Floats, before: Floats) -> Floats:
        mean, sd = self._normal(i, before)
        return np.asarray(mean + sd * Normal(0.0, 1.0).to_physical(u))

    def to_unit(self, i: int, k: int, x: Floats, before: Floats) -> Floats:
        mean, sd = self._normal(i, before)
        return Normal(0.0, 1.0).to_unit((x - mean) / sd)

    def logpdf(self, i: int, k: int, x: Floats, before: Floats) -> Floats:
        mean, sd = self._normal(i, before)
        return np.asarray(Normal(0.0, 1.0).logpdf((x - mean) / sd) - np.log(sd))

    def support(self, i: int) -> tuple[float, float]:
        return -np.inf, np.inf

    def to_dict(self) -> dict[str, Any]:
        rows = [list(row) for row in self.correlation]
        return {"prior": self.kind, "means": list(self.means), "sds": list(self.sds), "correlation": rows}


@dataclass(frozen=True)
class Sorted(JointPrior):
    """Values drawn alike between `lower` and `upper`, flat or flat in ln x, in increasing order: ordered masses.

    Number i of k is the smallest of the k - i that lie above the one before it: 1 - u = (1 - v)^(k - i).
    """

    lower: float
    upper: float
    log: bool = False
    kind: ClassVar[str] = "sorted"

    def __post_init__(self) -> None:
        if not self.lower < self.upper:
            raise ValueError(f"sorted prior: lower ({self.lower:g}) must be below upper ({self.upper:g})")
        if self.log and not self.lower > 0.0:
            raise ValueError(f"sorted prior: lower must be positive for log: true, got {self.lower:g}")

    @property
    def count(self) -> None:
        return None

    def _flat(self, x: Floats) -> Floats:
        return np.log(x) if self.log else x

    def _ends(self, i: int, before: Floats) -> tuple[Floats, float]:
        low = before[:, i - 1] if i else np.full(len(before), self.lower)
        return self._flat(low), float(self._flat(np.array(self.upper)))

    def to_physical(self, i: int, k: int, u: Floats, before: Floats) -> Floats:
        low, high = self._ends(i, before)
        flat = low + (high - low) * -np.expm1(np.log1p(-np.minimum(u, _EDGE)) / (k - i))
        x = np.exp(flat) if self.log else flat
        return np.clip(x, before[:, i - 1] if i else self.lower, self.upper)

    def to_unit(self, i: int, k: int, x: Floats, before: Floats) -> Floats:
        low, high = self._ends(i, before)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(-np.expm1((k - i) * np.log1p(-(self._flat(x) - low) / (high - low))))

    def logpdf(self, i: int, k: int, x: Floats, before: Floats) -> Floats:
        low, high = self._ends(i, before)
        with np.errstate(divide="ignore", invalid="ignore"):
            flat = self._flat(x)
            density = (k - i) * ((high - flat) / (high - low)) ** (k - i - 1) / (high - low)
            inside = (flat >= low) & (flat <= high)
            return np.where(inside, np.log(density) - (np.log(x) if self.log else 0.0), -np.inf)

    def support(self, i: int) -> tuple[float, float]:
        return self.lower, self.upper

    def to_dict(self) -> dict[str, Any]:
        return {"prior": self.kind, "lower": self.lower, "upper": self.upper, **({"log": True} if self.log else {})}


_EDGE = 1.0 - np.finfo(float).epsneg

JOINT_PRIORS: dict[str, type[JointPrior]] = {prior.kind: prior for prior in (CorrelatedNormal, Sorted)}
"""Joint priors by the words that name them in a configuration file."""
