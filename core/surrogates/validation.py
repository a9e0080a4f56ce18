"""How good a surrogate is, on rows that it has never seen: numbers, a figure, a page."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from terranova.errors import RunError
from terranova.runs.run import Run
from terranova.surrogates.dataset import REGION, Rows, identity, read_rows, require_same
from terranova.surrogates.trained import TRUST, TrainedSurrogate
from terranova.types import Bools, Floats

LEVELS = (0.68, 0.95)


@dataclass(frozen=True)
class Quality:
    """Errors of one prediction.

    Attributes:
        name: of the target, or "chi2".
        rows: how many rows they are of.
        mae: mean absolute error.
        p95: 95th percentile of the absolute error.
        r2: coefficient of determination within the same rows.
        coverage: level -> share of the rows within the interval of that level; empty where there is none.
        pairs: (n, 2) true and predicted.
    """

    name: str
    rows: int
    mae: float
    p95: float
    r2: float
    coverage: dict[float, float]
    pairs: Floats = field(repr=False)


@dataclass(frozen=True)
class Check:
    """What was measured.

    Attributes:
        where: which rows.
        rows: how many there are.
        near: how many within the region that matters.
        cut: of the classifier.
        false_rejections: share of the rows within the region that the classifier rejects, and of those below its
            cut; NaN where there are none.
        kept_far: share of the rows beyond the cut that it keeps.
        trusted: share of the rows in the region that is trusted enough to be used.
        qualities: of chi2, if it is predicted, and of every target; rows within the region.
    """

    where: str
    rows: int
    near: int
    cut: float
    false_rejections: tuple[float, float]
    kept_far: float
    trusted: float
    qualities: tuple[Quality, ...]


def check(trained: TrainedSurrogate, run: Run | None = None) -> Check:
    """Measure a surrogate on the rows held out when it was trained, or on those of another run.

    The reference of Delta chi2 is the best of all rows known, of training or of these. Rows that were trained on
    are not left out of `run`: give one of another seed.

    Raises:
        RunMismatch: the run is of another problem.
        RunError: the surrogate is untrained, or no row lies in the region.
    """
    if trained.surrogate.reason:
        raise RunError(f"there is nothing to check: {trained.surrogate.reason}")
    rows = trained.test
    where = "rows held out when it was trained"
    if run is not None:
        require_same("the surrogate", trained.identity, str(run.directory), identity(run.manifest.physics))
        rows, where = read_rows([run], trained.targets, trained.problem), f"all rows of {run.directory}"
    if not len(rows):
        raise RunError("no row was held out when it was trained: give a run")
    delta = rows.chi2 - min(trained.best, float(rows.chi2.min(initial=np.inf)))
    inside: Bools = (delta < REGION) & np.isfinite(rows.targets).all(axis=1)
    if not inside.any():
        raise RunError(f"none of the {len(rows)} {where} has Delta chi2 < {REGION:g}: give a run that has some")
    kept = trained.surrogate.near(rows.u)
    below = delta < trained.cut
    here = rows.take(np.flatnonzero(inside))
    return Check(
        where=where,
        rows=len(rows),
        near=int(inside.sum()),
        cut=trained.cut,
        false_rejections=(_share(~kept[inside]), _share(~kept[below])),
        kept_far=_share(kept[~below]),
        trusted=_share(trained.surrogate.trust(here.u) >= TRUST),
        qualities=tuple(_qualities(trained, here)),
    )


def _qualities(trained: TrainedSurrogate, rows: Rows) -> list[Quality]:
    qualities = []
    if trained.gives_chi2:
        qualities.append(_quality("chi2", rows.chi2, trained.chi2(rows.u), {}))
    mean = trained.surrogate.predict(rows.u)[0]
    ends = {level: trained.surrogate.interval(rows.u, level) for level in LEVELS}
    for j, name in enumerate(trained.targets):
        true = rows.targets[:, j]
        coverage = {
            level: _share((true >= lower[:, j]) & (true <= upper[:, j])) for level, (lower, upper) in ends.items()
        }
        qualities.append(_quality(name, true, mean[:, j], coverage))
    return qualities


def _quality(name: str, true: Floats, predicted: Floats, coverage: dict[float, float]) -> Quality:
    error = np.abs(predicted - true)
    spread = float(((true - true.mean()) ** 2).sum())
    r2 = 1.0 - float((error**2).sum()) / spread if spread > 0.0 else math.nan
    pairs = np.column_stack([true, predicted])
    return Quality(name, len(true), float(error.mean()), float(np.quantile(error, 0.95)), r2, coverage, pairs)


def _share(flags: Bools) -> float:
    return float(np.mean(flags)) if len(flags) else math.nan
