"""What storing a row costs, against the bound: handing the same bytes to the kernel.

Run: ``python benchmarks/store_cost.py [--rows N] [--repeats R] [--directory D]``

The rows have 230 columns: 10 of bookkeeping, 18 parameters, 152 observables of full entropy, and 50
violations of which nine in ten are zero. Sealing is included. Processor time says what storing takes away
from physics; the wall time beside it includes waiting for the disk.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from terranova.interfaces.batch import Batch
from terranova.store import Schema, Writer
from terranova.store.records import record_dtype
from terranova.testing.fake_points import fake_batch, fake_schema

BATCHES = (12, 768, 5000)
DISTINCT = 40_000
"""Rows that differ: more than a part has, lest repetitions compress."""


@dataclass
class Cost:
    """Processor and wall time, in microseconds per row."""

    cpu: float = 0.0
    wall: float = 0.0


def best(costs: list[Cost]) -> Cost:
    """The least of each: what the machine can do when it does nothing else."""
    return Cost(min(cost.cpu for cost in costs), min(cost.wall for cost in costs))


@contextmanager
def timed(rows: int) -> Iterator[Cost]:
    """Measure the body, which handles `rows` rows."""
    cost = Cost()
    cpu, wall = time.process_time(), time.perf_counter()
    yield cost
    cost.cpu = (time.process_time() - cpu) / rows * 1e6
    cost.wall = (time.perf_counter() - wall) / rows * 1e6


def store(directory: Path, schema: Schema, batches: list[Batch], steps: int) -> tuple[Cost, float]:
    """Append `steps` batches and seal; return the cost and the bytes per row on disk."""
    rows = steps * len(batches[0])
    with timed(rows) as cost, Writer(directory, schema) as writer:
        for step in range(steps):
            writer.append(batches[step % len(batches)])
    return cost, sum(file.stat().st_size for file in (directory / "points").iterdir()) / rows


def write_raw(path: Path, schema: Schema, batches: list[Batch], steps: int) -> Cost:
    """Hand as many bytes to the kernel, one write per batch."""
    rows = len(batches[0])
    data = [np.random.default_rng(0).bytes(rows * record_dtype(schema).itemsize) for _ in batches]
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        with timed(steps * rows) as cost:
            for step in range(steps):
                os.write(fd, data[step % len(data)])
    finally:
        os.close(fd)
    return cost


def main() -> None:
    """Print one line per batch size."""
    parser = argparse.ArgumentParser(description="Cost of storing a row, in microseconds and bytes.")
    parser.add_argument("--rows", type=int, default=120_000, help="rows stored per measurement")
    parser.add_argument("--repeats", type=int, default=5, help="the best is printed: the rest is other load")
    parser.add_argument("--directory", type=Path, help="where to write: on the disk of your runs")
    options = parser.parse_args()

    schema = fake_schema(18, 152, 50)
    print(f"{len(schema.names)} columns, {record_dtype(schema).itemsize} bytes per row in memory")
    print(f"{'':7} {'store, us/row':^15} {'raw, us/row':^15} {'on disk':>9}")
    print(f"{'batch':>7} {'cpu':>7} {'wall':>7} {'cpu':>7} {'wall':>7} {'bytes/row':>10}")
    for rows in BATCHES:
        batches = [fake_batch(schema, rows, generation=g, failing=0) for g in range(DISTINCT // rows)]
        steps = options.rows // rows
        raws, costs = [], []
        for _ in range(options.repeats):
            with tempfile.TemporaryDirectory(dir=options.directory) as scratch:
                raws.append(write_raw(Path(scratch) / "raw", schema, batches, steps))
                cost, size = store(Path(scratch) / "run", schema, batches, steps)
                costs.append(cost)
        raw, cost = best(raws), best(costs)
        print(f"{rows:>7} {cost.cpu:>7.2f} {cost.wall:>7.2f} {raw.cpu:>7.2f} {raw.wall:>7.2f} {size:>10.0f}")


if __name__ == "__main__":
    main()
