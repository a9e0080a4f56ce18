"""A communicator of many ranks in one process: this one is the first, and all others send what it sends.

It counts what goes through the first rank, as MPI's exchanges need it: what a gather brings to it alone, and what
every rank has to send and to keep.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from terranova.types import Array


class Done:
    """A request that is done."""

    def Test(self) -> bool:
        return True


class FakeRanks:
    """Stands in for `mpi4py.MPI.Comm` as `Transfer` uses it.

    Args:
        size: number of ranks.
        others: what all the others add to a sum, given what this rank has; nothing if None.

    Attributes:
        gathered: bytes that only the first rank has received.
        everywhere: bytes that each rank has received.
        exchanges: number of exchanges, without barriers.
    """

    def __init__(self, size: int, others: Callable[[Array], Array] | None = None) -> None:
        self.size, self.others = size, others
        self.gathered = self.everywhere = self.exchanges = 0

    def Get_rank(self) -> int:
        return 0

    def Get_size(self) -> int:
        return self.size

    def iprobe(self, **_: Any) -> bool:
        return False

    def Idup(self) -> tuple[FakeRanks, Done]:
        return self, Done()

    def Free(self) -> None:
        """Nothing is held."""

    def Ibarrier(self) -> Done:
        return Done()

    def Ibcast(self, array: Array) -> Done:
        self.exchanges += 1
        self.everywhere += array.nbytes
        return Done()

    def Igather(self, sent: Array, received: Array) -> Done:
        self.exchanges += 1
        received[...] = np.broadcast_to(sent, (self.size, *sent.shape)).reshape(received.shape)
        self.gathered += received.nbytes
        return Done()

    def Igatherv(self, sent: Array, target: list[Any]) -> Done:
        return self.Igather(sent, target[0])

    def Iallgather(self, sent: Array, received: Array) -> Done:
        self.exchanges += 1
        received[...] = np.broadcast_to(sent, (self.size, *sent.shape)).reshape(received.shape)
        self.everywhere += received.nbytes
        return Done()

    def Iallgatherv(self, sent: Array, target: list[Any]) -> Done:
        return self.Iallgather(sent, target[0])

    def Iallreduce(self, sent: Array, total: Array) -> Done:
        self.exchanges += 1
        total[...] = sent if self.others is None else sent + self.others(sent)
        self.everywhere += total.nbytes
        return Done()
