"""From m violations to one loss, without letting the largest units win."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from terranova.plugins.samplers.shared.option_checks import check_choice
from terranova.types import Floats, Ints

LOSSES = ("minmax", "rank")
"""Names of the scalings: see `scaled_loss`."""

FAILURES_TOLERATED = 0.05
"""Above this fraction of failed points in a generation, "minmax" uses ranks instead."""


def check_loss(scaling: str) -> None:
    """Raise ValueError unless `scaling` is one of `LOSSES`."""
    check_choice("loss", scaling, LOSSES)


class Loss(NamedTuple):
    """What a generation's violations amount to; all arrays are (a, popsize).

    Attributes:
        scaled: sum over constraints of the violations, each scaled within its generation to [0, 1]; +inf for
            points that failed altogether. Comparable within one generation only.
        log: sum over constraints of ln(1 + C): comparable between generations. An unknown violation, of a stage
            not computed, counts more than any known one; +inf for points that failed altogether.
        passed: number of constraints with C = 0.
    """

    scaled: Floats
    log: Floats
    passed: Ints


def scaled_loss(violations: Floats, scaling: str) -> Loss:
    """Scale violations within each generation, constraint by constraint, and add them up.

    "minmax" maps ln(1 + C) of each constraint linearly to [0, 1] between the best and the worst point of the
    generation (arXiv:2402.07661); an unknown violation, +inf, becomes 1. "rank" takes the fraction of the
    generation that does strictly better. Both make a constraint in GeV^2 count as much as one in per mille.

    Args:
        violations: (a, popsize, m) >= 0, a generations.
        scaling: one of `LOSSES`.
    """
    from terranova.plugins.samplers.shared.loss_kernels import scale_violations

    a, popsize, _ = violations.shape
    loss = Loss(np.empty((a, popsize)), np.empty((a, popsize)), np.empty((a, popsize), dtype=np.int64))
    tolerated = FAILURES_TOLERATED * popsize if scaling == "minmax" else -1.0
    scale_violations(np.ascontiguousarray(violations), tolerated, loss.scaled, loss.log, loss.passed)
    return loss
