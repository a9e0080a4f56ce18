"""Stored rows as a data set for surrogates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from terranova.errors import RunError, RunMismatch, did_you_mean, listed
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Status
from terranova.runs.compatibility import SHOWN, differences, flat
from terranova.runs.run import Run
from terranova.types import Array, Floats

LOGLIKE = "loglike"
OBSERVABLES = "observables"
REGION = 6.0
"""Delta chi2 of the region that matters: 95 % for two parameters (5.99)."""

_PHYSICS = ("model", "model version", "priors", "constraint")


@dataclass(frozen=True)
class Rows:
    """Points with what is known of them.

    Attributes:
        u: (n, d) in the unit cube.
        x: (n, p) physical values of all parameters.
        targets: (n, q), NaN where a point failed.
        chi2: (n,) -2 log-likelihood, infinite where a point failed or violates a hard window.
    """

    u: Floats
    x: Floats
    targets: Floats
    chi2: Floats

    def __len__(self) -> int:
        return len(self.u)

    def take(self, rows: Array) -> Rows:
        """Return some of them."""
        return Rows(self.u[rows], self.x[rows], self.targets[rows], self.chi2[rows])


def identity(physics: Mapping[str, Any]) -> dict[str, Any]:
    """Return, flat, all that decides what a target means: model, its version, priors, constraints."""
    return flat({key: physics[key] for key in _PHYSICS if key in physics})


def require_same(what: str, was: dict[str, Any], where: str, now: dict[str, Any]) -> None:
    """Refuse rows, or a problem, that are not those of a surrogate.

    Raises:
        RunMismatch: lists the differences.
    """
    lines = differences(was, now)
    if lines:
        raise RunMismatch(f"{what} and {where} are of different problems\n{listed(lines, SHOWN)}")


def target_names(run: Run, wanted: Sequence[str]) -> list[str]:
    """Return the columns that are meant: "observables" stands for all that constraints read.

    Raises:
        RunError: there is no such column, or it was not stored.
    """
    stored = [field.name for field in run.observables]
    names: list[str] = []
    for target in wanted:
        if target == OBSERVABLES:
            parameters = set(run.problem().model.space.names)
            read = {name for c in run.problem().constraints for name in c.observables} - parameters
            missing = sorted(read - set(stored))
            if missing:
                raise RunError(f"{run.directory} did not store {', '.join(missing)}, which constraints read")
            names += [name for name in stored if name in read]
        elif target == LOGLIKE or target in stored:
            names.append(target)
        else:
            hint = did_you_mean(target, [LOGLIKE, OBSERVABLES, *stored])
            raise RunError(f"{run.directory} has no target {target!r}{hint}")
    return list(dict.fromkeys(names))


def read_rows(runs: Sequence[Run], names: Sequence[str], problem: Problem) -> Rows:
    """Read all points of runs of one problem.

    Raises:
        RunMismatch: they are of different problems.
        RunError: they hold no point.
    """
    first = identity(runs[0].manifest.physics)
    parts = []
    for run in runs:
        require_same(str(runs[0].directory), first, str(run.directory), identity(run.manifest.physics))
        parameters = list(problem.model.space.names)
        table = run.table(list(dict.fromkeys([*parameters, *names, LOGLIKE, "status"])))
        x = np.column_stack([table[name].to_numpy() for name in parameters])
        targets = np.column_stack([table[name].to_numpy() for name in names]).astype(float)
        loglike = table[LOGLIKE].to_numpy().astype(float)
        failed = table["status"].to_numpy() != Status.OK
        targets[failed | ~np.isfinite(targets).all(axis=1)] = np.nan
        chi2 = np.where(failed | ~np.isfinite(loglike), np.inf, -2.0 * loglike)
        parts.append(Rows(problem.model.space.to_unit(x), x, targets, chi2))
    rows = Rows(*(np.concatenate([getattr(p, k) for p in parts]) for k in ("u", "x", "targets", "chi2")))
    if not len(rows):
        raise RunError(f"{', '.join(str(run.directory) for run in runs)}: no point is stored")
    return rows
