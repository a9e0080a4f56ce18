"""What a nested sampler draws."""

from __future__ import annotations

from dataclasses import dataclass

from terranova.types import Floats

LOWEST = -1e100
"""Log-likelihood of what is excluded, for samplers in which it must have a rank."""


@dataclass(frozen=True)
class Draws:
    """Weighted points, and the evidence.

    Attributes:
        u: (n, d) in the unit cube.
        loglike: (n,)
        log_weights: (n,) natural logarithms of the weights, up to a constant.
        log_evidence: natural logarithm of the evidence.
        log_evidence_error: its statistical error.
        effective: effective number of points.
        explored: whether the search for the highest likelihoods came to its end.
    """

    u: Floats
    loglike: Floats
    log_weights: Floats
    log_evidence: float
    log_evidence_error: float
    effective: float
    explored: bool
