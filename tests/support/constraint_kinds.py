"""Constraints of every kind, drawn at random, and a model whose observables are its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from terranova import (
    Asymmetric,
    BackgroundFree,
    Chi2Table,
    CLsLimit,
    Constraint,
    Correlated,
    Counting,
    Gaussian,
    Limit,
    Model,
    Observable,
    Parameter,
    Tabulated,
    Uniform,
    Window,
)

REFERENCE = {"source": "arXiv:physics/0406120", "date": "2004-06-20"}


NAMES = ("x", "y", "z")


_VALUES = st.floats(-1e6, 1e6)


_WIDTHS = st.floats(1e-3, 1e6)


def one(name: str = "c", observable: str = "x") -> dict[str, Any]:
    return {"name": name, "observables": (observable,), **REFERENCE}


@st.composite
def _window(draw: st.DrawFn) -> Constraint:
    lower = draw(_VALUES)
    shape = draw(st.sampled_from(["both", "lower", "upper"]))
    bounds = {"lower": lower, "upper": lower + draw(_WIDTHS)}
    return Window(**one(), **(bounds if shape == "both" else {shape: bounds[shape]}), scale=draw(_WIDTHS))


@st.composite
def asymmetric(draw: st.DrawFn) -> Constraint:
    up, down, value = draw(_WIDTHS), draw(_WIDTHS), draw(_VALUES)
    nsigma = draw(st.floats(0.5, 5.0))
    if draw(st.booleans()):
        return Gaussian(**one(), value=value, sigma=up, nsigma=nsigma)
    return Asymmetric(**one(), value=value, sigma_up=up, sigma_down=down, nsigma=nsigma, scale=draw(_WIDTHS))


@st.composite
def _limit(draw: st.DrawFn) -> Constraint:
    if draw(st.booleans()):
        return Limit(**one(), upper=draw(_WIDTHS), cl=draw(st.sampled_from([None, 0.9, 0.95])))
    return Limit(**one(), lower=draw(_VALUES))


@st.composite
def _correlated(draw: st.DrawFn) -> Constraint:
    rho = draw(st.floats(-0.95, 0.95))
    shared = {
        "one": {"relative": draw(st.floats(0.01, 0.9))},
        "two": {"sigma": draw(st.floats(0.1, 10)), "on": ["y"]},
    }
    return Correlated(
        name="c",
        observables=("x", "y"),
        **REFERENCE,
        values=(draw(st.floats(-10, 10)), draw(st.floats(-10, 10))),
        sigmas=(draw(st.floats(0.1, 10)), draw(st.floats(0.1, 10))),
        correlation=((1.0, rho), (rho, 1.0)),
        max_chi2=draw(st.floats(0.1, 10)),
        theory=draw(st.sampled_from([None, shared])),
    )


@st.composite
def _tabulated(draw: st.DrawFn) -> Constraint:
    steps = draw(st.lists(st.floats(0.1, 10), min_size=1, max_size=5))
    grid = np.cumsum([draw(st.floats(-10, 10)), *steps]).tolist()
    heights = draw(st.lists(st.floats(0.01, 100), min_size=len(grid), max_size=len(grid)))
    table: dict[str, Any] = {"x_grid": tuple(grid), "limit": tuple(heights), "log": draw(st.booleans())}
    if draw(st.booleans()):
        if not table["log"]:
            table["theory_relative"] = draw(st.sampled_from([0.0, 0.2]))
        return Tabulated(**one(), **table, max_chi2=min(heights) + draw(st.floats(0.1, 10)))
    side = draw(st.sampled_from(["upper", "lower"]))
    return Tabulated(name="c", observables=("x", "y"), **REFERENCE, **table, side=side)


@st.composite
def _uncertain(draw: st.DrawFn) -> Constraint:
    """A measurement or a limit of an observable whose prediction has an error, too."""
    error = {"theory_sigma": draw(st.floats(0, 1e6)), "theory_relative": draw(st.sampled_from([0.0, 0.05, 0.3]))}
    if draw(st.booleans()):
        return Limit(**one(), upper=draw(_WIDTHS), cl=draw(st.sampled_from([0.9, 0.95])), **error)
    up, down, value = draw(_WIDTHS), draw(_WIDTHS), draw(_VALUES)
    return Asymmetric(**one(), value=value, sigma_up=up, sigma_down=down, scale=draw(_WIDTHS), **error)


INTERVALS = st.one_of(_window(), asymmetric(), _limit(), _uncertain())


@st.composite
def _search(draw: st.DrawFn) -> Constraint:
    error = {
        "theory_sigma": draw(st.sampled_from([0.0, 0.5])),
        "theory_relative": draw(st.sampled_from([0.0, 0.2])),
    }
    shape = draw(st.sampled_from(["counting", "background-free", "cls"]))
    if shape == "counting":
        background, sigma = draw(st.floats(0, 100)), draw(st.sampled_from([0.0, 0.3, 5.0]))
        n = draw(st.integers(0, 100))
        return Counting(**one(), observed=n, background=background, sigma_background=sigma, scale=draw(_WIDTHS))
    limit = draw(st.floats(0.1, 10))
    if shape == "background-free":
        return BackgroundFree(**one(), upper=limit, **error)
    return CLsLimit(**one(), observed=limit, expected=limit * draw(st.floats(0.4, 2.5)), **error)


@st.composite
def _table(draw: st.DrawFn) -> Constraint:
    rows = draw(st.sampled_from([1, 4]))
    values = np.random.default_rng(draw(st.integers(0, 1000))).uniform(0, 20, (rows, 4)).tolist()
    grid = {"x_grid": (-1.0, 0.0, 0.5, 2.0)} | ({"y_grid": (-2.0, -1.0, 0.0, 2.0)} if rows > 1 else {})
    words = {**REFERENCE, "name": "c", "observables": ("x", "y")[: min(rows, 2)]}
    smallest = min(map(min, values))
    return Chi2Table(
        **words, **grid, chi2=tuple(map(tuple, values)), max_chi2=smallest + draw(st.floats(0.1, 5)),
        interpolation=draw(st.sampled_from(["linear", "cubic"])),
    )  # fmt: skip


CONSTRAINTS = st.one_of(INTERVALS, _correlated(), _tabulated(), _search(), _table())


class ThreeNumbers(Model):
    """Its observables are its parameters, under other names."""

    name = "three-numbers"
    parameters = tuple(Parameter(f"p_{name}", Uniform(-10, 10)) for name in NAMES)
    observables = tuple(Observable(name) for name in NAMES)

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: points[f"p_{name}"] for name in NAMES}


PAIR: dict[str, Any] = {"name": "c", "observables": ("x", "y"), **REFERENCE}


PAIR_VALUES: dict[str, Any] = {
    "values": (0, 0),
    "sigmas": (1, 1),
    "correlation": ((1, 0.5), (0.5, 1)),
    "max_chi2": 6,
}
