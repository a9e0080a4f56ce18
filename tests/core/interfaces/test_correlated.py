"""Correlated measurements: covariances however they are given, and errors of theory that they share."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from support.constraint_kinds import REFERENCE

from terranova import Correlated


def test_correlated_measurements() -> None:
    rho, sigmas, centre = 0.92, np.array([0.07, 0.06]), np.array([-0.01, 0.04])
    constraint = Correlated(
        name="ST",
        observables=("x", "y"),
        **REFERENCE,
        values=tuple(centre),
        sigmas=tuple(sigmas),
        correlation=((1, rho), (rho, 1)),
        max_chi2=6.18,
    )
    values = np.random.default_rng(0).normal(size=(20, 2))
    covariance = np.outer(sigmas, sigmas) * np.array([[1, rho], [rho, 1]])
    expected = np.einsum("ni,ij,nj->n", values - centre, np.linalg.inv(covariance), values - centre)
    np.testing.assert_allclose(constraint.chi2(values), expected)
    np.testing.assert_allclose(constraint.loglike(values), -0.5 * expected)
    np.testing.assert_allclose(constraint.violation(values), np.maximum(0, expected - 6.18))
    assert constraint.violation(centre[None, :])[0] == 0.0


WORDS: dict[str, Any] = {
    "name": "k", "observables": ("a", "b", "c"), "values": (1.0, 2.0, 3.0), "max_chi2": 8.0, "source": "arXiv:1"
}  # fmt: skip
WHOLE = ((1.0, 0.3, 0.1), (0.3, 1.0, 0.2), (0.1, 0.2, 1.0))
ROUNDED = ((1.0, 0.99, 0.7), (0.99, 1.0, 0.8), (0.7, 0.8, 1.0))


def _again(constraint: Correlated) -> Correlated:
    """Write a constraint to a file, and read it."""
    from terranova.parsing.constraint_file import ConstraintKinds, constraint_keys, parse_constraint
    from terranova.parsing.diagnostics import Diagnostics
    from terranova.parsing.strict_yaml import Document

    keys, diagnostics = constraint_keys(constraint), Diagnostics(Document(None))
    kinds = ConstraintKinds({"correlated": Correlated})
    again = parse_constraint(keys, (), diagnostics, kinds, published=False)
    diagnostics.raise_if_any()
    assert isinstance(again, Correlated)
    return again


def test_a_correlation_means_the_same_however_it_is_given() -> None:
    whole = Correlated(**WORDS, sigmas=(1.0, 2.0, 4.0), correlation=WHOLE)
    triangle = Correlated(**WORDS, sigmas=(1.0, 2.0, 4.0), correlation=((1.0,), (0.3, 1.0), (0.1, 0.2, 1.0)))
    covariance = Correlated(**WORDS, covariance=((1.0,), (0.6, 4.0), (0.4, 1.6, 16.0)))
    assert whole == triangle
    assert covariance.sigmas == whole.sigmas
    np.testing.assert_allclose(covariance.correlation, whole.correlation, rtol=1e-15)
    assert [_again(constraint) for constraint in (whole, triangle, covariance)] == [whole, triangle, covariance]
    assert set(dataclasses.asdict(covariance)) == set(dataclasses.asdict(whole)) & {
        f.name for f in dataclasses.fields(Correlated)
    }, "what stands for it in a run's manifest has the same entries as ever"
    assert {"covariance", "nearest"}.isdisjoint(dataclasses.asdict(covariance))
    assert dataclasses.replace(covariance, max_chi2=9.0).correlation == covariance.correlation


def test_a_rounded_correlation_takes_the_nearest_on_request_and_says_how_far_it_is() -> None:
    sigmas = (1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match=r"smallest eigenvalue is -0\.00.*`nearest: true`"):
        Correlated(**WORDS, sigmas=sigmas, correlation=ROUNDED)
    near = Correlated(**WORDS, sigmas=sigmas, correlation=ROUNDED, nearest=True, note="from table 3")
    far = np.max(np.abs(np.array(near.correlation) - np.array(ROUNDED)))
    assert 0.0 < far < 0.01, "no more than the rounding"
    assert near.note == f"from table 3; nearest correlation matrix, up to {far:.2g} from the one given"
    assert _again(near) == near
    values = np.random.default_rng(1).normal(size=(100, 3))
    assert np.all(near.chi2(values) >= 0.0)
    good = Correlated(**WORDS, sigmas=sigmas, correlation=WHOLE, nearest=True)
    assert good == Correlated(**WORDS, sigmas=sigmas, correlation=WHOLE), "a positive one stays as it is"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"covariance": WHOLE, "sigmas": (1.0, 1.0, 1.0)}, "takes the place of sigmas"),
        ({"covariance": WHOLE, "correlation": WHOLE}, "takes the place of sigmas"),
        ({"covariance": WHOLE[:2]}, "3 x 3"),
        ({"correlation": WHOLE}, "3 sigmas"),
        ({}, "3 x 3"),
        ({"covariance": ((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))}, "positive numbers on its diagonal"),
        ({"covariance": ((1.0, 0.5, 0.0), (0.1, 1.0, 0.0), (0.0, 0.0, 1.0))}, "covariance must be symmetric"),
    ],
)
def test_what_is_no_covariance_is_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Correlated(**WORDS, **keys)


THEORY: dict[str, dict[str, Any]] = {
    "ggF": {"relative": 0.3, "on": ["a", "b"]},
    "PDF": {"sigma": [0.5, -0.2], "on": ["c", "a"]},
    "BR": {"relative": [0.1, 0.2, -0.15]},
}


def _profiled(constraint: Correlated, prediction: np.ndarray) -> float:
    """chi2 of a prediction, minimised over the nuisance parameters one by one: no formula of the class."""
    values, sigmas = np.array(constraint.values), np.array(constraint.sigmas)
    inverse = np.linalg.inv(np.outer(sigmas, sigmas) * np.array(constraint.correlation))
    a, b, c = prediction
    shifts = np.array([[0.3 * a, 0.3 * b, 0], [-0.2, 0, 0.5], [0.1 * a, 0.2 * b, -0.15 * c]])

    def chi2(nuisance: np.ndarray) -> float:
        distance = prediction + nuisance @ shifts - values
        return float(distance @ inverse @ distance + nuisance @ nuisance)

    return float(minimize(chi2, np.zeros(3), method="BFGS", options={"gtol": 1e-9}).fun)


@pytest.mark.parametrize("seed", range(3))
def test_shared_errors_are_the_profile_over_their_nuisance_parameters(seed: int) -> None:
    constraint = Correlated(**WORDS, sigmas=(1.0, 2.0, 4.0), correlation=WHOLE, theory=THEORY)
    predictions = np.random.default_rng(seed).normal(2.0, 4.0, (4, 3))
    expected = [_profiled(constraint, prediction) for prediction in predictions]
    np.testing.assert_allclose(constraint.chi2(predictions), expected, rtol=1e-6)
    rows = constraint.residuals(predictions)
    assert rows is not None
    np.testing.assert_allclose((rows**2).sum(axis=1), constraint.chi2(predictions), rtol=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=3, max_size=3), st.floats(0.01, 0.9), st.floats(0.01, 20.0))
def test_shared_errors_are_added_to_the_covariance(at: list[float], relative: float, sigma: float) -> None:
    theory = {"one": {"relative": relative}, "two": {"sigma": sigma, "on": ["b", "c"]}}
    constraint = Correlated(**WORDS, sigmas=(1.0, 2.0, 4.0), correlation=WHOLE, theory=theory)
    prediction, sigmas = np.array(at), np.array(constraint.sigmas)
    shifts = np.array([relative * prediction, [0.0, sigma, sigma]])
    total = np.outer(sigmas, sigmas) * np.array(WHOLE) + shifts.T @ shifts
    distance = prediction - np.array(constraint.values)
    chi2 = constraint.chi2(prediction[None])[0]
    assert chi2 == pytest.approx(distance @ np.linalg.solve(total, distance), rel=1e-8, abs=1e-10)
    without = Correlated(**WORDS, sigmas=(1.0, 2.0, 4.0), correlation=WHOLE)
    assert chi2 <= without.chi2(prediction[None])[0] * (1.0 + 1e-12)


def test_points_with_shared_errors_score_alike_in_any_batch() -> None:
    constraint = Correlated(**WORDS, sigmas=(1.0, 2.0, 4.0), correlation=WHOLE, theory=THEORY)
    values = np.random.default_rng(2).normal(size=(40, 3))
    together = constraint.loglike(values)
    np.testing.assert_array_equal(np.concatenate([constraint.loglike(row[None]) for row in values]), together)
    assert constraint.loglike(values[:0]).shape == (0,)


def test_measurements_that_share_only_theory_need_no_matrix() -> None:
    constraint = Correlated(**WORDS, sigmas=(1.0, 2.0, 4.0), theory=THEORY)
    assert constraint == Correlated(**WORDS, sigmas=(1.0, 2.0, 4.0), correlation=np.eye(3).tolist(), theory=THEORY)
    assert _again(constraint) == constraint
    as_tuples = {**THEORY, "PDF": {"sigma": (0.5, -0.2), "on": ("c", "a")}}
    assert Correlated(**WORDS, sigmas=(1.0, 2.0, 4.0), theory=as_tuples) == constraint
    assert hash(constraint)
    assert "ggF, PDF, BR" in constraint.describe()


def test_an_error_of_theory_that_drowns_the_measurements_is_refused() -> None:
    with pytest.raises(ValueError, match="lost beside them"):
        Correlated(**WORDS, sigmas=(1.0, 1.0, 1.0), theory={"all": {"sigma": 1e9}})


def test_oblique_parameters_of_one_fit_are_three_at_once() -> None:
    """S, T and U of the PDG (2024): at S = T = 0 its correlations leave U an error of 0.035, not of 0.09."""
    words: dict[str, Any] = {
        **REFERENCE, "name": "STU", "observables": ("S", "T", "U"), "max_chi2": 8.02,
        "values": (-0.04, 0.01, -0.01), "sigmas": (0.10, 0.12, 0.09),
        "correlation": ((1,), (0.93, 1), (-0.70, -0.87, 1)),
    }  # fmt: skip
    constraint = Correlated(**words)
    at = np.array([[-0.04, 0.01, -0.01 + u] for u in (-0.1, 0.0, 0.1)])
    below, here, above = constraint.chi2(at)
    assert ((below + above) / 2 - here) ** -0.5 * 0.1 == pytest.approx(0.035, abs=0.005)
    assert constraint.measurements == 3


RATES: dict[str, Any] = {
    **REFERENCE, "name": "mu", "observables": ("a", "b"), "values": (1.1, 0.8), "sigmas": (0.1, 0.1),
    "theory": {"ggF": {"relative": 0.05}},
}  # fmt: skip


def test_what_is_accepted_may_be_counted_from_a_model_of_reference() -> None:
    constraint = Correlated(**RATES, reference=(1.0, 1.0), max_delta_chi2=11.83)
    plain = Correlated(**RATES, max_chi2=11.83)
    standard = plain.chi2(np.ones((1, 2)))[0]
    assert standard == pytest.approx(1.0 + 4.0 - (-1.0 * 0.5 + 2.0 * 0.5) ** 2 / (1.0 + 2.0 * 0.5**2))
    values = np.random.default_rng(1).normal(0.9, 0.3, size=(200, 2))
    excess = plain.chi2(values) - standard - 11.83
    np.testing.assert_allclose(constraint.margin(values), excess)
    np.testing.assert_allclose(constraint.violation(values), np.maximum(0.0, excess))
    assert 0 < np.count_nonzero(excess > 0) < 200
    assert constraint.violation(np.ones((1, 2)))[0] == 0.0
    np.testing.assert_array_equal(constraint.loglike(values), plain.loglike(values))
    assert constraint.measurements == 2
    assert f"({standard:.4g}) + 11.83" in constraint.describe()
    assert _again(constraint) == constraint


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({}, "max_chi2 or max_delta_chi2"),
        ({"max_chi2": 4.0, "max_delta_chi2": 4.0, "reference": (1.0, 1.0)}, "max_chi2 or max_delta_chi2"),
        ({"max_delta_chi2": 4.0}, "reference and max_delta_chi2 belong together"),
        ({"max_chi2": 4.0, "reference": (1.0, 1.0)}, "reference and max_delta_chi2 belong together"),
        ({"max_delta_chi2": 0.0, "reference": (1.0, 1.0)}, "max_delta_chi2 must be positive"),
        ({"max_delta_chi2": 4.0, "reference": (1.0,)}, "reference needs 2 predictions"),
    ],
)
def test_one_end_of_what_is_accepted_with_what_it_needs(words: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Correlated(**RATES, **words)
