"""The surrogate `xgboost`: what it learns, how sure it is, where it may be trusted, and what its file holds."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from terranova import LogUniform, Parameter, ParameterSpace, SignedLogUniform, Uniform

pytest.importorskip("xgboost", reason="surrogates need the extra terranova[ml]")
from terranova.interfaces.pieces import array_piece
from terranova.plugins.surrogates.scales import Scale
from terranova.plugins.surrogates.xgb import XgboostSurrogate

SPACE = ParameterSpace(
    (
        Parameter("a", Uniform(0.0, 1.0)),
        Parameter("b", LogUniform(1e-3, 1.0)),
        Parameter("c", SignedLogUniform(1e-2, 1.0)),
    )
)


def truth(u: np.ndarray, seed: int | None = None) -> np.ndarray:
    """A smooth target, and one over many decades; with noise of uneven size if seeded."""
    noise = np.random.default_rng(seed).normal(size=len(u)) * (0.02 + 0.2 * u[:, 0]) if seed is not None else 0.0
    bump = np.sin(5.0 * u[:, 0]) + u[:, 1] ** 2 + np.abs(2 * u[:, 2] - 1) + noise
    return np.column_stack([bump, np.exp(8.0 * u[:, 1] + u[:, 0])])


def trained(n: int = 1500, seed: int = 3, noise: int | None = None, **options: float) -> XgboostSurrogate:
    u = np.random.default_rng(1).random((n, 3))
    made = XgboostSurrogate(SPACE, seed, **{"rounds": 60, "depth": 4, **options})
    made.fit(u, truth(u, noise), u[:, 0] < 0.7)
    return made


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    made = trained(noise=5)
    u = np.random.default_rng(2).random((3000, 3)) * [0.7, 1.0, 1.0]
    held_out = truth(u, 6)[:, 0]
    for level in (0.68, 0.95):
        lower, upper = made.interval(u, level)
        coverage = ((held_out >= lower[:, 0]) & (held_out <= upper[:, 0])).mean()
        # Standard error of the conformal quantile with 1050 training rows, and of 3000 test rows: below 0.017.
        assert coverage == pytest.approx(level, abs=0.05)
    # Where the noise is large the intervals are wide.
    sigma = made.predict(u)[1][:, 0]
    assert sigma[u[:, 0] > 0.6].mean() > 1.5 * sigma[u[:, 0] < 0.1].mean()


def test_trained_in_rounds_it_is_lighter_and_its_file_the_same() -> None:
    u, fresh = (
        np.random.default_rng(1).random((800, 3)),
        np.random.default_rng(2).random((300, 3)) * [0.6, 1.0, 1.0],
    )
    made, whole, other = (XgboostSurrogate(SPACE, 3) for _ in range(3))
    made.refit(u, truth(u), u[:, 0] < 0.7)
    whole.fit(u, truth(u), u[:, 0] < 0.7)
    error = np.abs(made.mean(fresh)[:, 0] - truth(fresh)[:, 0])
    assert np.quantile(error, 0.9) < 0.1
    assert made.predict(fresh)[1].min() > 0.0
    assert sum(map(len, made.state().values())) < 0.3 * sum(map(len, whole.state().values()))
    other.restore(made.state())
    np.testing.assert_array_equal(other.mean(fresh), made.mean(fresh))
    made.fit(u, truth(u), u[:, 0] < 0.7)
    np.testing.assert_array_equal(made.mean(fresh), whole.mean(fresh))


def test_weights_say_where_errors_matter() -> None:
    """With few trees something has to be coarse: not what weighs most."""
    u, v = np.random.default_rng(1).random((4000, 3)), np.random.default_rng(2).random((4000, 3))
    y, true = (-60.0 * ((w - [0.4, 0.6, 0.5]) ** 2).sum(axis=1) for w in (u, v))
    inside = true > -3.0
    error = {}
    for weights in (None, 1.0 / (1.0 + (y / 3.0) ** 2)):
        made = XgboostSurrogate(SPACE, 1, trend=0, rounds=40, depth=3)
        made.fit(u, y[:, None], y > -30.0, weights)
        error[weights is None] = np.abs(made.predict(v[inside])[0][:, 0] - true[inside]).mean()
    assert error[False] < 0.8 * error[True]


def test_the_scale_from_the_top_resolves_the_largest_values() -> None:
    y = -(np.random.default_rng(1).random(500) ** 3) * 40.0
    scale = Scale.below_top(y, np.ones(500))
    assert scale.backward(scale.forward(y)) == pytest.approx(y, abs=1e-9)
    step = scale.forward(np.array([-0.5, 0.0, -30.5, -30.0]))
    assert step[1] - step[0] > 5.0 * (step[3] - step[2]) > 0.0


def test_intervals_hold_for_points_that_were_not_drawn_as_the_training_points() -> None:
    """Training points heaped where the target is large, as active learning has them; asked everywhere alike."""
    heap = np.random.default_rng(1).random((6000, 3))
    heap = heap[np.random.default_rng(2).random(6000) < np.exp(-3.0 * heap[:, 0])]
    made = XgboostSurrogate(SPACE, 1, rounds=60, depth=4)
    made.fit(heap, truth(heap, 5)[:, :1], np.ones(len(heap), dtype=bool))
    u = np.random.default_rng(3).random((3000, 3))
    lower, upper = made.interval(u, 0.95)
    held = truth(u, 6)[:, :1]
    # Nothing guarantees 0.95 here; that widths follow the local error keeps it from falling apart.
    assert ((held >= lower) & (held <= upper)).mean() > 0.88


def test_it_learns_and_knows_where() -> None:
    made = trained()
    u = np.random.default_rng(2).random((1000, 3))
    inside, outside = u[u[:, 0] < 0.68], u[u[:, 0] > 0.75]
    error = np.abs(made.predict(inside)[0] / truth(inside) - 1.0)
    assert np.quantile(error[:, 1], 0.95) < 0.05
    assert made.scales == ("linear", "log")
    assert made.near(inside).mean() > 0.97
    assert made.near(outside).mean() < 0.1
    assert (made.trust(outside) > 0).mean() < 0.1
    assert np.median(made.trust(inside)) == 1.0
    strange = np.array([[0.3, 1.4, 0.5], [-0.5, 0.5, 0.5], [np.nan, 0.5, 0.5]])
    assert (made.trust(strange) == 0.0).all()


def test_a_hole_in_the_training_points_is_not_trusted() -> None:
    u = np.random.default_rng(1).random((3000, 3))
    u = u[np.abs(u - 0.5).max(axis=1) > 0.3]
    made = XgboostSurrogate(SPACE, 1, rounds=10)
    made.fit(u, truth(u), np.ones(len(u), dtype=bool))
    assert made.trust(np.full((1, 3), 0.5))[0] == 0.0


def test_same_seed_same_surrogate_and_its_file() -> None:
    one, two = trained(), trained()
    u = np.random.default_rng(4).random((100, 3))
    assert np.array_equal(one.predict(u), two.predict(u))
    other = XgboostSurrogate(SPACE, 3)
    other.restore(one.state())
    assert np.array_equal(one.predict(u), other.predict(u))
    assert np.array_equal(one.trust(u), other.trust(u))
    assert np.array_equal(one.interval(u, 0.9), other.interval(u, 0.9))
    assert other.state() == one.state()


@pytest.fixture(scope="module")
def state() -> dict[str, bytes]:
    """Everything that a small one has learned."""
    return trained(n=300, rounds=5).state()


def facts(**changes: Any) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Return what changes facts of a state."""
    return lambda state: {"facts.json": json.dumps({**json.loads(state["facts.json"]), **changes}).encode()}


