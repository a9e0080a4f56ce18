"""The vacuum filter: what it reports is a deeper stationary point, and a brute-force search finds nothing
below.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from support.thdm3_reference import Lagrangian, Vectors, electroweak_vacuum

import terranova
from terranova.models.physics import sm
from terranova.models.thdm3 import ThreeHiggsDoublet, vacuum
from terranova.models.thdm3 import kernel as thdm3

DEEPER = {
    "valid_kV096_1",
    "valid_tb2_hi_0",
    "valid_cma_C_seed100",
    "valid_cma_D_seed100",
    "valid_subset_0",
    "valid_subset_1",
}
V4 = sm.VEV**4


def to_twelve(fields: np.ndarray) -> np.ndarray:
    """The gauge-fixed fields (8,) among all twelve, in GeV."""
    r1, r2, e2, c2, r3, e3, c3, d3 = sm.VEV * fields
    return np.array([0.0, 0.0, r1, 0.0, c2, 0.0, r2, e2, c3, d3, r3, e3])


@pytest.fixture(scope="module")
def searched(vectors: Vectors) -> list[tuple[str, Lagrangian, np.ndarray, float, np.ndarray, dict[str, float]]]:
    """Label, potential, electroweak fields, depth, fields found, reference, for every valid point."""
    x = vectors.x[vectors.valid]
    observables = thdm3.observables(x, 1.0)
    depth, fields = vacuum.deepest_minima(x, observables)
    rows = []
    for n, i in enumerate(np.flatnonzero(vectors.valid)):
        o = dict(zip(thdm3.COLUMN, observables[n], strict=True))
        ew = electroweak_vacuum(x[n], o)
        reference = vectors.vacuum[i]
        assert reference is not None
        rows.append((vectors.labels[i], ew.potential, ew.fields, depth[n], to_twelve(fields[n]), reference))
    return rows


def test_electroweak_depth_is_the_analytic_value(searched: list) -> None:
    """At a stationary point V = V2/2, V2 the mass terms."""
    for _, potential, ew, _, _, reference in searched:
        v = potential(ew)
        assert v == pytest.approx(0.5 * potential.quadratic(ew), rel=1e-10)
        assert v == pytest.approx(reference["V_EW"], rel=2e-6)  # seven digits are given


def test_depths_agree_with_the_reference_search(searched: list) -> None:
    assert {label for label, _, _, depth, _, _ in searched if depth < 0.0} == DEEPER
    for label, _, _, depth, _, reference in searched:
        expected = (reference["V_lowest_found"] - reference["V_EW"]) / V4
        assert depth == pytest.approx(expected, abs=1e-7), label


def test_every_claim_is_a_stationary_point_that_lies_lower(searched: list) -> None:
    for label, potential, ew, depth, fields, _ in searched:
        if depth == 0.0:
            continue
        gradient = np.array([potential.derivatives(fields, e)[0] for e in np.eye(12)])
        assert np.abs(gradient).max() < 1e-6 * sm.VEV**3, label
        assert potential(fields) - potential(ew) == pytest.approx(depth * V4, rel=1e-6), label
        assert np.linalg.eigvalsh(potential.hessian(fields)).min() > -1e-5 * sm.VEV**2, label


@pytest.mark.slow
def test_brute_force_finds_nothing_deeper(searched: list) -> None:
    """Random starts in all twelve fields with another minimiser."""
    rng = np.random.default_rng(11)
    for label, potential, ew, depth, _, _ in searched:
        lowest = potential(ew) / V4
        for _ in range(12):
            start = rng.normal(size=12)
            result = minimize(lambda f, p=potential: float(p(sm.VEV * f)) / V4, start, method="BFGS")
            lowest = min(lowest, result.fun)
        assert lowest >= potential(ew) / V4 + depth - 1e-8, label


def test_search_does_not_depend_on_the_batch(vectors: Vectors) -> None:
    x = vectors.x[vectors.valid]
    observables = thdm3.observables(x, 1.0)
    together = vacuum.vacuum_depth(x, observables)
    alone = [vacuum.vacuum_depth(x[n : n + 1], observables[n : n + 1])[0] for n in range(len(x))]
    assert np.array_equal(together, alone)


def test_unbounded_potential_is_reported_as_such(vectors: Vectors) -> None:
    i = vectors.labels.index("random_2")  # lambda_1 < 0
    x = vectors.x[i : i + 1]
    assert vacuum.vacuum_depth(x, thdm3.observables(x, 1.0))[0] == vacuum.UNBOUNDED


def test_only_valid_points_are_searched(vectors: Vectors) -> None:
    problem = terranova.problem(
        "thdm3", constraints=["theory", "scalars", "higgs-lhc-2402.07661", "vacuum"], vacuum=True
    )
    evaluation = problem.evaluate(vectors.x)
    violations, _ = problem.score(vectors.x, evaluation.observables)
    depth = evaluation.observables[:, -1]
    valid = (violations[:, :-1] == 0.0).all(axis=1)  # of all but the vacuum
    assert valid.any()
    assert not (valid & ~vectors.valid).any()  # the reference has half of pp -> tbH+-, so that more are valid there
    np.testing.assert_array_equal(np.isfinite(depth), valid)
    rejected = {vectors.labels[i] for i in np.flatnonzero(valid & (violations[:, -1] > 0.0))}
    assert rejected == DEEPER & {vectors.labels[i] for i in np.flatnonzero(valid)}
    assert rejected


def test_without_the_option_there_is_no_such_observable() -> None:
    assert "vacuum_depth" not in [o.name for o in ThreeHiggsDoublet().observables]
    assert ThreeHiggsDoublet(vacuum=True).observables[-1].stage == 1


def test_gradient_is_the_derivative_of_the_potential() -> None:
    rng = np.random.default_rng(3)
    quartic, diagonal, soft = rng.normal(size=12), rng.normal(size=3), rng.normal(size=3)
    reference = Lagrangian(diagonal, soft, quartic)
    lam, mass, soft_terms = vacuum.Quartics(*quartic), vacuum.MassTerms(*diagonal), vacuum.SoftTerms(*soft)
    fields, gradient = rng.normal(size=8), np.empty(8)
    value, quadratic = vacuum.potential_and_gradient(fields, lam, mass, soft_terms, gradient)
    twelve = to_twelve(fields) / sm.VEV
    assert value == pytest.approx(float(reference(twelve)), rel=1e-13)
    assert quadratic == pytest.approx(float(reference.quadratic(twelve)), rel=1e-13)
    for k in range(8):
        direction = to_twelve(np.eye(8)[k]) / sm.VEV
        assert gradient[k] == pytest.approx(reference.derivatives(twelve, direction)[0], rel=1e-10)
