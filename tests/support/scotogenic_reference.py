"""Reads the reference vectors of the scotogenic model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FILE = Path(__file__).parents[1] / "data" / "scotogenic_vectors.json"


@dataclass(frozen=True)
class Point:
    """One point: x (d,), its observables by name (lists flattened to name_1, name_2, ...) and G (3, 3)."""

    variant: str
    label: str
    tuned: bool
    names: list[str]
    x: np.ndarray
    observables: dict[str, float]
    G: np.ndarray
    valid: dict[str, bool]
    extra: list[float]

    @property
    def model(self) -> str:
        return f"scotogenic-{self.variant}"


def read_points() -> list[Point]:
    """All points of the file."""
    points = []
    for p in json.loads(FILE.read_text(encoding="utf-8"))["points"]:
        flat: dict[str, float] = {}
        obs = dict(p["obs"])
        G = np.array(obs.pop("G_re")) + 1j * np.array(obs.pop("G_im"))
        for name, value in obs.items():
            if isinstance(value, list):
                flat.update({f"{name}_{k}": float(v) for k, v in enumerate(value, start=1)})
            else:
                flat[name] = float(value)
        points.append(
            Point(
                variant=p["variant"],
                label=p["label"],
                tuned=p["tol"].startswith("tuned"),
                names=list(p["params"]),
                x=np.array(list(p["params"].values()), dtype=float),
                observables=flat,
                G=G,
                valid={w: p[f"valid_{w}"] for w in ("wp25", "wp20")},
                extra=p["extra_violations"],
            )
        )
    return points


def bounds(window: str) -> list[tuple[str, float, float]]:
    """Name, lower and upper bound of the 32 constraints, with a window for the muon g-2: "wp25" or "wp20"."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    given = {**data["bounds"], "da_mu": data["g2_windows"][window]}
    return [
        (name, -np.inf if given[name][0] is None else given[name][0], given[name][1])
        for name in data["constraints"]
    ]
