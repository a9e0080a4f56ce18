"""Priors of several parameters: their distributions against independent numbers, and their chains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats

from terranova.interfaces.joint_priors import CorrelatedNormal, JointPrior, Sorted
from terranova.interfaces.parameters import Parameter, ParameterSpace
from terranova.interfaces.prior_words import make_joint, make_prior

MATRIX = ((1.0,), (0.5, 1.0), (-0.3, 0.2, 1.0))
NORMAL = CorrelatedNormal((1.0, 2.0, 3.0), (1.0, 2.0, 0.5), MATRIX)
JOINT: list[JointPrior] = [NORMAL, Sorted(0.0, 1.0), Sorted(1.0, 100.0, log=True)]


def _space(joint: JointPrior) -> ParameterSpace:
    return ParameterSpace(tuple(Parameter(name, prior) for name, prior in joint.components("abc").items()))


@pytest.mark.parametrize("joint", JOINT, ids=["normal", "sorted", "sorted-log"])
def test_the_unit_cube_and_back(joint: JointPrior) -> None:
    u = np.random.default_rng(1).uniform(1e-3, 1.0 - 1e-3, (500, 3))
    space = _space(joint)
    x = space.to_physical(u)
    assert space.to_unit(x) == pytest.approx(u, abs=1e-11)
    assert space.to_physical(u[7:8]).tobytes() == x[7:8].tobytes()


def _logpdf(joint: JointPrior, x: Any) -> Any:
    components = joint.components("abc")
    given = dict(zip("abc", x.T, strict=True))
    return sum(component.logpdf_given(given[name], given) for name, component in components.items())


def test_the_density_of_a_correlated_normal_is_that_of_scipy() -> None:
    x = np.random.default_rng(2).normal(2.0, 1.0, (20, 3))
    sds = np.array(NORMAL.sds)
    covariance = np.array(NORMAL.correlation) * np.outer(sds, sds)
    expected = scipy.stats.multivariate_normal(NORMAL.means, covariance).logpdf(x)
    assert _logpdf(NORMAL, x) == pytest.approx(expected, rel=1e-12)


def test_samples_of_a_correlated_normal_have_its_moments() -> None:
    x = _space(NORMAL).to_physical(np.random.default_rng(3).random((200_000, 3)))
    assert x.mean(axis=0) == pytest.approx(NORMAL.means, abs=0.02)
    assert np.corrcoef(x.T) == pytest.approx(np.array(NORMAL.correlation), abs=0.01)


@pytest.mark.parametrize("joint", JOINT[1:], ids=["flat", "log"])
def test_sorted_values_are_distributed_as_values_that_are_sorted(joint: Sorted) -> None:
    rng = np.random.default_rng(4)
    x = _space(joint).to_physical(rng.random((20_000, 3)))
    assert (np.diff(x, axis=1) >= 0.0).all()
    alone = rng.uniform(0.0, 1.0, (20_000, 3))
    alone = np.sort(100.0**alone if joint.log else alone, axis=1)
    for i in range(3):
        assert scipy.stats.ks_2samp(x[:, i], alone[:, i]).pvalue > 1e-4


@pytest.mark.parametrize("joint", JOINT[1:], ids=["flat", "log"])
def test_the_density_of_sorted_values_is_that_of_all_orders(joint: JointPrior) -> None:
    low, high = joint.support(0)
    x = np.sort(np.random.default_rng(5).uniform(low, high, (50, 3)), axis=1)
    flat = 1.0 / (high - low) if high == 1.0 else 1.0 / (x * np.log(high / low))
    expected = np.log(6.0) + np.log(np.broadcast_to(flat, x.shape)).sum(axis=1)
    assert _logpdf(joint, x) == pytest.approx(expected, rel=1e-9)
    assert _logpdf(joint, x[:, ::-1]).tolist() == [-np.inf] * 50


@pytest.mark.parametrize("joint", JOINT, ids=["normal", "sorted", "sorted-log"])
def test_words_make_it_again(joint: JointPrior) -> None:
    assert make_joint(joint.to_dict()) == joint
    component = joint.components("abc")["b"]
    assert make_prior(component.to_dict()) == component


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CorrelatedNormal((0, 0), (1, 1), ((1, 2), (2, 1))), "smallest eigenvalue -1"),
        (lambda: CorrelatedNormal((0, 0), (1, 0), ((1, 0), (0, 1))), "sds must be positive"),
        (lambda: CorrelatedNormal((0, 0), (1, 1), ((1, 0.1), (0.2, 1))), "symmetric"),
        (lambda: CorrelatedNormal((0, 0, 0), (1, 1), ((1, 0), (0, 1))), "must be 3 x 3"),
        (lambda: Sorted(1.0, 1.0), "must be below"),
        (lambda: Sorted(0.0, 1.0, log=True), "must be positive"),
        (lambda: NORMAL.components("ab"), "is of 3, got 2|is of 3 parameters, got 2"),
        (lambda: Sorted(0.0, 1.0).components("aa"), "named twice"),
        (lambda: Sorted(0.0, 1.0).components("a"), "two or more"),
    ],
)
def test_what_makes_none(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
