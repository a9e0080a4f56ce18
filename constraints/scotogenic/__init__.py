"""What constraints of the scotogenic model need more than a file: an error of theory that depends on the point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from terranova import ConstraintSet, Function
from terranova.types import Floats

VALUE: Final = 0.1200
SIGMA: Final = 0.0012
"""Planck, arXiv:1807.06209, table 2, TT, TE, EE + lowE + lensing."""

NSIGMA: Final = 2.0


def pull(omega: Floats, error: Floats) -> Floats:
    """Distance (n,) of Omega h^2 from Planck's, in standard deviations of measurement and calculation together.

    Args:
        omega: (n,) computed; error: (n,) its relative error.
    """
    return (omega - VALUE) / np.hypot(SIGMA, error * omega)


def violation(omega: Floats, error: Floats) -> Floats:
    """By how many standard deviations (n,) Omega h^2 is further away than `NSIGMA`."""
    return np.maximum(0.0, np.abs(pull(omega, error)) - NSIGMA)


def loglike(omega: Floats, error: Floats) -> Floats:
    """ln L (n,) of a Gaussian over whose prediction the likelihood is profiled, as `theory_relative` has it."""
    return -0.5 * pull(omega, error) ** 2


def constraint_sets() -> Iterator[ConstraintSet]:
    """Planck's relic density with the error that the model computes."""
    planck = Function(
        name="Omega_planck",
        observables=("Omega_h2", "Omega_error"),
        source="Planck, arXiv:1807.06209, table 2: 0.1200 +- 0.0012, and Omega_error of the prediction",
        date="2018-07-17",
        violation_of=violation,
        loglike_of=loglike,
    )
    yield ConstraintSet(
        name="scotogenic-relic",
        constraints=(planck,),
        version="2026.1",
        updated="2026-12",
        description="likelihood of the relic density, with the error that the model computes (for fits)",
    )
