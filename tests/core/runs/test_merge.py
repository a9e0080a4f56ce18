"""Several runs as one: nothing is lost, the order does not matter, and only what belongs together is merged."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from support.stored_runs import scanned, windows
from typer.testing import CliRunner

from terranova.cli import commands as cli
from terranova.engine.session import resume
from terranova.errors import RunError, RunExists, RunMismatch, StoreCorrupt
from terranova.runs.merge import merge
from terranova.runs.run import Run
from terranova.testing import NoSync, flip_bit

pytestmark = pytest.mark.integration


@pytest.fixture
def runs(tmp_path: Path, toy_registry: None) -> list[Run]:
    """Three scans of one problem, with other seeds, samplers and budgets."""
    with NoSync():
        return [
            scanned(tmp_path / "a", seed=1, budget={"evaluations": 500}),
            scanned(tmp_path / "b", seed=2, budget={"evaluations": 300}, sampler={"name": "sobol", "islands": 2}),
            scanned(tmp_path / "c", seed=3, budget={"evaluations": 200}, sampler={"name": "cmaes", "islands": 3}),
        ]


def rows(run: Run) -> pd.DataFrame:
    """All rows in their natural order."""
    return run.to_pandas().sort_values(["island", "index"], ignore_index=True)


def test_every_point_is_there_once(tmp_path: Path, runs: list[Run]) -> None:
    merged = merge(runs, tmp_path / "m")
    assert merged.count == merged.evaluated == 1000
    assert merged.valid_count == sum(run.valid_count for run in runs)
    together = pd.concat([rows(run) for run in runs]).drop(columns="island")
    everything = merged.to_pandas().drop(columns="island")
    key = [run.name for run in merged.parameters] + ["index"]
    pd.testing.assert_frame_equal(
        together.sort_values(key, ignore_index=True), everything.sort_values(key, ignore_index=True)
    )
    assert sorted(everything["seconds"]) == sorted(together["seconds"])
    found = merged.verify()
    assert found.ok
    assert found.complete
    assert merged.to_pandas(["island"])["island"].nunique() == 4 + 2 + 3
    sources = json.loads((tmp_path / "m" / "merged.json").read_text())["sources"]
    assert sorted(source["seed"] for source in sources) == [1, 2, 3]


@pytest.mark.slow
def test_neither_order_nor_grouping_matters(tmp_path: Path, runs: list[Run]) -> None:
    whole = rows(merge(runs, tmp_path / "whole"))
    for number, order in enumerate(itertools.permutations(runs)):
        pd.testing.assert_frame_equal(rows(merge(order, tmp_path / f"order-{number}")), whole)
        pair = merge(order[:2], tmp_path / f"pair-{number}")
        pd.testing.assert_frame_equal(rows(merge([pair, order[2]], tmp_path / f"left-{number}")), whole)
        pd.testing.assert_frame_equal(rows(merge([order[2], pair], tmp_path / f"right-{number}")), whole)


def test_what_was_dropped_is_counted(tmp_path: Path, toy_registry: None) -> None:
    with NoSync():
        runs = [scanned(tmp_path / f"{seed}", seed=seed, store={"keep": "valid"}) for seed in (1, 2)]
    merged = merge(runs, tmp_path / "m")
    assert merged.evaluated == 8000
    assert merged.count == merged.valid_count == sum(run.count for run in runs)
    assert merged.verify().ok


def test_different_problems_are_refused_with_what_differs(tmp_path: Path, runs: list[Run]) -> None:
    with NoSync():
        other = {
            "constraint": scanned(tmp_path / "d", constraints=[windows(ring=(0.0, 9.0), ratio=(-1.0, 1.0))]),
            "store.keep": scanned(tmp_path / "e", store={"keep": "valid"}),
            "columns": scanned(tmp_path / "f", store={"observables": []}, constraints=[windows(ring=(0.0, 10.0))]),
            "a.upper": scanned(tmp_path / "g", parameters={"a": {"prior": "uniform", "lower": 0.0, "upper": 5.0}}),
        }
    for what, run in other.items():
        with pytest.raises(RunMismatch, match=f"(?s)different problems.*{re.escape(what)}") as refused:
            merge([runs[0], run], tmp_path / "m")
        assert " -> " in str(refused.value) or "added" in str(refused.value) or "removed" in str(refused.value)
    assert not (tmp_path / "m").exists()


def test_what_makes_no_sense_is_refused(tmp_path: Path, runs: list[Run]) -> None:
    with pytest.raises(RunError, match="at least two"):
        merge(runs[:1], tmp_path / "m")
    with pytest.raises(RunError, match="would be in it twice"):
        merge([runs[0], Run(runs[0].directory)], tmp_path / "m")
    pair = merge(runs[:2], tmp_path / "pair")
    with pytest.raises(RunError, match="would be in it twice"):
        merge([pair, runs[1]], tmp_path / "m")
    with pytest.raises(RunExists):
        merge(runs, tmp_path / "pair")
    with pytest.raises(RunMismatch, match="terranova merge"):
        resume(pair.directory, evaluations=10_000)


def test_damage_is_not_copied(tmp_path: Path, runs: list[Run]) -> None:
    part = next((tmp_path / "b" / "points").glob("*.parquet"))
    flip_bit(part, 8 * 3000)
    with pytest.raises(StoreCorrupt, match=part.name):
        merge(runs, tmp_path / "m")
    with pytest.raises(RunError, match="not a run directory"):
        Run(tmp_path / "m")


def test_the_command(tmp_path: Path, runs: list[Run]) -> None:
    words = ["merge", *(str(run.directory) for run in runs), "--output", str(tmp_path / "m")]
    done = CliRunner().invoke(cli.app, words)
    assert done.exit_code == 0, done.output
    assert Run(tmp_path / "m").count == 1000
