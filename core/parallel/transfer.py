"""Values between ranks without blocking: who waits within MPI hears of nothing, not even of a rank that hangs."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from terranova.types import Array

T = TypeVar("T")

_abandoned: list[Any] = []
"""Requests that nobody waits for any more. MPI may still write to their buffers, which live as long as they do."""


class Transfer:
    """Exchanges over a communicator of mpi4py, each of which has to be made by every rank, in the same order.

    MPI's own exchanges of Python objects block: a rank that stops in the middle of one would hold the others for
    ever. These start, and leave the waiting to `wait`, which may end it with an exception.

    Args:
        communicator: of mpi4py.
        wait: returns when what it is given returns True.
    """

    def __init__(self, communicator: Any, wait: Callable[[Callable[[], bool]], None]) -> None:
        self._communicator, self._wait = communicator, wait

    def meet(self) -> None:
        """Wait until every rank is here."""
        self._finish(self._communicator.Ibarrier())

    def duplicate(self) -> Any:
        """Return another communicator of the same ranks."""
        communicator, request = self._communicator.Idup()
        self._finish(request)
        return communicator

    def bcast(self, value: T) -> T:
        """Return rank 0's value on every rank."""
        root = self._communicator.Get_rank() == 0
        packed = _pack(value) if root else np.empty(0, np.uint8)
        size = np.array([len(packed)], np.int64)
        self._finish(self._communicator.Ibcast(size))
        if not root:
            packed = np.empty(int(size[0]), np.uint8)
        self._finish(self._communicator.Ibcast(packed))
        if root:
            return value
        received: T = pickle.loads(packed.data)
        return received

    def gather(self, value: Any) -> list[Any] | None:
        """Return every rank's value, in order, on rank 0; None elsewhere."""
        packed = _pack(value)
        root = self._communicator.Get_rank() == 0
        sizes = np.empty(self._communicator.Get_size(), np.int64) if root else None
        self._finish(self._communicator.Igather(np.array([len(packed)], np.int64), sizes))
        if sizes is None:
            self._finish(self._communicator.Igatherv(packed, None))
            return None
        everything: Array = np.empty(int(sizes.sum()), np.uint8)
        self._finish(self._communicator.Igatherv(packed, [everything, sizes]))
        return _unpack(everything, sizes)

    def allgather(self, value: Any) -> list[Any]:
        """Return every rank's value, in order, on every rank."""
        packed = _pack(value)
        sizes = np.empty(self._communicator.Get_size(), np.int64)
        self._finish(self._communicator.Iallgather(np.array([len(packed)], np.int64), sizes))
        everything: Array = np.empty(int(sizes.sum()), np.uint8)
        self._finish(self._communicator.Iallgatherv(packed, [everything, sizes]))
        return _unpack(everything, sizes)

    def stack(self, array: Array) -> Array:
        """Return every rank's contiguous array, of the same shape and type on all, in order on every rank."""
        stacked = np.empty((self._communicator.Get_size(), *array.shape), array.dtype)
        self._finish(self._communicator.Iallgather(array, stacked))
        return stacked

    def sum(self, array: Array) -> Array:
        """Return the sum over the ranks of a contiguous array of the same shape and type on all."""
        total = np.empty_like(array)
        self._finish(self._communicator.Iallreduce(array, total))
        return total

    def send(self, value: Any, rank: int, tag: int) -> None:
        """Send a value to one rank, and wait until it is on its way."""
        request = self._communicator.isend(value, dest=rank, tag=tag)
        self._finish(request, lambda: bool(request.test()[0]))

    def receive(self, rank: int, tag: int) -> tuple[Any] | None:
        """Return the value that a rank has sent, alone in a tuple; None if it has sent nothing."""
        message = self._communicator.improbe(source=rank, tag=tag)
        if message is None:
            return None
        request, received = message.irecv(), []

        def ready() -> bool:
            done, value = request.test()
            if done:
                received.append(value)
            return bool(done)

        self._finish(request, ready)
        return (received[0],)

    def _finish(self, request: Any, ready: Callable[[], bool] | None = None) -> None:
        try:
            self._wait(ready or request.Test)
        except BaseException:
            _abandoned.append(request)
            raise


def _pack(value: Any) -> Array:
    return np.frombuffer(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), np.uint8)


def _unpack(everything: Array, sizes: Array) -> list[Any]:
    ends = np.cumsum(sizes)
    return [pickle.loads(everything[end - size : end].data) for size, end in zip(sizes, ends, strict=True)]
