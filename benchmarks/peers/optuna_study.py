"""optuna's study.optimize, in memory, on the sum of ln(1 + violation). Option "sampler": "tpe" or "cmaes"."""

from __future__ import annotations

import warnings

import numpy as np
from far_model import FarModel

WORST = 1e6
"""Of a violation that is not a number."""


def main() -> None:
    """Run to the end."""
    import optuna

    model = FarModel()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")

    def loss(trial: optuna.Trial) -> float:
        u = [[trial.suggest_float(f"u{i}", 0.0, 1.0) for i in range(model.dimension)]]
        return float(np.log1p(np.nan_to_num(model(u)[0], nan=WORST, posinf=WORST)).sum())

    if model.options["sampler"] == "tpe":
        sampler = optuna.samplers.TPESampler(seed=model.seed, multivariate=True)
    else:
        sampler = optuna.samplers.CmaEsSampler(seed=model.seed)
    model.start()
    optuna.create_study(sampler=sampler).optimize(loss, n_trials=model.budget + 1)


if __name__ == "__main__":
    main()
