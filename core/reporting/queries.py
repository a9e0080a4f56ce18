"""What the report shows, drawn from the store by queries whose results stay small however long the scan was."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from terranova.interfaces.batch import Status
from terranova.runs.run import Run, quoted
from terranova.types import Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

    from terranova.evaluation.problem import Problem
    from terranova.runs.diagnosis import Kills

SAMPLE = 20_000
"""Points that figures are drawn from; a larger number would not be seen."""

CLOSEST = 2_000
"""Points shown instead of valid ones when there are none."""

STEPS = 100
"""Points of a progress curve; the first of them is resolved further, `PER_DOUBLING` to a doubling."""

PER_DOUBLING = 4

MANY_OBSERVABLES = 60
"""Observables that are looked at; each costs a column to read."""


@dataclass(frozen=True)
class Progress:
    """How a run went on, over s steps of all islands together.

    Attributes:
        evaluations: (s,) evaluations so far.
        valid: (islands, s) valid points so far, of each island.
        violation: (islands, s) smallest total violation so far, of each island.
        coverage: (s,) occupied bins, averaged over pairs of parameters; None when not known.
    """

    evaluations: Ints
    valid: Ints
    violation: Floats
    coverage: Floats | None


@dataclass(frozen=True)
class Failure:
    """Points that failed for one reason: numbers in the reasons are masked by "#" to put like with like."""

    status: str
    reason: str
    points: int


def interesting_observables(run: Run, problem: Problem | None, kills: Kills, most: int) -> list[str]:
    """At most so many stored observables, in their order: those read by constraints that most points violate."""
    stored = [o.name for o in run.observables]
    resistance = dict.fromkeys(stored, -1)
    if problem is not None:
        for constraint, violated in zip(problem.constraints, kills.violated.tolist(), strict=True):
            for name in constraint.observables:
                if name in resistance:
                    resistance[name] = max(resistance[name], violated)
    chosen = set(sorted(stored, key=lambda name: -resistance[name])[:most])
    return [name for name in stored if name in chosen]


def sample(run: Run, columns: list[str], condition: str, rows: int = SAMPLE) -> pd.DataFrame:
    """Return about `rows` points that satisfy a condition: always the same ones, evenly over the run."""
    total = _count(run, condition)
    # A hash of the point's own number: independent of files, threads and of the other columns.
    every = max(1, -(-total // rows))
    names = ", ".join(quoted(name) for name in [*columns, "valid", "loglike", "total_violation", "island", "index"])
    query = (
        f'SELECT {names} FROM points WHERE ({condition}) AND hash(island, "index") % {every} = 0 '
        'ORDER BY island, "index"'
    )
    frame: pd.DataFrame = run.sql(query).to_pandas()
    return frame


def closest(run: Run, columns: list[str], rows: int = CLOSEST) -> pd.DataFrame:
    """Return the points of smallest total violation, the smallest last so that they are drawn on top."""
    query = """SELECT max(total_violation) AS edge FROM (SELECT total_violation FROM points
               WHERE isfinite(total_violation) ORDER BY 1 LIMIT {})"""
    edge = run.sql(query.format(rows))["edge"][0].as_py() if run.count else None
    if edge is None:
        return sample(run, columns, "false") if run.count else run.table().slice(0, 0).to_pandas()
    frame = sample(run, columns, f"total_violation <= {edge!r}", rows=2 * rows)
    return frame.sort_values("total_violation", ascending=False, kind="stable").tail(rows)


def failures(run: Run, most: int = 20) -> list[Failure]:
    """Return why points failed, the commonest reasons first."""
    if not run.count:
        return []
    query = f"""SELECT status, regexp_replace(reason, '-?[0-9]+(\\.[0-9]*)?([eE][-+]?[0-9]+)?', '#', 'g')
                AS why, count(*) AS points FROM points WHERE status <> 0 GROUP BY ALL
                ORDER BY points DESC, status, why LIMIT {most}"""
    names = {int(s): s.name.lower().replace("_", "-") for s in Status}
    return [Failure(names.get(r["status"], "?"), r["why"], r["points"]) for r in run.sql(query).to_pylist()]


def progress(run: Run, problem: Problem | None, steps: int = STEPS) -> Progress | None:
    """Return how the run went on; None when nothing is stored.

    A step is a range of a point's number within its island, so all islands are at the same step when each
    has evaluated as many points. The ranges grow by doubling up to one of `steps` equal parts of the run,
    because much happens at the beginning, and are that long from then on.
    """
    if not run.count:
        return None
    last = run.sql('SELECT max("index") AS last FROM points')["last"][0].as_py()
    width = max(1, -(-(last + 1) // steps))
    early = _early_steps(width)
    query = f"""SELECT island, CASE WHEN "index" < {width} THEN floor({PER_DOUBLING} * log2("index" + 1))
                ELSE {early - 1} + "index" // {width} END AS step,
                count(*) AS points, count(*) FILTER ({run.found}) AS valid, min(total_violation) AS violation
                FROM points GROUP BY ALL"""
    frame = run.sql(query).to_pandas()
    islands, row = np.unique(frame["island"].to_numpy(), return_inverse=True)
    step = frame["step"].to_numpy().astype(np.int64)
    shape = (len(islands), int(step.max()) + 1)
    points, valid = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    violation = np.full(shape, np.inf)
    points[row, step] = frame["points"]
    valid[row, step] = frame["valid"]
    violation[row, step] = frame["violation"]
    evaluations = points.sum(axis=0).cumsum()
    if run.evaluated > run.count:  # only valid points are stored: islands went on at one pace
        last_index = np.concatenate([_first_index(np.arange(1, shape[1]), width), [last + 1]])
        evaluations = np.round(run.evaluated * last_index / (last + 1)).astype(np.int64)
    return Progress(
        evaluations,
        valid.cumsum(axis=1),
        np.minimum.accumulate(violation, axis=1),
        None if problem is None else _coverage(run, problem, width, shape[1]),
    )


def _early_steps(width: int) -> int:
    """Number of the first step that is `width` long."""
    return math.floor(PER_DOUBLING * math.log2(width)) + 1


def _step_of(index: Ints, width: int) -> Ints:
    """Step (n,) of points with these numbers within their islands; the same as the query in `progress`."""
    early = np.floor(PER_DOUBLING * np.log2(index + 1)).astype(np.int64)
    return np.where(index < width, early, _early_steps(width) - 1 + index // width)


def _first_index(step: Ints, width: int) -> Floats:
    """First index of steps (n,): about the inverse of `_step_of`."""
    early = _early_steps(width)
    return np.where(step < early, np.ceil(2.0 ** (step / PER_DOUBLING)) - 1, (step - early + 1.0) * width)


def _coverage(run: Run, problem: Problem, width: int, steps: int) -> Floats:
    """(steps,) occupied bins, averaged over pairs of parameters, after each step.

    For every bin the first step in which it was hit is noted, in whatever order the points come, which needs
    neither sorting nor a second pass.
    """
    from terranova.runs.coverage import BINS

    space = problem.model.space
    d = space.dimension
    pairs = [(i, j) for i in range(d) for j in range(i + 1, d)]
    first = np.full((len(pairs), BINS * BINS), steps, dtype=np.int64)
    for table in run.reader.batches([*space.names, "index"], run.found):
        x = np.column_stack([table[name].to_numpy() for name in space.names])
        bins = np.clip((space.to_unit(x) * BINS).astype(np.int64), 0, BINS - 1)
        step = np.minimum(_step_of(table["index"].to_numpy(), width), steps - 1)
        for pair, (i, j) in enumerate(pairs):
            np.minimum.at(first[pair], bins[:, i] * BINS + bins[:, j], step)
    hits = np.bincount(first.ravel(), minlength=steps + 1)[:steps]
    return hits.cumsum() / max(1, len(pairs))


def _count(run: Run, condition: str) -> int:
    if not run.count:
        return 0
    return int(run.sql(f"SELECT count(*) AS n FROM points WHERE {condition}")["n"][0].as_py())
