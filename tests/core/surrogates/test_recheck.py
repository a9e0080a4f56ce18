"""Rows held out of a training, evaluated again by the model that is installed now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.stored_runs import scanned

from terranova.errors import RunMismatch
from terranova.surrogates.dataset import read_rows
from terranova.surrogates.recheck import POINTS, require_same_values

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.integration]

TARGETS = ("ring", "loglike")


def test_rows_of_the_model_pass_and_others_do_not(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run", budget={"evaluations": 200})
    rows = read_rows([run], TARGETS, run.problem())
    finite = np.flatnonzero(np.isfinite(rows.targets).all(axis=1))
    require_same_values("s", rows, TARGETS, run.problem())
    targets = rows.targets.copy()
    targets[finite[POINTS] :, 0] += 1.0  # beyond those that are looked at
    require_same_values("s", replace(rows, targets=targets), TARGETS, run.problem())
    targets[finite[0], 0] += 1.0
    with pytest.raises(RunMismatch, match=r"surrogate s does not stand .*\n  row \d+ of those held out: ring was"):
        require_same_values("s", replace(rows, targets=targets), TARGETS, run.problem())


def test_nothing_known_is_nothing_to_compare(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run", budget={"evaluations": 20})
    rows = read_rows([run], TARGETS, run.problem())
    require_same_values("s", replace(rows, targets=np.full((20, 2), np.nan)), TARGETS, run.problem())
