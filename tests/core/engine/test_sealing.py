"""Sealing together: all ranks in the same epoch, and no small files for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.engine.sealing import Sealing
from terranova.store import Writer
from terranova.store.layout import list_segments
from terranova.testing.fake_points import fake_batch, fake_schema

SCHEMA = fake_schema()


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path, SCHEMA, part_rows=100)


def _epoch(writer: Writer, rows: int) -> None:
    writer.append(fake_batch(SCHEMA, rows))


def test_due_when_another_epoch_may_not_fit(writer: Writer) -> None:
    sealing = Sealing(writer, 2)
    _epoch(writer, 40)
    assert not sealing.due()
    _epoch(writer, 25)
    assert not sealing.due()  # 65, and 25 more
    _epoch(writer, 25)
    assert sealing.due()
    sealing.together()
    assert writer.unsealed == 0
    _epoch(writer, 40)
    assert not sealing.due()


def test_who_has_few_rows_keeps_them(writer: Writer) -> None:
    sealing = Sealing(writer, 2)
    _epoch(writer, 20)
    sealing.together()
    assert writer.unsealed == 20
    _epoch(writer, 5)
    sealing.together()
    assert writer.unsealed == 0
    assert len(list_segments(writer.directory / "points").parts) == 1


def test_one_rank_alone_fills_its_parts(writer: Writer) -> None:
    sealing = Sealing(writer, 1)
    _epoch(writer, 90)
    assert not sealing.due()


def test_a_part_that_filled_up_within_an_epoch_is_no_reason(writer: Writer) -> None:
    sealing = Sealing(writer, 2)
    _epoch(writer, 60)
    assert sealing.due()
    _epoch(writer, 60)  # sealed the first 60 on the way
    assert writer.unsealed == 60
    assert not sealing.due()
