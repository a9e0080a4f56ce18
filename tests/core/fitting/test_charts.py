"""Coordinates of steps: there and back, and which parameters have a logarithm."""

from __future__ import annotations

import numpy as np
import pytest

from terranova import Angle, LogUniform, Parameter, SignedLogUniform, Uniform
from terranova.fitting.charts import CUBE, LOGS, Charts, inward

PARAMETERS = [
    Parameter("mass", Uniform(130.0, 1000.0)),
    Parameter("zero", Uniform(0.0, 10.0)),
    Parameter("signed", Uniform(-1.0, 1.0)),
    Parameter("decades", LogUniform(1e-3, 1e3)),
    Parameter("both", SignedLogUniform(1e-3, 1.0)),
    Parameter("angle", Angle(0.0, 6.28)),
]


@pytest.mark.parametrize("chart", [CUBE, LOGS])
def test_there_and_back(chart: int) -> None:
    charts = Charts(PARAMETERS)
    u = np.random.default_rng(1).uniform(1e-3, 1.0, (50, len(PARAMETERS)))
    where = np.full(50, chart)
    v = charts.from_cube(u, where)
    np.testing.assert_allclose(charts.to_cube(v, where), u, atol=1e-12)
    assert ((v >= 0.0) & (v <= 1.0)).all()


def test_only_what_is_positive_and_not_flat_in_its_logarithm_differs() -> None:
    u = np.full((1, len(PARAMETERS)), 0.3)
    v = Charts(PARAMETERS).from_cube(u, np.array([LOGS]))
    assert [p.name for p, differs in zip(PARAMETERS, v[0] != u[0], strict=True) if differs] == ["mass", "zero"]
    assert Charts(PARAMETERS).count == 2
    assert Charts(PARAMETERS[2:]).count == 1


def test_a_product_is_straight_in_logarithms() -> None:
    masses = [Parameter(name, Uniform(10.0, 1000.0)) for name in "ab"]
    a = np.geomspace(20.0, 500.0, 9)
    u = np.column_stack([p.prior.to_unit(x) for p, x in zip(masses, (a, 10_000.0 / a), strict=True)])
    v = Charts(masses).from_cube(u, np.full(9, LOGS))
    np.testing.assert_allclose(v.sum(axis=1), v[0].sum())


def test_probes_stay_within() -> None:
    v = np.array([[0.0, 1.0, 1.0]])
    steps = inward(v, 1e-6, np.array([False, False, True]))
    np.testing.assert_array_equal(np.sign(steps), [[1.0, -1.0, 1.0]])
