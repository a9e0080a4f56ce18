"""Targets: what a surrogate learns, where chi2 has kinks and where it does not care."""

from __future__ import annotations

import numpy as np
import pytest
from support.fit_problems import likelihood, measured, problem

import terranova
from terranova.fitting.config import SurrogateConfig
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.surrogate.targets import Chi2Transform, ObservablesTransform

pytestmark = pytest.mark.integration

pytest.importorskip("emcee", reason="the fit extra is not installed")


def _kinked() -> Likelihood:
    """A measurement with a kink, of an observable over six decades."""
    limit = {"name": "l", "observable": "scale", "kind": "asymmetric", "value": 1.0}
    limit |= {"sigma_up": 20.0, "sigma_down": 0.2, "nsigma": 3, "unit": "GeV"}
    constraints = [{**limit, "source": "by construction"}, measured("same", 1.0, 0.5)]
    return likelihood(problem({"name": "fit-simple"}, constraints, parameters={"phi": 0}))


def test_observables_are_the_better_targets_where_chi2_has_kinks() -> None:
    known, fresh = _kinked(), _kinked()
    known.batch(np.random.default_rng(1).random((150, 2)))
    fresh.batch(np.random.default_rng(2).random((2000, 2)))
    top = float(max(known.loglikes.max(), fresh.loglikes.max()))
    matters = fresh.loglikes > top - 3.0
    errors = {}
    for kind in (Chi2Transform, ObservablesTransform):
        transform = kind(known, SurrogateConfig(), (), 1)
        transform.fit(np.arange(150), float(known.loglikes.max()))
        loglike, observables = transform.predict(fresh.u[matters])
        assert observables.shape == (matters.sum(), len(transform.columns))
        errors[kind] = 2.0 * np.abs(loglike - fresh.loglikes[matters])
    rms = {kind: float(np.sqrt(np.mean(error**2))) for kind, error in errors.items()}
    assert rms[ObservablesTransform] < 0.3
    assert rms[ObservablesTransform] < 0.6 * rms[Chi2Transform]


def test_values_that_chi2_takes_no_notice_of_are_not_resolved() -> None:
    """Of a scale over six decades, measured as 1 with errors of 0.2 below and 20 above."""
    known = _kinked()
    known.batch(np.random.default_rng(1).random((300, 2)))
    transform = ObservablesTransform(known, SurrogateConfig(), (), 1)
    transform.fit(np.arange(300), float(known.loglikes.max()))
    targets, _ = transform._targets(np.arange(300), 2.0 * (known.loglikes.max() - known.loglikes), 0.0)
    column = known.column("scale")
    floor = transform._floors["scale"]
    assert 3.0 * column.min() < floor < 1.0
    np.testing.assert_allclose(targets[:, 0], np.arcsinh(column / floor) + 1.0)
    profiled = ObservablesTransform(
        known, SurrogateConfig(), ("scale",), 1
    )  # a profile of it is wanted, so all of it matters
    profiled.fit(np.arange(300), float(known.loglikes.max()))
    assert "scale" not in profiled._floors


def test_a_sum_that_cancels_is_learned_as_it_is() -> None:
    """It is a straight line, over four decades and through zero, of which asinh would make a step."""
    valley = terranova.problem("profile-cancelling", ["profile-cancelling"])
    known = Likelihood(valley, valley.evaluate)
    known.batch(np.random.default_rng(1).random((200, 4)))
    transform = ObservablesTransform(known, SurrogateConfig(), (), 1)
    transform.fit(np.arange(200), float(known.loglikes.max()))
    assert "sum" not in transform._floors
    u = np.random.default_rng(2).random((50, 4))
    _, predicted = transform.predict(u)
    truth = valley.evaluate(valley.model.space.to_physical(u)).observables
    at = transform.columns.index("sum"), [o.name for o in valley.model.observables].index("sum")
    np.testing.assert_allclose(predicted[:, at[0]], truth[:, at[1]], atol=1e-3)
