"""Points that serve a derivative are evaluated, stored and told, but not counted as found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.stored_runs import WIDE

import terranova
from terranova.engine.islands import check_proposal
from terranova.errors import ContractError
from terranova.interfaces.sampler import Archipelago, Proposal
from terranova.registry import registry
from terranova.runs.rescore import rescore
from terranova.types import Bools


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


def test_a_proposal_says_of_every_point_whether_it_is_a_probe() -> None:
    with pytest.raises(ContractError, match="probe"):
        check_proposal(Proposal(np.full((2, 1), 0.5), np.zeros(2, np.int64), np.zeros(1, bool)), "mine", 1, 1)
