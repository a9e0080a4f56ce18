"""Priors and parameter spaces: the map from the unit cube, its inverse, and its density."""

from __future__ import annotations

import numpy as np
import pytest

from terranova import (
    Angle,
    Fixed,
    LogUniform,
    Normal,
    Parameter,
    ParameterSpace,
    Prior,
    SignedLogUniform,
    Uniform,
)

EXAMPLES: dict[str, Prior] = {
    "uniform": Uniform(-2, 3),
    "angle": Angle(),
    "log": LogUniform(0.1, 50),
    "signed-log": SignedLogUniform(0.1, 1e7),
    "normal": Normal(125.2, 0.1),
}


def test_a_point_is_mapped_alike_in_any_batch() -> None:
    u = np.random.default_rng(1).random((1000, 5))
    space = ParameterSpace(tuple(Parameter(name, prior) for name, prior in EXAMPLES.items()))
    together = space.to_physical(u)
    apart = np.concatenate([space.to_physical(u[i : i + 1]) for i in range(len(u))])
    np.testing.assert_array_equal(together, apart)


def test_fixed_parameters_have_no_axis() -> None:
    space = ParameterSpace((Parameter("a", Fixed(3.0)), Parameter("b", Uniform(0, 2)), Parameter("phi", Angle())))
    assert (len(space), space.dimension, space.names) == (3, 2, ("a", "b", "phi"))
    assert space.periodic.tolist() == [False, True]
    x = space.to_physical(np.array([[0.5, 0.0], [1.0, 1.0]]))
    np.testing.assert_allclose(x, [[3, 1, -np.pi], [3, 2, np.pi]])
    np.testing.assert_allclose(space.to_unit(x), [[0.5, 0.0], [1.0, 1.0]])


def test_overriding_a_prior_changes_nothing_else() -> None:
    space = ParameterSpace((Parameter("a", Uniform(0, 1), unit="GeV"), Parameter("b", Uniform(0, 2))))
    changed = space.override({"a": Fixed(0.3)})
    assert (changed.parameters[0].prior, changed.parameters[0].unit) == (Fixed(0.3), "GeV")
    assert changed.parameters[1] == space.parameters[1]
    with pytest.raises(KeyError, match="c"):
        space.override({"c": Fixed(1)})


def test_shapes_and_names_are_checked() -> None:
    space = ParameterSpace((Parameter("a", Uniform(0, 1)),))
    with pytest.raises(ValueError, match=r"shape \(n, 1\)"):
        space.to_physical(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"shape \(n, 1\)"):
        space.to_unit(np.zeros(3))
    with pytest.raises(ValueError, match="given twice: a"):
        ParameterSpace((Parameter("a", Uniform(0, 1)), Parameter("a", Uniform(0, 1))))


def test_the_default_is_the_median_unless_given() -> None:
    assert Parameter("a", Uniform(0, 4)).default_value == 2.0
    assert Parameter("a", LogUniform(1, 100)).default_value == pytest.approx(10.0)
    assert Parameter("a", Uniform(0, 4), default=1.0).default_value == 1.0
