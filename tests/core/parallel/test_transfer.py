"""Values between ranks: whole, in order, and never waited for within MPI."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from terranova.errors import RankFailed
from terranova.parallel import transfer
from terranova.parallel.launchers import find_mpirun
from terranova.parallel.transfer import Transfer
from terranova.system.environment import clean_environment


class Pending:
    """A request of MPI that is never done."""

    def Test(self) -> bool:
        return False

    def Ibarrier(self) -> Pending:
        return self


def test_requests_that_nobody_waits_for_any_more_keep_their_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_abandoned", [])
    pending = Pending()

    def give_up(ready: Callable[[], bool]) -> None:
        assert not ready()
        raise RankFailed("rank 1 failed")

    with pytest.raises(RankFailed):
        Transfer(pending, give_up).meet()
    assert transfer._abandoned == [pending]


def test_values_come_apart_again_in_the_order_of_the_ranks() -> None:
    values = [None, "", np.arange(5), {"a": (1, 2.5)}]
    packed = [transfer._pack(value) for value in values]
    found = transfer._unpack(np.concatenate(packed), np.array([len(p) for p in packed]))
    assert found[:2] == values[:2]
    np.testing.assert_array_equal(found[2], values[2])
    assert found[3] == values[3]


SCRIPT = """
import numpy as np
from terranova.parallel.world import world

everyone = world()
rank, size = everyone.rank, everyone.size
polls = 0

def wait(ready):
    global polls
    while not ready():
        polls += 1

from terranova.parallel.transfer import Transfer

transfer = Transfer(everyone.communicator, wait)
transfer = Transfer(transfer.duplicate(), wait)
transfer.meet()
large = np.random.default_rng(rank).random(700_000 + rank)  # sent only once the other side is ready for it
parts = transfer.allgather(large)
assert [len(part) for part in parts] == [700_000 + i for i in range(size)]
assert all((part == np.random.default_rng(i).random(700_000 + i)).all() for i, part in enumerate(parts))
gathered = transfer.gather(large)
assert (gathered is None) == (rank > 0)
assert gathered is None or all((a == b).all() for a, b in zip(gathered, parts, strict=True))
assert transfer.bcast(None if rank else large).shape == (700_000,)
assert transfer.bcast("" if rank == 0 else rank) == ""
assert transfer.allgather(None) == [None] * size
assert transfer.sum(np.array([rank, 1])).tolist() == [size * (size - 1) // 2, size]
if rank == 1:
    transfer.send(large, 0, 9)
    transfer.send(None, 0, 9)
if rank == 0:
    assert transfer.receive(1, 8) is None
    received = []
    while len(received) < 2:
        received.extend(transfer.receive(1, 9) or ())
    assert (received[0] == parts[1]).all()
    assert received[1] is None
everyone.barrier()
print(f"rank {rank} agrees, {polls > 0}")
"""


@pytest.mark.mpi
@pytest.mark.xdist_group("mpi")
@pytest.mark.skipif(find_mpirun() is None, reason="no mpirun on this machine")
def test_exchanges_between_real_ranks() -> None:
    pytest.importorskip("mpi4py", reason="the mpi extra is not installed")
    done = subprocess.run(
        [str(find_mpirun()), "-n", "3", sys.executable, "-P", "-c", SCRIPT],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("agrees, True") == 3
