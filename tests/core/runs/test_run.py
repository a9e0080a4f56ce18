"""Opening run directories and looking at their points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.stored_runs import prepared, rows, scanned, stored

import terranova
from terranova.errors import RunError, TerranovaError
from terranova.runs.run import Run
from terranova.store import Writer

pytestmark = pytest.mark.usefixtures("toy_registry")


def test_wrong_directories_are_explained(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="There is no run directory"):
        terranova.open(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="is a file"):
        Run(tmp_path / "file")
    stored(tmp_path / "runs" / "one", rows([[0.0, 0.0]]))
    with pytest.raises(RunError, match="It contains runs, though: one"):
        Run(tmp_path / "runs")
    with pytest.raises(RunError, match="open the run itself"):
        Run(tmp_path / "runs" / "one" / "points")


def test_counts_and_tables_agree_with_the_points(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run")
    frame = run.to_pandas()
    assert run.count == run.evaluated == len(frame) == 4000
    assert run.valid_count == int(frame["valid"].sum()) > 0
    assert len(run.to_pandas(valid=True)) == run.valid_count
    assert len(run.to_pandas(valid=False)) == 4000 - run.valid_count
    some = run.table(["a", "ring"], where="a < 5 or a > 9", valid=True)
    expected = frame[frame["valid"] & ((frame["a"] < 5) | (frame["a"] > 9))]
    assert some.column_names == ["a", "ring"]
    assert len(some) == len(expected)
    assert run.sql("select count(*) as n from points where valid")["n"][0].as_py() == run.valid_count
    with pytest.raises(RunError, match=r"'rink'.*did you mean 'ring'"):
        run.to_pandas(["rink"])


def test_metadata(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run")
    assert [p.name for p in run.parameters] == ["a", "b", "c", "phi"]
    assert run.parameters[0].unit == "GeV"
    assert [o.name for o in run.observables] == ["ring", "ratio"]
    assert [c.source for c in run.constraints] == ["theory: chosen for this test"] * 2
    assert run.config.sampler.name == "random"
    assert run.manifest.model == "toy-shell"
    assert run.summary["state"] == "evaluations"


def test_the_problem_is_rebuilt(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run")
    problem, frame = run.problem(), run.to_pandas()
    x = frame[[p.name for p in run.parameters]].to_numpy()
    evaluation = problem.evaluate(x)
    violations, loglike = problem.score(x, evaluation.observables)
    np.testing.assert_array_equal(violations, frame[["C_w_ring", "C_w_ratio"]].to_numpy())
    np.testing.assert_array_equal(loglike, frame["loglike"].to_numpy())


def test_best_of_valid_points_is_by_likelihood(tmp_path: Path) -> None:
    violations = [[0, 0], [0, 0], [0, 1], [0, 0], [0, 0]]
    run = stored(tmp_path, rows(violations, loglike=[-3.0, -1.0, 5.0, -2.0, -1.0], islands=2))
    best = run.best(3)
    assert best["loglike"].tolist() == [-1.0, -1.0, -2.0]
    assert best[["island", "index"]].to_numpy().tolist() == [[0, 2], [1, 0], [1, 1]]  # ties: by island, then index
    assert best.attrs["ranking"] == "valid points by log-likelihood, highest first"
    assert list(best.columns) == run.schema.names
    assert len(run.best(100)) == 4


def test_best_without_valid_points_is_by_violation_and_says_so(tmp_path: Path) -> None:
    violations = [[3, 0], [1, 1], [0, 0.5], [np.inf, np.inf]]
    run = stored(tmp_path, rows(violations, status=[0, 0, 0, 3]))
    best = run.best()
    assert best["total_violation"].tolist() == [0.5, 2.0, 3.0]
    assert "no point is valid" in best.attrs["ranking"]


def test_best_when_every_point_failed_or_none_is_there(tmp_path: Path) -> None:
    failed = stored(tmp_path / "failed", rows([[np.inf, np.inf]] * 3, loglike=[-np.inf] * 3, status=[1, 1, 1]))
    assert len(failed.best(2)) == 2
    assert "every point failed" in failed.best(2).attrs["ranking"]
    empty, _ = prepared(tmp_path / "empty")
    assert empty.best().empty
    assert list(empty.best().columns) == empty.schema.names
    assert empty.best().attrs["ranking"] == "no point is stored yet"
    assert (empty.count, empty.valid_count) == (0, 0)


def test_a_run_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    run, _ = prepared(tmp_path)
    with Writer(tmp_path, run.manifest.schema) as writer:
        points = rows([[0, 0], [1, 0], [0, 0], [0, 0], [0, 0]])
        writer.append(points.take(slice(0, 2)))
        assert (run.count, run.valid_count) == (2, 1)
        writer.append(points.take(slice(2, 5)))
        assert (run.count, run.valid_count, len(run.best())) == (5, 4, 4)


def test_a_run_that_keeps_valid_points_counts_the_others(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run", store={"keep": "valid"})
    assert run.evaluated == 4000
    assert run.count == run.valid_count < 4000


def test_points_can_be_read_without_the_plugins(tmp_path: Path) -> None:
    from terranova.registry import registry

    scanned(tmp_path / "run")
    registry().plugins[:] = [p for p in registry().plugins if p.name != "toy-shell"]  # the fixture puts it back
    run = Run(tmp_path / "run")
    assert run.count == 4000
    assert run.config.problem.model.name == "toy-shell"
    with pytest.raises(TerranovaError, match="toy-shell"):
        run.problem()


def test_summaries(tmp_path: Path) -> None:
    run = scanned(tmp_path / "<run>")
    assert "4,000 evaluated" in repr(run)
    assert "2 in chosen 0" in repr(run)
    assert "&lt;run&gt;" in run._repr_html_()
    assert "<run>" not in run._repr_html_()
