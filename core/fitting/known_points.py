"""Points that scans have evaluated and that a fit takes as known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from terranova.config import ModelChoice
from terranova.errors import RunError
from terranova.evaluation.problem import Problem
from terranova.fitting.likelihood import Likelihood
from terranova.runs.run import Run
from terranova.types import Bools


def open_scan(directory: Path, problem: Problem, model: ModelChoice) -> Run:
    """Return a scan whose points can be used.

    Args:
        directory: of the scan.
        problem: of the fit.
        model: of the fit.

    Raises:
        RunError: there is none, it is of another model, or lacks what the constraints read.
    """
    run = Run(directory)
    manifest = run.manifest
    if manifest.model != model.name or dict(manifest.model_options) != dict(model.options):
        raise RunError(
            f"{directory} is a scan of {_named(manifest.model, manifest.model_options)}, but the fit is of "
            f"{_named(model.name, model.options)}"
        )
    version = problem.model.plugin.version
    if manifest.physics.get("model version", version) != version:
        raise RunError(
            f"{directory} was made with version {manifest.physics['model version']} of model {manifest.model!r}; "
            f"installed is version {version}, so that its numbers may be others now: scan again"
        )
    if [p.name for p in run.parameters] != list(problem.model.space.names):
        raise RunError(f"{directory} has other parameters than model {problem.model.name!r}")
    stored = {field.name for field in run.observables} | set(problem.model.space.names)
    stored |= {derived.name for derived in problem.model.computable(stored)}
    missing = sorted({name for c in problem.constraints for name in c.observables} - stored)
    if missing:
        raise RunError(f"{directory} did not store {_first(missing)}, which the constraints read")
    return run


def _named(name: str, options: Mapping[str, Any]) -> str:
    listed = ", ".join(f"{key}: {value}" for key, value in options.items())
    return f"model {name!r}" + (f" with {listed}" if listed else "")


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def add_known_points(likelihood: Likelihood, run: Run) -> int:
    """Score the points of a scan with the constraints of the fit, and make them known; return how many.

    Points outside the priors of the fit are left out, and so are those with other values of fixed parameters.
    """
    problem = likelihood.problem
    space = problem.model.space
    names = list(space.names)
    stored = {field.name for field in run.observables}
    observables = [o.name for o in problem.model.observables]
    count = 0
    for table in run.reader.batches(rows=50_000):
        ok = table["status"].to_numpy() == 0
        x = np.column_stack([table[name].to_numpy()[ok] for name in names])
        columns = [table[n].to_numpy()[ok] if n in stored else np.full(int(ok.sum()), np.nan) for n in observables]
        o = problem.model.filled(x, np.column_stack(columns))
        _, loglike = problem.score(x, o)
        with np.errstate(invalid="ignore", divide="ignore"):
            u = space.to_unit(x)
            inside: Bools = np.all((u >= 0.0) & (u <= 1.0), axis=1)
        again = space.to_physical(np.where(inside[:, None], u, 0.5))
        same = (np.abs(again - x) <= 1e-6 * np.abs(x)).all(axis=1)
        usable: Bools = np.isfinite(loglike) & inside & same
        likelihood.add_known(u[usable], loglike[usable], np.column_stack([x, o[:, likelihood.remembered]])[usable])
        count += int(usable.sum())
    return count
