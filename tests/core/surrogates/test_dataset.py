"""Rows to learn from: of one problem only, with failures as NaN."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.stored_runs import prepared, rows, stored, windows

from terranova.errors import RunError, RunMismatch
from terranova.interfaces.batch import Status
from terranova.surrogates.dataset import Rows, identity, read_rows, require_same, target_names

pytestmark = pytest.mark.usefixtures("toy_registry")
RATIO = windows(ratio=(0.0, 1.0))


def test_rows_stay_together() -> None:
    every = Rows(*(np.arange(4.0)[:, None] + k for k in range(3)), np.arange(4.0))
    some = every.take(np.array([3, 1]))
    assert len(some) == 2
    assert (some.u[:, 0] + 1).tolist() == some.x[:, 0].tolist() == [4.0, 2.0]
    assert some.chi2.tolist() == [3.0, 1.0]


def test_failed_points_are_unknown_and_infinitely_bad(tmp_path: Path) -> None:
    batch = rows(
        [[0.0], [0.0], [1.0]], loglike=[-2.0, -np.inf, -np.inf], status=[Status.OK, Status.RAISED, Status.OK]
    )
    run = stored(tmp_path, batch, constraints=[RATIO])
    read = read_rows([run], ["ratio", "loglike"], run.problem())
    assert read.chi2.tolist() == [4.0, np.inf, np.inf]
    assert np.isnan(read.targets).all(axis=1).tolist() == [False, True, True]
    np.testing.assert_allclose(run.problem().model.space.to_physical(read.u), read.x, rtol=1e-9)


def test_runs_of_other_problems_are_refused_with_what_differs(tmp_path: Path) -> None:
    one = stored(tmp_path / "one", rows([[0.0]]), constraints=[RATIO])
    other = stored(tmp_path / "two", rows([[0.0]]), constraints=[windows(ratio=(0.0, 2.0))])
    with pytest.raises(RunMismatch, match="different problems"):
        read_rows([one, other], ["ratio"], one.problem())
    require_same("a", identity(one.manifest.physics), "b", identity(one.manifest.physics))


def test_targets_are_columns_or_all_that_constraints_read(tmp_path: Path) -> None:
    run = stored(tmp_path, rows([[0.0]]), constraints=[RATIO])
    assert target_names(run, ["observables", "loglike", "ratio"]) == ["ratio", "loglike"]
    with pytest.raises(RunError, match=r"has no target 'ration' \(did you mean 'ratio'"):
        target_names(run, ["ration"])


def test_without_points_there_is_nothing_to_learn_from(tmp_path: Path) -> None:
    run, problem = prepared(tmp_path, constraints=[RATIO])
    with pytest.raises(RunError, match="no point is stored"):
        read_rows([run], ["ratio"], problem)
