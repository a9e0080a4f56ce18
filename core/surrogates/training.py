"""Trains a surrogate on stored rows; a fifth of them is never looked at before `check`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from terranova.engine.recheck import check_run
from terranova.errors import RunError, TerranovaError
from terranova.interfaces.surrogate import Surrogate
from terranova.runs import provenance
from terranova.runs.run import Run
from terranova.surrogates.dataset import LOGLIKE, REGION, Rows, identity, read_rows, target_names
from terranova.surrogates.trained import TrainedSurrogate, chi2_of, determine_chi2, make
from terranova.types import Bools, Floats

log = logging.getLogger("terranova")

CUT = 30.0
TEST, TUNE = 0.2, 0.15
"""Shares of the rows: held out for `check` by default, and of the others for the search of hyper-parameters."""


def train(
    runs: Sequence[Run],
    targets: Sequence[str] = (LOGLIKE,),
    *,
    surrogate: str = "xgboost",
    cut: float = CUT,
    trials: int = 0,
    rows: int | None = None,
    seed: int = 0,
    held_out: float = TEST,
    **options: Any,
) -> TrainedSurrogate:
    """Train a surrogate on the stored rows of one or more runs.

    Args:
        runs: of one problem: same model, priors and constraints; samplers and seeds may differ.
        targets: "loglike", names of observables, or "observables": all that constraints read.
        surrogate: name of the plugin.
        cut: points of Delta chi2 below it are near: the regressor works there. Points that fail are not near.
        trials: how many hyper-parameters optuna tries, on rows held out for it; 0 takes the defaults.
        rows: use so many of them, chosen by the seed; all if None.
        seed: of the split and of everything random in the surrogate.
        held_out: share of the rows that is kept for `check` and `explain`; 0 if these are given other runs.
        options: of the plugin.

    Raises:
        RunMismatch: the runs are of different problems.
        RunError: no rows, or an unknown target.
        TerranovaError: a package is missing.
    """
    if not runs:
        raise RunError("training needs at least one run")
    if not 0.0 <= held_out < 1.0:
        raise RunError(f"the share of rows held out must be in [0, 1), got {held_out:g}")
    problem = runs[0].problem()
    names = target_names(runs[0], targets)
    if not names:
        raise RunError("training needs at least one target")
    make(surrogate, problem, seed, options)  # what is missing is missing before the work
    for run in runs:
        check_run(run).require_same(f"cannot train on {run.directory}", "Scan again with what is installed now")
    everything = read_rows(runs, names, problem)
    order = np.random.default_rng([seed, 0]).permutation(len(everything))[:rows]
    held = round(held_out * len(order))
    test, training = everything.take(order[:held]), everything.take(order[held:])
    best = float(training.chi2.min(initial=np.inf))
    if trials:
        options = {**options, **_search(surrogate, problem, names, training, best, cut, trials, seed)}
    fitted = make(surrogate, problem, seed, options)
    fitted.fit(training.u, training.targets, nearby(training, best, cut), importance(training.chi2 - best))
    if fitted.reason:
        log.warning("the surrogate learned nothing and will not be trusted: %s", fitted.reason)
    return TrainedSurrogate(
        surrogate=fitted,
        plugin=surrogate,
        options=options,
        config=runs[0].problem_config,
        problem=problem,
        targets=tuple(names),
        cut=cut,
        best=best,
        trained=len(order) - held,
        test=test,
        identity=identity(provenance.problem_physics(runs[0].problem_config, problem)),
    )


def importance(delta: Floats) -> Floats | None:
    """Return how much rows of this Delta chi2 (n,) matter: all of the region alike, less and less beyond.

    None if none of them has a chi2.
    """
    if np.isnan(delta).all():
        return None
    weights: Floats = 1.0 / (1.0 + (np.maximum(delta, 0.0) / REGION) ** 2)
    return weights


def nearby(rows: Rows, best: float, cut: float) -> Bools:
    """Return which rows (n,) have Delta chi2 < cut above the chi2 `best`; none without a best."""
    return np.isfinite(rows.chi2) & (rows.chi2 < best + cut) if np.isfinite(best) else np.zeros(len(rows), bool)


def _search(
    surrogate: str, problem: Any, names: list[str], training: Rows, best: float, cut: float, trials: int, seed: int
) -> dict[str, Any]:
    """Return the options with the smallest error on rows held out; the defaults are the first trial.

    It is the mean error of chi2, where the targets determine it, else of the targets, each in units of its spread;
    weighted as in training.
    """
    try:
        import optuna
    except ImportError as error:
        raise TerranovaError("--trials needs the package optuna: pip install 'terranova[ml]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    held = round(TUNE * len(training))
    rows = np.arange(len(training))
    tune, fit = training.take(rows[:held]), training.take(rows[held:])
    tune = tune.take(np.flatnonzero(nearby(tune, best, cut) & np.isfinite(tune.targets).all(axis=1)))
    if not len(tune):
        return {}
    weights = importance(tune.chi2 - best)
    width = np.maximum(tune.targets.std(axis=0), 1e-300)
    plugin = type(make(surrogate, problem, seed, {}))

    def loss(trial: Any) -> float:
        options = plugin.suggest(trial) if trial.number else {}
        candidate: Surrogate = make(surrogate, problem, seed, options)
        candidate.fit(fit.u, fit.targets, nearby(fit, best, cut), importance(fit.chi2 - best))
        if candidate.reason:
            return float("inf")
        mean: Floats = candidate.predict(tune.u)[0]
        if determine_chi2(problem, names):
            error = np.abs(chi2_of(problem, names, tune.u, mean) - tune.chi2)
        else:
            error = (np.abs(mean - tune.targets) / width).mean(axis=1)
        return float(np.nan_to_num(np.average(error, weights=weights), nan=np.inf))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(loss, n_trials=trials)
    chosen: dict[str, Any] = plugin.suggest(study.best_trial) if study.best_trial.number else {}
    return chosen
