"""World of ranks as one of them sees it: exchanges, and waiting that hears of signals and failures."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np

from terranova.errors import RankFailed, RankSilent, TerranovaError, exit_code_of
from terranova.parallel.connection import abort_job, connect, flush_output
from terranova.parallel.heartbeat import Heartbeat
from terranova.parallel.sums import sum_whole
from terranova.parallel.transfer import Transfer
from terranova.system.signals import StopRequest
from terranova.types import Array, Floats

T = TypeVar("T")

_NOTICE = 7003
"""Tag of messages between exchanges: a signal's number, or a `RankFailed`."""

PATIENCE = 3600.0
"""Seconds without a sign of life after which a rank is given up, where no configuration says otherwise."""

FIRST_LOOK = 0.25
"""Part of the patience after which one that waits looks for signs of life: short waits cost the disk nothing."""


class Backoff:
    """Waits for a message: at first without a pause, then with pauses of a tenth of the time waited so far.

    MPI's own waiting keeps a core busy all the time, and Python handles no signal meanwhile.
    """

    def __init__(self) -> None:
        self.since = time.monotonic()
        self._polls = 0

    def pause(self) -> None:
        """Wait a little; call it after each poll that brought nothing."""
        self._polls += 1
        waited = time.monotonic() - self.since
        time.sleep(0.0 if self._polls < 20 else min(max(0.1 * waited, 2e-5), 1e-3))


