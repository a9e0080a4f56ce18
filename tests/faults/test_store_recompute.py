"""Lost points are computed again, with the numbers they had; without being told to, nothing goes on over damage."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import terranova
from terranova.cli import commands as cli
from terranova.engine import checkpointing
from terranova.errors import StoreCorrupt
from terranova.store import salvage, verify, writer
from terranova.testing import NoSync, flip_bit

WORDS = {
    "model": "toy-shell",
    "constraints": ["toy-windows"],
    "sampler": {"name": "cmaes-novelty", "islands": 3},
    "budget": {"evaluations": 3000},
    "parallel": {"epoch": 2},
    "seed": 5,
}


@pytest.fixture
def run(tmp_path: Path, toy_registry: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished scan of several parts, with checkpoints."""
    monkeypatch.setattr(checkpointing, "CHECKPOINT_INTERVAL", 0.0)
    monkeypatch.setattr(writer, "SEAL_EVERY", 0.0)
    monkeypatch.setattr(writer, "SEAL_SHARE", 0.0)
    directory = tmp_path / "run"
    with NoSync():
        terranova.scan({**WORDS, "output": str(directory)}, quiet=True)
    assert len(list(directory.glob("points/*.parquet"))) > 5
    assert len(list(directory.glob("checkpoint/*"))) == 2
    assert verify(directory).ok
    return directory


def rows(directory: Path) -> pd.DataFrame:
    """All rows of a run in their natural order, without what depends on the clock."""
    frame = terranova.open(directory).to_pandas().drop(columns="seconds")
    return frame.sort_values(["island", "index"], ignore_index=True)


def damage(directory: Path, how: str) -> None:
    """Damage two parts in the middle of the run, or what lies around them."""
    parts = sorted(directory.glob("points/*.parquet"))
    for part in parts[1:3]:
        if how == "flipped":
            flip_bit(part, 4 * part.stat().st_size)
        elif how == "deleted":
            part.unlink()
        else:
            part.write_bytes(b"")


@pytest.mark.slow
@pytest.mark.fault("F5", "F6")
@pytest.mark.parametrize("how", ["flipped", "deleted", "emptied"])
def test_lost_points_are_computed_again_only_when_asked_for(run: Path, how: str) -> None:
    whole = rows(run)
    damage(run, how)
    found = verify(run)
    assert found.lost
    for _ in range(2):
        with pytest.raises(StoreCorrupt, match=r"--recompute-missing") as refused:
            terranova.resume(run, quiet=True)
        assert refused.value.exit_code == 4
    assert verify(run).findings == found.findings, "refusing changes nothing"
    with NoSync():
        terranova.resume(run, recompute_missing=True, quiet=True)
    pd.testing.assert_frame_equal(rows(run), whole)
    again = verify(run)
    assert again.ok
    assert again.complete
    assert len(list((run / "damaged").rglob("*.parquet"))) == (0 if how == "deleted" else 2)
    with NoSync():
        terranova.resume(run, recompute_missing=True, quiet=True)  # nothing is missing: nothing is done
    assert [folder.name for folder in (run / "damaged").iterdir()] == ["1"]


@pytest.mark.slow
@pytest.mark.fault("F6")
def test_damage_in_a_run_that_keeps_valid_points_only(
    tmp_path: Path, toy_registry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SEAL_EVERY", 0.0)
    monkeypatch.setattr(writer, "SEAL_SHARE", 0.0)
    monkeypatch.setattr(checkpointing, "CHECKPOINT_INTERVAL", 0.0)
    directory = tmp_path / "run"
    with NoSync():
        terranova.scan({**WORDS, "store": {"keep": "valid"}, "output": str(directory)}, quiet=True)
        whole, evaluated = rows(directory), terranova.open(directory).evaluated
        assert evaluated == 3000
        damage(directory, "deleted")
        assert verify(directory).lost == len(whole) - verify(directory).rows > 0
        terranova.resume(directory, recompute_missing=True, quiet=True)
    pd.testing.assert_frame_equal(rows(directory), whole)
    assert terranova.open(directory).evaluated == evaluated
    assert verify(directory).ok


@pytest.mark.fault("F6")
def test_salvage_then_resume_is_the_same(run: Path) -> None:
    whole = rows(run)
    damage(run, "flipped")
    command = CliRunner()
    assert command.invoke(cli.app, ["verify", str(run)]).exit_code == 4
    assert command.invoke(cli.app, ["salvage", str(run)]).exit_code == 0
    left = rows(run)
    assert 0 < len(left) < len(whole)
    after = verify(run)
    assert {finding.kind for finding in after.findings} == {"gap"}
    assert after.lost == len(whole) - len(left)
    with NoSync():
        assert command.invoke(cli.app, ["resume", str(run), "--quiet"]).exit_code == 0
    pd.testing.assert_frame_equal(rows(run), whole)
    assert verify(run).ok
    assert command.invoke(cli.app, ["verify", str(run)]).exit_code == 0


@pytest.mark.fault("F9")
@pytest.mark.parametrize("content", [b"", b'{"format": 1, "run_id": "ab', b'{"format": 99}'])
def test_no_new_run_is_started_over_a_damaged_manifest(run: Path, content: bytes) -> None:
    manifest = run / "manifest.json"
    good, whole = manifest.read_bytes(), rows(run)
    manifest.write_bytes(content)
    with pytest.raises(terranova.TerranovaError, match="already holds a run") as refused:
        terranova.scan({**WORDS, "output": str(run)}, quiet=True)
    assert refused.value.exit_code == 4
    with pytest.raises(terranova.TerranovaError, match=r"salvage|Update terranova"):
        terranova.resume(run, quiet=True)
    manifest.unlink()
    with pytest.raises(terranova.TerranovaError, match="not empty"):
        terranova.scan({**WORDS, "output": str(run)}, quiet=True)
    salvage(run)
    assert manifest.read_bytes() == good
    pd.testing.assert_frame_equal(rows(run), whole)
