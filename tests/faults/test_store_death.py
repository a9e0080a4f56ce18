"""Whatever dies, and whenever: what was acknowledged is read back, nothing twice, and nothing is left over."""

from __future__ import annotations

import errno
import random
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.live_stores import ROWS, expected_keys, live, stored_keys

import terranova
from terranova import Batch, Sampler, hookimpl
from terranova.errors import RunError, StoreFull
from terranova.registry import registry
from terranova.store import Reader, recover, verify
from terranova.testing import Crash, Died, Fail, NoSync, sigkill_after
from terranova.types import Floats

GENERATIONS = 12
FAULTS = {
    "death": lambda k: Crash(at=k),
    "full": lambda k: Fail(at=k, code=errno.ENOSPC, lasting=True),
    "error": lambda k: Fail(at=k, code=errno.EIO),
}


def operations(directory: Path, keep: str) -> int:
    """How many operations the life of an undisturbed run takes."""
    with NoSync(), Crash() as count:
        live(directory, [], keep=keep)
    assert count.operations > 60
    assert set(count.names) >= {"open", "mkdir", "write", "writev", "fsync", "replace", "unlink", "ftruncate"}
    return count.operations


def check_after(directory: Path, acknowledged: list[int], keep: str) -> None:
    """Nothing acknowledged is lost, and going on leads to where an undisturbed run leads."""
    seen = stored_keys(directory)
    whole = expected_keys(len(acknowledged), keep)
    more = expected_keys(len(acknowledged) + 1, keep)
    assert set(whole.values()) | set(seen.values()) <= {1}
    assert whole.keys() <= seen.keys() <= more.keys()
    with NoSync():
        live(directory, [], keep=keep)
    assert stored_keys(directory) == expected_keys(GENERATIONS, keep)
    assert Reader(directory).counts().evaluated == GENERATIONS * ROWS
    found = verify(directory)
    assert [f for f in found.findings if f.kind != "config"] == []
    assert found.complete is (True if keep == "all" else None)
    left = {path.suffix for path in directory.rglob("*") if path.is_file()}
    assert left == {".json", ".parquet", ".npz", ".lock"}
    assert len(list(directory.glob("checkpoint/*"))) == 2


def every(directory: Path, fault: str, keep: str, step: int) -> None:
    """Inject a fault at operations 1, 1 + step, ..."""
    clean = directory / "clean"
    clean.mkdir()
    for k in range(1, operations(clean, keep) + 1, step):
        run = directory / f"at-{k}"
        acknowledged: list[int] = []
        injected: AbstractContextManager[object] = FAULTS[fault](k)
        try:
            with NoSync(), injected:
                live(run, acknowledged, keep=keep)
        except (Died, RunError, OSError):
            pass
        else:
            # Only an error may go by: of removing what is superfluous, or of an fsync nobody relies on.
            assert fault != "death"
        check_after(run, acknowledged, keep)


@pytest.mark.fault("F1")
@pytest.mark.parametrize("keep", ["all", "valid"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_some_operations(tmp_path: Path, fault: str, keep: str) -> None:
    every(tmp_path, fault, keep, step=13 if keep == "all" else 19)


@pytest.mark.slow
@pytest.mark.fault("F1")
@pytest.mark.parametrize("keep", ["all", "valid"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_every_operation(tmp_path: Path, fault: str, keep: str) -> None:
    every(tmp_path, fault, keep, step=1)


@pytest.mark.slow
@pytest.mark.fault("F1")
def test_dying_twice_in_a_row(tmp_path: Path) -> None:
    (tmp_path / "clean").mkdir()
    total = operations(tmp_path / "clean", "all")
    rng = random.Random(4)
    for _ in range(60):
        run = tmp_path / f"{rng.random()}"
        acknowledged: list[int] = []
        for _ in range(2):
            again: list[int] = []
            with pytest.raises(Died), NoSync(), Crash(at=rng.randrange(1, total // 2)):
                live(run, again)
            acknowledged = max(acknowledged, again, key=len)
        seen = stored_keys(run)
        assert expected_keys(len(acknowledged)).keys() <= seen.keys()
        assert set(seen.values()) <= {1}
        check_after(run, sorted({generation for generation, _ in seen}), "all")


EXITING = """
import sys
from pathlib import Path
from support.live_stores import live
from terranova.testing import Crash, NoSync
class Said(list):
    def append(self, generation):
        print(generation, flush=True)
with NoSync(), Crash(at=int(sys.argv[2]), by="exit"):
    live(Path(sys.argv[1]), Said())
"""


@pytest.mark.fault("F1")
@pytest.mark.parametrize("k", [pytest.param(k, marks=[pytest.mark.slow] * (k != 35)) for k in range(5, 80, 10)])
def test_a_process_that_is_gone_at_once(tmp_path: Path, k: int) -> None:
    command = [sys.executable, "-c", EXITING, str(tmp_path / "run"), str(k)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 137
    check_after(tmp_path / "run", [int(line) for line in done.stdout.split()], "all")


SESSION = """
import sys
from pathlib import Path
from terranova.store import Writer
from terranova.testing.fake_points import fake_batch, fake_schema
directory, generation = Path(sys.argv[1]), int(sys.argv[2])
with Writer(directory, fake_schema(2, 2, 1), part_rows=200) as writer:
    while True:
        writer.append(fake_batch(writer.schema, 5, generation=generation))
        print(generation, flush=True)
        generation += 1
        if generation % 25 == 0:
            writer.sync()
"""


@pytest.mark.fault("F2")
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_sigkill_at_random_moments(tmp_path: Path, kills: int) -> None:
    rng = random.Random(3)
    start = 0
    for _ in range(kills):
        command = ["python", "-c", SESSION, str(tmp_path), str(start)]
        said = sigkill_after(command, acks=rng.randrange(1, 120), delay=rng.uniform(0, 0.05))
        assert said.returncode == -9
        last = int(said.lines[-1])
        seen = stored_keys(tmp_path)
        generations = len({generation for generation, _ in seen})
        assert seen == expected_keys(generations)
        assert last < generations <= last + 2
        start = generations
    recover(tmp_path)
    assert stored_keys(tmp_path) == seen


def test_the_errors_say_which(tmp_path: Path) -> None:
    with pytest.raises(StoreFull, match="make room and resume"), NoSync(), Fail("writev", code=errno.EDQUOT):
        live(tmp_path, [])


class Doubting(Sampler):
    """Looks into the store whenever it is told something."""

    name = "doubting"
    directory = Path()

    def ask(self) -> Floats:
        """Any points."""
        return self.rng.random((7, self.space.dimension))

    def tell(self, batch: Batch) -> None:
        """Compare what it hears with what another process would read now."""
        stored = Reader(self.directory).to_pandas().set_index("index")
        assert len(batch.index) > 0
        np.testing.assert_array_equal(stored.loc[batch.index, ["a", "b", "c", "phi"]], batch.x)
        np.testing.assert_array_equal(stored.loc[batch.index, "loglike"], batch.loglike)


@pytest.mark.fault("F1", "F2")
def test_no_sampler_is_told_of_a_point_that_is_not_stored(tmp_path: Path, toy_registry: None) -> None:
    registry().register(SimpleNamespace(terranova_samplers=hookimpl(lambda: [Doubting])), name="doubting")
    Doubting.directory = tmp_path / "run"
    words = {"model": "toy-shell", "constraints": ["toy-windows"], "seed": 5}
    words["sampler"] = {"name": "doubting", "islands": 1}
    run = terranova.scan({**words, "budget": {"evaluations": 70}, "output": str(tmp_path / "run")}, quiet=True)
    assert run.count == 70
