"""What looks at a surrogate left is packed into a checkpoint, and is the same afterwards."""

from __future__ import annotations

from typing import Any, get_type_hints

import numpy as np

from terranova.fitting.surrogate.looks import Look, Looks
from terranova.fitting.surrogate.maxima import Maxima
from terranova.store.packed import pack, unpack
from terranova.types import Array


def test_looks_survive_a_checkpoint() -> None:
    seen = Look.first(3, [0.01])
    seen.hoped[1], seen.looked[2], seen.error, seen.insets = 0.3, False, np.inf, (0.02,)
    seen.maxima = Maxima(
        np.array([[0.1, 0.2], [np.nan, np.nan]]), np.array([-1.0, -np.inf]), {"x": np.array([0.5])}
    )
    arrays: dict[str, Array] = {}
    packed: Any = pack(Looks([seen, Look.first(2, [])]).state(), arrays)
    again = Looks([])
    again.restore(unpack(get_type_hints(again.state)["return"], packed, arrays))
    one, other = again.of
    assert (one.error, one.insets) == (np.inf, (0.02,))
    np.testing.assert_array_equal(one.hoped, seen.hoped)
    np.testing.assert_array_equal(one.looked, seen.looked)
    assert one.maxima is not None
    np.testing.assert_array_equal(one.maxima.u, seen.maxima.u)
    np.testing.assert_array_equal(one.maxima.loglike, seen.maxima.loglike)
    np.testing.assert_array_equal(one.maxima.places["x"], [0.5])
    assert other.maxima is None
    assert other.looked.all()
