"""Scoring stored points again gives what scoring them at once would have given."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
from support.stored_runs import scanned, windows

import terranova
from terranova.errors import RunError, RunExists, RunMismatch
from terranova.runs.export import export
from terranova.runs.rescore import rescore

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.integration]


def test_the_same_as_direct_scoring(tmp_path: Path) -> None:
    run = scanned(tmp_path / "one", model="toy-holes", constraints=[windows(ring=(0, 10), b=(2e-3, 1e9))])
    again = rescore(run, [windows(ring=(1, 4), ratio=(0, 1), a=(2, 8))], tmp_path / "two")
    direct = scanned(
        tmp_path / "three", model="toy-holes", constraints=[windows(ring=(1, 4), ratio=(0, 1), a=(2, 8))]
    )
    keys = ["island", "index"]
    got = again.to_pandas().sort_values(keys, ignore_index=True)
    expected = direct.to_pandas().sort_values(keys, ignore_index=True)
    for name in expected.columns.drop("seconds"):
        np.testing.assert_array_equal(got[name], expected[name], err_msg=name)
    assert again.valid_count == direct.valid_count > 0
    assert (got["status"] > 0).any()


def test_the_result_is_a_run(tmp_path: Path) -> None:
    run = scanned(tmp_path / "one")
    again = rescore(run, [windows(a=(0, 5))], tmp_path / "two")
    assert again.manifest.constraints == {"chosen": "0"}
    assert again.manifest.run_id != run.manifest.run_id
    assert again.manifest.seed == run.manifest.seed
    assert [c.name for c in again.problem().constraints] == ["w_a"]
    assert again.best(3)["valid"].all()
    assert export(again, "parquet").exists()
    origin = json.loads((tmp_path / "two" / "rescored.json").read_text())
    assert origin["run_id"] == run.manifest.run_id
    assert origin["sampled_with"] == {"chosen": "0"}
    assert (origin["complete"], origin["unjudged"], origin["only_points_valid_there"]) == (True, 0, False)
    assert "points come from" in (tmp_path / "two" / "config.yaml").read_text()
    assert "rescored" in repr(again)


def test_constraints_by_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nversion: '3'\nconstraints:\n"
        "  - {name: ring, kind: window, observable: ring, upper: 2, date: 2022-07-01, source: 'arXiv:2207.00043'}\n"
    )
    again = rescore(scanned(tmp_path / "one"), [path], tmp_path / "two")
    assert again.manifest.constraints == {"mine": "3"}


def test_a_rescored_run_cannot_be_resumed(tmp_path: Path) -> None:
    rescore(scanned(tmp_path / "one"), [windows(a=(0, 5))], tmp_path / "two")
    with pytest.raises(RunMismatch):
        terranova.resume(tmp_path / "two", evaluations=5000, quiet=True)


def test_an_observable_that_was_not_stored(tmp_path: Path) -> None:
    run = scanned(tmp_path / "one", constraints=[windows(ring=(0, 4))], store={"observables": "constrained"})
    with pytest.raises(RunError, match=r"'w_ratio' reads the observable 'ratio', which .* did not store"):
        rescore(run, [windows(ratio=(0, 1))], tmp_path / "two")
    assert not (tmp_path / "two").exists()
    again = rescore(run, [windows(ring=(0, 1), phi=(0, 1))], tmp_path / "two")
    assert [o.name for o in again.observables] == ["ring"]


def test_points_without_later_stages_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = scanned(tmp_path / "one", model="toy-staged", constraints=[windows(cheap=(0, 5), dear=(0, 4))])
    with caplog.at_level(logging.WARNING, logger="terranova"):
        again = rescore(run, [windows(cheap=(0, 10), dear=(0, 8))], tmp_path / "two")
    unjudged = json.loads((tmp_path / "two" / "rescored.json").read_text())["unjudged"]
    assert unjudged == run.sql("select count(*) as n from points where cheap > 5")["n"][0].as_py() > 0
    assert f"{unjudged} points could not be judged" in caplog.text
    assert again.valid_count == run.sql("select count(*) as n from points where cheap <= 4")["n"][0].as_py()


def test_an_output_in_use(tmp_path: Path) -> None:
    run = scanned(tmp_path / "one")
    with pytest.raises(RunExists, match="is in use"):
        rescore(run, [windows(a=(0, 5))], run.directory)


def test_expressions_are_computed_from_what_is_stored(tmp_path: Path) -> None:
    """Those of the old constraints go, those of the new ones are columns, as if they had been scanned so."""

    def window(name: str, text: str, upper: float, unit: str) -> dict[str, object]:
        return {"name": name, "observable": text, "kind": "window", "upper": upper, "unit": unit, "source": "mine"}

    keys = {"observables": {"twice": "2 * ratio"}}
    old, new = window("old", "ring + 1", 3.0, "1"), window("new", "twice - ratio", 0.5, "GeV")
    again = rescore(scanned(tmp_path / "one", constraints=[old], **keys), [new], tmp_path / "two")
    direct = scanned(tmp_path / "three", constraints=[new], **keys)
    got, expected = (r.to_pandas().sort_values(["island", "index"], ignore_index=True) for r in (again, direct))
    assert list(got.columns) == list(expected.columns)
    assert "ring + 1" not in got.columns
    for name in expected.columns.drop("seconds"):
        np.testing.assert_array_equal(got[name], expected[name], err_msg=name)
    assert 0 < got["valid"].sum() < len(got)
