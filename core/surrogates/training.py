"""Train a surrogate from stored rows; the last tenth of them is never looked at before `check`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from terranova import provenance
from terranova.errors import RunError, TerranovaError
from terranova.run import Run
from terranova.surrogate import Surrogate
from terranova.surrogates.rows import LOGLIKE, Rows, identity, read_rows, target_names
from terranova.surrogates.standin import StandIn, make
from terranova.types import Floats

log = logging.getLogger("terranova")

CUT = 30.0
TEST, TUNE = 0.2, 0.15
"""Shares of the rows: held out for `check`, and of the others for the search of hyper-parameters."""


def train(
    runs: Sequence[Run],
    targets: Sequence[str] = (LOGLIKE,),
    *,
    surrogate: str = "xgboost",
    cut: float = CUT,
    trials: int = 0,
    rows: int | None = None,
    seed: int = 0,
    **options: Any,
) -> StandIn:
    """Train a surrogate on the stored rows of one or more runs.

    Args:
        runs: of one problem: same model, priors and constraints; samplers and seeds may differ.
        targets: "loglike", names of observables, or "observables": all that constraints read.
        surrogate: name of the plugin.
        cut: points of Delta chi2 below it are near: the regressor works there. Points that fail are not near.
        trials: how many hyper-parameters optuna tries, on rows held out for it; 0 takes the defaults.
        rows: use so many of them, chosen by the seed; all if None.
        seed: of the split and of everything random in the surrogate.
        options: of the plugin.

    Raises:
        RunMismatch: the runs are of different problems.
        RunError: no rows, or an unknown target.
        TerranovaError: a package is missing.
    """
    if not runs:
        raise RunError("training needs at least one run")
    problem = runs[0].problem()
    names = target_names(runs[0], targets)
    if not names:
        raise RunError("training needs at least one target")
    make(surrogate, problem, seed, options)  # what is missing is missing before the work
    everything = read_rows(runs, names, problem)
    order = np.random.default_rng([seed, 0]).permutation(len(everything))[:rows]
    held = round(TEST * len(order))
    test, learn = everything.take(order[:held]), everything.take(order[held:])
    best = float(learn.chi2.min(initial=np.inf))
    if trials:
        options = {**options, **_search(surrogate, problem, learn, best, cut, trials, seed)}
    made = make(surrogate, problem, seed, options)
    made.fit(learn.u, learn.targets, _near(learn, best, cut))
    if made.reason:
        log.warning("the surrogate learned nothing and will not be trusted: %s", made.reason)
    return StandIn(
        surrogate=made,
        plugin=surrogate,
        options=options,
        config=runs[0].config,
        problem=problem,
        targets=tuple(names),
        cut=cut,
        best=best,
        trained=len(order) - held,
        test=test,
        identity=identity(provenance.physics(runs[0].config, problem)),
    )


def _near(rows: Rows, best: float, cut: float) -> Any:
    return np.isfinite(rows.chi2) & (rows.chi2 < best + cut) if np.isfinite(best) else np.zeros(len(rows), bool)


def _search(
    surrogate: str, problem: Any, learn: Rows, best: float, cut: float, trials: int, seed: int
) -> dict[str, Any]:
    """Return the options with the smallest mean error, in units of each target's spread, on rows held out."""
    try:
        import optuna
    except ImportError as error:
        raise TerranovaError("--trials needs the package optuna: pip install 'terranova[ml]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    held = round(TUNE * len(learn))
    rows = np.arange(len(learn))
    tune, fit = learn.take(rows[:held]), learn.take(rows[held:])
    near = _near(tune, best, cut) & np.isfinite(tune.targets).all(axis=1)
    if not near.any():
        return {}
    width = np.maximum(tune.targets[near].std(axis=0), 1e-300)
    plugin = type(make(surrogate, problem, seed, {}))

    def loss(trial: Any) -> float:
        made: Surrogate = make(surrogate, problem, seed, plugin.suggest(trial))
        made.fit(fit.u, fit.targets, _near(fit, best, cut))
        if made.reason:
            return float("inf")
        mean: Floats = made.predict(tune.u[near])[0]
        return float((np.abs(mean - tune.targets[near]) / width).mean())

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(loss, n_trials=trials)
    chosen: dict[str, Any] = plugin.suggest(study.best_trial)
    return chosen
