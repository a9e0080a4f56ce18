"""Sums over ranks are those of whole arrays, whatever is left out and however it is packed."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as numpy_arrays

from terranova.parallel.sums import sum_whole
from terranova.types import Array


class Ranks:
    """A few ranks in threads, each of which adds its arrays to those of the others; counts what each sends."""

    def __init__(self, size: int) -> None:
        self.size, self.sent = size, 0
        self._barrier = threading.Barrier(size)
        self._arrays: list[Array | None] = [None] * size

    def _add(self, rank: int) -> Callable[[Array], Array]:
        def add(array: Array) -> Array:
            self._arrays[rank] = array
            self._barrier.wait(30)
            everything = [a for a in self._arrays if a is not None]
            assert len({(a.dtype, a.shape) for a in everything}) == 1
            total = np.sum(everything, axis=0, dtype=array.dtype)
            self.sent += array.nbytes if rank == 0 else 0
            self._barrier.wait(30)
            return total

        return add

    def sums(self, of_ranks: list[dict[str, Array]]) -> list[dict[str, Array]]:
        found: list[dict[str, Array]] = [{}] * self.size

        def run(rank: int) -> None:
            found[rank] = sum_whole(of_ranks[rank], self._add(rank), self.size)

        threads = [threading.Thread(target=run, args=(rank,)) for rank in range(self.size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return found


SHAPES = [(3,), (64,), (130,), (5, 20), (2, 700), (4, 3), (0,), (2, 0), ()]
KINDS = ["<i8", "<i4", "<i2", "<u8", "<u4"]
SIZES = {
    "<i8": [3, 2**14, 2**20, 2**61],
    "<i4": [3, 2**14, 2**28],
    "<i2": [3, 2**13],
    "<u8": [2**64 - 1],
    "<u4": [9],
}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_the_sums_are_those_of_whole_arrays(kind: str, data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(SHAPES))
    most = data.draw(st.sampled_from(SIZES[kind]))
    least = 0 if kind[1] == "u" else -most
    numbers = st.sampled_from([0, 0, 0, 0, least, most, 1])
    one = numpy_arrays(np.dtype(kind), shape, elements=numbers, fill=st.just(0))
    of_ranks = [{"a": data.draw(one), "b": np.arange(4) * rank} for rank in range(3)]
    expected = np.sum([arrays["a"] for arrays in of_ranks], axis=0, dtype=kind)
    for found in Ranks(3).sums(of_ranks):
        assert found["a"].dtype == np.dtype(kind)
        np.testing.assert_array_equal(found["a"], expected)
        assert found["b"].tolist() == [0, 3, 6, 9]


def test_a_slot_with_one_owner_comes_out_bit_for_bit() -> None:
    values = np.array([[0.1, -np.inf, np.nan, 5e-324] * 8, [0.0] * 32])
    tables = [{"bits": np.zeros((2, 32), np.uint64)} for _ in range(3)]
    tables[1]["bits"][0] = values[0].view(np.uint64)
    for found in Ranks(3).sums(tables):
        assert found["bits"].view(np.float64).tobytes() == values.tobytes()


def test_what_nobody_has_is_not_sent_and_small_numbers_take_two_bytes() -> None:
    table = np.zeros((2048, 111), np.uint64)
    table[5] = 7
    counts = np.zeros(100_000, dtype=np.int64)
    counts[:640] = 3
    ranks = Ranks(2)
    found = ranks.sums([{"bases": table, "counts": counts}, {"bases": 0 * table, "counts": counts}])
    assert found[0]["counts"][:640].tolist() == [6] * 640
    outline = 4 * (2 + 2048 + -(-100_000 // 64))
    assert ranks.sent == outline + 111 * 8 + 640 * 2


def test_nothing_at_all_is_one_exchange() -> None:
    ranks = Ranks(2)
    ranks.sums([{"a": np.zeros(64, np.int64)}] * 2)
    assert ranks.sent == 4 * 2
