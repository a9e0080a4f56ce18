"""Restart: the newest checkpoint that is one of this scan is taken; what is wrong with others is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terranova.engine.checkpointing import SAMPLER, SHARED, Checkpointing, LoopState
from terranova.engine.islands import Share, make_archipelago
from terranova.engine.restart import choose_checkpoint, other_arrays
from terranova.engine.totals import Totals
from terranova.interfaces.sampler import Archipelago
from terranova.parallel.world import serial_world
from terranova.plugins.samplers.random_points import RandomPoints
from terranova.plugins.samplers.sobol import Sobol
from terranova.runs.coverage import Coverage
from terranova.store import Manifest, Writer, load_checkpoint, save_checkpoint, verify
from terranova.store.checkpoint import Checkpoint, save_piece
from terranova.store.manifest import MANIFEST
from terranova.testing.fake_points import fake_schema
from terranova.testing.problems import ring

SPACE = ring().search_space
SHARE = Share(0, 4)


def _made(plugin: Any = RandomPoints) -> Archipelago:
    return make_archipelago(plugin, SPACE, 1, SHARE, {})


def _saved(directory: Path, generation: int, counts: int = 0) -> Checkpoint:
    """Save a checkpoint of a scan that has stored nothing."""
    if not (directory / MANIFEST).exists():
        Manifest(fake_schema(), 1, "ring").save(directory)
    state = LoopState(generation, np.full(4, counts), Totals(evaluations=4 * counts), 1.5)
    with Writer(directory, fake_schema()) as writer:
        Checkpointing(directory, serial_world(), SHARE, _made(), Coverage(SPACE.dimension), writer).save(state)
    saved = load_checkpoint(directory)
    assert saved is not None
    return saved


def _chosen(directory: Path, plugin: Any = RandomPoints, share: Share = SHARE) -> Checkpoint | None:
    return choose_checkpoint(directory, serial_world(), share, 4, lambda: _made(plugin))


def test_the_newest_is_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert _chosen(tmp_path) is None
    for generation in (1, 2):
        _saved(tmp_path, generation)
    chosen = _chosen(tmp_path)
    assert chosen is not None
    assert chosen.generation == 2
    assert not caplog.records


def test_an_older_one_is_taken_where_the_newest_is_not_one_of_this_scan(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _saved(tmp_path, 1)
    newest = _saved(tmp_path, 2)
    save_checkpoint(tmp_path, 2, newest.arrays, {**newest.meta, "seconds": -1.0})
    chosen = _chosen(tmp_path)
    assert chosen is not None
    assert chosen.generation == 1
    assert "00000002.npz is not a checkpoint of this scan and was skipped: its totals are no numbers" in caplog.text


def test_one_of_another_sampler_is_not_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _saved(tmp_path, 1)
    assert _chosen(tmp_path, Sobol) is None
    assert "its sampler_name is 'random', not 'sobol'" in caplog.text


def test_one_that_does_not_say_whose_it_is_may_be_ours(tmp_path: Path) -> None:
    saved = _saved(tmp_path, 1)
    meta = {key: value for key, value in saved.meta.items() if key not in ("run_id", "sampler_name")}
    save_checkpoint(tmp_path, 1, saved.arrays, meta)
    assert _chosen(tmp_path) is not None


def test_another_version_of_the_sampler_needs_no_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    saved = _saved(tmp_path, 1)
    save_checkpoint(tmp_path, 1, saved.arrays, {**saved.meta, "sampler": "0.0"})
    assert _chosen(tmp_path) is None
    assert not caplog.records


def test_what_the_sampler_does_not_take_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Choosy(RandomPoints):
        """Takes no state."""

        def restore(self, state: Any) -> None:
            raise LookupError("not this one")

    _saved(tmp_path, 1)
    assert _chosen(tmp_path, Choosy) is None
    assert "does not fit the sampler and was skipped: LookupError('not this one')" in caplog.text


def test_states_are_compared_by_names_types_and_shapes() -> None:
    fresh = {"a": np.zeros((2, 3)), "shared_b": np.zeros((0, 2), dtype=int)}
    good = {"a": np.ones((5, 3)), "shared_b": np.zeros((9, 2), dtype=int)}
    assert other_arrays(good, fresh, 5) == ""
    assert other_arrays(good, None, 5) == ""
    assert "other arrays: c" in other_arrays({**good, "c": np.zeros(5)}, fresh, 5)
    assert "other arrays: a" in other_arrays({"shared_b": good["shared_b"]}, fresh, 5)
    for wrong in (np.ones((4, 3)), np.ones((5, 1)), np.ones(5), np.ones((5, 3), dtype=np.float32)):
        assert "the sampler's a is" in other_arrays({**good, "a": wrong}, fresh, 5)
    assert "shared_b" in other_arrays({**good, "shared_b": np.zeros(9, dtype=int)}, fresh, 5)


def _split(directory: Path, saved: Checkpoint) -> list[Path]:
    """Turn a checkpoint of one rank into one of two; return the files of the ranks."""
    own = {n: v for n, v in saved.arrays.items() if n.startswith(SAMPLER) and not n.startswith(SAMPLER + SHARED)}
    rest = {name: values for name, values in saved.arrays.items() if name not in own}
    pieces = [
        save_piece(directory, saved.generation, {n: v[2 * k : 2 * k + 2] for n, v in own.items()}, 2 * k, k, 2)
        for k in range(2)
    ]
    path = save_checkpoint(directory, saved.generation, rest, saved.meta, pieces)
    return [path.with_name(piece.name) for piece in pieces]


def test_one_of_several_ranks_is_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _split(tmp_path, _saved(tmp_path, 1))
    assert _chosen(tmp_path) is not None
    assert not caplog.records


@pytest.mark.parametrize("harm", ["gone", "flipped"])
def test_one_of_which_a_piece_is_damaged_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: str
) -> None:
    _split(tmp_path, _saved(tmp_path, 1))
    piece = _split(tmp_path, _saved(tmp_path, 2))[1]
    content = piece.read_bytes()
    piece.unlink() if harm == "gone" else piece.write_bytes(content[:400] + b"\0\1" + content[402:])
    chosen = _chosen(tmp_path)
    assert chosen is not None
    assert chosen.generation == 1
    assert "00000002.npz does not fit the sampler and was skipped" in caplog.text
    assert [f.kind for f in verify(tmp_path).findings if f.kind == "checkpoint"] == ["checkpoint"]


def test_pieces_of_fewer_islands_are_of_another_scan(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    saved = _saved(tmp_path, 1)
    pieces = [save_piece(tmp_path, 1, {f"{SAMPLER}streams": np.zeros((3, 6))}, 0, 0, 1)]
    save_checkpoint(tmp_path, 1, {n: v for n, v in saved.arrays.items() if SAMPLER not in n}, saved.meta, pieces)
    assert _chosen(tmp_path) is None
    assert "its pieces are of 3 islands instead of 4" in caplog.text
