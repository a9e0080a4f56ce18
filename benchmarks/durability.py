"""What it costs that points cannot be lost: the same rows stored with more and more care.

Run: ``python benchmarks/durability.py [--points N] [--repeats R] [--directory D]``

Batches of 500 points with 230 columns, as a scan of the 3HDM makes them. All variants take turns within each
repetition. Processor seconds are printed, for they do not depend on what else the machine does; wall time, which
includes waiting for the disk, is printed beside them and is only as good as the machine is quiet.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from terranova.interfaces.batch import Batch
from terranova.store import Writer, journal, require_sound, verify
from terranova.store.manifest import Manifest
from terranova.testing import NoSync
from terranova.testing.fake_points import fake_batch, fake_schema

ROWS = 500
SCHEMA = fake_schema(18, 152, 50)


@contextmanager
def replaced(thing: Any, name: str, value: Any) -> Iterator[None]:
    """Exchange an attribute for the length of a block."""
    before = getattr(thing, name)
    setattr(thing, name, value)
    try:
        yield
    finally:
        setattr(thing, name, before)


def no_frames() -> Any:
    """Nothing is written to journals: rows are lost if the process dies before they are sealed."""
    return replaced(journal.Journal, "_write", lambda *_: None)


def no_frame_checksums() -> Any:
    """Journals without CRC-32."""
    return replaced(journal.zlib, "crc32", lambda *_: 0)


VARIANTS: dict[str, tuple[str, Sequence[Callable[[], Any]]]] = {
    "parts only: no journal, no fsync": ("process", (no_frames, NoSync)),
    "journal, no checksums, no fsync": ("process", (no_frame_checksums, NoSync)),
    "journal and checksums, no fsync": ("process", (NoSync,)),
    "durability: process (the default)": ("process", ()),
    "durability: power": ("power", ()),
}


Seconds = tuple[float, float]
"""Of the processor, and on the wall."""


def store(directory: Path, batches: list[Batch], points: int, durability: Any, care: Sequence[Any]) -> Seconds:
    """Store points; return what it took."""
    Manifest(schema=SCHEMA, seed=1, model="fake").save(directory)
    with ExitStack() as stack:
        for less in care:
            stack.enter_context(less())
        cpu, wall = time.process_time(), time.perf_counter()
        with Writer(directory, SCHEMA, durability=durability) as writer:
            for step in range(points // ROWS):
                writer.append(batches[step % len(batches)])
        return time.process_time() - cpu, time.perf_counter() - wall


def timed(action: Callable[[], Any]) -> Seconds:
    """What a call takes."""
    cpu, wall = time.process_time(), time.perf_counter()
    action()
    return time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    """Print a line per variant, then what checking costs."""
    parser = argparse.ArgumentParser(description="Cost of durability per point.")
    parser.add_argument("--points", type=int, default=150_000, help="stored per measurement")
    parser.add_argument("--repeats", type=int, default=5, help="the best is printed: the rest is other load")
    parser.add_argument("--directory", type=Path, help="where to write: on the disk of your runs")
    options = parser.parse_args()

    batches = [fake_batch(SCHEMA, ROWS, generation=g, failing=0) for g in range(120)]
    costs: dict[str, list[Seconds]] = {name: [] for name in VARIANTS}
    checks: dict[str, list[Seconds]] = {"resume: check every part": [], "terranova verify": []}
    with tempfile.TemporaryDirectory(dir=options.directory) as scratch:
        store(Path(scratch), batches, 60_000, "process", ())  # imports, and touches memory for the first time
    for repeat in range(options.repeats):
        with tempfile.TemporaryDirectory(dir=options.directory) as scratch:
            for name, (durability, care) in VARIANTS.items():
                run = Path(scratch) / str(len(costs[name])) / str(list(VARIANTS).index(name))
                costs[name].append(store(run, batches, options.points, durability, care))
            checks["resume: check every part"].append(timed(lambda run=run: require_sound(run)))
            checks["terranova verify"].append(timed(lambda run=run: verify(run)))
            size = sum(file.stat().st_size for file in run.rglob("*") if file.is_file())
        print(f"repetition {repeat + 1} of {options.repeats} done", flush=True)

    base = min(cpu for cpu, _ in costs["durability: process (the default)"])
    print(f"\n{options.points:,} points of {len(SCHEMA.names)} columns, {size / options.points:,.0f} bytes each;")
    print("microseconds per point, the best of the repetitions and their spread")
    print(f"{'':36} {'cpu':>6} {'spread':>13} {'ratio':>6} {'wall':>7}")
    for name, measured in {**costs, **checks}.items():
        cpu, wall = (np.array(column) / options.points * 1e6 for column in zip(*measured, strict=True))
        ratio = cpu.min() / (base / options.points * 1e6)
        spread = f"{cpu.min():.2f}-{cpu.max():.2f}"
        print(f"{name:36} {cpu.min():6.2f} {spread:>13} {ratio:6.2f} {wall.min():7.2f}")


if __name__ == "__main__":
    main()
