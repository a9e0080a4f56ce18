"""Random streams go into arrays and come out where they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.errors import ContractError
from terranova.interfaces.random_streams import pack_streams, unpack_streams


@given(st.lists(st.tuples(st.integers(0, 2**32), st.integers(0, 3)), min_size=1, max_size=4))
def test_a_restored_stream_goes_on_where_it_was(made: list[tuple[int, int]]) -> None:
    streams = [np.random.default_rng(seed) for seed, _ in made]
    for stream, (_, draws) in zip(streams, made, strict=True):
        stream.integers(0, 2**32, draws, dtype=np.uint32)  # an odd number leaves half a draw over
    packed = pack_streams(streams)
    assert packed.dtype == np.uint64
    assert packed.shape == (len(made), 6)
    copies = [np.random.default_rng() for _ in made]
    unpack_streams(packed, copies)
    for stream, copy in zip(streams, copies, strict=True):
        assert copy.integers(0, 2**32, 3, dtype=np.uint32).tolist() == (
            stream.integers(0, 2**32, 3, dtype=np.uint32).tolist()
        )
        np.testing.assert_array_equal(copy.normal(size=5), stream.normal(size=5))


def test_other_generators_are_refused() -> None:
    with pytest.raises(ContractError, match="only PCG64 streams can be saved, not MT19937"):
        pack_streams([np.random.Generator(np.random.MT19937(1))])


def test_each_stream_needs_its_row() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        unpack_streams(pack_streams([np.random.default_rng(1)]), [np.random.default_rng(1)] * 2)
