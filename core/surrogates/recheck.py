"""Rows that a trained surrogate keeps, evaluated again: does the model installed now still give them?"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from terranova.engine.recheck import ready_executor
from terranova.evaluation.problem import Problem
from terranova.interfaces.model import PointModel
from terranova.runs.spot_check import Sample, compare
from terranova.surrogates.dataset import Rows

log = logging.getLogger("terranova")

POINTS = 16
"""Rows that are evaluated again; of a model that computes one point at a time only the first."""


def require_same_values(path: Path | str, rows: Rows, targets: Sequence[str], problem: Problem) -> None:
    """Make sure that the model gives the targets that a surrogate was held against.

    Args:
        path: of the surrogate, for messages.
        rows: held out of its training.
        targets: (q,) names of their columns.
        problem: what it stands for.

    Raises:
        RunMismatch: it gives other values.
    """
    usable = np.flatnonzero(np.isfinite(rows.targets).all(axis=1))
    usable = usable[: 1 if isinstance(problem.model.plugin, PointModel) else POINTS]
    if not len(usable):
        return
    labels = tuple(f"row {row} of those held out" for row in usable)
    sample = Sample(rows.x[usable], tuple(targets), rows.targets[usable], labels)
    with ready_executor(problem) as executor:
        check = compare(sample, problem, executor.evaluate)
    check.require_same(f"the surrogate {path} does not stand for the model installed now", "Train it again")
    if text := check.note():
        log.warning("%s: %s", path, text)
