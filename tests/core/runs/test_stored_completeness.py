"""Completeness of stored runs: without the model, with any way of keeping points, and honest about derived runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.stored_runs import WIDE, prepared, rows, scanned, stored

import terranova
from terranova.interfaces.priors import Normal
from terranova.runs.run import Run
from terranova.runs.stored_completeness import is_calibrated, stored_space
from terranova.store import Writer

pytestmark = pytest.mark.usefixtures("toy_registry")


def found_by(islands: int, n: int = 600) -> Any:
    """Valid points at random places, which islands find by turns."""
    batch = rows([[0.0, 0.0]] * n, islands=islands)
    u = np.random.default_rng(1).random((n, 4))
    x = np.column_stack([10 * u[:, 0], 10 ** (6 * u[:, 1] - 3), 1.0 + 1e3 * u[:, 2], u[:, 3]])
    return replace(batch, u=u, x=x)


def test_rows_become_bins(tmp_path: Path) -> None:
    run, problem = prepared(tmp_path)
    batch = found_by(8)
    batch = replace(batch, x=problem.model.space.to_physical(batch.u))
    with Writer(tmp_path, run.manifest.schema) as writer:
        writer.append(batch)
    found = run.completeness()
    assert (found.valid, found.samples) == (600, 8)
    cells = np.minimum((batch.u * 20).astype(int), 19)
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    assert found.bins == sum(len({(r[i], r[j]) for r in cells}) for i, j in pairs)
    early = cells[batch.index < 50]  # of 75 points an island
    before = sum(len({(r[i], r[j]) for r in early}) for i, j in pairs)
    assert found.new == pytest.approx(1 - before / found.bins)


def test_the_model_is_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = stored(tmp_path, found_by(8))
    monkeypatch.setattr(Run, "_build", lambda *_, **__: pytest.fail("the model was asked for"))
    assert run.completeness().bins


def test_one_island_says_so(tmp_path: Path) -> None:
    assert "1 island only" in stored(tmp_path, found_by(1)).completeness().silent


def test_an_empty_run_says_so(tmp_path: Path) -> None:
    run, _ = prepared(tmp_path)
    assert run.completeness().silent == "there is no valid point"


def test_without_priors_in_the_manifest_nothing_is_said(tmp_path: Path) -> None:
    run = stored(tmp_path, found_by(8))
    for physics in ({}, {"priors": {}}, {"priors": {"a": {"prior": "of a newer version"}}}, {"priors": 3}):
        assert stored_space(replace(run.manifest, physics=physics)) is None
    replace(run.manifest, physics={}).save(tmp_path)
    assert "priors" in Run(tmp_path).completeness().silent


def test_the_stored_space_is_that_of_the_model(tmp_path: Path) -> None:
    run, problem = prepared(tmp_path, parameters={"a": {"prior": "normal", "mean": 3.0, "sd": 2.0}})
    space = stored_space(run.manifest)
    assert space is not None
    assert [p.prior for p in space] == [p.prior for p in problem.model.space]
    assert Normal(3.0, 2.0) in [p.prior for p in space]


@pytest.mark.integration
def test_it_is_the_same_when_only_valid_points_are_kept(tmp_path: Path) -> None:
    every = scanned(tmp_path / "all", constraints=[WIDE], model="toy-holes")
    valid = scanned(tmp_path / "valid", constraints=[WIDE], model="toy-holes", store={"keep": "valid"})
    assert every.completeness() == valid.completeness()
    assert every.completeness().estimate is not None


@pytest.mark.integration
def test_derived_runs_say_why_nothing_is_known(tmp_path: Path) -> None:
    one, two = (scanned(tmp_path / str(seed), seed=seed) for seed in (1, 2))
    assert "several scans" in terranova.merge([one, two], output=tmp_path / "m").completeness().silent
    again = terranova.rescore(one, constraints=[WIDE], output=tmp_path / "r")
    assert "other constraints" in again.completeness().silent


@pytest.mark.integration
def test_the_summary_of_a_scan_has_it(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run")
    written = run.summary["completeness"]
    assert written == run.completeness().to_dict()
    assert 0 < written["found"] <= 1
    assert written["interval"][0] <= written["found"] <= written["interval"][1]


def test_who_is_calibrated() -> None:
    assert is_calibrated("explorer")
    assert not is_calibrated("cmaes")
    assert not is_calibrated("no longer installed")
