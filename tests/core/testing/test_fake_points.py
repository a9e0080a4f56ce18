"""Made-up points: the same on every call, and consistent as those of a scan are."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.interfaces.batch import Status
from terranova.testing.fake_points import fake_batch, fake_schema


def test_the_schema_has_so_many_columns() -> None:
    schema = fake_schema(3, 0, 2)
    assert (len(schema.parameters), len(schema.observables), len(schema.violations)) == (3, 0, 2)


@pytest.mark.parametrize("rows", [0, 1, 200])
def test_the_same_call_gives_the_same_rows(rows: int) -> None:
    one, two = (fake_batch(fake_schema(), rows, island=2, generation=3) for _ in range(2))
    for name in ("u", "x", "observables", "violations", "loglike", "status", "index"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert one.index.tolist() == list(range(3 * rows, 4 * rows))


def test_rows_are_what_rows_of_a_scan_are() -> None:
    batch = fake_batch(fake_schema(), 500, failing=0.3)
    failed = batch.status != Status.OK
    assert 0.2 < failed.mean() < 0.4
    assert np.isnan(batch.observables[failed]).all()
    assert np.isinf(batch.violations[failed]).all()
    assert (np.array([bool(reason) for reason in batch.reason]) == failed).all()
    np.testing.assert_array_equal(np.isfinite(batch.loglike), batch.valid)
