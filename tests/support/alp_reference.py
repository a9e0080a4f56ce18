"""What the ALP model is compared with: points of an independent program and of ALPaca 1.2.0."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import terranova
from terranova.types import Floats

DATA = Path(__file__).parents[1] / "data" / "alp_vectors.json"
NAMES = {"cmumu": "c_mumu", "ccc": "c_cc", "cuu": "c_uu", "cdd": "c_dd", "css": "c_ss"}
"""What is called differently in the file."""

Point = Mapping[str, Any]


def read_points() -> list[Point]:
    """The points; each has `params` and blocks of values."""
    points: list[Point] = json.loads(DATA.read_text())["points"]
    return points


def read_primitives() -> dict[str, Any]:
    """Values of the functions that enter."""
    primitives: dict[str, Any] = json.loads(DATA.read_text())["primitives"]
    return primitives


def inputs(model: terranova.BoundModel, points: Sequence[Point]) -> Floats:
    """Parameters (n, d) of the points in the model's order; what a point does not mention is 0."""
    return np.array([[p["params"].get(name, 0.0) for name in model.space.names] for p in points])


def observables(points: Sequence[Point], **options: Any) -> dict[str, Floats]:
    """All observables of the points by the native model, with ALPaca's hadronic width, as the points have it."""
    model = terranova.model("alp", **{"hadronic": "alpaca", **options})
    x = inputs(model, points)
    return model.evaluate({name: x[:, i] for i, name in enumerate(model.space.names)})


def flat(block: Mapping[str, Any]) -> dict[str, float]:
    """Numbers of a block by the model's names, complex couplings split; nothing that is not there."""
    found: dict[str, float] = {}
    for name, value in block.items():
        if name in ("sbV", "sbA"):
            found[f"c_{name}_re"], found[f"c_{name}_im"] = value
        elif isinstance(value, (int, float)) and name not in ("chi2", "cG"):
            found[NAMES.get(name, name)] = float(value)
    return found
