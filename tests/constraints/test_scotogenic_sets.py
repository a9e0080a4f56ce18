"""The constraint sets of the scotogenic model that hold more than numbers of one line."""

from __future__ import annotations

import numpy as np
import pytest

import terranova
from terranova.constraints.scotogenic import loglike, pull, violation
from terranova.errors import TerranovaError

OSCILLATIONS = ("dm21", "dm31", "s12", "s13", "s23", "dcp")
ENDS = {
    "dm21": (7.236e-5, 7.823e-5),
    "dm31": (2.450e-3, 2.576e-3),
    "s12": (0.2893, 0.3295),
    "s13": (0.02070, 0.02420),
    "s23": (0.435, 0.584),
    "dcp": (125.0, 365.0),
}
"""Of 3 sigma, NuFIT 6.1: its table of parameters, not the tables of chi2."""


@pytest.fixture(scope="module")
def problem() -> terranova.Problem:
    return terranova.problem("scotogenic-ci37", ["scotogenic-neutrino"])


def chi2(problem: terranova.Problem, name: str, values: np.ndarray) -> np.ndarray:
    constraint = next(c for c in problem.constraints if c.name == name)
    return np.asarray(-2.0 * constraint.loglike(values[:, None]))


@pytest.mark.parametrize("name", OSCILLATIONS)
def test_three_sigma_ends_are_those_of_the_fit(problem: terranova.Problem, name: str) -> None:
    """-2 ln L is 9 there, whichever kind it comes from; inside is accepted and outside is not."""
    ends = np.array(ENDS[name])
    assert chi2(problem, name, ends) == pytest.approx(9.0, abs=0.8)
    constraint = next(c for c in problem.constraints if c.name == name)
    width = ends[1] - ends[0]
    inside, outside = ends + 0.01 * width * np.array([1, -1]), ends + 0.01 * width * np.array([-1, 1])
    assert (constraint.violation(inside[:, None]) == 0.0).all()
    assert (constraint.violation(outside[:, None]) > 0.0).all()


def test_both_octants(problem: terranova.Problem) -> None:
    """A second minimum near 0.55, 0.8 above the first, where a Gaussian of the first has 22."""
    grid = np.linspace(0.50, 0.60, 101)
    values = chi2(problem, "s23", grid)
    assert grid[values.argmin()] == pytest.approx(0.55, abs=0.003)
    assert values.min() == pytest.approx(0.76, abs=0.01)
    assert ((0.55 - 0.470) / 0.017) ** 2 > 20.0


def test_the_phase_is_periodic(problem: terranova.Problem) -> None:
    """A step below and above the cut of [64, 424)."""
    low, high = chi2(problem, "dcp", np.array([64.001, 423.999]))
    assert low == pytest.approx(high, abs=1e-3)


def test_one_edition_at_a_time() -> None:
    with pytest.raises(TerranovaError, match="nufit"):
        terranova.problem("scotogenic-ci37", ["scotogenic-neutrino", "scotogenic-neutrino-nufit60"])


def test_the_error_of_the_prediction_is_that_of_the_point() -> None:
    """With no error it is Planck's; with 10 % a tenth of the prediction, in quadrature."""
    omega, error = np.array([0.1224, 0.1324, 0.1324]), np.array([0.0, 0.0, 0.1])
    assert pull(omega, error) == pytest.approx([2.0, 0.0124 / 0.0012, 0.0124 / np.hypot(0.0012, 0.01324)])
    assert loglike(omega, error) == pytest.approx(-0.5 * pull(omega, error) ** 2)
    assert violation(omega, error)[0] == pytest.approx(0.0, abs=1e-9)
    assert violation(omega, error)[1] > 8.0
    assert violation(omega, error)[2] == 0.0


def test_what_is_not_known_is_not_valid() -> None:
    """The window of the relic density accepts a point only together with its error."""
    constraints = {c.name: c for c in terranova.problem("scotogenic-ci37", ["scotogenic-dark-matter"]).constraints}
    assert constraints["Omega_h2"].violation(np.array([[0.12]]))[0] == 0.0
    assert constraints["Omega_error"].violation(np.array([[0.05], [0.3]])).tolist() == [
        0.0,
        pytest.approx(np.log10(3)),
    ]
