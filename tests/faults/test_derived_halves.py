"""A merge, a rescoring or an export that was cut off: the same command ends it, and removes nothing of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.stored_runs import rows, stored, windows

from terranova.errors import RunError, RunExists, RunLocked, StoreCorrupt
from terranova.runs.export import export
from terranova.runs.merge import merge
from terranova.runs.rescore import rescore
from terranova.runs.run import Run
from terranova.runs.unfinished import MARK
from terranova.store.lock import RunLock
from terranova.testing import Crash, Died, FullDisk, NoSync

pytestmark = [pytest.mark.fault("F54"), pytest.mark.usefixtures("toy_registry")]

Derive = Callable[[Path], Run]


@pytest.fixture(params=["merge", "rescore"])
def derive(request: pytest.FixtureRequest, tmp_path: Path) -> Derive:
    """A command that fills the directory that it is given."""
    with NoSync():
        one = stored(tmp_path / "one", rows([[0.0, 1.0]] * 12, islands=2))
        other = stored(tmp_path / "other", rows([[1.0, 0.0]] * 8), seed=2)
    if request.param == "merge":
        return lambda output: merge([one, other], output)
    return lambda output: rescore(one, [windows(ring=(0.0, 5.0))], output)


def _content(directory: Path) -> tuple[set[str], pd.DataFrame]:
    files = {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}
    return files, Run(directory).to_pandas()


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_any_moment_the_same_command_ends_it(tmp_path: Path, derive: Derive, step: int) -> None:
    with NoSync():
        with Crash() as count:
            derive(tmp_path / "whole")
        files, frame = _content(tmp_path / "whole")
        assert MARK not in files
        for k in sorted({*range(1, count.operations + 1, step), count.operations}):
            directory = tmp_path / str(k)
            with pytest.raises(Died), Crash(at=k):
                derive(directory)
            if (directory / MARK).is_file() or k < count.operations // 2:
                derive(directory)
            found, again = _content(directory)
            assert found == files
            pd.testing.assert_frame_equal(again, frame)


def _cut_off(derive: Derive, directory: Path) -> None:
    with NoSync():
        with Crash() as count:
            derive(directory.with_name("counted"))
        with pytest.raises(Died), Crash(at=count.operations - 3):
            derive(directory)
    assert (directory / MARK).is_file()


def test_killed_again_while_the_first_half_is_removed(tmp_path: Path, derive: Derive) -> None:
    _cut_off(derive, tmp_path / "run")
    with NoSync():
        for k in (2, 4, 7):  # within the removal, and after it
            with pytest.raises(Died), Crash(at=k):
                derive(tmp_path / "run")
        derive(tmp_path / "run")
    files, frame = _content(tmp_path / "run")
    whole, same = _content(tmp_path / "counted")
    assert files == whole
    pd.testing.assert_frame_equal(frame, same)


def test_a_full_disk_is_no_reason_to_begin_elsewhere(tmp_path: Path, derive: Derive) -> None:
    with NoSync():
        derive(tmp_path / "whole")
        with pytest.raises(RunError, match="make room"), FullDisk(after=3000):
            derive(tmp_path / "run")
        derive(tmp_path / "run")
    assert _content(tmp_path / "run")[0] == _content(tmp_path / "whole")[0]


@pytest.mark.parametrize("name", ["notes.txt", "points/thesis.parquet", "summary.json.bak"])
def test_what_others_put_there_is_kept(tmp_path: Path, derive: Derive, name: str) -> None:
    directory = tmp_path / "run"
    _cut_off(derive, directory)
    (directory / name).write_text("mine")
    before = sorted(directory.rglob("*"))
    with pytest.raises(RunExists, match=f"cut off, and {Path(name).name}, which is not of it"):
        derive(directory)
    assert sorted(directory.rglob("*")) == before
    (directory / name).unlink()
    derive(directory)


def test_a_link_in_the_half_is_not_followed(tmp_path: Path, derive: Derive) -> None:
    directory, mine = tmp_path / "run", tmp_path / "mine"
    _cut_off(derive, directory)
    mine.write_text("mine")
    (directory / "summary.json").unlink(missing_ok=True)
    (directory / "summary.json").symlink_to(mine)
    with pytest.raises(RunExists, match=r"summary\.json, which is not of it"):
        derive(directory)
    assert mine.read_text() == "mine"


def test_another_command_does_not_take_the_half(tmp_path: Path, derive: Derive) -> None:
    directory = tmp_path / "run"
    _cut_off(derive, directory)
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    with NoSync():
        third = stored(tmp_path / "third", rows([[1.0, 0.0]] * 4), seed=3)
    others: list[Callable[[], Any]] = [
        lambda: merge([Run(tmp_path / "one"), third], directory),
        lambda: rescore(Run(tmp_path / "one"), [windows(ring=(0.0, 1.0))], directory),
        lambda: rescore(third, [windows(ring=(0.0, 5.0))], directory),
    ]
    for other in others:
        with pytest.raises(RunExists, match=r"cut off: the same command ends it"):
            other()
    assert {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()} == before


def test_who_is_at_it_is_left_alone(tmp_path: Path, derive: Derive) -> None:
    directory = tmp_path / "run"
    _cut_off(derive, directory)
    with RunLock(directory), pytest.raises(RunLocked):
        derive(directory)


def test_a_finished_one_is_kept(tmp_path: Path, derive: Derive) -> None:
    with NoSync():
        derive(tmp_path / "run")
        files = _content(tmp_path / "run")[0]
        with pytest.raises(RunExists, match=r"is in use; give (merge|rescore) a new directory"):
            derive(tmp_path / "run")
    assert _content(tmp_path / "run")[0] == files


@pytest.mark.parametrize("to", ["csv", "parquet"])
def test_an_export_that_was_killed_is_done_again(tmp_path: Path, to: str) -> None:
    with NoSync():
        run = stored(tmp_path / "run", rows([[0.0, 1.0]] * 12))
        with Crash() as count:
            whole = export(run, to, tmp_path / "whole")
        for k in range(1, count.operations + 1):
            target = tmp_path / f"{k}.out"
            with pytest.raises(Died), Crash(at=k):
                export(run, to, target)
            if not target.exists():
                export(run, to, target)
            assert target.read_bytes() == whole.read_bytes() or to == "parquet"
            assert not list(tmp_path.glob("*.tmp"))


def test_units_of_something_else_are_kept(tmp_path: Path) -> None:
    run = stored(tmp_path / "run", rows([[0.0, 1.0]] * 12))
    (tmp_path / "p.csv.units.json").write_text("{}")
    with pytest.raises(RunError, match=r"units\.json exists already"):
        export(run, "csv", tmp_path / "p.csv")


@pytest.mark.fault("F53")
@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"sources": 3}', '{"sources": [{}]}', '{"sources": [{"islands": "x"}]}']
)
def test_damage_to_the_list_of_merged_scans_is_named(tmp_path: Path, text: str) -> None:
    with NoSync():
        runs = [stored(tmp_path / str(i), rows([[0.0, 1.0]] * 4), seed=i) for i in (1, 2, 3)]
        pair = merge(runs[:2], tmp_path / "pair")
        sources = json.loads((pair.directory / "merged.json").read_text())["sources"]
        assert len(sources) == 2
        (pair.directory / "merged.json").write_text(text)
        with pytest.raises(StoreCorrupt, match=r"merged\.json is damaged.*start from the scans"):
            merge([pair, runs[2]], tmp_path / "all")
    assert not (tmp_path / "all").exists()
