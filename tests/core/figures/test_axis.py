"""Axes: scales and ranges that fit priors and values, and labels that matplotlib can set."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from terranova.figures.axis import can_be_set, label_of, observable_axis, parameter_axis
from terranova.interfaces.parameters import Parameter
from terranova.interfaces.priors import Angle, LogUniform, Normal, SignedLogUniform, Uniform
from terranova.store import Field

inf = math.inf

AXES = [
    (LogUniform(1e-3, 1e3), "log"),
    (SignedLogUniform(0.1, 1e7), "symlog"),
    (Uniform(-1, 1), "linear"),
    (Angle(), "linear"),
]


@pytest.mark.parametrize(("prior", "scale"), AXES)
def test_axes_follow_the_prior(prior: Any, scale: str) -> None:
    values = prior.to_physical(np.linspace(0, 1, 1001))
    axis = parameter_axis(Parameter("p", prior), Field("p"), values)
    assert axis.scale == scale
    assert (axis.low, axis.high) == prior.support
    np.testing.assert_allclose(axis.unflat(axis.flat(values)), values, rtol=1e-12)
    counts, _ = np.histogram(values, axis.edges(40))
    assert counts.sum() == 1001
    inner = counts[counts > 0]
    assert inner.max() < 1.3 * inner.min()  # flat in the prior means flat in the histogram


def test_axes_of_unbounded_parameters_and_odd_observables() -> None:
    values = np.random.default_rng(0).normal(1.0, 0.1, 1000)
    axis = parameter_axis(Parameter("p", Normal(1.0, 0.1)), Field("p"), values)
    assert axis.scale == "linear"
    assert axis.low < 0.8 < 1.2 < axis.high
    field = Field("o", unit="GeV")
    for shown in ([], [np.nan, np.nan], [3.0], [0.0, 0.0], [-inf, 5.0], [1e-300, 1e300]):
        axis = observable_axis(field, np.array(shown), np.array(shown))
        assert math.isfinite(axis.low)
        assert axis.low < axis.high
        assert (np.diff(axis.edges(10)) > 0).all()
    assert observable_axis(field, np.array([1.0]), np.array([1.0]), (0.0, 5.0)).high > 5.0
    assert observable_axis(field, np.geomspace(1e-6, 1, 99), np.array([])).scale == "log"


@pytest.mark.parametrize(
    ("field", "label"),
    [
        (Field("m", unit="GeV", latex="m_H"), "$m_H$ [GeV]"),
        (Field("k", latex=r"\kappa"), r"$\kappa$"),
        (Field("x_y", latex=r"\nosuchcommand{x}"), "x_y"),
        (Field("p$q", unit="$"), r"p\$q [\$]"),
        (Field("br", unit="1e-4"), "br [1e-4]"),
        (Field("m2", unit="GeV^2"), "m2 [GeV$^{2}$]"),
    ],
)
def test_labels(field: Field, label: str) -> None:
    assert label_of(field) == label


def test_labels_are_set_by_a_matplotlib_that_is_older_than_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(self: object, text: str) -> None:
        warnings.warn("'oneOf' deprecated - use 'one_of'", DeprecationWarning, stacklevel=1)

    monkeypatch.setattr("matplotlib.mathtext.MathTextParser.parse", parse)
    assert can_be_set("$m_{old}$")


def test_can_be_set_needs_every_character() -> None:
    assert can_be_set(r"$\alpha$")
    assert not can_be_set(r"$\frac{1}$")


def test_axes_that_a_model_asks_for() -> None:
    field = Field("x")
    values = np.array([-1e-9, -1e-12, 1e-15, 1e-12, 1e-10])
    symlog = observable_axis(field, values, values, scale="symlog")
    assert symlog.scale == "symlog"
    assert symlog.low < -1e-9 < -symlog.threshold < 0.0 < symlog.threshold < 1e-10 < symlog.high
    log = observable_axis(field, values, values, scale="log")
    assert (log.scale, log.low < 1e-15, log.high > 1e-10) == ("log", True, True), "positive values only"
    wide = np.geomspace(1e-9, 1.0, 50)
    assert observable_axis(field, wide, wide).scale == "log"
    assert observable_axis(field, wide, wide, scale="linear").scale == "linear"
    near = np.array([500.0, 501.0])
    assert observable_axis(field, near, near, scale="log").scale == "linear", "no power of ten in sight"
    assert observable_axis(field, -wide, -wide, scale="log").scale == "linear"
    zero = np.zeros(3)
    assert observable_axis(field, zero, zero, scale="symlog").scale == "linear"


@pytest.mark.parametrize("latex", ["{" * 500, "x" * 400, "\U0001f600", "x}", r"\slashed{D}", "\\", "$", "a$b"])
def test_what_the_parser_does_not_take_is_the_name(latex: str) -> None:
    assert label_of(Field("m_$", "GeV", latex)) == r"m_\$ [GeV]"
    assert not can_be_set(f"${latex}$")
