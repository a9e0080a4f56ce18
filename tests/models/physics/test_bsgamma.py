"""B -> X_s gamma at NLO: matching functions, removable poles, virtual and bremsstrahlung integrals, known
rates.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from support.thdm3_reference import Vectors

from terranova.models.physics import bsgamma, sm
from terranova.models.physics import bsgamma_matching as matching

FORMS = matching.charged_higgs_forms()


def value(name: str, y: float) -> float:
    w = np.zeros(matching.N_TAYLOR)
    count = matching.monomials(y, w)
    return matching.evaluate_form(FORMS[name].ravel(), matching.taylor_series(FORMS[name]), w, count)


def branching_ratio(masses: list[float], x_d: list[float], y_u: list[float]) -> float:
    w = np.zeros(matching.N_TAYLOR)
    return bsgamma.branching_ratio(np.array(masses), np.array(x_d), np.array(y_u), w)


def test_matching_functions_agree_with_the_reference(vectors: Vectors) -> None:
    for mass, functions in vectors.bsg_function_checks.items():
        y = (sm.M_TOP / float(mass.removeprefix("m="))) ** 2
        for name, expected in functions.items():
            form = "E_H" if name == "eh" else f"{name[:2].upper()}_{name[2:].upper()}"
            assert value(form, y) == pytest.approx(expected, abs=1e-12), (mass, name)


@pytest.mark.parametrize("name", [n for n in FORMS if not n.startswith("M")])
def test_series_and_closed_form_meet(name: str) -> None:
    for side in (-1.0, 1.0):
        edge = 1.0 + side * matching.TAYLOR_RADIUS
        assert value(name, edge * (1 - 1e-9)) == pytest.approx(value(name, edge * (1 + 1e-9)), abs=1e-7)


def test_a_wrong_coefficient_leaves_a_pole() -> None:
    form = FORMS["W7_YY"].copy()
    form[2, 3] += 1e-6
    with pytest.raises(ValueError, match="poles"):
        matching.taylor_series(form)


@pytest.mark.parametrize("y", [0.05, 0.3, 1.0, 1.2, 3.0])
@pytest.mark.parametrize("name", ["7_YY", "8_YY", "7_XY", "8_XY"])
def test_top_mass_shift_is_the_logarithmic_derivative(name: str, y: float) -> None:
    h = 1e-4 * y
    c = [value(f"C{name}", y + k * h) for k in (-2, -1, 1, 2)]
    slope = (c[0] - 8 * c[1] + 8 * c[2] - c[3]) / (12 * h)
    assert value(f"T{name}", y) == pytest.approx(8 * y * slope, rel=1e-8)


def test_standard_model_coefficients() -> None:
    """Low-scale coefficients of the SM with these inputs, and the absolute branching ratio before
    normalisation.
    """
    c7, c8, c7_nlo = bsgamma.SM_COEFFICIENTS
    assert (c7, c8, c7_nlo) == pytest.approx((-0.330680, -0.155602, 1.767895), abs=1e-6)
    assert pytest.approx(0.107985566, abs=1e-9) == bsgamma.RATE_SM
    assert pytest.approx(0.508076, abs=1e-6) == bsgamma.ETA


def charm_loop(t: float) -> complex:
    """G(t) of hep-ph/9612313."""
    if t < 4.0:
        return complex(-2.0 * math.atan(math.sqrt(t / (4.0 - t))) ** 2, 0.0)
    log = math.log(0.5 * (math.sqrt(t) + math.sqrt(t - 4.0)))
    return complex(-0.5 * math.pi**2 + 2.0 * log * log, -2.0 * math.pi * log)


def test_bremsstrahlung_integrals_over_the_charm_loop() -> None:
    """f_22 and f_27 of hep-ph/9612313 for the full photon spectrum."""
    z = bsgamma.CHARM_RATIO**2

    def integrate(function: object) -> float:
        low = quad(function, 0.0, 4.0, epsabs=1e-13, epsrel=1e-12)[0]
        return low + quad(function, 4.0, 1.0 / z, epsabs=1e-13, epsrel=1e-12)[0]

    f_22 = 16 * z / 27 * integrate(lambda t: (1 - z * t) ** 2 * abs(charm_loop(t) / t + 0.5) ** 2)
    f_27 = -8 * z * z / 9 * integrate(lambda t: (1 - z * t) * (charm_loop(t) + 0.5 * t).real)
    assert f_22 == pytest.approx(bsgamma.F_22, rel=1e-9)
    assert f_27 == pytest.approx(bsgamma.F_27, rel=1e-9)


def test_type_two_at_large_tan_beta() -> None:
    expected = {300.0: 4.494, 480.0: 4.001, 580.0: 3.857, 800.0: 3.672}
    for mass, ratio in expected.items():
        assert branching_ratio([mass], [50.0], [1 / 50.0]) == pytest.approx(ratio, abs=6e-4)


def test_heavy_charged_scalars_decouple() -> None:
    deviation = [abs(branching_ratio([m], [1.0], [1.0]) - bsgamma.BR_SM_NNLO) for m in (1e3, 1e4, 1e5, 1e6)]
    assert all(far < 0.2 * near for near, far in itertools.pairwise(deviation))
    assert deviation[-1] < 1e-5


def test_type_one_suppresses_and_type_two_enhances() -> None:
    assert branching_ratio([300.0], [-0.5], [0.5]) < bsgamma.BR_SM_NNLO < branching_ratio([300.0], [0.5], [0.5])


def test_two_states_of_one_mass_act_like_one() -> None:
    """Only sum Y^2 and sum X Y matter when masses are equal."""
    one = branching_ratio([400.0], [2.0], [0.5])
    angle = 0.7
    c, s = math.cos(angle), math.sin(angle)
    assert branching_ratio([400.0] * 2, [2.0 * c, 2.0 * s], [0.5 * c, 0.5 * s]) == pytest.approx(one, abs=1e-13)
