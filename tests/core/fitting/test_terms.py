"""What a fit linearises: the sum of all terms is the likelihood, bounds have signs, and what is missing counts."""

from __future__ import annotations

import numpy as np
import pytest
from support.fit_problems import likelihood, measured, problem

from terranova.fitting.axes import make_axis
from terranova.fitting.lanes import Holder, Lanes
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.terms import Linearised

pytestmark = pytest.mark.integration
SOURCE = {"source": "by construction"}
WINDOW = {"name": "w", "observable": "square", "kind": "window", "lower": 0.5, "upper": 2.0, **SOURCE}
TABLE = {"name": "t", "observable": "same", "kind": "tabulated", "x_grid": [-5, 0, 5], "limit": [9, 0, 4], **SOURCE}
CORRELATED = {
    "name": "c",
    "observables": ["same", "square"],
    "kind": "correlated",
    "values": [1.0, 2.0],
    "sigmas": [0.5, 0.2],
    "correlation": [[1.0, 0.6], [0.6, 1.0]],
    "max_chi2": 6.0,
    **SOURCE,
}
LIMIT = {"name": "l", "observable": "scale", "kind": "limit", "upper": 10.0, "cl": 0.95, "unit": "GeV", **SOURCE}


def _terms(known: Likelihood, u: np.ndarray) -> tuple[object, Linearised]:
    linearised = Linearised(known, np.random.default_rng(1))
    holder = Holder(linearised, [])
    nowhere = Lanes(np.zeros((len(u), 0), dtype=int), np.zeros(len(u), dtype=int))
    return holder.terms(u, nowhere), linearised


def test_terms_add_up_to_the_likelihood() -> None:
    """Residuals where there are any, the rest as it is; a table has no sum of squares."""
    known = likelihood(problem({"name": "fit-simple"}, [measured("same", 1.0), LIMIT, TABLE, CORRELATED, WINDOW]))
    u = np.random.default_rng(2).random((200, 3))
    terms, linearised = _terms(known, u)
    assert [c.name for c in linearised.general] == ["t"]
    allowed = np.isfinite(terms.loglike)
    assert 5 < allowed.sum() < 195
    np.testing.assert_allclose(terms.soft[allowed], -terms.loglike[allowed], rtol=1e-9, atol=1e-9)


def test_bounds_are_positive_exactly_where_a_window_is_left() -> None:
    known = likelihood(problem({"name": "fit-simple"}, [WINDOW]))
    terms, _ = _terms(known, np.random.default_rng(2).random((200, 3)))
    assert terms.bounds.shape == (200, 2)
    np.testing.assert_array_equal((terms.bounds > 0.0).any(axis=1), ~np.isfinite(terms.loglike))


def test_gradient_is_that_of_the_likelihood() -> None:
    known = likelihood(problem({"name": "fit-simple"}, [measured("same", 1.0), LIMIT, TABLE, CORRELATED]))
    linearised = Linearised(known, np.random.default_rng(1))
    holder = Holder(linearised, [])
    u = np.random.default_rng(3).uniform(0.1, 0.9, (20, 3))
    lanes = Lanes(np.zeros((20, 0), dtype=int), np.zeros(20, dtype=int))
    at = holder.terms(u, lanes)
    _, gradient = linearised.quadratic(at, holder.slopes(at, *holder.probes(u, lanes, at.values)))
    for i in range(3):
        step = 1e-6 * np.eye(3)[i]
        change = (holder.terms(u + step, lanes).soft - holder.terms(u - step, lanes).soft) / 2e-6
        np.testing.assert_allclose(gradient[:, i], change, rtol=1e-3, atol=1e-2)


def test_an_observable_is_held_by_bounds_and_a_parameter_by_its_value() -> None:
    known = likelihood(problem({"name": "fit-simple"}, [measured("same", 1.0)]))
    linearised = Linearised(known, np.random.default_rng(1))
    lanes = Lanes(np.array([[3]]), np.array([0]))
    held = Holder(linearised, [make_axis(known, "x", 10, None)])
    assert held.dimension == 2
    assert held.terms(np.full((1, 2), 0.5), lanes).bounds.shape == (1, 0)
    assert known.u[-1, 2] == pytest.approx(0.35)
    within = Holder(linearised, [make_axis(known, "same", 10, (-5.0, 5.0))])
    assert within.dimension == 3
    inside, outside = (within.terms(np.array([[0.5, 0.5, x]]), lanes) for x in (0.35, 0.55))
    assert (inside.bounds < 0.0).all()
    assert np.isfinite(inside.loglike).all()
    np.testing.assert_allclose(outside.bounds.max(), 1.5, atol=0.01)  # in widths of the cell
    assert not np.isfinite(outside.loglike).any()


def test_a_term_that_is_not_known_costs_more_than_any_that_is() -> None:
    """The logarithm of a negative number is not finite, so its constraint is not met."""
    known = likelihood(problem({"name": "fit-simple"}, [measured("same", 1.0), measured("decades", 0.0)]))
    terms, linearised = _terms(known, np.full((2, 3), 0.5))
    batch = known.batch(np.full((2, 3), 0.5))
    batch.observables[0, 1] = np.nan
    broken = linearised(batch, [], np.zeros((2, 0), dtype=int))
    assert broken.missing.tolist() == [1, 0]
    assert broken.soft[0] > 1e5 > terms.soft[0]
