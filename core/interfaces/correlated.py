"""Measurements that are correlated: with one another by experiment, and by theory errors that they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any, ClassVar

import numpy as np

from terranova.interfaces.constraint import LATER, Constraint, Judgement, KeyProblem, Positive, Reads, Sigma
from terranova.interfaces.correlation import (
    SMALLEST,
    distance,
    full,
    matrix_problems,
    require_positive,
    split_covariance,
)
from terranova.interfaces.correlation import nearest as nearest_correlation
from terranova.interfaces.theory_errors import shared_errors, shared_problems
from terranova.types import Floats


def in_sequence(terms: Floats) -> Floats:
    """Return sums (...,) of terms (..., k), added one after the other.

    Unlike a matrix product, and unlike `sum`, this gives a point the same bits in any batch.
    """
    total: Floats = terms[..., 0].copy()
    for i in range(1, terms.shape[-1]) if terms.size > _LARGE else ():
        total += terms[..., i]
    return total if terms.size > _LARGE else np.asarray(terms.cumsum(axis=-1)[..., -1])


_LARGE = 20_000
"""Above so many terms a loop over their columns is faster than running sums, of which only the last are kept."""


@dataclass(frozen=True, kw_only=True)
class Correlated(Constraint):
    """Several measurements with a correlation matrix: C = max(0, chi2 - max_chi2), ln L = -chi2 / 2.

    The covariance may be given instead of sigmas and correlation, and of both matrices the lower triangle is
    enough. However they were given, the attributes are sigmas and the whole correlation matrix.

    Errors of theory, each shared by some of the predictions, are profiled analytically: their covariances are added
    to that of the measurements (`terranova.interfaces.theory_errors` derives it). Relative ones depend on the
    point. With L the Cholesky factor of the other covariances, w = L^-1 (p - v), and E = L^-1 d the K shifts of the
    predictions, the best nuisance parameters are xi = -(1 + E^T E)^-1 E^T w, and chi2 = |w + E xi|^2 + |xi|^2.

    Attributes:
        values: measured, one for each observable.
        sigmas: their errors.
        correlation: matrix, row by row; without it, and with `theory`, measurements are independent.
        max_chi2: largest chi2 that is accepted.
        max_delta_chi2: instead of it, the largest chi2 above that of `reference`.
        reference: predictions of the model that others are compared with, such as 1 for the signal strengths of the
            SM. Where data fluctuate against that model, too, no model is to blame.
        covariance: matrix, row by row, instead of sigmas and correlation.
        nearest: use the nearest correlation matrix if this one is not positive definite, and note how far it is.
        theory: errors of predictions: name -> {sigma or relative: size, or one for each of `on`; on: observables,
            all if left out}. `sigma` is in the unit of the observables, `relative` a part of the predictions.
    """

    values: tuple[float, ...]
    sigmas: tuple[Sigma, ...] = ()
    correlation: tuple[tuple[float, ...], ...] = ()
    max_chi2: Positive | None = None
    covariance: InitVar[tuple[tuple[float, ...], ...]] = ()
    nearest: InitVar[bool] = False
    theory: dict[str, dict[str, Any]] | None = field(default=None, metadata=LATER, hash=False)
    reference: tuple[float, ...] = field(default=(), metadata=LATER)
    max_delta_chi2: Positive | None = field(default=None, metadata=LATER)
    kind: ClassVar[str] = "correlated"
    reads: ClassVar[Reads] = Reads(2, None, "two or more observables")

    def __post_init__(self, covariance: tuple[tuple[float, ...], ...], nearest: bool) -> None:
        super().__post_init__()
        name = "covariance" if covariance else "correlation"
        if covariance:
            if self.sigmas or self.correlation:
                raise ValueError("covariance takes the place of sigmas and correlation: give it alone")
            sigmas, rows = split_covariance(full(covariance))
            object.__setattr__(self, "sigmas", sigmas)  # the class is frozen
        elif self.theory and not self.correlation:
            rows = tuple(tuple(float(i == j) for j in range(len(self.sigmas))) for i in range(len(self.sigmas)))
        else:
            rows = full(self.correlation)
        n = len(self.observables)
        if [len(self.values), len(self.sigmas), len(rows), *map(len, rows)] != [n] * (3 + n):
            raise ValueError(f"needs {n} values, {n} sigmas and a {n} x {n} correlation matrix")
        rho = np.array(rows, dtype=float)
        if not all(s > 0 for s in self.sigmas):
            raise ValueError("sigmas must be positive")
        if not np.allclose(rho, rho.T) or not np.allclose(np.diag(rho), 1.0):
            raise ValueError(f"{name} must be symmetric{'' if covariance else ' with ones on the diagonal'}")
        if nearest and np.linalg.eigvalsh(rho)[0] <= SMALLEST:
            given, rho = rho, nearest_correlation(rho)
            rows = tuple(tuple(row) for row in rho.tolist())
            changed = f"nearest correlation matrix, up to {distance(given, rho):.2g} from the one given"
            object.__setattr__(self, "note", f"{self.note}; {changed}" if self.note else changed)
        require_positive(rho, name)
        object.__setattr__(self, "correlation", rows)
        self._check_end(n)
        # Beyond, chi2 at a prediction of zero is infinity minus infinity.
        if not all(abs(v) / s < 1e100 for v, s in zip(self.values, self.sigmas, strict=True)):
            raise ValueError("sigmas are too small: a value is more than 1e100 of them")
        self._prepare(rho)

    def _check_end(self, n: int) -> None:
        """Raise ValueError unless exactly one end of what is accepted is given, and what it needs."""
        if (self.max_chi2 is None) == (self.max_delta_chi2 is None):
            raise ValueError("max_chi2 or max_delta_chi2: one of them says what is accepted")
        if self.max_chi2 is not None and not self.max_chi2 > 0:
            raise ValueError("max_chi2 must be positive")
        if self.max_delta_chi2 is not None and not self.max_delta_chi2 > 0:
            raise ValueError("max_delta_chi2 must be positive")
        if bool(self.reference) != (self.max_delta_chi2 is not None):
            raise ValueError("reference and max_delta_chi2 belong together")
        if self.reference and len(self.reference) != n:
            raise ValueError(f"reference needs {n} predictions, one for each observable, got {len(self.reference)}")

    def _prepare(self, rho: Floats) -> None:
        """Keep what chi2 needs: errors of theory that do not depend on the point are a part of the covariance."""
        errors = shared_errors(self.theory or {}, self.observables)
        if self.theory is not None:  # as a file has it
            plain = {
                name: {key: list(value) if isinstance(value, tuple) else value for key, value in entry.items()}
                for name, entry in self.theory.items()
            }
            object.__setattr__(self, "theory", plain or None)  # the class is frozen
        total, scales = rho, np.array(self.sigmas)
        fixed = np.array([error.sizes for error in errors if not error.relative])
        if len(fixed):
            covariance = rho * np.outer(scales, scales) + fixed.T @ fixed
            scales = np.sqrt(np.diag(covariance))
            total = covariance / np.outer(scales, scales)
            if np.linalg.eigvalsh(total)[0] <= SMALLEST:
                raise ValueError("theory: its errors are so large that the sigmas are lost beside them")
        whitening = np.linalg.inv(np.linalg.cholesky(total))
        relative = np.array([error.sizes for error in errors if error.relative]).reshape(-1, len(scales))
        kept = {"_inverse": np.linalg.inv(total), "_whitening": whitening, "_scales": scales, "_relative": relative}
        kept |= {"_unit": np.eye(len(relative)), "_measured": np.array(self.values)}
        for name, value in kept.items():
            object.__setattr__(self, name, value)
        of_reference = float(self.chi2(np.array([self.reference]))[0]) if self.reference else 0.0
        object.__setattr__(self, "_largest", of_reference + (self.max_delta_chi2 or self.max_chi2 or 0.0))

    @property
    def largest_chi2(self) -> float:
        """The largest chi2 that is accepted, whichever way it was given."""
        largest: float = getattr(self, "_largest")  # noqa: B009 - `_prepare` keeps it, a frozen class declares none
        return largest

    @property
    def measurements(self) -> int:
        return len(self.observables)

    @property
    def measured(self) -> tuple[str, ...]:
        return self.observables

    @classmethod
    def key_problems(cls, keys: Mapping[str, Any], observables: Sequence[str]) -> Iterator[KeyProblem]:
        n = len(observables)
        whole = "covariance" in keys
        for key in ("sigmas", "correlation"):
            if whole and key in keys:
                yield KeyProblem((key,), "has no place beside covariance, which has both", at_key=True)
            elif not whole and key not in keys and not (key == "correlation" and keys.get("theory")):
                yield KeyProblem((key,), "missing, expected sigmas and correlation, or covariance")
        if ("max_chi2" in keys) == ("max_delta_chi2" in keys):
            yield KeyProblem(("max_chi2",), "expected either max_chi2, or max_delta_chi2 with reference")
        elif ("reference" in keys) != ("max_delta_chi2" in keys):
            yield KeyProblem(("reference",), "expected together with max_delta_chi2, and only so")
        for key in ("values", "sigmas", "reference"):
            if key in keys and len(keys[key]) != n:
                yield KeyProblem((key,), f"expected {n} numbers, one for each observable, got {len(keys[key])}")
        for key in ("correlation", "covariance"):
            if key in keys:
                for path, message in matrix_problems(key, keys[key], n, ones=key == "correlation"):
                    yield KeyProblem(path, message)
        for problem in shared_problems(keys.get("theory") or {}, observables):
            yield problem._replace(path=("theory", *problem.path))

    def chi2(self, values: Floats) -> Floats:
        """Return chi2 (n,) of predictions (n, len(observables))."""
        if len(self._kept("_relative")):
            return in_sequence(self._rows(values) ** 2)
        pulls = (values - self._kept("_measured")) / self._kept("_scales")
        n, m = pulls.shape
        return in_sequence((self._kept("_inverse") * pulls[:, :, None] * pulls[:, None]).reshape(n, m * m))

    def _kept(self, name: str) -> Floats:
        """Return what `_prepare` kept: a frozen class declares no attributes of its own."""
        found: Floats = getattr(self, name)
        return found

    def _whitened(self, pulls: Floats) -> Floats:
        """Return independent pulls (..., m) of pulls (..., m)."""
        return in_sequence(self._kept("_whitening") * pulls[..., None, :])

    def _rows(self, values: Floats) -> Floats:
        """Return (n, m + K): independent pulls at the best nuisance parameters, and these."""
        scales, sizes = self._kept("_scales"), self._kept("_relative")
        rows = self._whitened((values - self._kept("_measured")) / scales)
        if not len(sizes):
            return rows
        shifts = self._whitened(values[:, None] * sizes / scales)  # (n, K, m)
        slope = -in_sequence(shifts * rows[:, None])
        curvature = in_sequence(shifts[:, :, None] * shifts[:, None]) + self._kept("_unit")
        best = (
            slope / curvature[:, 0] if len(sizes) == 1 else np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
        )
        moved = rows + in_sequence(np.swapaxes(shifts, 1, 2) * best[:, None])
        return np.concatenate([moved, best], axis=1)

    def violation(self, values: Floats) -> Floats:
        return np.maximum(0.0, self.chi2(values) - self.largest_chi2) / self.scale

    def loglike(self, values: Floats) -> Floats:
        return -0.5 * self.chi2(values)

    def residuals(self, values: Floats) -> Floats | None:
        if type(self).loglike is not Correlated.loglike or type(self).chi2 is not Correlated.chi2:
            return None
        return self._rows(values)

    def margin(self, values: Floats) -> Floats:
        return np.asarray((self.chi2(values) - self.largest_chi2) / self.scale)

    def judge(self, values: Floats) -> Judgement:
        chi2 = self.chi2(values)
        return Judgement(np.asarray((chi2 - self.largest_chi2) / self.scale), -0.5 * chi2)

    def describe(self) -> str:
        theory = f", theory errors {', '.join(self.theory)}" if self.theory else ""
        above = (
            f"that of the reference ({self.largest_chi2 - self.max_delta_chi2:.4g}) + "
            if self.max_delta_chi2
            else ""
        )
        return f"chi2 of {', '.join(self.observables)} ≤ {above}{self.max_delta_chi2 or self.max_chi2:g}{theory}"
