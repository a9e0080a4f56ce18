"""Checkpoints that somebody else made, or edited: passed over with a warning, never rows that are wrong."""

from __future__ import annotations

import io
import logging
import pickle
import random
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.scan_processes import assert_same_rows

import terranova
from terranova.engine import checkpointing
from terranova.errors import RunMismatch, StoreCorrupt
from terranova.store.checkpoint import CHECKPOINTS, checkpoints, read_checkpoint, save_checkpoint

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.fault("F69")]

ISLANDS, BEGUN, WHOLE = 3, 180, 300


def _scan(directory: Path, evaluations: int, sampler: str = "de", seed: int = 5, **options: int) -> None:
    terranova.scan(
        model="toy-shell",
        constraints=["toy-windows"],
        sampler={"name": sampler, "islands": ISLANDS, **options},
        budget={"evaluations": evaluations},
        parallel={"epoch": 1, "executor": "serial", "isolation": "none"},
        seed=seed,
        output=str(directory),
        quiet=True,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run, one with a smaller budget and checkpoints, and two whose checkpoints are not for it."""
    from support import toys

    from terranova.registry import registry

    folder, shared = tmp_path_factory.mktemp("runs"), registry()
    before, often = list(shared.plugins), pytest.MonkeyPatch()
    shared.register(toys, name="toys", origin="tests")
    often.setattr(checkpointing, "CHECKPOINT_INTERVAL", -1.0)
    try:
        _scan(folder / "whole", WHOLE)
        _scan(folder / "begun", BEGUN)
        _scan(folder / "other-seed", BEGUN, seed=6)
        _scan(folder / "other-sampler", BEGUN, sampler="sobol", batch=16)
    finally:
        shared.plugins[:] = before
        often.undo()
    for name in ("begun", "other-seed", "other-sampler"):
        assert len(checkpoints(folder / name)) == 2
    return folder


class Attacked:
    """A copy of the begun run, with harm done to its checkpoints."""

    def __init__(self, runs: Path, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
        self.whole, self.directory, self._caplog = runs / "whole", folder / "run", caplog
        shutil.copytree(runs / "begun", self.directory)

    @property
    def files(self) -> list[Path]:
        """The checkpoints, the newest first."""
        return checkpoints(self.directory)

    def edit(self, change: Callable[[dict[str, Any], Any], object]) -> None:
        """Change arrays and meta of all checkpoints; the checksums are those of the result."""
        for path in self.files:
            found = read_checkpoint(path)
            arrays: dict[str, Any] = {name: values.copy() for name, values in found.arrays.items()}
            change(arrays, found.meta)
            save_checkpoint(self.directory, found.generation, arrays, found.meta)

    def write(self, content: Callable[[bytes], bytes]) -> None:
        """Change the bytes of all checkpoints."""
        for path in self.files:
            path.write_bytes(content(path.read_bytes()))

    def survives(self, warnings: int = 2) -> None:
        """Resume: the rows are those of the whole run, and so many checkpoints were passed over with a warning."""
        self._caplog.clear()
        with self._caplog.at_level(logging.WARNING):
            terranova.resume(self.directory, evaluations=WHOLE, quiet=True)
        said = [record.getMessage() for record in self._caplog.records]
        assert len(said) == warnings, said
        assert all("was skipped: " in line and f"/{CHECKPOINTS}/" in line for line in said), said
        assert_same_rows(self.directory, self.whole)


@pytest.fixture
def attacked(runs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Attacked:
    """A run whose checkpoints are going to be attacked."""
    return Attacked(runs, tmp_path, caplog)


def test_left_alone_it_is_used(attacked: Attacked, monkeypatch: pytest.MonkeyPatch) -> None:
    from terranova.engine import session

    starts = []
    replay = session.Replay
    monkeypatch.setattr(session, "Replay", lambda *args, **words: starts.append(args[2]) or replay(*args, **words))
    newest = read_checkpoint(attacked.files[0]).generation
    attacked.survives(warnings=0)
    assert starts == [newest]


# -- edits with checksums that fit --------------------------------------------------------------------------


def _set(name: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any], Any], object]:
    return lambda arrays, meta: arrays.update({name: change(arrays[name])})


def _meta(**changes: Any) -> Callable[[dict[str, Any], Any], object]:
    return lambda arrays, meta: meta.update(changes)


EDITS: dict[str, Callable[[dict[str, Any], Any], object]] = {
    "no counts": lambda arrays, meta: arrays.pop("counts"),
    "counts of fewer islands": _set("counts", lambda a: a[:-1]),
    "counts of an island more": _set("counts", lambda a: np.append(a, 0)),
    "counts a table": _set("counts", lambda a: a[:, None]),
    "counts not whole": _set("counts", lambda a: a + 0.5),
    "counts NaN": _set("counts", lambda a: a * np.nan),
    "counts negative": _set("counts", lambda a: -a),
    "counts of nothing": _set("counts", lambda a: a * 0),
    "counts moved between islands": _set("counts", lambda a: a + np.array([-1, 1, 0])),
    "counts as text": _set("counts", lambda a: a.astype(str)),
    "no coverage": lambda arrays, meta: arrays.pop("coverage"),
    "coverage of other pairs": _set("coverage", lambda a: a[:2]),
    "coverage as numbers": _set("coverage", lambda a: a.astype(float)),
    "a sampler's array is gone": lambda arrays, meta: arrays.pop("sampler_streams"),
    "an array too many": lambda arrays, meta: arrays.update({"sampler_more": np.zeros(ISLANDS)}),
    "a renamed array": lambda arrays, meta: arrays.update({"sampler_stream": arrays.pop("sampler_streams")}),
    "streams of fewer islands": _set("sampler_streams", lambda a: a[:1]),
    "streams of fewer columns": _set("sampler_streams", lambda a: a[:, :2]),
    "streams signed": _set("sampler_streams", lambda a: a.astype(np.int64)),
    "streams without a state": _set("sampler_streams", lambda a: a | np.uint64(2**40 + 1)),
    "points that broadcast": _set("sampler_u", lambda a: a[:, :1]),
    "points as whole numbers": _set("sampler_u", lambda a: a.astype(np.int64)),
    "points as complex numbers": _set("sampler_u", lambda a: a.astype(complex)),
    "points as records": _set("sampler_u", lambda a: np.zeros(a.shape, "f8,i4")),
    "points without an axis": _set("sampler_u", lambda a: a[0]),
    "meta a list": lambda arrays, meta: meta.clear(),
    "no totals": lambda arrays, meta: meta.pop("totals"),
    "totals a word": _meta(totals="many"),
    "totals of words": lambda arrays, meta: meta["totals"].update(evaluations="many"),
    "totals of another scan": lambda arrays, meta: meta["totals"].update(evaluations=7),
    "totals NaN": lambda arrays, meta: meta["totals"].update(best_loglike=float("nan")),
    "a total of a newer version": lambda arrays, meta: meta["totals"].update(novel=3),
    "seconds negative": _meta(seconds=-1.0),
    "seconds endless": _meta(seconds=float("inf")),
    "seconds a word": _meta(seconds="long"),
    "another run": _meta(run_id="0" * 32),
    "another sampler": _meta(sampler_name="cmaes"),
}


def test_the_edited_arrays_are_there(attacked: Attacked) -> None:
    arrays = read_checkpoint(attacked.files[0]).arrays
    assert {"counts", "coverage", "sampler_streams", "sampler_u"} <= arrays.keys()


CORE = [
    "counts of an island more",
    "counts of nothing",
    "streams without a state",
    "points that broadcast",
    "no totals",
]


@pytest.mark.parametrize(
    "name", [*CORE, *(pytest.param(n, marks=pytest.mark.slow) for n in EDITS if n not in CORE)]
)
def test_an_edited_checkpoint_is_passed_over(attacked: Attacked, name: str) -> None:
    attacked.edit(EDITS[name])
    attacked.survives()


def test_the_older_one_is_taken_if_only_the_newest_is_edited(attacked: Attacked) -> None:
    newest = read_checkpoint(attacked.files[0])
    save_checkpoint(attacked.directory, newest.generation, dict(newest.arrays), {})
    attacked.survives(warnings=1)


def test_one_that_knows_more_than_the_store_is_a_gap(attacked: Attacked) -> None:
    attacked.edit(_set("counts", lambda a: a + 1000))
    with pytest.raises(StoreCorrupt, match=r"points on which the checkpoint of generation \d+ relies are missing"):
        terranova.resume(attacked.directory, evaluations=WHOLE, quiet=True)
    terranova.open(attacked.directory).salvage()
    attacked.survives(warnings=0)


@pytest.mark.parametrize("other", ["other-seed", "other-sampler"])
def test_one_of_another_scan_is_passed_over(attacked: Attacked, runs: Path, other: str) -> None:
    shutil.rmtree(attacked.directory / CHECKPOINTS)
    shutil.copytree(runs / other / CHECKPOINTS, attacked.directory / CHECKPOINTS)
    with suppress(StoreCorrupt):  # its batches are of other sizes: it may count points that are not here
        attacked.survives()


def test_one_under_the_name_of_another_generation_is_passed_over(attacked: Attacked) -> None:
    newest, older = attacked.files
    older.unlink()
    newest.rename(newest.with_name("00000009.npz"))
    attacked.survives(warnings=1)


def test_one_that_says_another_generation_is_passed_over(attacked: Attacked) -> None:
    """With the right name and checksums: then the points say that it is wrong."""
    newest, older = attacked.files
    found = read_checkpoint(newest)
    newest.unlink()
    older.unlink()
    save_checkpoint(attacked.directory, found.generation - 1, dict(found.arrays), found.meta)
    attacked.survives(warnings=1)


def test_right_forms_and_wrong_values_cannot_be_told_beforehand(attacked: Attacked) -> None:
    """Points other than the stored ones are proposed, which is noticed where there are stored ones to compare."""
    attacked.edit(_set("sampler_streams", lambda a: a[::-1].copy()))
    for path in attacked.files[:1]:
        path.unlink()
    folder = attacked.directory / CHECKPOINTS
    with pytest.raises(RunMismatch, match=re.escape(f"remove {folder}")):
        terranova.resume(attacked.directory, evaluations=WHOLE, quiet=True)
    shutil.rmtree(folder)
    attacked.survives(warnings=0)


# -- bytes --------------------------------------------------------------------------------------------------


class _Code:
    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> Any:
        return (open, (str(self.witness), "w"))


def _npz(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _header(declared: str) -> bytes:
    text = declared.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


HUGE = _header("{'descr': '<f8', 'fortran_order': False, 'shape': (20000000000,), }")


def _with(name: str, member: bytes) -> Callable[[bytes], bytes]:
    return lambda content: _npz({**_members(content), name: member})


def _overlapping(content: bytes) -> bytes:
    """Declare one large stored member many times."""
    data = bytearray(_npz({"array/counts.npy": HUGE + bytes(1_000_000)}))
    start = data.index(b"PK\x01\x02")
    entry, end = bytes(data[start : data.index(b"PK\x05\x06")]), bytearray(data[data.index(b"PK\x05\x06") :])
    names = [entry.replace(b"array/counts", b"array/%06d" % i) for i in range(5000)]
    directory = b"".join(names)
    end[8:10] = end[10:12] = len(names).to_bytes(2, "little")
    end[12:16] = len(directory).to_bytes(4, "little")
    return bytes(data[:start]) + directory + bytes(end)


BYTES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "not a zip": lambda content: b"x" * len(content),
    "an empty zip": lambda content: _npz({}),
    "a zip bomb": lambda content: _npz(
        {**_members(content), "array/counts.npy": bytes(300_000_000)}, zipfile.ZIP_DEFLATED
    ),
    "overlapping members": _overlapping,
    "a header that declares 160 GB": _with("array/counts.npy", HUGE),
    "a header of nested brackets": _with("array/counts.npy", _header("(" * 100)),
    "a header with a call": _with("array/counts.npy", _header("{'descr': __import__('os').getcwd(), }")),
    "a header of negative shape": _with(
        "array/counts.npy", _header("{'descr': '<i8', 'fortran_order': False, 'shape': (-3, -1), }") + bytes(24)
    ),
    "a header of no size": _with(
        "array/counts.npy", _header("{'descr': '|V0', 'fortran_order': False, 'shape': (20000000000,), }")
    ),
    "a head that is no JSON": _with(
        "head.npy", _header("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }") + b"x"
    ),
    "a pickle for a head": lambda content: _npz({**_members(content), "head.npy": pickle.dumps([1])}),
}
BYTES_CORE = ["a zip bomb", "overlapping members", "a header that declares 160 GB"]


@pytest.mark.parametrize(
    "name", [*BYTES_CORE, *(pytest.param(n, marks=pytest.mark.slow) for n in BYTES if n not in BYTES_CORE)]
)
def test_a_hostile_file_is_passed_over(attacked: Attacked, name: str) -> None:
    attacked.write(BYTES[name])
    attacked.survives()


def test_no_code_is_run(attacked: Attacked, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    pickled = io.BytesIO()
    np.save(pickled, np.array([_Code(witness)], dtype=object), allow_pickle=True)
    attacked.write(_with("array/counts.npy", pickled.getvalue()))
    attacked.survives()
    assert not witness.exists()


@pytest.mark.integration
def test_memory_is_bounded_by_the_size_of_the_file(runs: Path, tmp_path: Path) -> None:
    """In a process of its own, under a limit that no bomb fits into."""
    good = checkpoints(runs / "begun")[0].read_bytes()
    folder = tmp_path / CHECKPOINTS
    folder.mkdir()
    for number, name in enumerate(("a zip bomb", "overlapping members", "a header that declares 160 GB")):
        (folder / f"{number:08d}.npz").write_bytes(BYTES[name](good))
    code = """
import resource, sys
from pathlib import Path
from terranova.store.checkpoint import checkpoints, load_checkpoint
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert len(checkpoints(Path(sys.argv[1]))) == 3
assert load_checkpoint(Path(sys.argv[1])) is None
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 50, "MB"


def _damaged(content: bytes, dice: random.Random) -> bytes:
    """Flip bits, cut, insert, swap; sometimes with the checksums of the archive made right again."""
    data = bytearray(content)
    action = dice.choice(["flip", "flip", "cut", "insert", "swap", "member"])
    if action == "flip":
        for _ in range(dice.choice([1, 1, 8, 64])):
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    elif action == "cut":
        del data[dice.randrange(len(data)) :]
    elif action == "insert":
        data[dice.randrange(len(data)) : 0] = dice.randbytes(dice.randrange(1, 200))
    elif action == "swap":
        a, b = sorted(dice.sample(range(len(data)), 2))
        data[a:b] = data[a:b][::-1]
    else:
        members = _members(content)
        name = dice.choice([name for name in members if name.startswith("array/")])
        inside = bytearray(members[name])
        inside[dice.randrange(len(inside))] ^= 1 << dice.randrange(8)
        data = bytearray(_npz({**members, name: bytes(inside)}))
    return bytes(data)


@pytest.mark.parametrize("cases", [300, pytest.param(5000, marks=pytest.mark.slow)])
def test_random_damage_is_found_or_without_effect(attacked: Attacked, cases: int) -> None:
    (path, _), dice = attacked.files, random.Random(69)
    content, good = path.read_bytes(), read_checkpoint(path)
    unharmed = 0
    for _ in range(cases):
        path.write_bytes(_damaged(content, dice))
        try:
            found = read_checkpoint(path)
        except Exception:
            continue
        unharmed += 1
        assert found.arrays.keys() == good.arrays.keys()
        assert found.meta == good.meta
        assert all(np.array_equal(found.arrays[name], good.arrays[name]) for name in good.arrays)
    assert unharmed < cases // 2


@pytest.mark.slow
def test_a_scan_is_resumed_from_random_damage(runs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dice = random.Random(70)
    for number in range(40):
        attacked = Attacked(runs, tmp_path / str(number), caplog)
        attacked.write(lambda content: _damaged(content, dice))
        terranova.resume(attacked.directory, evaluations=WHOLE, quiet=True)
        assert_same_rows(attacked.directory, attacked.whole)


@pytest.mark.fault("F19")
def test_a_larger_budget_is_not_forgotten_when_the_session_dies_before_it_counts(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from terranova.engine import session

    class Dies:
        """Stands in for the loop of a process that is killed while it goes through the stored points."""

        def __init__(self, *_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(session, "Scan", Dies)
    with pytest.raises(KeyboardInterrupt):
        terranova.resume(attacked.directory, evaluations=WHOLE, quiet=True)
    monkeypatch.undo()
    terranova.resume(attacked.directory, quiet=True)
    assert_same_rows(attacked.directory, attacked.whole)
