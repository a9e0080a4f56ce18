"""Trees as arrays: what XGBoost gets back is what it gave, and nothing that is no tree reaches it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from terranova import PieceReader, pack_pieces

pytest.importorskip("xgboost", reason="surrogates need the extra terranova[ml]")
import xgboost

from terranova.plugins.surrogates.boosting import REGION, THOROUGH, VALUE, Trainer
from terranova.plugins.surrogates.trees import MOST_DEPTH, Forest

U = np.random.default_rng(1).random((200, 3))


@pytest.fixture(scope="module")
def grown() -> list[Any]:
    """Three ensembles: whether a point matters, a value, and an error."""
    trainer = Trainer(4, 0.1, 1.0, 0.8, 1, THOROUGH)
    y = np.sin(5.0 * U[:, 0]) + U[:, 1]
    everywhere = np.ones(len(U))
    return [
        trainer.classifier(U, U[:, 0] < 0.5, 1),
        trainer.regressor(U, y, 7, 1, everywhere),
        trainer.regressor(U, np.zeros(len(U)), 2, 1, everywhere),
    ]


def test_xgboost_gets_back_what_it_gave(grown: list[Any]) -> None:
    forest = Forest.of(grown)
    stored = PieceReader(pack_pieces({}, forest.arrays()))
    again = Forest.read(stored, 3, 3).boosters([REGION, VALUE, VALUE], 3, 1)
    assert forest.trees.tolist() == [200, 7, 2]
    rows = xgboost.DMatrix(U)
    for old, new in zip(grown, again, strict=True):
        np.testing.assert_array_equal(old.predict(rows), new.predict(rows))
        np.testing.assert_array_equal(old.predict(rows, pred_contribs=True), new.predict(rows, pred_contribs=True))
        was, now = (json.loads(bytes(each.save_raw("json")))["learner"] for each in (old, new))
        assert was["gradient_booster"] == now["gradient_booster"]
        assert was["objective"] == now["objective"]
        assert was["learner_model_param"] == now["learner_model_param"]


def _put(name: str, value: int, at: int = 0) -> Callable[[Forest], None]:
    return lambda forest: getattr(forest, name).__setitem__(at, value)


WRONG: dict[str, list[Callable[[Forest], None]]] = {
    "a child of a node": [
        _put("left", 10**6),
        _put("right", -7),
        _put("left", 0),  # a circle
        _put("right", -1),
        _put("left", -1),
        _put("right", 5, -1),
    ],
    "exactly one parent": [_put("left", 2), _put("right", 1)],
    "none of the 3": [_put("feature", 3), _put("feature", -1), _put("feature", 2**31 - 1, -1)],
}


def test_children_that_change_places_are_refused(grown: list[Any]) -> None:
    """XGBoost goes right by going one beyond the left child."""
    forest = Forest.of(grown)
    swapped = dataclasses.replace(forest, left=forest.right, right=forest.left)
    with pytest.raises(ValueError, match="does not follow the left one"):
        swapped.require_trees(3)


@pytest.mark.parametrize(("message", "spoil"), [(words, each) for words, all_ in WRONG.items() for each in all_])
def test_what_is_no_tree_is_refused(grown: list[Any], message: str, spoil: Callable[[Forest], None]) -> None:
    forest = Forest.of(grown)
    spoil(forest)
    with pytest.raises(ValueError, match=message):
        Forest.read(PieceReader(pack_pieces({}, forest.arrays())), 3, 3)


def test_trees_are_as_many_and_as_large_as_there_are_nodes(grown: list[Any]) -> None:
    arrays = Forest.of(grown).arrays()
    more = arrays["nodes"].copy()
    more[0] += 2
    for name, values in {
        "trees": np.array([200, 7]),
        "nodes": arrays["nodes"][1:],
        "left": arrays["left"][1:],
        "value": more.astype(np.float32),
    }.items():
        with pytest.raises(ValueError, match=rf"{name}.npy: expected the shape"):
            Forest.read(PieceReader(pack_pieces({}, {**arrays, name: values})), 3, 3)
    with pytest.raises(ValueError, match="expected the shape"):
        Forest.read(PieceReader(pack_pieces({}, {**arrays, "nodes": more})), 3, 3)
    with pytest.raises(ValueError, match=r"trees.npy: expected"):
        Forest.read(PieceReader(pack_pieces({}, {**arrays, "trees": np.array([0, 207, 2])})), 3, 3)


@pytest.mark.parametrize("depth", [MOST_DEPTH, MOST_DEPTH + 1])
def test_a_tree_is_not_too_deep(depth: int) -> None:
    """A vine: at each node one child is a leaf."""
    n = 2 * depth + 1
    inner = np.arange(n) % 2 == 0
    inner[-1] = False
    left, right = (np.where(inner, np.arange(n) + k, -1).astype(np.int32) for k in (1, 2))
    floats = np.ones(n, dtype=np.float32)
    one = np.array([1])
    forest = Forest(one, one * n, left, right, np.zeros(n, np.int32), np.zeros(n, bool), *[floats] * 4)
    if depth > MOST_DEPTH:
        with pytest.raises(ValueError, match="deeper than 64"):
            forest.require_trees(1)
        return
    forest.require_trees(1)
    (booster,) = forest.boosters([VALUE], 1, 1)
    rows = xgboost.DMatrix(np.array([[0.5], [2.0]]))
    np.testing.assert_allclose(booster.predict(rows), [1.0, 1.0])
    np.testing.assert_allclose(booster.predict(rows, pred_contribs=True).sum(axis=1), [1.0, 1.0])
    assert dataclasses.replace(forest).arrays().keys() == forest.arrays().keys()