def numbers(name: str, change: Callable[[np.ndarray], Any]) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Return what changes an array of a state, or its shape."""

    def spoil(state: dict[str, bytes]) -> dict[str, bytes]:
        values = np.load(io.BytesIO(state[f"{name}.npy"]))
        changed = change(values)
        return {f"{name}.npy": array_piece(values if changed is None else changed)}

    return spoil


def put(value: Any, at: Any = 0) -> Callable[[np.ndarray], Any]:
    """Return what puts a value into an array."""
    return lambda values: values.__setitem__(at, value)


SPOILT = {
    "facts.json: missing": lambda state: dict.fromkeys(state, None),
    "facts.json: not JSON": lambda state: {"facts.json": b"{"},
    "scales.npy: not an array": lambda state: {"scales.npy": b"no array"},
    "value.npy: missing": lambda state: {"value.npy": None},
    "folds: expected a whole number": facts(folds=0),
    "scales: expected a list of linear": facts(scales=["square"]),
    "scales.npy: expected the shape": facts(scales=["log"]),
    "widths and units above 0": numbers("scales", put(0.0)),
    "classifiers: expected": facts(classifiers=7),
    "trees.npy: expected the shape": facts(classifiers=3),
    "polynomial of degree 6": facts(degree=6),
    "trends.npy: expected the shape": facts(degree=1),
    "threshold: expected": facts(threshold=2),
    "support.npy: expected the shape": numbers("support", lambda u: u[:, :2]),
    "too few for a polynomial": numbers("support", lambda u: u[:20]),
    "support.npy: expected finite": numbers("support", put(np.nan)),
    "quantiles.npy: expected": numbers("quantiles", put(-1.0)),
    "centre.npy: expected": numbers("centre", put(1e9)),
    "left.npy: expected int32": numbers("left", lambda left: left.astype(float)),
    "value.npy: expected finite": numbers("value", put(np.inf)),
}
"""What is said -> what is wrong."""


@pytest.mark.parametrize(("message", "spoil"), SPOILT.items(), ids=SPOILT)
def test_what_is_no_state_is_refused(state: dict[str, bytes], message: str, spoil: Any) -> None:
    spoilt = {name: piece for name, piece in {**state, **spoil(state)}.items() if piece is not None}
    with pytest.raises(ValueError, match=message):
        XgboostSurrogate(SPACE, 3).restore(spoilt)


def test_contributions_sum_up_to_the_prediction() -> None:
    made = trained()
    u = np.random.default_rng(4).random((50, 3))
    answer = made.contributions(u)
    assert answer is not None
    values, base = answer
    total = base + values.sum(axis=2)
    assert np.allclose(total[:, 0], made.predict(u)[0][:, 0], atol=1e-4)
    assert np.allclose(np.exp(total[:, 1]), made.predict(u)[0][:, 1], rtol=1e-4)
    # The second target does not know the third parameter.
    size = np.abs(values[:, 1]).mean(axis=0)
    assert size[1] > size[0] > 3 * size[2]


@pytest.mark.slow
def test_trees_are_explained_as_shap_explains_them() -> None:
    shap = pytest.importorskip("shap", reason="shap is not installed: pip install 'terranova[ml]'")
    made = trained(trend=0)
    u = np.random.default_rng(4).random((20, 3))
    answer = made.contributions(u)
    assert answer is not None
    theirs = np.mean([shap.TreeExplainer(tree).shap_values(u) for tree in made._trees[0]], axis=0)
    assert np.allclose(answer[0][:, 0], theirs * made._scales[0].width, atol=1e-5)
