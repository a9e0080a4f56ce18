"""What tests of the store share: batches, a run's life as the engine leads it, and what is on disk afterwards."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from terranova.errors import RunError
from terranova.store import Manifest, Reader, RunLock, Writer, recover, save_checkpoint
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema(2, 2, 1)
ROWS = 5


def stored_keys(directory: Path) -> Counter[tuple[int, int]]:
    """(generation, index) -> how often it is stored, checking that each row is what was computed."""
    try:
        table = Reader(directory).table()
    except RunError as error:
        assert "no run directory" in str(error) or "holds no points" in str(error)  # noqa: PT017 - died at once
        return Counter()
    keys = Counter(zip(table["generation"].to_pylist(), table["index"].to_pylist(), strict=True))
    for generation in {generation for generation, _ in keys}:
        batch = fake_batch(SCHEMA, ROWS, generation=generation)
        mine = table.filter(np.asarray(table["generation"]) == generation)
        place = np.asarray(mine["index"]) - generation * ROWS
        np.testing.assert_array_equal(mine["p0"], batch.x[place, 0])
        np.testing.assert_array_equal(mine["o1"], batch.observables[place, 1])
        assert mine["reason"].to_pylist() == [batch.reason[i] for i in place]
    return keys


def expected_keys(generations: int, keep: str = "all") -> Counter[tuple[int, int]]:
    """What is stored of the first generations."""
    batches = [fake_batch(SCHEMA, ROWS, generation=generation) for generation in range(generations)]
    chosen = [batch if keep == "all" else batch.take(batch.valid) for batch in batches]
    return Counter(
        (generation, int(index)) for generation, batch in enumerate(chosen) for index in batch.index.tolist()
    )


def live(
    directory: Path,
    acknowledged: list[int],
    *,
    keep: str = "all",
    generations: int = 12,
    durability: str = "process",
) -> None:
    """A run as the engine leads it: begun, or gone on with; notes each generation that is acknowledged.

    Lock, manifest, recovery, appends, syncs, seals, counts, checkpoints: whatever the store can do is in it.
    """
    with RunLock(directory):
        if not (directory / "manifest.json").exists():
            Manifest(schema=SCHEMA, seed=1, model="fake", keep=keep).save(directory)
        recover(directory, SCHEMA)
        known = stored_keys(directory)
        writer = Writer(directory, SCHEMA, keep=keep, part_rows=4 * ROWS, durability=durability)
        try:
            for generation in range(generations):
                batch = fake_batch(SCHEMA, ROWS, generation=generation)
                stored = np.array([(generation, int(index)) in known for index in batch.index])
                writer.append(batch.take(~stored))
                acknowledged.append(generation)
                if generation % 3 == 2:
                    writer.sync()
                    counts = np.array([(generation + 1) * ROWS])
                    save_checkpoint(directory, generation + 1, {"counts": counts}, {"sampler": 1})
            writer.close()
        finally:
            if writer._journal is not None:
                writer._journal.close()  # what the kernel does for a dead process


def journal_of(directory: Path, batches: int, writer: int = 0) -> tuple[Path, list[int]]:
    """A journal left by a dead writer, and where each of its frames ends."""
    Manifest(schema=SCHEMA, seed=1, model="fake").save(directory)
    dying = Writer(directory, SCHEMA, writer=writer)
    ends = []
    for generation in range(batches):
        dying.append(fake_batch(SCHEMA, ROWS, generation=generation))
        assert dying._journal is not None
        ends.append(dying._journal.path.stat().st_size)
    path = dying._journal.path
    dying._journal.close()
    return path, ends


def sealed_run(directory: Path, generations: int, part_rows: int = 4 * ROWS, writer: int = 0) -> None:
    """A run in parts of `part_rows` rows."""
    if not (directory / "manifest.json").exists():
        Manifest(schema=SCHEMA, seed=1, model="fake").save(directory)
    (directory / "config.yaml").touch()
    with Writer(directory, SCHEMA, writer=writer, part_rows=part_rows) as one:
        for generation in range(generations):
            one.append(fake_batch(SCHEMA, ROWS, island=writer, generation=generation))
