"""Scales and ticks."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from terranova.figures.ticks import counts_with_zero, evaluations, log_counts, set_scale, short_count


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (500, "500"), (50_000, "50k"), (1.5e6, "1.5M"), (2e9, "2G")])
def test_counts_are_short(value: float, text: str) -> None:
    assert short_count(value) == text


@pytest.mark.parametrize(("most", "scale"), [(0, "linear"), (100, "linear"), (101, "symlog"), (10**7, "symlog")])
def test_axes_of_counts_show_zero(most: int, scale: str) -> None:
    ax = Figure().subplots()
    counts_with_zero(ax, most)
    assert ax.get_xscale() == scale
    assert ax.get_xlim()[0] == 0
    assert ax.get_xlim()[1] > most


@pytest.mark.parametrize(
    ("first", "last", "log", "scale"), [(10, 1000, True, "log"), (10, 100, True, "linear"), (0, 0, False, "linear")]
)
def test_evaluations_are_logarithmic_where_it_helps(first: int, last: int, log: bool, scale: str) -> None:
    ax = Figure().subplots()
    evaluations(ax, first, last, log=log)
    assert ax.get_xscale() == scale
    assert ax.get_xlabel() == "evaluations"


def test_minor_ticks_are_labelled_within_a_decade_only() -> None:
    ax = Figure().subplots()
    ax.set_xlim(1.0, 1000.0)
    ax.set_ylim(1.0, 5.0)
    for axis in (ax.xaxis, ax.yaxis):
        set_scale(axis, "log")
    assert isinstance(ax.xaxis.get_minor_formatter(), NullFormatter)
    assert not isinstance(ax.yaxis.get_minor_formatter(), NullFormatter)
    log_counts(ax.yaxis)
    assert ax.yaxis.get_major_formatter()(2000.0) == "2,000"
