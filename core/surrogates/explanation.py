"""Which parameters drive a prediction: SHAP values of a surrogate on a named sample."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from terranova.errors import RunError
from terranova.runs.run import Run
from terranova.surrogates.dataset import LOGLIKE, identity, read_rows, require_same
from terranova.surrogates.trained import TrainedSurrogate
from terranova.types import Array, Floats

ROWS = 1000
"""Rows that are explained at most."""


@dataclass(frozen=True)
class Explanation:
    """SHAP values of every target.

    Attributes:
        sample: which points, in words: SHAP values depend on it.
        parameters: (d,) names.
        targets: (q,) names.
        scales: (q,) coordinate in which each is explained.
        drives: constraint -> the targets it reads; "total" for the log-likelihood.
        u: (n, d) the points, and x (n, d) the scanned parameters there.
        values: (n, q, d).
    """

    sample: str
    parameters: tuple[str, ...]
    targets: tuple[str, ...]
    scales: tuple[str, ...]
    drives: dict[str, tuple[str, ...]]
    u: Floats = field(repr=False)
    x: Floats = field(repr=False)
    values: Floats = field(repr=False)

    def share(self, target: str) -> Array:
        """Mean |SHAP| (d,) of a target, as shares of its sum; zeros if nothing matters."""
        size: Array = np.abs(self.values[:, self.targets.index(target)]).mean(axis=0)
        total = float(size.sum())
        return size / total if total > 0.0 else size


def explain(trained: TrainedSurrogate, run: Run | None = None) -> Explanation:
    """Explain the predictions on rows that the classifier keeps: of those held out, or of another run.

    Raises:
        RunMismatch: the run is of another problem.
        RunError: the surrogate is untrained, cannot explain itself, or no row is left.
    """
    if trained.surrogate.reason:
        raise RunError(f"there is nothing to explain: {trained.surrogate.reason}")
    rows, where = trained.test, "held-out rows of the training runs"
    if run is not None:
        require_same("the surrogate", trained.identity, str(run.directory), identity(run.manifest.physics))
        rows, where = read_rows([run], trained.targets, trained.problem), f"rows of {run.directory}"
    count = len(rows)
    if not count:
        raise RunError("no row was held out when it was trained: give a run")
    kept = np.flatnonzero(trained.surrogate.near(rows.u) & np.isfinite(rows.u).all(axis=1))[:ROWS]
    if not len(kept):
        raise RunError(f"none of the {count} {where} lies where the surrogate knows anything")
    rows = rows.take(kept)
    contributions = trained.surrogate.contributions(rows.u)
    if contributions is None:
        raise RunError(f"the surrogate {trained.plugin!r} cannot say what drives its predictions")
    space = trained.problem.model.space
    free = [p.name for p in space.free]
    drives = {c.name: tuple(n for n in c.observables if n in trained.targets) for c in trained.problem.constraints}
    if LOGLIKE in trained.targets:
        drives["total"] = (LOGLIKE,)
    return Explanation(
        sample=f"{len(kept)} {where} that the classifier keeps (Delta chi2 < {trained.cut:g}), of {count}",
        parameters=tuple(free),
        targets=trained.targets,
        scales=trained.surrogate.scales or ("linear",) * len(trained.targets),
        drives={name: read for name, read in drives.items() if read},
        u=rows.u,
        x=rows.x[:, [space.names.index(name) for name in free]],
        values=contributions[0],
    )
