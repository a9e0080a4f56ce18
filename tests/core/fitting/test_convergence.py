"""R-hat and effective numbers: those of arviz, and blind to nothing that independent ensembles show."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.fitting.convergence import LEAST, complaints, diagnose, effective, normal_scores, rhat
from terranova.types import Floats


def _walk(chains: int, steps: int, memory: float, seed: int = 1) -> Floats:
    """Autoregressive chains of variance 1 / (1 - memory^2)."""
    rng = np.random.default_rng(seed)
    x = np.zeros((chains, steps))
    x[:, 0] = rng.standard_normal(chains) / np.sqrt(1.0 - memory**2)
    for t in range(1, steps):
        x[:, t] = memory * x[:, t - 1] + rng.standard_normal(chains)
    return x


@pytest.mark.parametrize(
    ("chains", "steps", "memory", "shift"),
    [(4, 1000, 0.9, 0.0), (4, 1000, -0.5, 0.1), (64, 301, 0.95, 0.1), (2, 50, 0.0, 0.0), (8, 100, 0.99, 1.0)],
)
def test_measures_are_those_of_arviz(chains: int, steps: int, memory: float, shift: float) -> None:
    arviz = pytest.importorskip("arviz", reason="arviz is not installed")
    x = _walk(chains, steps, memory) + shift * np.arange(chains)[:, None]
    assert effective(x) == pytest.approx(float(arviz.ess(x, method="mean")), rel=1e-9)
    assert effective(normal_scores(x)) == pytest.approx(float(arviz.ess(x, method="bulk")), rel=1e-4)
    tail = min(effective(x <= q) for q in np.quantile(x, (0.05, 0.95)))
    assert tail == pytest.approx(float(arviz.ess(x, method="tail")), rel=1e-6)
    folded = np.abs(x - np.median(x))
    found = max(rhat(normal_scores(x)), rhat(normal_scores(folded)))
    assert found == pytest.approx(float(arviz.rhat(x)), abs=1e-4)


def _ensembles(steps: int = 500, memory: float = 0.5) -> Floats:
    return _walk(4 * 16, steps, memory).reshape(4, 16, steps).transpose(0, 2, 1)


def test_chains_that_agree_have_converged_with_the_errors_that_they_state() -> None:
    x = _ensembles()
    found = diagnose("x", x)
    assert complaints([found], 500, 25) == []
    assert found.tau == pytest.approx(3.0, rel=0.1)  # (1 + memory) / (1 - memory)
    assert found.mean_error == pytest.approx(found.deviation * (3.0 / x.size) ** 0.5, rel=0.6)
    assert abs(x.mean()) < 4.0 * found.mean_error
    assert abs(x.std() - (4.0 / 3.0) ** 0.5) < 4.0 * found.deviation_error


@pytest.mark.parametrize("what", ["place", "width", "drift"])
def test_ensembles_that_disagree_have_not_converged(what: str) -> None:
    """Each ensemble looks perfect to itself."""
    x = _ensembles()
    if what == "place":
        x[3] += 0.5
    elif what == "width":
        x[3] *= 2.0
    else:
        x += np.linspace(0.0, 1.0, x.shape[1])[:, None]
    assert complaints([diagnose("x", x)], 500, 25)[0].startswith("R-hat of x is ")


def test_chains_that_are_too_short_have_not_converged() -> None:
    few = diagnose("x", _ensembles(40, 0.9))
    assert min(few.bulk, few.tail) < LEAST
    phrases = complaints([few], 40, 25)
    assert any(f"effective points of x, fewer than {LEAST}" in phrase for phrase in phrases)
    assert any(phrase.endswith("of 25 autocorrelation times of x") for phrase in phrases)


def test_ranks_of_an_angle_are_taken_where_it_has_no_seam() -> None:
    x = 0.1 * _ensembles()
    angle = np.mod(x + np.pi, 2.0 * np.pi)
    assert diagnose("phi", np.mod(x, 2.0 * np.pi), ranked=x).bulk == pytest.approx(diagnose("x", angle).bulk)


def test_chains_of_one_value_agree() -> None:
    same = np.ones((4, 20))
    assert rhat(same) == 1.0
    assert effective(same) == 80.0
    apart = np.repeat(np.arange(4.0), 20).reshape(4, 20)
    assert rhat(apart) == np.inf
