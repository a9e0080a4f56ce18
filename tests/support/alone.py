"""What must hold of every constraint: a point alone has the same bits as in a batch."""

from __future__ import annotations

from collections.abc import Iterable

from terranova import Constraint
from terranova.types import Floats


def assert_alone_as_in_a_batch(constraint: Constraint, values: Floats, rows: Iterable[int]) -> None:
    """Ask for some of the points (n, observables) alone."""
    violation, loglike = constraint.violation(values), constraint.loglike(values)
    for i in rows:
        assert constraint.violation(values[i : i + 1])[0] == violation[i]
        assert constraint.loglike(values[i : i + 1])[0] == loglike[i]
