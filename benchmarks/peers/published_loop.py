"""A replica of the published loop of CMA-ES with novelty detection (arXiv:2402.07661), made of the same packages.

After descriptions of the authors' program (github.com/PedroMF24/ml-3hdmz3), which was not read itself:
cmaes.CMA in the unit cube, mean at random,
sigma 1/sqrt(d), the default population, bounds by resampling. Losses ln(1 + violation) are scaled to [0, 1]
within a generation, constraint by constraint, and summed; to that come 1 for points that are not valid and the
penalty: the mean of the two for parameters and for observables, of which only that for parameters is used here,
so half of it. That penalty is pyod's HBOS with 100 bins, fitted anew in every generation to all valid points, as
a probability of being no outlier. A run that has found nothing valid for 7500 generations ends when cmaes says so;
it is not restarted otherwise. Option "run": evaluations after which a run ends and another begins (0: one run).
"""

from __future__ import annotations

import numpy as np
from cmaes import CMA
from far_model import FarModel
from pyod.models.hbos import HBOS
from sklearn.preprocessing import minmax_scale

BINS = 100
PATIENCE = 7500


def search(model: FarModel, rng: np.random.Generator, most: int) -> None:
    """One run of at most `most` evaluations."""
    d = model.dimension
    seed = int(rng.integers(2**31))
    optimiser = CMA(mean=rng.random(d), sigma=d**-0.5, bounds=np.tile([0.0, 1.0], (d, 1)), seed=seed)
    valid = np.empty((0, d))
    spent = without = 0
    while spent < most and not (without > PATIENCE and optimiser.should_stop()):
        u = np.array([optimiser.ask() for _ in range(optimiser.population_size)])
        violations, _ = model(u)
        spent += len(u)
        losses = np.where(np.isfinite(violations), np.log1p(violations), 710.8)
        good = (violations == 0.0).all(axis=1)
        fitness = minmax_scale(losses, axis=0).sum(axis=1) + ~good
        if len(valid) > 1:
            fitness += 0.5 * HBOS(n_bins=BINS).fit(valid).predict_proba(u)[:, 0]
        optimiser.tell(list(zip(u, fitness.tolist(), strict=True)))
        valid = np.concatenate([valid, u[good]])
        without = 0 if good.any() else without + 1


def main() -> None:
    """Run after run until the budget is spent."""
    model = FarModel()
    rng = np.random.default_rng(model.seed)
    while True:
        search(model, rng, model.options["run"] or model.budget)


if __name__ == "__main__":
    main()
