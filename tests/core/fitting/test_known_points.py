"""Points of scans: taken where they fit, and scored with the constraints of the fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fit_problems import likelihood, measured, problem
from support.stored_runs import prepared

from terranova.config import ModelChoice
from terranova.errors import RunError
from terranova.fitting.known_points import add_known_points, open_scan
from terranova.runs.run import Run
from terranova.store import Writer

OPTIONS = {"free": 2, "measured": 3}
MODEL = {"name": "fit-linear", **OPTIONS}
CHOICE = ModelChoice("fit-linear", OPTIONS)
DATA = [measured(f"y{i}", 1.0, unit="GeV") for i in range(3)]


def _scan(directory: Path, n: int = 20, **words: Any) -> Run:
    """A run with n points of the model, the first of which failed."""
    run, made = prepared(directory, **{"model": MODEL, "constraints": DATA[:1], **words})
    u = np.random.default_rng(1).random((n, made.model.space.dimension))
    x = made.model.space.to_physical(u)
    evaluation = made.evaluate(x)
    evaluation.status[0] = 3
    zeros = np.zeros(n, dtype=np.int64)
    with Writer(directory, run.manifest.schema) as writer:
        writer.append(made.batch(u, x, evaluation, zeros, zeros, np.arange(n)))
    return Run(directory)


def test_points_are_scored_anew(tmp_path: Path) -> None:
    known = likelihood(problem(MODEL, DATA))
    assert add_known_points(known, _scan(tmp_path)) == 19
    fresh = likelihood(problem(MODEL, DATA))
    np.testing.assert_allclose(known.loglikes, fresh.batch(known.u).loglike, rtol=1e-9)
    assert known.evaluations == 0


def test_points_outside_of_the_priors_are_left_out(tmp_path: Path) -> None:
    narrow = {"a0": {"prior": "uniform", "lower": 0.0, "upper": 10.0}}
    known = likelihood(problem(MODEL, DATA, parameters=narrow))
    run = _scan(tmp_path)
    assert add_known_points(known, run) == int((run.table(["a0"])["a0"].to_numpy()[1:] >= 0.0).sum())
    assert known.column("a0").min() >= 0.0


@pytest.mark.parametrize(
    ("scan", "choice", "words"),
    [
        (
            {"model": {"name": "fit-linear", "free": 3, "measured": 3}},
            CHOICE,
            "with free: 3, measured: 3, but the fit",
        ),
        ({"store": {"observables": "constrained"}}, CHOICE, "did not store y1, y2, which the constraints read"),
    ],
)
def test_scans_that_cannot_be_used_are_refused(scan: Any, choice: ModelChoice, words: str, tmp_path: Path) -> None:
    prepared(tmp_path, **{"model": MODEL, "constraints": DATA[:1], **scan})
    with pytest.raises(RunError, match=words):
        open_scan(tmp_path, problem(MODEL, DATA), choice)


def test_a_good_scan_is_opened(tmp_path: Path) -> None:
    _scan(tmp_path)
    assert open_scan(tmp_path, problem(MODEL, DATA), CHOICE).count == 20


def test_expressions_are_computed_from_what_a_scan_stored(tmp_path: Path) -> None:
    data = [{**measured("y0", 1.0, unit="GeV"), "observable": "y0 - y1"}]
    known = likelihood(problem(MODEL, data))
    assert add_known_points(known, _scan(tmp_path)) == 19
    fresh = likelihood(problem(MODEL, data))
    np.testing.assert_allclose(known.loglikes, fresh.batch(known.u).loglike, rtol=1e-9)
