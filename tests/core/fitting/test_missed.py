"""A posterior that lacks a part which other searches know of says so, and which part; others stay as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from terranova.config import build_problem, load_config
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.missed import DRAWS, checked
from terranova.fitting.posterior import Posterior
from terranova.fitting.terms import Linearised
from terranova.models.analytic.profile_problem import NUISANCE_ERROR
from terranova.models.analytic.profiles import Twins
from terranova.models.analytic.quadrature import exact_posterior
from terranova.types import Floats

EVIDENCE = exact_posterior(Twins()).log_evidence


@pytest.fixture
def likelihood() -> Likelihood:
    """It knows points of both modes."""
    words = {"model": Twins.name, "constraints": [Twins.name], "sampler": {"name": "random"}, "seed": 1}
    problem = build_problem(load_config({**words, "budget": {"evaluations": 1}, "output": "unused"}).problem)
    known = Likelihood(problem, problem.evaluate)
    known.batch(problem.model.space.to_unit(drawn(100, np.random.default_rng(5))))
    return known


def drawn(n: int, rng: np.random.Generator) -> Floats:
    """Return exact draws (2 n, parameters) from both modes, the one of positive x first."""
    grid = np.linspace(0.01, 5.0, 5001)
    x = rng.choice(grid, n, p=(weights := np.exp(-0.5 * (grid**2 - 4.0) ** 2)) / weights.sum())
    x = np.concatenate([x, -x])
    centres = [3.0 * np.sin(2.0 * x), *((i + 1) * np.tanh(x / (1.0 + np.abs(x))) for i in range(2))]
    widths = [0.03, NUISANCE_ERROR, NUISANCE_ERROR]
    others = [centre + width * rng.standard_normal(2 * n) for centre, width in zip(centres, widths, strict=True)]
    return np.column_stack([x, *others])


def posterior_of(x: Floats, likelihood: Likelihood, log_evidence: float | None) -> Posterior:
    """Return what a method would that had drawn these points (n, parameters)."""
    batch = likelihood.batch(likelihood.problem.model.space.to_unit(x))
    n = len(x)
    return Posterior(
        method="mcmc" if log_evidence is None else "nested",
        names=likelihood.names,
        values=np.column_stack([batch.x, batch.observables]),
        loglike=batch.loglike,
        weights=np.full(n, 1.0 / n),
        chain=np.zeros(n, dtype=np.int64),
        effective=float(n),
        log_evidence=log_evidence,
        log_evidence_error=None if log_evidence is None else 0.01,
        converged=True,
        evaluations=n,
    )


def check(posterior: Posterior, likelihood: Likelihood) -> Posterior:
    """Hold it against what the likelihood knows."""
    return checked(posterior, likelihood, lambda: Linearised(likelihood, np.random.default_rng(1)), 1)


@pytest.mark.parametrize("log_evidence", [EVIDENCE - np.log(2.0), None])
def test_a_mode_that_was_missed_is_said_with_its_part(likelihood: Likelihood, log_evidence: float | None) -> None:
    half = posterior_of(drawn(1000, np.random.default_rng(2))[:1000], likelihood, log_evidence)
    found = check(half, likelihood)
    assert not found.converged
    (reason,) = found.reasons
    assert reason.startswith("at least about ")
    assert 40.0 < float(reason.split()[3]) < 53.0
    assert "x = -2" in reason or "x = -1.9" in reason
    assert replace(found, converged=True, reasons=()) == half


@pytest.mark.parametrize("log_evidence", [EVIDENCE, None])
def test_a_whole_posterior_stays_as_it_is(likelihood: Likelihood, log_evidence: float | None) -> None:
    whole = posterior_of(drawn(1000, np.random.default_rng(2)), likelihood, log_evidence)
    assert check(whole, likelihood) is whole


def test_what_is_good_and_holds_nothing_is_no_part(likelihood: Likelihood) -> None:
    """A posterior of much more evidence than the other mode adds: nothing is said, though that is looked at."""
    half = posterior_of(drawn(1000, np.random.default_rng(2))[:1000], likelihood, EVIDENCE + 6.0)
    before = likelihood.evaluations
    assert check(half, likelihood) is half
    assert likelihood.evaluations - before > DRAWS // 2
