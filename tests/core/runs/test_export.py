"""Exported files hold exactly the points, or do not exist."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.stored_runs import rows, scanned, stored

from terranova.errors import RunError, TerranovaError
from terranova.runs.export import export
from terranova.runs.run import Run

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.integration]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Points that failed in several ways, with infinities, NaN and reasons with commas."""
    batch = rows(
        [[0, 0], [1 / 3, np.inf], [np.inf, np.inf], [1e-300, 0]],
        loglike=[-1 / 3, -np.inf, -np.inf, -0.0],
        status=[0, 0, 3, 0],
        reason=["", "", 'ValueError: "x", y\nz', ""],
    )
    batch.observables[2] = np.nan
    return stored(tmp_path / "run", batch)


def read_csv(path: Path) -> pd.DataFrame:
    """A CSV file to the last digit: numbers as Python reads them."""
    with path.open(newline="") as file:
        names, *lines = csv.reader(file)
    columns = dict(zip(names, zip(*lines, strict=True), strict=True))
    flag = {"true": True, "false": False}.__getitem__
    readers = {"reason": str, "valid": flag, "probe": flag}
    return pd.DataFrame(
        {name: [readers.get(name, float)(text) for text in texts] for name, texts in columns.items()}
    )


def assert_same(got: pd.DataFrame, run: Run, where: str = "true") -> None:
    expected = run.to_pandas(where=where)
    assert list(got.columns) == list(expected.columns)
    pd.testing.assert_frame_equal(got.astype(expected.dtypes), expected, check_exact=True)


def test_csv(run: Run) -> None:
    path = export(run, "csv")
    assert path == run.directory / "points.csv"
    assert_same(read_csv(path), run)
    units = json.loads((run.directory / "points.csv.units.json").read_text())
    assert units["columns"]["a"]["unit"] == "GeV"
    assert units["columns"]["C_w_ring"]["source"] == "theory: chosen for this test"
    assert units["run_id"] == run.manifest.run_id


def test_parquet(run: Run) -> None:
    import pyarrow.parquet as pq

    path = export(run, "parquet")
    table = pq.read_table(path)
    assert_same(table.to_pandas(), run)
    assert table.schema.field("a").metadata[b"unit"] == b"GeV"


def test_hdf5(run: Run) -> None:
    h5py = pytest.importorskip("h5py")
    path = export(run, "hdf5")
    assert path.name == "points.h5"
    with h5py.File(path) as file:
        group = file["points"]
        assert group["a"].attrs["unit"] == "GeV"
        assert group.attrs["model"] == "toy-shell"
        columns = {n: group[n].asstr()[:] if n == "reason" else group[n][:] for n in run.schema.names}
    assert_same(pd.DataFrame(columns), run)


@pytest.mark.parametrize("to", ["csv", "parquet", "hdf5"])
def test_some_rows_of_many(to: str, tmp_path: Path) -> None:
    run = scanned(tmp_path / "run")
    path = export(run, to, tmp_path / "some", where="valid and a > 5")
    expected = run.to_pandas(where="valid and a > 5")
    assert len(expected) > 0
    if to == "csv":
        assert_same(read_csv(path), run, "valid and a > 5")
    elif to == "parquet":
        assert_same(pd.read_parquet(path), run, "valid and a > 5")
    else:
        import h5py

        with h5py.File(path) as file:
            assert file["points/ring"][:].tolist() == expected["ring"].tolist()


@pytest.mark.parametrize("to", ["csv", "parquet", "hdf5"])
def test_nothing_is_overwritten_unless_forced(to: str, run: Run) -> None:
    first = export(run, to, where="false")
    with pytest.raises(RunError, match="exists already"):
        export(run, to)
    assert export(run, to, force=True) == first


@pytest.mark.parametrize("to", ["csv", "parquet", "hdf5"])
def test_a_failed_export_leaves_nothing(to: str, run: Run) -> None:
    before = sorted(run.directory.iterdir())
    with pytest.raises(RunError, match="nonsense"):
        export(run, to, where="nonsense > 3")
    assert sorted(run.directory.iterdir()) == before


def test_wrong_requests(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"'hdf'.*did you mean 'hdf5'"):
        export(run, "hdf")
    with pytest.raises(RunError, match="There is no directory"):
        export(run, "csv", tmp_path / "not" / "there.csv")


def test_hdf5_without_h5py(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(TerranovaError, match=r"pip install 'terranova\[hdf5\]'"):
        export(run, "hdf5")
    assert not (run.directory / "points.h5").exists()
