"""Two parameters exchanged: which may be, and where that leads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terranova import LogUniform, Normal, Parameter, Uniform
from terranova.fitting.exchanges import exchanged, pairs
from terranova.interfaces.parameters import ParameterSpace

HEAVY = Parameter("m_H", Uniform(130.0, 1000.0), "GeV")
LIGHT = Parameter("m_A", LogUniform(80.0, 800.0), "GeV")
ANGLE, RATIO = Parameter("alpha", Uniform(-1.5, 1.5)), Parameter("tan_beta", LogUniform(0.3, 50.0))
COUPLINGS = Parameter("g_1", Uniform(-3.0, 3.0)), Parameter("g_2", Uniform(-3.0, 3.0))
ALL = (ANGLE, HEAVY, COUPLINGS[0], RATIO, LIGHT, COUPLINGS[1])


def test_masses_and_couplings_are_exchanged_but_no_angle_for_a_ratio() -> None:
    assert pairs(ALL) == [(1, 4), (2, 5)]


def test_a_point_and_its_exchanges() -> None:
    space = ParameterSpace(ALL)
    x = np.array([[0.3, 150.0, 1.0, 2.0, 600.0, -1.0], [0.3, 900.0, 1.0, 2.0, 600.0, -1.0]])
    rows, u = exchanged(space.free, space.to_unit(x), 4, np.random.default_rng(1))
    found = {(row, *np.round(point, 6)) for row, point in zip(rows.tolist(), space.to_physical(u), strict=True)}
    assert found == {
        (0, 0.3, 600.0, 1.0, 2.0, 150.0, -1.0),
        (0, 0.3, 150.0, -1.0, 2.0, 600.0, 1.0),
        (1, 0.3, 900.0, -1.0, 2.0, 600.0, 1.0),  # 900 GeV is beyond the prior of m_A
    }


def test_what_is_the_same_already_is_not_exchanged() -> None:
    space = ParameterSpace(COUPLINGS)
    rows, _ = exchanged(space.free, space.to_unit(np.array([[1.0, 1.01]])), 4, np.random.default_rng(1))
    assert not len(rows)


def test_parameters_without_partner_are_left() -> None:
    rows, u = exchanged((ANGLE, RATIO), np.full((3, 2), 0.5), 4, np.random.default_rng(1))
    assert (rows.shape, u.shape) == ((0,), (0, 2))


def test_of_many_exchanges_some_are_drawn() -> None:
    space = ParameterSpace(tuple(Parameter(f"m{i}", Uniform(0.0, 1000.0), "GeV") for i in range(10)))
    u = np.random.default_rng(3).random((200, 10))
    rows, moved = exchanged(space.free, u, 3, np.random.default_rng(1))
    assert np.bincount(rows).max() == 3
    assert np.bincount(rows).sum() > 590  # 45 possible ones each, few of which are too short
    assert ((moved != u[rows]).sum(axis=1) == 2).all()
    changed = (moved != u[rows]).sum(axis=0)
    assert changed.min() > 0.5 * changed.mean()  # every parameter has its turn


@pytest.mark.parametrize("other", [Uniform(0.0, 2.0), LogUniform(0.5, 20.0), Normal(1.0, 0.5)])
@settings(max_examples=60, deadline=None)
@given(u=st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)), min_size=1, max_size=8))
def test_exchanges_stay_in_the_priors(other: Uniform, u: list[tuple[float, float]]) -> None:
    space = ParameterSpace((Parameter("a", Uniform(-1.0, 3.0), "GeV"), Parameter("b", other, "GeV")))
    start = np.array(u)
    rows, moved = exchanged(space.free, start, 2, np.random.default_rng(1))
    assert ((moved >= 0.0) & (moved <= 1.0)).all()
    x, y = space.to_physical(start[rows]), space.to_physical(moved)
    np.testing.assert_allclose(y, x[:, ::-1], rtol=1e-5)
