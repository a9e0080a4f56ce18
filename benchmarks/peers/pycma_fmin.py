"""pycma's fmin2 with its defaults, in the unit cube by its own bounds, on the sum of violations.

Option "loss": "sum" of violations, or "log", the sum of ln(1 + violation). A run ends by pycma's own criteria; the
next one begins at another random place, with double population as pycma's restarts do, up to nine times.
"""

from __future__ import annotations

import numpy as np
from far_model import FarModel

WORST = 1e6
"""Of a violation that is not a number."""


def main() -> None:
    """Run after run until the budget is spent."""
    import cma

    model = FarModel()
    rng = np.random.default_rng(model.seed)

    def losses(points: list[np.ndarray]) -> list[float]:
        violations = np.nan_to_num(model(np.array(points))[0], nan=WORST, posinf=WORST)
        if model.options["loss"] == "log":
            violations = np.log1p(violations)
        return violations.sum(axis=1).tolist()

    model.start()
    while True:
        cma.fmin2(
            None,
            lambda: rng.random(model.dimension),
            0.3,
            {"bounds": [0.0, 1.0], "seed": int(rng.integers(1, 2**31)), "verbose": -9},
            parallel_objective=losses,
            restarts=9,
        )


if __name__ == "__main__":
    main()
