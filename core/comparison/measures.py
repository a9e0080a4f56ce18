"""What a finished trial is worth: numbers and thinned points, from its run directory alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.comparison.known_region import known_region
from terranova.runs.coverage import Coverage
from terranova.types import Array, Bools, Floats, Ints

if TYPE_CHECKING:
    from terranova.runs.completeness import Completeness
    from terranova.runs.run import Run

CHECKPOINTS = 40
"""Moments, evenly spaced in evaluations, at which the curves of a trial are known."""

SAMPLE = 1500
"""Valid points of a trial that are kept, evenly spaced in the order of their discovery."""

_DISTINCT = 1e-9
"""Points of the unit cube nearer than this, in every coordinate, count once."""


@dataclass(frozen=True)
class MeasuredRun:
    """Measures of one trial.

    Attributes:
        numbers: plain numbers by name; None where there is none.
        arrays: curves (CHECKPOINTS,), occupied bins (packed), and the sample of valid points.
    """

    numbers: dict[str, Any]
    arrays: dict[str, Array]


def measure(run: Run, features: Mapping[str, tuple[float, float]], *, seconds: float | None) -> MeasuredRun:
    """Measure a run.

    Points are counted in the order (generation, island, number within the island). Points that a sampler spent
    on derivatives count as evaluations, not as found.

    Args:
        run: that has ended.
        features: observable -> (low, high), for coverage in observables.
        seconds: how long it took; None when that is not known, because it was interrupted.
    """
    names = set(run.schema.names)
    probe = ["probe"] if "probe" in names else []
    rows = run.table(["generation", "island", "index", "valid", "status", *probe])
    order = np.lexsort([rows[name].to_numpy() for name in ("index", "island", "generation")])
    valid: Bools = rows["valid"].to_numpy(zero_copy_only=False)[order]
    if probe:
        valid = valid & ~rows["probe"].to_numpy(zero_copy_only=False)[order]
    failed = int((rows["status"].to_numpy() != 0).sum())
    evaluations = len(valid)
    u, observed = _valid_points(run, list(features), bool(probe))
    measured = measure_points(valid, u, _scaled(observed, features))
    measured.numbers.update(_completeness(run.completeness()))
    measured.numbers.update(failed=failed, seconds=seconds, **_timings(run, evaluations, known=seconds is not None))
    region = known_region(run.problem().model.plugin)
    if region is not None:
        measured.numbers["regions"] = len(np.unique(region.region_of(u))) if len(u) else 0
    return measured


def measure_points(valid: Bools, u: Floats, scaled: Floats) -> MeasuredRun:
    """Measure a search of which only its points are known.

    Args:
        valid: (n,) whether each evaluated point was found valid, in the order of evaluation.
        u: (v, d) the valid ones in the unit cube, in that order.
        scaled: (v, f) their observables, scaled so that the ranges looked at become [0, 1].
    """
    evaluations = len(valid)
    positions = np.flatnonzero(valid)
    edges = np.linspace(0, evaluations, CHECKPOINTS + 1).astype(np.int64)[1:]
    cover, cover_observed = Coverage(u.shape[1]), Coverage(scaled.shape[1])
    curve, curve_observed = np.zeros(CHECKPOINTS), np.zeros(CHECKPOINTS)
    counts = np.searchsorted(positions, edges)
    for i, (start, stop) in enumerate(zip(np.concatenate([[0], counts[:-1]]), counts, strict=True)):
        cover.add(u[start:stop])
        cover_observed.add(scaled[start:stop])
        curve[i], curve_observed[i] = cover.mean, cover_observed.mean
    sample = np.unique(np.linspace(0, len(positions) - 1, SAMPLE).astype(np.int64)) if len(positions) else positions
    numbers: dict[str, Any] = {
        "evaluations": evaluations,
        "first_valid": int(positions[0]) + 1 if len(positions) else None,
        "valid": len(positions),
        "distinct": _distinct(u),
        "coverage": cover.mean,
        "coverage_observables": cover_observed.mean if scaled.shape[1] > 1 else None,
    }
    arrays: dict[str, Array] = {
        "evaluations": edges,
        "coverage": curve,
        "coverage_observables": curve_observed,
        "valid": counts,
        "bins": cover.state(),
        "bins_observables": cover_observed.state(),
        "u": u[sample],
    }
    return MeasuredRun(numbers, arrays)


def _completeness(c: Completeness) -> dict[str, float | None]:
    """Return what a trial says of itself: an estimate, or a limit, or that its map still grew."""
    return {
        "estimated": None if c.estimate is None else c.estimate.value,
        "completeness": c.at_most,
        "growing": float(bool(c.growing)) if c.valid else None,
    }


def _valid_points(run: Run, observables: list[str], probe: bool) -> tuple[Floats, Floats]:
    """Return the valid points u (v, d) and their observables (v, f), in the order of discovery."""
    space = run.problem().model.space
    keys = ["generation", "island", "index"]
    where = "NOT probe" if probe else None
    table = run.table([*keys, *space.names, *observables], where=where, valid=True)
    order = np.lexsort([table[name].to_numpy() for name in reversed(keys)])
    x = np.column_stack([table[name].to_numpy() for name in space.names])[order]
    observed = [table[name].to_numpy()[order] for name in observables]
    u = space.to_unit(x) if len(x) else np.empty((0, space.dimension))
    return u, np.column_stack(observed) if observed else np.empty((len(x), 0))


def _distinct(u: Floats) -> int:
    """Return how many points of u (n, d) differ."""
    cells: Ints = np.round(u / _DISTINCT).astype(np.int64)
    return len(np.unique(cells, axis=0)) if len(u) else 0


def _scaled(observed: Floats, features: Mapping[str, tuple[float, float]]) -> Floats:
    """Scale observables (n, f) so that their ranges become [0, 1]."""
    if not features:
        return observed
    low, high = np.array(list(features.values())).T
    return np.asarray((observed - low) / (high - low))


def _timings(run: Run, evaluations: int, *, known: bool) -> dict[str, float | None]:
    """Return microseconds a point spent in the sampler (ask, tell, exchange) and in the model."""
    spent = run.summary.get("timings", {}) if known else {}
    if not spent or not evaluations:
        return {"sampler_us": None, "model_us": None}
    sampler = sum(float(spent.get(part, 0.0)) for part in ("ask", "tell", "exchange"))
    return {"sampler_us": 1e6 * sampler / evaluations, "model_us": 1e6 * float(spent["model"]) / evaluations}
