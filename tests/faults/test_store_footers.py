"""One flipped bit in what a Parquet reader looks at first is found by every way of reading it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from support.live_stores import SCHEMA

from terranova.errors import StoreCorrupt
from terranova.store import Reader, Writer
from terranova.store.ledger import load_ledger, save_ledger
from terranova.store.part import check_footer
from terranova.testing import NoSync, flip_bit
from terranova.testing.fake_points import fake_batch

pytestmark = pytest.mark.fault("F53")

READINGS: dict[str, Callable[[Reader], object]] = {
    "schema": lambda reader: reader.schema,
    "table": lambda reader: reader.table(),
    "columns": lambda reader: reader.table(["index"]),
    "sql condition": lambda reader: reader.table(where="loglike > -3 AND island = 0"),
    "valid": lambda reader: reader.valid(["index"]),
    "sql": lambda reader: reader.sql("SELECT count(*), max(loglike) FROM points WHERE valid"),
    "batches": lambda reader: list(reader.batches(["island"])),
    "batches by sql": lambda reader: list(reader.batches(["island"], "valid")),
    "pandas": lambda reader: reader.to_pandas(),
    "generations": lambda reader: reader.generations(0, 9),
    "progress": lambda reader: reader.islands_progress(),
    "dataset": lambda reader: reader.dataset(),
}


def _sealed(directory: Path) -> tuple[Path, range]:
    """A run of one part, and the bits of its footer."""
    with NoSync(), Writer(directory, SCHEMA) as writer:
        writer.append(fake_batch(SCHEMA, 40))
    (part,) = directory.glob("points/*.parquet")
    data = part.read_bytes()
    length = int.from_bytes(data[-8:-4], "little") + 8
    return part, range(8 * (len(data) - length), 8 * len(data))


@pytest.mark.parametrize("ledger", ["now", "of an earlier version"])
def test_every_bit_of_a_footer_is_seen_by_every_reader(tmp_path: Path, ledger: str) -> None:
    part, bits = _sealed(tmp_path)
    if ledger != "now":
        points = tmp_path / "points"
        path = points / "ledger-0000.json"
        entries = load_ledger(points, 0)
        with NoSync():
            save_ledger(points, 0, {s: type(e)(**{**vars(e), "footer": None}) for s, e in entries.items()})
        assert all(entry["footer"] is None for entry in json.loads(path.read_text())["parts"])
    for read in READINGS.values():
        read(Reader(tmp_path))
    rng = random.Random(3)
    for bit in [*rng.sample(bits, 60), *bits[-64:]]:  # the last: the footer's length, and the mark after it
        flip_bit(part, bit)
        name = rng.choice(list(READINGS))
        with pytest.raises(StoreCorrupt, match=rf"{part.name} is damaged: .*\n`terranova salvage .*recompute"):
            READINGS[name](Reader(tmp_path))
        flip_bit(part, bit)


@pytest.mark.parametrize("name", READINGS)
def test_every_way_of_reading_names_the_file_and_the_cure(tmp_path: Path, name: str) -> None:
    part, bits = _sealed(tmp_path)
    flip_bit(part, bits[len(bits) // 3])
    with pytest.raises(StoreCorrupt, match=rf"{part.name} is damaged: its footer .*\n`terranova salvage"):
        READINGS[name](Reader(tmp_path))


def test_any_length_of_a_footer_is_checked(tmp_path: Path) -> None:
    part, _ = _sealed(tmp_path)
    (entry,) = load_ledger(tmp_path / "points", 0).values()
    assert check_footer(part, entry) is None
    data = part.read_bytes()
    for length in (0, 1, len(data), 2**32 - 1):
        part.write_bytes(data[:-8] + length.to_bytes(4, "little") + data[-4:])
        assert "its footer does not match its checksum" in (check_footer(part, entry) or "")
    for size in (0, 3, len(data) - 1):
        part.write_bytes(data[:size])
        assert f"has {size:,} bytes instead of" in (check_footer(part, entry) or "")
    part.unlink()
    assert "No such file" in (check_footer(part, entry) or "")


@pytest.mark.parametrize("command", ["best", "export", "report"])
def test_the_commands_name_the_part(tmp_path: Path, toy_registry: None, command: str) -> None:
    from support.stored_runs import rows, stored
    from typer.testing import CliRunner

    from terranova.cli.commands import app

    directory = stored(tmp_path / "run", rows([[0.0, 0.0]] * 9)).directory
    (part,) = directory.glob("points/*.parquet")
    flip_bit(part, 8 * (part.stat().st_size - 3000))
    done = CliRunner().invoke(app, [command, str(directory)])
    assert isinstance(done.exception, StoreCorrupt), done.output
    assert part.name in str(done.exception)
    assert {path.name for path in directory.iterdir()} == {"config.yaml", "manifest.json", "points"}
