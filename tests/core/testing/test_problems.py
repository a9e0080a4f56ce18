"""The problem of the conformance suites: its volume is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from terranova.testing.problems import ring


def test_the_volume_of_the_ring_is_exact() -> None:
    problem = ring()
    model: Any = problem.model.plugin
    n = 1 << 19
    u = np.random.default_rng(1).random((n, 4))
    x = problem.model.space.to_physical(u)
    violations, _ = problem.score(x, problem.evaluate(x).observables)
    found = int((~violations.any(axis=1)).sum())
    expected = n * model.volume
    assert abs(found - expected) < 4.0 * np.sqrt(expected)
    valid = u[~violations.any(axis=1), 2]
    assert (valid < 0.1).any()
    assert (valid > 0.9).any()  # across the seam