class World:
    """All processes of this run, seen from one of them. Without a communicator: this process alone.

    Every exchange first waits until all ranks have come to it, then for what they send. These waits hear signals,
    and what other ranks have to say meanwhile: that someone asked to stop, or that one has failed; and they end
    when one of them has shown no sign of life for too long.

    Attributes:
        communicator: of mpi4py, None when alone.
        rank: number of this process, from 0.
        size: number of processes.
        stop: who listens to signals, None when nobody does.
    """

    def __init__(self, communicator: Any = None) -> None:
        self.communicator = communicator
        self.rank: int = 0 if communicator is None else communicator.Get_rank()
        self.size: int = 1 if communicator is None else communicator.Get_size()
        self.stop: StopRequest | None = None
        self._heartbeat: Heartbeat | None = None
        self._patience = PATIENCE
        self._notified = False
        self._transfer = Transfer(communicator, self.wait)

    def __repr__(self) -> str:
        return f"<rank {self.rank} of {self.size}>"

    @property
    def is_root(self) -> bool:
        """True on rank 0, which prints, and writes what there is once a run."""
        return self.rank == 0

    # -- between exchanges ----------------------------------------------------------------------------------

    @contextmanager
    def together(self, stop: StopRequest) -> Iterator[World]:
        """Do something with all ranks, in which none is left waiting for one that fails.

        Yields a world of its own, which `world()` returns meanwhile. If this rank leaves with an exception, the
        others learn of it: they raise `RankFailed` wherever they wait.
        """
        team = self
        if self.communicator is not None:
            self._meet()
            team = World(self._transfer.duplicate())
        before, team.stop = team.stop, stop
        _current.append(team)
        try:
            yield team
        except BaseException as error:
            team._report_failure(error)
            raise
        else:
            if team is not self:
                team.communicator.Free()
        finally:
            _current.pop()
            team.stop = before
            if team._heartbeat is not None:
                team._heartbeat.end()
                team._heartbeat = None

    def watch_over(self, directory: Path, patience: float) -> None:
        """From now on, show signs of life in the run directory, and look for those of the others.

        Alone too: a supervisor may be looking.

        Args:
            directory: of the run; it exists.
            patience: seconds without a sign after which a rank counts as hanging.
        """
        self._patience = patience
        self._heartbeat = Heartbeat(directory, self.rank, self.size, patience)

    def attend(self) -> None:
        """Hear what other ranks have to say, and show a sign of life. Call it now and then; it costs little.

        Raises:
            RankFailed: another rank left with an exception.
        """
        if self._heartbeat is not None:
            self._heartbeat.sign()
        if self.communicator is None:
            return
        if self.stop is not None and self.stop.signal and not self._notified:
            self._notified = True
            self._notify(self.stop.signal)
        while self.communicator.iprobe(tag=_NOTICE):
            notice = self.communicator.recv(tag=_NOTICE)
            if isinstance(notice, RankFailed):
                raise notice
            if self.stop is not None:
                self._notified = True  # the rank that had the signal notifies everybody
                self.stop.ask(notice)

    def wait(self, ready: Callable[[], bool]) -> None:
        """Wait until something is so that depends on other ranks, attending meanwhile.

        Raises:
            RankFailed: another rank left with an exception.
        """
        backoff = Backoff()
        while not ready():
            self.attend()
            self.check_on_others(backoff.since)
            backoff.pause()

    def check_on_others(self, since: float) -> None:
        """End all ranks if one has been silent for too long.

        Args:
            since: when this rank began to wait, as `time.monotonic()` gave it.
        """
        waited = time.monotonic() - since
        if waited < FIRST_LOOK * self._patience:
            return
        silent = [] if self._heartbeat is None else self._heartbeat.silent()
        if waited < self._patience:
            return
        if self._heartbeat is None:
            error = RankSilent(f"waited {self._patience:g} s for the other ranks, in vain: one of them hangs")
            self.abort(f"error: {error}", error.exit_code)
        if silent:
            names = ", ".join(self._heartbeat.describe(rank) for rank in silent)
            error = RankSilent(
                f"no sign of life for {self._patience:g} s from {names}: it hangs, or it needs longer than that "
                "for one point, or for one call of a vectorised model; for those, raise parallel.patience. Every "
                "point that was reported is stored"
            )
            self.abort(f"error: {error}", error.exit_code)

    def _report_failure(self, error: BaseException) -> None:
        """Tell the others that this rank failed, unless they told it, or all have met the same."""
        if (
            self.communicator is None
            or isinstance(error, RankFailed)
            or (isinstance(error, TerranovaError) and error.on_all_ranks)
        ):
            return
        reason = f"rank {self.rank} failed: {type(error).__name__}: {error}"
        failure = RankFailed(reason[:2000])
        failure.exit_code = exit_code_of(error)
        self._notify(failure)

    def _notify(self, notice: int | RankFailed) -> None:
        for rank in range(self.size):
            if rank != self.rank:
                # Small enough to travel at once, whether or not anybody ever listens.
                self.communicator.isend(notice, dest=rank, tag=_NOTICE)

    def _meet(self) -> None:
        self._transfer.meet()

    # -- exchanges: every rank has to make the same ones, in the same order -----------------------------------

    def barrier(self) -> None:
        """Wait until every rank is here."""
        if self.communicator is not None:
            self._meet()

    def bcast(self, value: T) -> T:
        """Return rank 0's value on every rank."""
        if self.communicator is None:
            return value
        self._meet()
        return self._transfer.bcast(value)

    def gather(self, value: T) -> list[T] | None:
        """Return every rank's value, in order, on rank 0; None elsewhere."""
        if self.communicator is None:
            return [value]
        self._meet()
        return self._transfer.gather(value)

    def allgather(self, value: T) -> list[T]:
        """Return every rank's value, in order, on every rank."""
        if self.communicator is None:
            return [value]
        self._meet()
        return self._transfer.allgather(value)

    def allgather_numbers(self, numbers: Floats) -> Floats:
        """Return every rank's numbers (k,), the same k on all, in order on every rank: (ranks, k)."""
        if self.communicator is None:
            return np.array(numbers)[None]
        self._meet()
        return self._transfer.stack(np.ascontiguousarray(numbers, dtype=np.float64))

    def any(self, flag: bool) -> bool:
        """Return True on every rank if the flag is set on one."""
        return flag if self.communicator is None else any(self.allgather(bool(flag)))

    def allreduce_sum(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Return the sums over the ranks of arrays of the same names and shapes.

        Whole numbers are summed by MPI, on their way. Others are gathered by the first rank, and added in the order
        of the ranks: their sums then have the same bits on every rank and in every repetition, which a reduction of
        MPI does not promise. That costs the first rank as much as all others together. Numbers that one rank at
        most has, all others having 0, are better given as their bits: as whole numbers.
        """
        if self.communicator is None:
            return {name: np.array(value) for name, value in arrays.items()}
        self._meet()
        total: dict[str, Array] = {}
        whole: dict[str, Array] = {}
        for name in sorted(arrays):
            value = np.asarray(arrays[name])
            if value.dtype.kind in "iu":
                whole[name] = value
            else:
                parts = self._transfer.gather(value)
                total[name] = self._transfer.bcast(np.asarray(sum(parts or ())))
        return total | sum_whole(whole, self._transfer.sum, self.size) if whole else total

    # -- messages between two ranks -----------------------------------------------------------------------------

    def send(self, value: object, rank: int, tag: int) -> None:
        """Send a value to another rank, which receives it with the same tag."""
        self._transfer.send(value, rank, tag)

    def receive(self, rank: int, tag: int) -> tuple[Any] | None:
        """Return the value that another rank has sent, alone in a tuple; None if it has sent nothing."""
        return self._transfer.receive(rank, tag)

    def abort(self, message: str, exit_code: int = 1, *, culprit: int | None = None) -> NoReturn:
        """Say why, and end the processes of all ranks at once; `culprit` is the rank, if it is another."""
        rank = self.rank if culprit is None else culprit
        prefix = f"rank {rank} of {self.size}: " if self.size > 1 else ""
        print(f"{prefix}{message}", file=sys.stderr)
        flush_output()
        if self.communicator is not None:
            abort_job(self.communicator, exit_code)
        raise SystemExit(exit_code)


def serial_world() -> World:
    """Return the world of a process that works alone, whoever else there is."""
    return World()


_current: list[World] = []
"""The worlds of `World.together` and `alone_if`, the innermost last."""

_whole: dict[int, World] = {}
"""The world that a process was started in, by its number: a fork of a rank has the rank's memory, but is none."""


@contextmanager
def alone_if(alone: bool) -> Iterator[None]:
    """Within it, `world()` is that of this process alone, if asked to; MPI is not touched then."""
    if not alone:
        yield
        return
    _current.append(serial_world())
    try:
        yield
    finally:
        _current.pop()


def world() -> World:
    """Return the world of this process; MPI is imported only if there is more than one rank.

    Within `World.together` that is the one it has yielded.

    Raises:
        ParallelError: a launcher started several processes, but MPI does not connect them.
    """
    if _current:
        return _current[-1]
    process = os.getpid()
    if process not in _whole:
        communicator = connect()
        _whole[process] = World() if communicator is None else World(communicator)
    return _whole[process]


def world_so_far() -> World | None:
    """Return the world this process was started in if it has asked for it, else None; MPI is not touched."""
    return _whole.get(os.getpid())
