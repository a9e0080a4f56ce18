"""Commands that make something of a run, killed at random moments: no half result, and the same again works."""

from __future__ import annotations

import signal
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from support.scan_processes import Lab, rows
from support.sudden_deaths import all_gone, cut_short, timed

import terranova
from terranova.runs.unfinished import MARK

pytestmark = pytest.mark.integration

KILLS = [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGINT] * 4


def _csv(file: Path) -> pd.DataFrame:
    return pd.read_csv(file)


def _parquet(file: Path) -> pd.DataFrame:
    return pd.read_parquet(file)


def _hdf5(file: Path) -> pd.DataFrame:
    import h5py

    with h5py.File(file) as opened:
        return pd.DataFrame({"groups": sorted(opened)})


def _page(file: Path) -> pd.DataFrame:
    text = file.read_text()
    assert text.rstrip().endswith("</html>")
    return pd.DataFrame()


def _surrogate(file: Path) -> pd.DataFrame:
    """What it was trained on; its model is not installed in this process."""
    archive = zipfile.ZipFile(file)
    assert archive.testzip() is None
    return pd.DataFrame({"names": sorted(archive.namelist())})


def _run(directory: Path) -> pd.DataFrame:
    assert terranova.open(directory).verify().ok
    return rows(directory)


COMMANDS: dict[str, tuple[list[str], Callable[[Path], pd.DataFrame]]] = {
    "csv": (["export", "RUN", "--to", "csv", "--output", "OUT"], _csv),
    "parquet": (["export", "RUN", "--to", "parquet", "--output", "OUT"], _parquet),
    "hdf5": (["export", "RUN", "--to", "hdf5", "--output", "OUT"], _hdf5),
    "report": (["report", "RUN", "--random", "100", "--output", "OUT"], _page),
    "surrogate": (["surrogate", "train", "RUN", "--trials", "0", "--output", "OUT"], _surrogate),
    "rescore": (["rescore", "RUN", "-c", "toy-wide", "--output", "OUT"], _run),
    "merge": (["merge", "RUN", "OTHER", "--output", "OUT"], _run),
}


def _attack(tmp_path: Path, name: str, numbers: list[signal.Signals]) -> None:
    lab = Lab(tmp_path)
    words, read = COMMANDS[name]
    path, run = lab.config("run", evaluations=5000)
    assert lab.run("scan", path, "-q").returncode == 0
    before, other = rows(run), run
    if "OTHER" in words:
        path, other = lab.config("other", evaluations=5000)
        path.write_text(path.read_text().replace("seed: 5", "seed: 6"))
        assert lab.run("scan", path, "-q").returncode == 0
    results = tmp_path / "results"
    results.mkdir()
    (results / "notes.txt").write_text("of somebody else")

    def command(output: Path) -> list[str]:
        return [{"RUN": str(run), "OTHER": str(other), "OUT": str(output)}.get(word, word) for word in words]

    whole, cut = results / "whole", results / "cut"
    seconds = timed(lambda: lab.run(*command(whole)))
    expected = read(whole)

    def remove() -> None:
        cut.unlink(missing_ok=True)
        cut.with_name("cut.units.json").unlink(missing_ok=True)

    def again() -> None:
        pd.testing.assert_frame_equal(read(cut), expected)
        if cut.is_dir():
            cut.rename(results / f"done-{len(list(results.iterdir()))}")

    def start() -> object:
        if cut.is_file():  # whole, if it is there at all
            pd.testing.assert_frame_equal(read(cut), expected)
            remove()
        elif (cut / "manifest.json").exists() and not (cut / MARK).exists():
            again()  # killed when all was done
        return lab.start(*command(cut))

    cut_short(start, seconds, numbers, 62, again=again)  # type: ignore[arg-type]
    all_gone(cut)
    if cut.is_file():
        remove()
    done = lab.run(*command(cut))
    assert done.returncode == 0, done.stdout + done.stderr
    pd.testing.assert_frame_equal(read(cut), expected)
    assert (results / "notes.txt").read_text() == "of somebody else"
    pd.testing.assert_frame_equal(rows(run), before)
    assert terranova.open(run).verify().ok


@pytest.mark.fault("F62")
def test_a_command_killed_at_random_moments_leaves_no_half(tmp_path: Path) -> None:
    _attack(tmp_path, "parquet", [signal.SIGKILL, signal.SIGTERM])


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.fault("F62")
@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_command_killed_at_twenty_moments_leaves_no_half(tmp_path: Path, name: str) -> None:
    _attack(tmp_path, name, KILLS)
