"""What test_mpi_executor.py starts under mpirun: `over_ranks.py CASE`."""

from __future__ import annotations

import sys
import time

import numpy as np
from support import fragile_models as toys

from terranova.errors import ConfigError, ParallelError, RunExists
from terranova.parallel.exit import run_guarded
from terranova.parallel.world import world
from terranova.plugins.executors import MpiExecutor


def equality() -> None:
    """Rank 0 compares with its own evaluation, for a model with slow and failing points and a staged one."""
    everyone = world()
    deeds = [toys.GOOD, toys.RAISES, toys.GOOD, toys.FAILS] * 10
    slow = [0.5, *[0.002] * 39]
    for model, x in (
        (toys.Fragile, toys.points(deeds, slow)),
        (toys.Staged, np.random.default_rng(1).random((5000, 2))),
    ):
        problem = toys.problem(model)
        if not everyone.is_root:
            MpiExecutor.serve(problem)
            continue
        expected = problem.evaluate(x)
        with MpiExecutor(problem, isolate=False) as executor:
            for _ in range(3):
                found = executor.evaluate(x)
                for name in ("observables", "status", "stage"):
                    np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
                assert list(found.reason) == list(expected.reason)
            assert len(executor.evaluate(x[:0]).status) == 0
    print(f"rank {everyone.rank} of {everyone.size} is done")


def isolated() -> None:
    """Points that crash or hang cost one row each."""
    problem = toys.problem(toys.Fragile)
    if not world().is_root:
        return MpiExecutor.serve(problem)
    deeds = [toys.GOOD, toys.SEGFAULT, toys.GOOD, toys.HANGS, toys.EXITS, toys.GOOD]
    with MpiExecutor(problem, timeout=1.0) as executor:
        print(f"status {executor.evaluate(toys.points(deeds)).status.tolist()}")


def broken_contract() -> None:
    """An error of the model on another rank is raised on rank 0, which can go on afterwards."""
    problem = toys.problem(toys.Misshapen)
    if not world().is_root:
        return MpiExecutor.serve(problem)
    good, bad = np.full((50, 2), 0.5), np.full((50, 2), 0.95)
    with MpiExecutor(problem) as executor:
        executor.evaluate(good)
        try:
            executor.evaluate(bad)
        except Exception as error:
            print(f"caught {type(error).__name__}")
        assert executor.evaluate(good).observables.shape == (50, 2)
        executor.evaluate(bad)


def root_raises() -> None:
    """Rank 0 fails in its with statement while another rank is busy."""
    problem = toys.problem(toys.Fragile)
    if not world().is_root:
        MpiExecutor.serve(problem)
        print("served to the end")
        return
    with MpiExecutor(problem) as executor:
        executor._send(toys_task(), 1)
        executor._busy.add(1)
        raise RunExists("the disk is full")


def toys_task() -> object:
    """Return a task that takes a second."""
    from terranova.plugins.executors.tasks import Task

    return Task(1, 0, toys.points([toys.GOOD], 1.0))


def one_rank_raises() -> None:
    """One rank fails while the others wait for it."""
    if world().rank == world().size - 1:
        raise ValueError("only here")
    world().barrier()


def one_rank_leaves() -> None:
    """A plugin calls sys.exit on one rank."""
    if world().rank == 1:
        sys.exit(7)
    world().barrier()


def all_raise() -> None:
    """Every rank finds the same mistake, once it has asked for the others."""
    assert world().size > 1
    raise ConfigError(["scan.yaml:3:1: no model is named 'thmd3'"])  # type: ignore[list-item]


def root_leaves_with_code() -> None:
    """Only rank 0 knows that the scan was interrupted; nobody waits."""
    if world().is_root:
        sys.exit(75)


def needs_world() -> None:
    """What every scan does first."""
    try:
        world()
    except ParallelError as error:
        print("refused")
        raise error


def collectives() -> None:
    """The methods of the world."""
    everyone = world()
    rank, size = everyone.rank, everyone.size
    assert everyone.bcast(rank) == 0
    assert everyone.gather(rank) == (list(range(size)) if rank == 0 else None)
    assert everyone.allgather(rank) == list(range(size))
    assert everyone.any(rank == size - 1)
    assert not everyone.any(False)
    mine = {"n": np.full((2, 2), rank + 1), "f": np.array([0.1 * 3**rank, 1e-17])}
    total = everyone.allreduce_sum(mine)
    parts = everyone.allgather(mine)
    assert total["n"].tolist() == [[size * (size + 1) // 2] * 2] * 2
    assert total["n"].dtype == mine["n"].dtype
    assert mine["n"][0, 0] == rank + 1
    expected = parts[0]["f"]
    for part in parts[1:]:
        expected = expected + part["f"]
    assert total["f"].tobytes() == expected.tobytes()
    everyone.barrier()
    print(f"rank {rank} agrees")


def cost() -> None:
    """Print microseconds per task of n points of a trivial model; for the documentation, not a test."""
    problem = toys.problem(toys.Staged)
    if not world().is_root:
        return MpiExecutor.serve(problem)
    x = np.random.default_rng(1).random((1000, 2))
    with MpiExecutor(problem) as executor:
        for n in (1, 10, 100, 1000):
            executor.evaluate(x[:n])
            started = time.perf_counter()
            for _ in range(200):
                executor.evaluate(x[:n])
            here = time.perf_counter()
            for _ in range(200):
                problem.evaluate(x[:n])
            print(
                f"batch of {n}: {1e6 * (here - started) / 200:.0f} us, "
                f"in process {1e6 * (time.perf_counter() - here) / 200:.0f} us"
            )


if __name__ == "__main__":
    run_guarded(globals()[sys.argv[1]])
