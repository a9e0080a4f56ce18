"""The Gaussian process as a surrogate: accuracy, files, and what it does with rows that teach nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from terranova import Parameter, ParameterSpace, PieceReader, Uniform
from terranova.interfaces.pieces import array_piece
from terranova.plugins.surrogates import gp
from terranova.plugins.surrogates.gp import GpSurrogate
from terranova.types import Floats

SPACE = ParameterSpace([Parameter(name, Uniform(0.0, 1.0)) for name in "ab"])
RNG = np.random.default_rng(5)
POINTS, FRESH = RNG.random((200, 2)), RNG.random((100, 2))


def _truth(u: Floats) -> Floats:
    return np.column_stack([2.0 + np.sin(4.0 * u[:, 0]) * u[:, 1], np.exp(3.0 * u[:, 0])])


def _trained() -> GpSurrogate:
    made = GpSurrogate(SPACE, 1, scales=100)
    made.fit(POINTS, _truth(POINTS), POINTS[:, 0] < 0.7)
    assert made.reason == ""
    return made


def test_smooth_targets_are_learned_and_far_rows_are_refused() -> None:
    made, inside = _trained(), FRESH[:, 0] < 0.6
    mean, sigma = made.predict(FRESH[inside])
    np.testing.assert_allclose(mean, _truth(FRESH[inside]), atol=0.02)
    np.testing.assert_array_equal(mean, made.mean(FRESH[inside]))
    assert (sigma > 0.0).all()
    assert made.near(FRESH[inside]).mean() > 0.95
    assert not made.near(FRESH[FRESH[:, 0] > 0.85]).any()
    assert (made.trust(FRESH[FRESH[:, 0] > 0.85]) == 0.0).all()


def test_a_file_gives_the_same_predictions() -> None:
    made, other = _trained(), GpSurrogate(SPACE, 1)
    other.restore(made.state())
    np.testing.assert_allclose(other.mean(FRESH), made.mean(FRESH), rtol=1e-12)
    np.testing.assert_array_equal(other.near(FRESH), made.near(FRESH))


def _with(state: dict[str, bytes], **arrays: Any) -> dict[str, bytes]:
    return state | {f"{name}.npy": array_piece(np.asarray(values)) for name, values in arrays.items()}


def test_what_is_no_state_is_refused() -> None:
    state, n = _trained().state(), 140
    wrong = {
        "facts.json: missing": {},
        "reason: expected a line": state | {"facts.json": b"{}"},
        "u.npy: missing": {"facts.json": state["facts.json"]},
        r"u.npy: expected the shape \(any, 2\)": _with(state, u=np.zeros((n, 3))),
        "u.npy: expected finite numbers from": _with(state, u=np.full((n, 2), 7.0)),
        "y.npy: expected the shape": _with(state, y=np.zeros((3, 2))),
        "y.npy: expected finite": _with(state, y=np.full((len(rows_of(state)), 2), np.nan)),
        "near.npy: expected bool": _with(state, near=np.ones(200)),
        "learned.npy: expected the shape": _with(state, learned=np.zeros((2, 3))),
        "learned: a length scale": _with(state, learned=np.full((2, 7), 1e3)),
        "learned: the directions of a kernel": _with(state, learned=np.full((2, 7), -3.0)),
        "kernels of 5 rows": _with(state, u=RNG.random((5, 2)), y=RNG.random((5, 2))),
    }
    for message, pieces in wrong.items():
        with pytest.raises(ValueError, match=message):
            GpSurrogate(SPACE, 1).restore(pieces)


def test_more_rows_than_memory_holds_are_neither_learned_nor_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    state = _trained().state()
    monkeypatch.setattr(gp, "MOST_ENTRIES", 2 * 50**2)
    made, everywhere = GpSurrogate(SPACE, 1, scales=20), np.ones(len(POINTS), dtype=bool)
    made.fit(POINTS, _truth(POINTS), everywhere)
    assert len(rows_of(made.state())) == 50
    GpSurrogate(SPACE, 1).restore(made.state())
    with pytest.raises(ValueError, match="no more than fit into"):
        GpSurrogate(SPACE, 1).restore(state)


def rows_of(state: dict[str, bytes]) -> Floats:
    """The rows in a state."""
    return PieceReader(state).array("u", (None, 2))


def test_targets_that_are_alike_share_a_kernel() -> None:
    """Two of these three are; what one kernel predicts of both is as good, and is found again in a file."""
    made, other = GpSurrogate(SPACE, 1, scales=100), GpSurrogate(SPACE, 1)
    targets = np.column_stack([_truth(POINTS), 3.0 * _truth(POINTS)[:, 0] - 1.0])
    made.fit(POINTS, targets, np.ones(len(POINTS), dtype=bool))
    assert [list(process.members) for process in made._processes] == [[0, 2], [1]]
    mean, sigma = made.predict(FRESH)
    np.testing.assert_allclose(mean[:, 2], 3.0 * mean[:, 0] - 1.0, atol=1e-9)
    np.testing.assert_allclose(sigma[:, 2], 3.0 * sigma[:, 0], rtol=1e-6)
    np.testing.assert_allclose(mean[:, :2], _truth(FRESH), atol=0.02)
    other.restore(made.state())
    np.testing.assert_allclose(other.mean(FRESH), mean, rtol=1e-9)


def test_what_was_restored_goes_on_learning_as_if_it_had_not_been() -> None:
    """Length scales are learned again at the same number of rows, and with the same result."""
    near = np.ones(len(POINTS), dtype=bool)
    made, other = GpSurrogate(SPACE, 1, scales=60), GpSurrogate(SPACE, 1, scales=60)
    made.refit(POINTS[:60], _truth(POINTS[:60]), near[:60])
    other.restore(made.state())
    for rows in (70, 85, 100):  # the last are half as many again
        for one in (made, other):
            one.refit(POINTS[:rows], _truth(POINTS[:rows]), near[:rows])
        np.testing.assert_array_equal(other.mean(FRESH), made.mean(FRESH))


def test_a_kernel_finds_the_direction_in_which_parameters_cancel() -> None:
    """A narrow valley across both axes: one length scale is short, across it, and the other is not."""
    space = ParameterSpace([Parameter(name, Uniform(0.0, 1.0)) for name in "ab"])
    u, fresh = RNG.random((120, 2)), RNG.random((200, 2))

    def valley(u: Floats) -> Floats:
        return np.asarray(1.0 + np.arcsinh((10.0 * (u[:, :1] - u[:, 1:])) ** 2) + 0.1 * u[:, :1])

    made = GpSurrogate(space, 1)
    made.fit(u, valley(u), np.ones(len(u), dtype=bool))
    (process,) = made._processes
    short = process.frame[:, np.argmin(process.log_scales)]
    np.testing.assert_allclose(np.abs(short), np.sqrt(0.5), atol=0.03)
    assert np.ptp(process.log_scales) > np.log(5.0)
    assert np.abs(made.mean(fresh) - valley(fresh)).mean() < 0.05


def test_learning_again_keeps_length_scales_until_rows_are_many_more() -> None:
    made, everywhere = GpSurrogate(SPACE, 1), np.ones(len(POINTS), dtype=bool)
    made.refit(POINTS[:80], _truth(POINTS[:80]), everywhere[:80])
    first = [process.learned for process in made._processes]
    made.refit(POINTS[:110], _truth(POINTS[:110]), everywhere[:110])
    np.testing.assert_array_equal([process.learned for process in made._processes], first)
    np.testing.assert_allclose(made.mean(POINTS[80:110]), _truth(POINTS[80:110]), atol=1e-2)
    made.refit(POINTS, _truth(POINTS), everywhere)
    assert not np.array_equal([process.learned for process in made._processes], first)


def test_too_few_rows_teach_nothing() -> None:
    made = GpSurrogate(SPACE, 1)
    made.fit(POINTS[:5], _truth(POINTS[:5]), np.ones(5, dtype=bool))
    assert made.reason
    assert np.isnan(made.mean(FRESH)).all()
    assert (made.trust(FRESH) == 0.0).all()
