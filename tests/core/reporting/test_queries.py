"""Queries of the report: progress adds up, samples can be repeated, failures are grouped."""

from __future__ import annotations

from math import inf
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.stored_runs import rows, scanned, stored

from terranova.reporting.queries import failures, progress, sample

pytestmark = pytest.mark.usefixtures("toy_registry")


def test_progress_adds_up(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run")
    history = progress(run, run.problem(), steps=7)
    assert history is not None
    frame = run.to_pandas()
    assert history.evaluations[-1] == 4000
    assert (np.diff(history.evaluations) >= 0).all()
    assert history.valid[:, -1].tolist() == frame.groupby("island")["valid"].sum().tolist()
    assert history.violation[:, -1].tolist() == frame.groupby("island")["total_violation"].min().tolist()
    from terranova.runs.diagnosis import coverage_of

    assert history.coverage is not None
    assert history.coverage[-1] == pytest.approx(coverage_of(run, run.problem()))
    assert (np.diff(history.coverage) >= 0).all()


def test_samples_are_repeatable_parts(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run")
    some = sample(run, ["a"], "true", rows=500)
    assert 300 < len(some) <= 700
    pd.testing.assert_frame_equal(some, sample(run, ["a"], "true", rows=500))
    assert len(sample(run, ["a"], "valid")) == run.valid_count


def test_failures_are_grouped(tmp_path: Path) -> None:
    reasons = ["m = -3.5", "m = 12e-3", "other", ""]
    run = stored(tmp_path, rows([[inf, inf]] * 4, status=[1, 1, 3, 4], reason=reasons))
    found = [(f.status, f.reason, f.points) for f in failures(run)]
    assert found == [("unphysical", "m = #", 2), ("raised", "other", 1), ("timeout", "", 1)]
