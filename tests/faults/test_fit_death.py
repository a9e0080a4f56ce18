"""Fits that are killed: the same command again ends with the same numbers, whatever died, and when."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from support.scan_processes import MPIRUN, Lab
from support.sudden_deaths import all_gone, cut_short, timed

pytestmark = pytest.mark.integration

FIT = """
model: {name: fit-linear, free: 2, measured: 3}
constraints:
- {name: m0, observable: y0, kind: gaussian, value: 1.0, sigma: 1.0, nsigma: 3, unit: GeV, source: by construction}
- {name: m1, observable: y1, kind: gaussian, value: -2.0, sigma: 1.0, nsigma: 3, unit: GeV, source: by construction}
- {name: m2, observable: y2, kind: gaussian, value: 3.0, sigma: 1.0, nsigma: 3, unit: GeV, source: by construction}
seed: 3
best: {starts: 2, generations: 60}
"""
PROFILE = "profile: [{a0: null, bins: 3}, {y0: [-3, 5], bins: 3}, {a0: [-3, 3], a1: [-3, 3], bins: 2}]\n"
MCMC = "mcmc: {lengths: 5, steps: 100}\n"
NESTED = "nested: {live: 100}\n"
KILLS = [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGINT] * 4


def _found(directory: Path) -> dict[str, Any]:
    """Return all that a fit has written except its pages: numbers, chains and profiles, without the seconds."""
    found: dict[str, Any] = json.loads((directory / "fit.json").read_text())
    found.pop("seconds")
    for path in directory.iterdir():
        if path.suffix in (".csv", ".txt", ".paramnames", ".ranges"):
            found[path.name] = path.read_text()
    found["files"] = sorted(path.name for path in directory.iterdir())
    return found


def _attack(tmp_path: Path, steps: str, numbers: list[signal.Signals], ranks: int = 1) -> None:
    lab = Lab(tmp_path, modules=("support.fit_problems", "support.hasty_checkpoints"))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for directory in (whole, cut):
        directory.with_suffix(".yaml").write_text(f"{FIT}{steps}output: {directory}\n")
    file = cut.with_suffix(".yaml")
    seconds = timed(lambda: lab.run("fit", whole.with_suffix(".yaml"), "-q"))
    expected = _found(whole)

    def start() -> Any:
        all_gone(file)  # ranks need a moment to notice that mpirun is gone, and the directory is theirs until then
        return lab.start("fit", file, "-q", ranks=ranks)

    def again() -> None:
        assert _found(cut) == expected
        shutil.rmtree(cut)

    cut_short(start, seconds, numbers, 62, again=again)
    all_gone(file)
    done = lab.run("fit", file, "-q", ranks=ranks)
    assert done.returncode == 0, done.stdout + done.stderr
    assert _found(cut) == expected
    assert not list(cut.rglob("*.tmp"))


@pytest.mark.slow
@pytest.mark.fault("F62")
def test_a_fit_killed_at_a_random_moment_has_the_same_numbers(tmp_path: Path) -> None:
    _attack(tmp_path, MCMC, [signal.SIGKILL])


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.fault("F62")
@pytest.mark.parametrize("steps", [MCMC, PROFILE, NESTED], ids=["mcmc", "profile", "nested"])
def test_a_fit_killed_at_twenty_moments_has_the_same_numbers(tmp_path: Path, steps: str) -> None:
    _attack(tmp_path, steps, KILLS)


@pytest.mark.mpi
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.fault("F62")
@pytest.mark.xdist_group("mpi")
@pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine")
def test_a_fit_on_two_ranks_killed_at_twenty_moments_has_the_same_numbers(tmp_path: Path) -> None:
    _attack(tmp_path, MCMC, [signal.SIGKILL, signal.SIGTERM] * 10, ranks=2)
