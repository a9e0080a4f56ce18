"""What a scan stores, counts and promises, on one rank."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.stored_runs import WIDE

import terranova
from terranova.errors import ConfigError, RunExists, RunMismatch
from terranova.interfaces.sampler import Archipelago, Proposal
from terranova.registry import registry
from terranova.runs.rescore import rescore
from terranova.types import Bools

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.integration]


def words(output: Path, **changes: Any) -> dict[str, Any]:
    """A small scan of the toy shell."""
    return {
        "model": "toy-shell",
        "constraints": ["toy-windows"],
        "sampler": {"name": "cmaes-novelty", "islands": 4},
        "budget": {"evaluations": 3000},
        "seed": 3,
        "output": str(output),
        **changes,
    }


def rows(run: terranova.runs.run.Run) -> pd.DataFrame:
    """All rows in their natural order, without the times."""
    frame = run.to_pandas().drop(columns="seconds")
    return frame.sort_values(["island", "index"], ignore_index=True)


def test_every_evaluated_point_is_a_row_with_the_models_and_the_constraints_numbers(tmp_path: Path) -> None:
    run = terranova.scan(words(tmp_path / "run"), quiet=True)
    frame = rows(run)
    assert len(frame) == 3000
    model = terranova.model("toy-shell")
    names = [p.name for p in model.space]
    again = model.evaluate({name: frame[name].to_numpy() for name in names})
    for name, values in again.items():
        np.testing.assert_array_equal(frame[name], values)
    ring = frame["ring"].to_numpy()
    np.testing.assert_array_equal(frame["C_ring"], np.maximum(0, np.maximum(4.0 - ring, ring - 4.2)))
    assert (frame["valid"] == ((frame["C_ring"] == 0) & (frame["C_ratio"] == 0))).all()
    assert frame["valid"].any()
    assert run.count == 3000
    assert run.valid_count == int(frame["valid"].sum())


def test_the_budget_is_met_exactly_and_dealt_evenly(tmp_path: Path) -> None:
    run = terranova.scan(words(tmp_path / "run", budget={"evaluations": 1001}), quiet=True)
    per_island = rows(run).groupby("island").size()
    assert per_island.sum() == 1001
    assert per_island.max() - per_island.min() <= 1


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(tmp_path: Path) -> None:
    first, second, other = (
        rows(terranova.scan(words(tmp_path / name, seed=seed), quiet=True))
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    pd.testing.assert_frame_equal(first, second)
    assert not first["a"].equals(other["a"])


def test_failed_points_are_rows_with_a_reason_and_cost_their_neighbours_nothing(tmp_path: Path) -> None:
    run = terranova.scan(words(tmp_path / "run", model="toy-holes", sampler="random"), quiet=True)
    frame = rows(run)
    assert len(frame) == 3000
    raised, nan = frame[frame["b"] < 2e-3], frame[(frame["a"] > 9.0) & (frame["b"] >= 2e-3)]
    assert len(raised)
    assert len(nan)
    assert set(raised["reason"]) == {"ValueError: b too small for this calculation"}
    assert (raised["status"] == int(terranova.Status.RAISED)).all()
    assert (nan["status"] == int(terranova.Status.NON_FINITE)).all()
    assert nan["reason"].str.contains("ring").all()
    rest = frame.drop(raised.index).drop(nan.index)
    assert (rest["status"] == 0).all()
    assert np.isfinite(rest["ring"]).all()
    assert not frame.loc[frame["status"] != 0, "valid"].any()


def test_one_point_models_scan_and_say_why_points_fail(tmp_path: Path) -> None:
    run = terranova.scan(
        words(tmp_path / "run", model="toy-point", sampler="random", budget={"evaluations": 400}), quiet=True
    )
    frame = rows(run)
    assert set(frame.loc[frame["a"] > 9.0, "reason"]) == {"tachyonic"}
    assert set(frame.loc[frame["a"] < 0.5, "reason"]) == {"ZeroDivisionError: a vanishes"}


def test_worker_processes_give_the_same_rows_and_survive_a_model_that_dies(tmp_path: Path) -> None:
    base = {"sampler": "random", "budget": {"evaluations": 300}}
    serial = rows(terranova.scan(words(tmp_path / "serial", model="toy-point", **base), quiet=True))
    parallel = {"executor": "processes", "workers": 2, "timeout": "10s"}
    deadly = {"name": "toy-point", "deadly": True}
    run = terranova.scan(words(tmp_path / "pool", model=deadly, parallel=parallel, **base), quiet=True)
    pool = rows(run)
    dead = pool["a"] < 0.5
    assert dead.any()
    assert (pool.loc[dead, "status"] == int(terranova.Status.CRASHED)).all()
    pd.testing.assert_frame_equal(pool[~dead], serial[~dead])


def test_a_time_limit_needs_a_process_that_can_be_ended(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"parallel\.timeout: needs a process for the model"):
        terranova.scan(words(tmp_path / "run", parallel={"timeout": 5, "isolation": "none"}), quiet=True)


def test_a_budget_of_valid_points_or_of_time_ends_the_scan(tmp_path: Path) -> None:
    run = terranova.scan(words(tmp_path / "valid", budget={"valid": 50}), quiet=True)
    assert run.valid_count >= 50
    slow = {"name": "toy-point", "delay": 0.005}
    run = terranova.scan(words(tmp_path / "wall", model=slow, budget={"wall": "2s"}), quiet=True)
    summary = json.loads((tmp_path / "wall" / "summary.json").read_text())
    assert summary["state"] == "wall"
    assert 100 < run.count < 2000


def test_a_scan_stopped_by_time_goes_on_to_the_rows_of_one_that_was_not(tmp_path: Path) -> None:
    whole = terranova.scan(words(tmp_path / "whole"), quiet=True)
    slow = words(tmp_path / "cut", budget={"evaluations": 3000, "wall": "0.001s"})
    cut = terranova.scan(slow, quiet=True)
    assert cut.count < 3000
    resumed = terranova.resume(tmp_path / "cut", wall=600.0, quiet=True)
    pd.testing.assert_frame_equal(rows(resumed), rows(whole))


def test_a_larger_budget_extends_a_finished_run_as_if_it_had_been_asked_for_at_once(tmp_path: Path) -> None:
    terranova.scan(words(tmp_path / "small", budget={"evaluations": 1003}), quiet=True)
    larger = terranova.resume(tmp_path / "small", evaluations=3000, quiet=True)
    at_once = terranova.scan(words(tmp_path / "once"), quiet=True)
    left, right = rows(larger), rows(at_once)
    # the generation in which the small budget ended is the same; so is everything else
    pd.testing.assert_frame_equal(left, right)


def test_resuming_a_finished_run_changes_nothing(tmp_path: Path) -> None:
    before = rows(terranova.scan(words(tmp_path / "run"), quiet=True))
    pd.testing.assert_frame_equal(rows(terranova.resume(tmp_path / "run", quiet=True)), before)


def test_a_run_is_never_overwritten(tmp_path: Path) -> None:
    terranova.scan(words(tmp_path / "run"), quiet=True)
    with pytest.raises(RunExists, match="terranova resume"):
        terranova.scan(words(tmp_path / "run"), quiet=True)


def test_a_changed_configuration_is_not_resumed(tmp_path: Path) -> None:
    terranova.scan(words(tmp_path / "run"), quiet=True)
    path = tmp_path / "run" / "config.yaml"
    path.write_text(path.read_text().replace("seed: 3", "seed: 4"))
    with pytest.raises(RunMismatch, match="seed: 3 -> 4"):
        terranova.resume(tmp_path / "run", quiet=True)


@pytest.mark.parametrize("observables", ["constrained", ["ratio"]])
def test_only_declared_points_and_observables_can_be_kept(tmp_path: Path, observables: Any) -> None:
    everything = rows(terranova.scan(words(tmp_path / "all"), quiet=True))
    store = {"keep": "valid", "observables": observables}
    thin = words(tmp_path / "thin", store=store, budget={"evaluations": 3000, "wall": "0.001s"})
    terranova.scan(thin, quiet=True)
    kept = rows(terranova.resume(tmp_path / "thin", wall=600.0, quiet=True))
    pd.testing.assert_frame_equal(kept, everything[everything["valid"]].reset_index(drop=True)[kept.columns])


def test_a_later_stage_is_computed_only_for_points_that_passed(tmp_path: Path) -> None:
    cut = {
        "name": "cheap",
        "observable": "cheap",
        "kind": "window",
        "upper": 5.0,
        "source": "theory: chosen for this test",
    }
    run = terranova.scan(
        words(
            tmp_path / "run",
            model="toy-staged",
            constraints=[cut],
            sampler="sobol",
            budget={"evaluations": 512},
        ),
        quiet=True,
    )
    frame = rows(run)
    passed = frame["cheap"] <= 5.0
    assert (frame["stage"] == passed.astype(int)).all()
    np.testing.assert_array_equal(frame.loc[passed, "dear"], 2 * frame.loc[passed, "a"])
    assert frame.loc[~passed, "dear"].isna().all()
    assert (frame["status"] == 0).all()


def test_all_problems_of_a_configuration_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        terranova.scan(
            words(tmp_path / "run", model="toy-shel", sampler="cmaes-noveltie", sed=1, budget={"points": 3}),
            quiet=True,
        )
    text = str(caught.value)
    for expected in ("toy-shell", "cmaes-novelty", "sed: unknown key", "budget.points"):
        assert expected in text


class Prober(Archipelago):
    """Three random points an island and step, the last two of which are probes."""

    name = "prober"

    def __init__(self, space: Any, streams: Any) -> None:
        super().__init__(space, streams)
        self.told: list[Bools] = []
        self.retired: set[int] = set()

    def ask(self) -> Proposal:
        """Propose."""
        who = np.array([i for i in range(len(self.streams)) if i not in self.retired], dtype=np.int64)
        u = [self.streams[i].random((3, self.space.dimension)) for i in who]
        probe = np.tile([False, True, True], len(who))
        return Proposal(np.reshape(u, (-1, self.space.dimension)), np.repeat(who, 3), probe)

    def tell(self, batch: terranova.Batch) -> None:
        """Make sure that a probe comes back as one."""
        assert np.array_equal(batch.probe, batch.index % 3 > 0)

    def retire(self, island: int) -> None:
        """Leave the island out."""
        self.retired.add(island)


class Plugin:
    """Registers it."""

    @staticmethod
    @terranova.hookimpl
    def terranova_samplers() -> list[type[Archipelago]]:
        """The sampler above."""
        return [Prober]


def _words(directory: Path, **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "model": "toy-shell",
        "constraints": [WIDE],
        "sampler": {"name": "prober", "islands": 2},
        "budget": {"evaluations": 500},
        "output": str(directory),
    }
    return {**base, **changes}


@pytest.fixture
def prober(toy_registry: None) -> None:
    """The toys and the sampler above."""
    registry().register(Plugin, name="prober-plugin")


@pytest.mark.usefixtures("prober")
class TestProbes:
    """Through the engine, into the store and out again."""

    def test_they_are_stored_but_not_counted(self, tmp_path: Path) -> None:
        run = terranova.scan(_words(tmp_path / "run"), quiet=True)
        frame = run.to_pandas()
        assert np.array_equal(frame["probe"], frame["index"] % 3 > 0)
        found = frame["valid"] & ~frame["probe"]
        left_out = frame["valid"] & frame["probe"]
        assert 0 < found.sum() < left_out.sum()
        assert run.count == run.evaluated == 500
        assert (run.valid_count, run.probe_count) == (found.sum(), left_out.sum())
        assert (run.summary["valid"], run.summary["probes"]) == (found.sum(), left_out.sum())
        assert len(run.table(valid=True)) == len(run.table(where="true", valid=True)) == found.sum()
        assert not run.best(5)["probe"].any()

    def test_the_diagnosis_and_the_report_leave_them_out(self, tmp_path: Path) -> None:
        from terranova.reporting.headline import lead
        from terranova.runs.diagnosis import diagnose

        run = terranova.scan(_words(tmp_path / "run"), quiet=True)
        diagnosis = diagnose(run, 100)
        assert diagnosis.efficiency.valid == run.valid_count
        assert diagnosis.efficiency.coverage == pytest.approx(run.summary["coverage"])
        assert f"{run.probe_count} more valid points served a derivative" in lead(diagnosis)

    def test_a_store_of_valid_points_does_without_them(self, tmp_path: Path) -> None:
        everything = terranova.scan(_words(tmp_path / "all"), quiet=True)
        kept = terranova.scan(_words(tmp_path / "valid", store={"keep": "valid"}), quiet=True)
        assert kept.count == kept.valid_count == everything.valid_count
        assert kept.evaluated == 500

    def test_rescoring_keeps_them_apart(self, tmp_path: Path) -> None:
        run = terranova.scan(_words(tmp_path / "run"), quiet=True)
        again = rescore(run, [WIDE], tmp_path / "again")
        assert (again.valid_count, again.probe_count) == (run.valid_count, run.probe_count)

    def test_a_budget_of_valid_points_is_not_filled_with_them(self, tmp_path: Path) -> None:
        run = terranova.scan(_words(tmp_path / "run", budget={"valid": 60, "evaluations": 10**5}), quiet=True)
        assert run.valid_count >= 60

    def test_a_run_from_before_the_column_goes_on_without_it(self, tmp_path: Path) -> None:
        words = _words(tmp_path / "run", sampler={"name": "random", "islands": 2})
        new = terranova.scan({**words, "output": str(tmp_path / "new")}, quiet=True)
        run = terranova.scan({**words, "budget": {"evaluations": 1}}, quiet=True)
        for part in (run.directory / "points").iterdir():
            part.unlink()
        manifest = json.loads((run.directory / "manifest.json").read_text())
        del manifest["schema"]["probe"]
        (run.directory / "manifest.json").write_text(json.dumps(manifest))
        old = terranova.resume(run.directory, evaluations=500, quiet=True)
        assert "probe" not in old.to_pandas()
        assert (old.count, old.valid_count, old.probe_count) == (500, new.valid_count, 0)
        assert len(old.table(valid=True)) == old.valid_count
        assert old.best(3)["loglike"].tolist() == new.best(3)["loglike"].tolist()
