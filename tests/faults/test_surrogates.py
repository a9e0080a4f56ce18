"""Surrogates trained on rows that teach nothing: no exception, no trust, and the model is asked instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import stored_runs

import terranova
from terranova.surrogates import TrainedSurrogate, train
from terranova.surrogates.trained import make

pytest.importorskip("xgboost", reason="surrogates need the extra terranova[ml]")

Spoil = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]

HOPELESS: dict[str, Spoil] = {
    "no row": lambda u, y, near: (u[:0], y[:0], near[:0]),
    "one row": lambda u, y, near: (u[:1], y[:1], near[:1]),
    "few rows": lambda u, y, near: (u[:20], y[:20], near[:20]),
    "one row many times": lambda u, y, near: (np.repeat(u[:1], 300, axis=0), y, near),
    "constant targets": lambda u, y, near: (u, np.ones_like(y), near),
    "a constant parameter": lambda u, y, near: (u * [1, 0, 1, 1], y, near),
    "collinear": lambda u, y, near: (np.repeat(u[:, :1], 4, axis=1), y, near),
    "targets all NaN": lambda u, y, near: (u, np.full_like(y, np.nan), near),
    "targets all infinite": lambda u, y, near: (u, np.full_like(y, np.inf), near),
    "points all NaN": lambda u, y, near: (np.full_like(u, np.nan), y, near),
    "all far": lambda u, y, near: (u, y, np.zeros(len(u), dtype=bool)),
}


@pytest.fixture
def standin(toy_registry: None, tmp_path: Path) -> TrainedSurrogate:
    """A surrogate of a toy model, trained as users do on a real run."""
    run = stored_runs.scanned(tmp_path / "run", constraints=[SMOOTH], budget={"evaluations": 400})
    return train([run], ["ring", "ratio"], rounds=20)


SMOOTH = terranova.ConstraintSet(
    "smooth",
    tuple(
        terranova.Gaussian(name=f"g_{n}", observables=(n,), value=v, sigma=s, source="theory: a test", unit=unit)
        for n, v, s, unit in (("ring", 3.0, 3.0, "1"), ("ratio", 0.0, 1.0, "GeV"))
    ),
)


@pytest.mark.fault("F39")
@pytest.mark.parametrize("spoil", HOPELESS.values(), ids=HOPELESS)
def test_rows_that_teach_nothing_leave_the_model_in_charge(standin: TrainedSurrogate, spoil: Spoil) -> None:
    rng = np.random.default_rng(1)
    u = rng.random((300, 4))
    targets = standin.problem.model.evaluate_array(standin.problem.model.space.to_physical(u)).observables
    made = make("xgboost", standin.problem, 1, {"rounds": 20})
    made.fit(*spoil(u, targets, np.ones(len(u), dtype=bool)))
    probe = rng.random((50, 4))
    assert made.reason
    assert (made.trust(probe) == 0.0).all()
    standin.surrogate = made
    answer = standin.evaluate(probe)
    assert answer.true_calls == 50
    assert not answer.predicted.any()
    assert np.array_equal(answer.chi2, standin.true_chi2(probe))


@pytest.mark.fault("F39")
def test_some_nan_rows_are_left_out(standin: TrainedSurrogate) -> None:
    rng = np.random.default_rng(2)
    u = rng.random((400, 4))
    targets = standin.problem.model.evaluate_array(standin.problem.model.space.to_physical(u)).observables
    targets[::7] = np.nan
    u[::11] = np.nan
    made = make("xgboost", standin.problem, 1, {"rounds": 20})
    made.fit(u, targets, np.ones(len(u), dtype=bool))
    assert made.reason == ""
    probe = rng.random((50, 4))
    assert np.isfinite(made.predict(probe)[0]).all()


@pytest.mark.fault("F39")
def test_untrained_file_is_saved_loaded_and_not_trusted(standin: TrainedSurrogate, tmp_path: Path) -> None:
    made = make("xgboost", standin.problem, 1, {})
    made.fit(np.empty((0, 4)), np.empty((0, 2)), np.empty(0, dtype=bool))
    standin.surrogate = made
    standin.save(tmp_path / "nothing.tns")
    again = TrainedSurrogate.load(tmp_path / "nothing.tns")
    assert again.surrogate.reason == made.reason
    assert again.evaluate(np.full((3, 4), 0.5)).true_calls == 3
