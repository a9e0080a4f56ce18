"""Jumps of the likelihood beside the best fit: found where there are any, and no steep slope is taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from support.fit_problems import likelihood, measured, problem

from terranova.fitting.best import find_best
from terranova.fitting.best_jumps import Jump, jumps_beside, jumps_sentences

pytestmark = pytest.mark.integration

X_ALONE = {"phi": 0, "size": 1}


def _step(name: str, at: float, height: float) -> dict[str, object]:
    """-2 ln L that is `height` above a value of x and 0 below: as where a table of limits begins."""
    grid = [-5.0, at, float(np.nextafter(at, 5.0)), 5.0]
    return {
        "name": name, "observable": "x", "kind": "tabulated", "x_grid": grid, "limit": [0.0, 0.0, height, height],
        "source": "by construction",
    }  # fmt: skip


def test_a_point_held_by_a_jump_is_named_with_what_holds_it() -> None:
    """The measurement asks for 2, where the step costs 3; below it, at 1, (2 - 1)^2 is less."""
    known = likelihood(
        problem({"name": "fit-simple"}, [measured("x", 2.0), _step("table", 1.0, 3.0)], parameters=X_ALONE)
    )
    best = find_best(known, np.random.default_rng(1), starts=4, generations=200)
    assert best.values["x"] == pytest.approx(1.0, abs=1e-3)
    (jump,) = jumps_beside(known, best.u)
    assert (jump.parameter, jump.unit, jump.constraint) == ("x", "1", "table")
    assert jump.value == pytest.approx(1.0, abs=1e-9)
    assert jump.change == pytest.approx(3.0, abs=1e-6)
    (said,) = jumps_sentences([jump])
    assert "table by 3 at x = 1." in said


def test_where_the_point_is_not_beside_it_nothing_is_said() -> None:
    known = likelihood(
        problem({"name": "fit-simple"}, [measured("x", 0.0), _step("table", 1.0, 3.0)], parameters=X_ALONE)
    )
    assert jumps_beside(known, np.array([0.5])) == ()
    assert jumps_sentences([]) == []


def test_a_jump_downwards_holds_nothing() -> None:
    """From above the step, chi2 falls at once: searches go that way by themselves."""
    known = likelihood(
        problem({"name": "fit-simple"}, [measured("x", 2.0), _step("table", 1.0, 3.0)], parameters=X_ALONE)
    )
    assert jumps_beside(known, np.array([(1.0 + 1e-4 + 5.0) / 10.0])) == ()


@pytest.mark.parametrize("sigma", [1.0, 1e-3, 1e-6])
def test_a_steep_measurement_and_a_bound_are_none(sigma: float) -> None:
    """However narrow, chi2 of a measurement changes less, the shorter the step; a bound is part of the problem."""
    bound = {"name": "w", "observable": "x", "kind": "window", "upper": 0.5, "source": "by construction"}
    known = likelihood(problem({"name": "fit-simple"}, [measured("x", 0.5, sigma), bound], parameters=X_ALONE))
    assert jumps_beside(known, np.array([0.55])) == ()


def test_the_largest_are_named_and_the_others_counted() -> None:
    jumps = [Jump("m", 100.0, "GeV", f"search{i}", 5.0 - i) for i in range(5)]
    (said,) = jumps_sentences(jumps)
    assert "search0 by 5 at m = 100 GeV; search1 by 4" in said
    assert "and 2 more" in said
    assert "search3" not in said
    twice = [Jump("m", 100.0, "GeV", "one", 5.0), Jump("n", 3.0, "1", "one", 4.0)]
    assert jumps_sentences(twice)[0].startswith("Beside the best fit chi2 jumps: one by 5 at m = 100 GeV. Where")
