"""The lower bound on the lifetime: Belle II wants a signal that BaBar, being smaller, must have missed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

import terranova

LEVELS = (1.0, 2.706, 3.84)
"""Delta chi2 of 68, 90 and 95 % for one parameter."""


class Profile:
    """chi2 of c tau (cm), minimised over the branching ratio, for one reading of the Belle II excess."""

    def __init__(self, reading: str, m_a: float, escape: str) -> None:
        self.problem = terranova.problem("alp-plane", constraints=[reading, "alp-babar"], escape=escape)
        self.m_a = m_a

    def chi2(self, ctau: float, log_br: np.ndarray) -> np.ndarray:
        x = np.column_stack([np.full_like(log_br, self.m_a), np.full_like(log_br, ctau), 10.0**log_br])
        return -2.0 * self.problem.score(x, self.problem.evaluate(x).observables)[1]

    def __call__(self, ctau: float) -> float:
        log_br = np.linspace(-7.0, -1.0, 241)
        coarse = int(np.argmin(self.chi2(ctau, log_br)))
        around = log_br[max(coarse - 1, 0)], log_br[min(coarse + 1, 240)]
        found = minimize_scalar(
            lambda b: float(self.chi2(ctau, np.array([b]))[0]),
            bounds=around,
            method="bounded",
            options={"xatol": 1e-7},
        )
        return float(found.fun)

    def bounds(self) -> list[float]:
        """c tau in cm at which chi2 exceeds that of a stable particle by LEVELS."""
        stable = self(1e9)
        return [10.0 ** brentq(lambda t, d=d: self(10.0**t) - stable - d, 0.7, 5.0, xtol=1e-3) for d in LEVELS]


@pytest.mark.parametrize(
    ("reading", "m_a", "expected"),
    [
        # Digitised with care, detector as in ALPaca; the tables here are coarser: 3 %.
        ("alp-belle2-2311.14629", 2.0, (185.1, 81.6, 61.8)),
        ("alp-belle2-2311.14629", 2.05, (181.0, 80.0, 61.0)),
        ("alp-belle2-2510.18953", 2.0, (98.7, 41.6, 26.2)),
        ("alp-belle2-2510.18953", 2.05, (118.0, 51.0, 35.0)),
    ],
)
def test_bounds_on_the_lifetime(reading: str, m_a: float, expected: tuple[float, ...]) -> None:
    assert Profile(reading, m_a, "mean-momentum").bounds() == pytest.approx(expected, rel=0.03)


def test_isotropic_decays_give_bounds_a_few_percent_lower() -> None:
    assert Profile("alp-belle2-2311.14629", 2.0, "isotropic").bounds() == pytest.approx((168, 79, 63), rel=0.07)
    assert Profile("alp-belle2-2510.18953", 2.0, "isotropic").bounds() == pytest.approx((94, 40, 25), rel=0.05)


def test_the_public_likelihood_gives_the_weakest_bound() -> None:
    """With the mass fixed at 2 GeV, off its peak, 90 % CL is reached at a few cm only."""
    summary, recast = (Profile(f"alp-belle2-{n}", 2.0, "mean-momentum") for n in ("2602.09666", "2510.18953"))
    assert summary(10.0) - summary(1e9) < 2.706 < recast(10.0) - recast(1e9)


def test_significances() -> None:
    """Distance of the best fit from no signal, in sigma, with Belle II alone."""
    for reading, m_a, sigma in (("2311.14629", 2.0, 3.5), ("2510.18953", 2.05, 2.5), ("2602.09666", 2.1, 2.7)):
        problem = terranova.problem("alp-plane", constraints=[f"alp-belle2-{reading}"])
        br = np.linspace(1e-7, 2e-5, 400)
        x = np.column_stack([np.full(400, m_a), np.full(400, 1e12), br])
        best = problem.score(x, problem.evaluate(x).observables)[1].max()
        assert np.sqrt(2.0 * best) == pytest.approx(sigma, abs=0.1)
