"""Made-up points, the same on every call: for tests and benchmarks of what stores or reads them."""

from __future__ import annotations

import numpy as np

from terranova.interfaces.batch import Batch, Status
from terranova.store.schema import Field, Schema


def fake_schema(parameters: int = 3, observables: int = 4, violations: int = 2) -> Schema:
    """A schema with the given numbers of columns."""
    return Schema(
        [Field(f"p{i}", "GeV", f"p_{{{i}}}", f"parameter {i}") for i in range(parameters)],
        [Field(f"o{i}", description=f"observable {i}") for i in range(observables)],
        [Field(f"c{i}", source="PDG 2024") for i in range(violations)],
    )


def fake_batch(
    schema: Schema,
    rows: int,
    *,
    island: int = 0,
    generation: int = 0,
    failing: float = 0.1,
    violating: float = 0.1,
) -> Batch:
    """The points of one step of one island.

    Args:
        schema: says how many parameters (d), observables (k) and constraints (m) there are.
        rows: number of points n.
        island, generation: decide the numbers, and the index: generations of `rows` points each follow on.
        failing: share of points that fail, with a reason, NaN observables and infinite violations.
        violating: share of the violations of the other points that are not zero.
    """
    rng = np.random.default_rng([island, generation, rows])
    d, k, m = len(schema.parameters), len(schema.observables), len(schema.violations)
    failed = rng.random(rows) < failing
    violations = np.where(rng.random((rows, m)) < violating, rng.exponential(size=(rows, m)), 0.0)
    violations[failed] = np.inf
    observables = np.exp(rng.normal(size=(rows, k)))
    observables[failed] = np.nan
    excluded = failed | violations.any(axis=1)
    return Batch(
        island=np.full(rows, island),
        generation=np.full(rows, generation),
        index=np.arange(generation * rows, (generation + 1) * rows),
        u=rng.random((rows, d)),
        x=rng.normal(size=(rows, d)),
        observables=observables,
        violations=violations,
        loglike=np.where(excluded, -np.inf, -rng.exponential(size=rows)),
        status=np.where(failed, Status.RAISED, Status.OK).astype(np.int8),
        reason=[f"no vacuum at point {i}" if failed[i] else "" for i in range(rows)],
        stage=rng.integers(0, 3, rows).astype(np.int8),
        seconds=rng.random(rows),
    )
