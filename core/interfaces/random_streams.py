"""Random generators as arrays, so that a checkpoint holds plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from terranova.errors import ContractError
from terranova.types import Array

_MASK = (1 << 64) - 1


def pack_streams(streams: Sequence[np.random.Generator]) -> Array:
    """Return the states of PCG64 generators as uint64 (I, 6).

    Columns: state (high, low), increment (high, low), whether half a draw is left over, and that half.
    """
    packed = np.zeros((len(streams), 6), dtype=np.uint64)
    for row, stream in zip(packed, streams, strict=True):
        state = stream.bit_generator.state
        if state["bit_generator"] != "PCG64":
            raise ContractError(f"only PCG64 streams can be saved, not {state['bit_generator']}")
        numbers = state["state"]
        row[:] = (
            numbers["state"] >> 64,
            numbers["state"] & _MASK,
            numbers["inc"] >> 64,
            numbers["inc"] & _MASK,
            state["has_uint32"],
            state["uinteger"],
        )
    return packed


def unpack_streams(packed: Array, streams: Sequence[np.random.Generator]) -> None:
    """Set PCG64 generators to packed states (I, 6)."""
    for row, stream in zip(packed.tolist(), streams, strict=True):
        stream.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": row[0] << 64 | row[1], "inc": row[2] << 64 | row[3]},
            "has_uint32": row[4],
            "uinteger": row[5],
        }
