"""Trees of XGBoost as plain arrays: what a file holds of them, and what XGBoost gets back.

XGBoost follows the numbers of a model wherever they lead, also out of its memory. So no byte of a file ever reaches
it: a file holds arrays, these are checked to be trees, and the model that XGBoost reads is written here. Its format
is documented by XGBoost ("Introduction to Model IO"), and all its versions since 1.0 read it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from terranova import PieceReader
from terranova.plugins.surrogates.boosting import BASE_SCORE, xgboost
from terranova.types import Array, Bools, Floats, Ints

MOST_DEPTH = 64
"""Of a tree; what SHAP values cost grows with its square."""

_ROOT_PARENT = 2**31 - 1


@dataclass(frozen=True)
class Forest:
    """Ensembles of trees, their nodes one after another; left and right count from the root of the tree.

    Attributes:
        trees: (e,) trees of each ensemble.
        nodes: (t,) nodes of each tree, the root first, each after its parent.
        left, right: (n,) children, the right one after the left one; -1 at a leaf.
        feature: (n,) that is compared; 0 at a leaf.
        missing_left: (n,) where a point without that feature goes.
        value: (n,) with which it is compared; at a leaf what the tree says.
        weight, gain, cover: (n,) what training noted, for explanations.
    """

    trees: Ints
    nodes: Ints
    left: Ints
    right: Ints
    feature: Ints
    missing_left: Bools
    value: Floats
    weight: Floats
    gain: Floats
    cover: Floats

    @classmethod
    def of(cls, boosters: Sequence[Any]) -> Forest:
        """Return the trees of ensembles of XGBoost.

        Raises:
            ValueError: they are not what this module understands.
        """
        ensembles = [_trees_of(booster) for booster in boosters]
        trees = [tree for ensemble in ensembles for tree in ensemble]

        def column(key: str, dtype: Any) -> Array:
            return np.array([value for tree in trees for value in tree[key]], dtype=dtype)

        forest = cls(
            trees=np.array([len(ensemble) for ensemble in ensembles], dtype=np.int64),
            nodes=np.array([len(tree["left_children"]) for tree in trees], dtype=np.int64),
            left=column("left_children", np.int32),
            right=column("right_children", np.int32),
            feature=column("split_indices", np.int32),
            missing_left=column("default_left", bool),
            value=column("split_conditions", np.float32),
            weight=column("base_weights", np.float32),
            gain=column("loss_changes", np.float32),
            cover=column("sum_hessian", np.float32),
        )
        forest.require_trees(max((int(tree["tree_param"]["num_feature"]) for tree in trees), default=1))
        return forest

    @classmethod
    def read(cls, stored: PieceReader, ensembles: int, features: int) -> Forest:
        """Return what `arrays` gave.

        Args:
            stored: pieces of a file.
            ensembles: how many it has to hold.
            features: of the points.

        Raises:
            ValueError: these are no trees.
        """
        trees = stored.array("trees", (ensembles,), np.int64, 1, 2**31)
        nodes = stored.array("nodes", (int(trees.sum()),), np.int64, 1, 2**31)
        total = (int(nodes.sum()),)
        floats = {name: stored.array(name, total, np.float32) for name in ("value", "weight", "gain", "cover")}
        forest = cls(
            trees=trees,
            nodes=nodes,
            left=stored.array("left", total, np.int32),
            right=stored.array("right", total, np.int32),
            feature=stored.array("feature", total, np.int32),
            missing_left=stored.array("missing_left", total, bool),
            **floats,
        )
        forest.require_trees(features)
        return forest

    def arrays(self) -> dict[str, Array]:
        """Return all arrays by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def require_trees(self, features: int) -> None:
        """Make sure that one way leads from each root to each node of its tree, of at most `MOST_DEPTH` steps.

        Raises:
            ValueError: it is not so, or a feature beyond their number is compared.
        """
        total = int(self.nodes.sum())
        first = np.cumsum(self.nodes) - self.nodes
        root = np.repeat(first, self.nodes)
        own, size = np.arange(total) - root, np.repeat(self.nodes, self.nodes)
        inner = self.left != -1
        for child in (self.left, self.right):
            if not np.where(inner, (child > own) & (child < size), child == -1).all():
                raise ValueError("a child of a node is no node after it in its tree")
        left, right = self.left[inner] + root[inner], self.right[inner] + root[inner]
        parents = np.bincount(np.concatenate([left, right]), minlength=total)
        parents[first] += 1
        if not (parents == 1).all():
            raise ValueError("a node has not exactly one parent")
        if not (self.right == self.left + inner).all():
            raise ValueError("a right child does not follow the left one")  # where XGBoost goes without looking
        if not ((self.feature >= 0) & (self.feature < features)).all():
            raise ValueError(f"a node compares a parameter that is none of the {features}")
        here: Ints = first
        for _ in range(MOST_DEPTH):
            here = here[inner[here]]
            if not len(here):
                return
            here = np.concatenate([self.left[here], self.right[here]]) + np.tile(root[here], 2)
        if inner[here].any():
            raise ValueError(f"a tree is deeper than {MOST_DEPTH}")

    def boosters(self, objectives: Sequence[str], features: int, threads: int) -> list[Any]:
        """Return the ensembles as XGBoost's.

        Args:
            objectives: (e,) for which each was trained.
            features: of the points.
            threads: of each.
        """
        ends, trees = np.cumsum(self.nodes), iter(range(len(self.nodes)))
        made = []
        for objective, count in zip(objectives, self.trees.tolist(), strict=True):
            described = []
            for number in range(count):
                end = int(ends[k := next(trees)])
                described.append(self._tree(number, slice(end - int(self.nodes[k]), end), features))
            booster = xgboost().Booster()
            booster.load_model(bytearray(json.dumps(_model(objective, described, features)).encode()))
            booster.set_param({"nthread": threads})
            made.append(booster)
        return made

    def _tree(self, number: int, part: slice, features: int) -> dict[str, Any]:
        left, right = self.left[part], self.right[part]
        inner = np.flatnonzero(left != -1)
        parents = np.full(len(left), _ROOT_PARENT)
        parents[left[inner]] = parents[right[inner]] = inner
        nothing = [0] * len(left)
        return {
            "base_weights": self.weight[part].tolist(),
            "categories": [],
            "categories_nodes": [],
            "categories_segments": [],
            "categories_sizes": [],
            "default_left": self.missing_left[part].astype(int).tolist(),
            "id": number,
            "left_children": left.tolist(),
            "loss_changes": self.gain[part].tolist(),
            "parents": parents.tolist(),
            "right_children": right.tolist(),
            "split_conditions": self.value[part].tolist(),
            "split_indices": self.feature[part].tolist(),
            "split_type": nothing,
            "sum_hessian": self.cover[part].tolist(),
            "tree_param": {
                "num_deleted": "0",
                "num_feature": str(features),
                "num_nodes": str(len(left)),
                "size_leaf_vector": "1",
            },
        }


def _trees_of(booster: Any) -> list[dict[str, Any]]:
    model = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"]
    trees: list[dict[str, Any]] = model["trees"]
    return trees


def _model(objective: str, trees: list[dict[str, Any]], features: int) -> dict[str, Any]:
    """Return a model of XGBoost, in its format."""
    count = len(trees)
    model = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(count)},
        "iteration_indptr": list(range(count + 1)),
        "tree_info": [0] * count,
        "trees": trees,
    }
    return {
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {"model": model, "name": "gbtree"},
            "learner_model_param": {
                "base_score": f"{BASE_SCORE[objective]:E}",
                "boost_from_average": "0",
                "num_class": "0",
                "num_feature": str(features),
                "num_target": "1",
            },
            "objective": {"name": objective, "reg_loss_param": {"scale_pos_weight": "1"}},
        },
        "version": [2, 1, 0],
    }
