"""How good a surrogate is, on rows that it has never seen: numbers, a figure, a page."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from terranova.errors import RunError
from terranova.runs.run import Run
from terranova.surrogates.dataset import REGION, Rows, identity, read_rows, require_same
from terranova.surrogates.trained import TRUST, StandIn
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


def check(made: StandIn, run: Run | None = None) -> Check:
    """Measure a surrogate on the rows held out when it was trained, or on those of another run.

    The reference of Delta chi2 is the best of all rows known, of training or of these. Rows that were trained on
    are not left out of `run`: give one of another seed.

    Raises:
        RunMismatch: the run is of another problem.
        RunError: the surrogate is untrained, or no row lies in the region.
    """
    if made.surrogate.reason:
        raise RunError(f"there is nothing to check: {made.surrogate.reason}")
    rows = made.test
    where = "rows held out when it was trained"
    if run is not None:
        require_same("the surrogate", made.identity, str(run.directory), identity(run.manifest.physics))
        rows, where = read_rows([run], made.targets, made.problem), f"all rows of {run.directory}"
    if not len(rows):
        raise RunError("no row was held out when it was trained: give a run")
    delta = rows.chi2 - min(made.best, float(rows.chi2.min(initial=np.inf)))
    inside: Bools = (delta < REGION) & np.isfinite(rows.targets).all(axis=1)
    if not inside.any():
        raise RunError(f"none of the {len(rows)} {where} has Delta chi2 < {REGION:g}: give a run that has some")
    kept = made.surrogate.near(rows.u)
    below = delta < made.cut
    here = rows.take(np.flatnonzero(inside))
    return Check(
        where=where,
        rows=len(rows),
        near=int(inside.sum()),
        cut=made.cut,
        false_rejections=(_share(~kept[inside]), _share(~kept[below])),
        kept_far=_share(kept[~below]),
        trusted=_share(made.surrogate.trust(here.u) >= TRUST),
        qualities=tuple(_qualities(made, here)),
    )


def _qualities(made: StandIn, rows: Rows) -> list[Quality]:
    found = []
    if made.gives_chi2:
        found.append(_quality("chi2", rows.chi2, made.chi2(rows.u), {}))
    mean = made.surrogate.predict(rows.u)[0]
    ends = {level: made.surrogate.interval(rows.u, level) for level in LEVELS}
    for j, name in enumerate(made.targets):
        true = rows.targets[:, j]
        coverage = {
            level: _share((true >= lower[:, j]) & (true <= upper[:, j])) for level, (lower, upper) in ends.items()
        }
        found.append(_quality(name, true, mean[:, j], coverage))
    return found


def _quality(name: str, true: Floats, predicted: Floats, coverage: dict[float, float]) -> Quality:
    error = np.abs(predicted - true)
    spread = float(((true - true.mean()) ** 2).sum())
    r2 = 1.0 - float((error**2).sum()) / spread if spread > 0.0 else math.nan
    pairs = np.column_stack([true, predicted])
    return Quality(name, len(true), float(error.mean()), float(np.quantile(error, 0.95)), r2, coverage, pairs)


def _share(flags: Bools) -> float:
    return float(np.mean(flags)) if len(flags) else math.nan


def table(found: Check) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of the table of errors, as text."""
    headings = [
        "prediction",
        "rows",
        "MAE",
        "95th percentile",
        "R2",
        *(f"in {100 * v:.0f} % interval" for v in LEVELS),
    ]
    body = [
        [
            *(q.name, str(q.rows), f"{q.mae:.3g}", f"{q.p95:.3g}", f"{q.r2:.3f}"),
            *(f"{100 * q.coverage[v]:.1f} %" if v in q.coverage else "–" for v in LEVELS),
        ]
        for q in found.qualities
    ]
    return headings, body


def sentences(found: Check) -> list[str]:
    """Return in words what the table does not say."""
    inside, below = (100 * share for share in found.false_rejections)
    return [
        f"Measured on {found.where}: {found.rows:,}, of which {found.near:,} have Delta chi2 < {REGION:g}. "
        "All errors, and R2, are of these.",
        f"The classifier wrongly rejects {inside:.2f} % of them, and {below:.2f} % of those with Delta chi2 < "
        f"{found.cut:g}; it keeps {100 * found.kept_far:.1f} % of those beyond.",
        f"{100 * found.trusted:.1f} % of them are trusted (trust >= {TRUST:g}); at the others the model is called.",
    ]


def write_page(found: Check, made: StandIn, path: Path) -> Path:
    """Write the page.

    Raises:
        RunError: it cannot be written.
    """
    from terranova.pages.section import Picture
    from terranova.surrogates import figures, page

    caption = (
        f"Predicted against true, for {found.near:,} points with Delta chi2 < {REGION:g}; on the line they agree."
    )
    pictures = [Picture(figures.predicted_against_true(found.qualities), caption)]
    headings, body = table(found)
    return page.write(path, "Check of a surrogate", made, sentences(found), headings, body, pictures)
