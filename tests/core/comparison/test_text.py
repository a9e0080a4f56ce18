"""A comparison in words: values with intervals, titles, errors, tables."""

from __future__ import annotations

import math

import pytest

from terranova.comparison.results import Comparison
from terranova.comparison.statistics import Estimate
from terranova.comparison.text import errors, short, table, title, verdict, with_interval


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(254.4, 247.0, 261.0), "254 [247, 261]"),
        (Estimate(5.0, 5.0, 5.0), "5"),
        (Estimate(5.0, math.nan, math.nan), "5"),
        (Estimate(math.nan, math.nan, math.nan), "–"),
    ],
)
def test_values_have_intervals_where_they_are_known(estimate: Estimate, text: str) -> None:
    assert with_interval(estimate) == text


@pytest.mark.parametrize(("value", "text"), [(1234.0, "1,230"), (0.012345, "0.0123"), (7.0, "7")])
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert short(value) == text


def test_what_is_said_of_a_problem(comparison: Comparison) -> None:
    (problem,) = comparison.problems
    assert "4 parameters, 2 constraints; 100 evaluations a trial, 2 seeds" in title(problem, comparison)
    assert errors(problem) == ["random: 1 trial failed: it broke"]
    assert "With 2 seeds no test can tell much" in verdict(problem)[-1]


def test_tables_leave_out_what_nobody_knows(comparison: Comparison) -> None:
    shown = table(comparison.problems[0], intervals=False)
    headings = [column.heading for column in shown.columns]
    assert "sampler" in headings[0]
    assert not any("observables" in heading for heading in headings)
    assert [row[0] for row in shown.rows] == ["even", "random"]
