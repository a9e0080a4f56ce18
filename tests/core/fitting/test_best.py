"""Best fits: of linear models exactly, across the seam of an angle, and none where nothing is allowed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from support.fit_problems import likelihood, linear_solution, measured, problem

from terranova.fitting.axes import make_axis
from terranova.fitting.best import BestFit, NoPoint, find_best, with_meaning
from terranova.fitting.intervals import intervals
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.profile import profile

pytestmark = pytest.mark.integration

LEVELS = (0.68, 0.95)


VALUES = np.array([1.0, -2.0, 3.0, 0.5, -1.0, 2.0])


LINEAR = {"name": "fit-linear", "free": 3, "measured": 6}


def _linear() -> Likelihood:
    return likelihood(problem(LINEAR, [measured(f"y{i}", v, unit="GeV") for i, v in enumerate(VALUES)]))


def _found(known: Likelihood, name: str, bins: int = 24, **more: object) -> tuple[list, float]:
    """The intervals of one quantity, and the best value of ln L."""
    rng = np.random.default_rng(5)
    best = find_best(known, rng, starts=4)
    curve = profile(known, [make_axis(known, name, bins, more.pop("limits", None), **more)], rng)
    return intervals(known, curve, LEVELS, rng), best.loglike


def test_best_fit_of_a_linear_model() -> None:
    best = find_best(_linear(), np.random.default_rng(1), starts=4)
    expected, _, chi2 = linear_solution(VALUES, 3)
    found = [best.values[f"a{i}"] for i in range(3)]
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert best.chi2 == pytest.approx(chi2, abs=1e-6)
    assert best.p_value == pytest.approx(stats.chi2.sf(chi2, 3), rel=1e-5)
    assert sum(best.contributions.values()) == pytest.approx(chi2, abs=1e-6)


def test_best_fit_across_the_seam_of_an_angle() -> None:
    """The minimum sits where the two ends of the prior meet."""
    known = likelihood(
        problem({"name": "fit-simple"}, [measured("turn", 0.0, 0.1)], parameters={"size": 1, "x": 0})
    )
    best = find_best(known, np.random.default_rng(3), starts=4)
    assert best.chi2 < 1e-6
    assert abs(abs(best.values["phi"]) - np.pi) < 1e-3


def test_nothing_allowed_is_said() -> None:
    window = {"name": "w", "observable": "square", "kind": "window", "lower": 26.0, "source": "by construction"}
    known = likelihood(problem({"name": "fit-simple"}, [window], parameters={"phi": 0, "size": 1}))
    with pytest.raises(NoPoint, match="allowed"):
        find_best(known, np.random.default_rng(3), starts=2, generations=20)


def _limit(name: str, upper: float) -> dict[str, object]:
    words = {
        "name": f"limit_{name}",
        "observable": name,
        "kind": "limit",
        "upper": upper,
        "cl": 0.95,
        "unit": "GeV",
    }
    return {**words, "source": "by construction"}


def _fitted(*limits: dict[str, object]) -> BestFit:
    data = [measured(f"y{i}", v, unit="GeV") for i, v in enumerate(VALUES[:5])]
    return find_best(likelihood(problem(LINEAR, [*data, *limits])), np.random.default_rng(1), starts=4)


def test_a_limit_is_no_degree_of_freedom() -> None:
    """One that is far away changes nothing; one that pulls makes p a lower bound of that of the measurements."""
    free, far, near = _fitted(), _fitted(_limit("y4", 1e5)), _fitted(_limit("y4", 0.5))
    assert free.constraints == far.constraints == near.constraints == 5
    assert (free.p_is, far.p_is, near.p_is) == ("exact", "exact", "at least")
    assert far.limits == near.limits == ("limit_y4",)
    assert far.p_value == pytest.approx(free.p_value, rel=1e-4)
    assert free.p_value == pytest.approx(stats.chi2.sf(free.chi2, 2), rel=1e-6)
    assert near.chi2_measured is not None
    assert near.chi2_measured + near.contributions["limit_y4"] == pytest.approx(near.chi2)
    assert near.p_value == pytest.approx(stats.chi2.sf(near.chi2_measured, 2))
    assert near.p_value < free.p_value


def test_what_makes_a_p_value_a_bound_or_a_guess() -> None:
    best = BestFit(np.zeros(2), -1.5, {}, 3.0, 5, 2, 0.4, {"limit": 0.2, "m": 2.8}, 7, limits=("limit",))
    assert with_meaning(best, []).p_is == "at least"
    assert "limits pull" in with_meaning(best, []).p_because[0]
    assert with_meaning(replace(best, limits=()), []) == replace(best, limits=()), "nothing speaks against it"
    at_end = with_meaning(replace(best, limits=(), ends={"x": "upper"}), [])
    assert (at_end.p_is, len(at_end.p_because)) == ("at least", 1)
    bounded = with_meaning(replace(best, limits=()), [], bounded=True)
    assert (bounded.p_is, bounded.p_because) == ("at least", ("hard bounds may hold the point",))
    assert with_meaning(best, ["counts"]).p_is == "about"
    assert "not Gaussian: counts" in with_meaning(best, ["counts"]).p_because
    assert with_meaning(replace(best, p_value=None), ["counts"]).p_because == ()


def test_a_fit_of_counts_tables_and_limits() -> None:
    """Kinds without residuals are fitted by their likelihood itself; the p-value is a guess, and says so."""
    data: list[dict[str, object]] = [
        {"name": "events", "observable": "scale", "kind": "counting", "observed": 7, "background": 4.2,
         "sigma_background": 1.1, "unit": "GeV", "source": "by construction"},
        {"name": "table", "observable": "x", "kind": "chi2-table", "x_grid": [-5, -1, 1, 2, 5],
         "chi2": [[30, 6, 0.5, 2, 9]], "source": "by construction"},
        {"name": "rare", "observable": "square", "kind": "background-free", "upper": 4.0,
         "source": "by construction"},
    ]  # fmt: skip
    known = likelihood(problem({"name": "fit-simple"}, data, parameters={"phi": 0}))
    best = find_best(known, np.random.default_rng(3), starts=4, generations=100)
    assert best.constraints == 2
    assert best.limits == ("rare",)
    assert best.values["scale"] == pytest.approx(2.8, abs=0.01), "the observed events less the background"
    x = np.linspace(-5, 5, 100001)
    exact = np.interp(x, data[1]["x_grid"], data[1]["chi2"][0]) - 2 * np.log(0.1) * x**2 / 4.0
    assert best.chi2 == pytest.approx(exact.min(), abs=1e-3)
