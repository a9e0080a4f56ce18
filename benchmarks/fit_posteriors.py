"""Posteriors and evidences of fits against integrals, on the problems whose profiles are known exactly.

    python benchmarks/fit_posteriors.py [PROBLEM ...] [--seeds 1] [--first 1] [--surrogate gp]

A line a problem, method and seed: by how much ln Z, the means and the standard deviations of two parameters differ
from what integration says, in units of the errors that the fit states. Nested sampling states none of means and
standard deviations: those of its effective number of points stand in, sd / sqrt(n) and sd / sqrt(2 n).
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

from terranova.config import build_problem, load_config
from terranova.fitting.config import FitConfig, Mcmc, Nested, SurrogateConfig
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.posterior import Posterior
from terranova.fitting.steps import Fit, run_steps
from terranova.models.analytic.profile_problem import ProfileProblem
from terranova.models.analytic.profiles import PROFILES
from terranova.models.analytic.quadrature import ExactPosterior, exact_posterior


def fitted(kind: type[ProfileProblem], seed: int, surrogate: str) -> Fit:
    """Sample the posterior of a problem by both methods."""
    config = {"model": kind.name, "constraints": [kind.name], "sampler": {"name": "random"}}
    scan = load_config({**config, "budget": {"evaluations": 1}, "seed": seed, "output": "unused"})
    fit_config = FitConfig(
        problem=scan.problem,
        output=Path("unused"),
        seed=seed,
        nested=Nested(),
        mcmc=Mcmc(),
        surrogate=SurrogateConfig(surrogate) if surrogate else None,
    )
    problem = build_problem(scan.problem)
    return run_steps(fit_config, Likelihood(problem, problem.evaluate), 0, lambda _: None)


def errors(posterior: Posterior, name: str) -> tuple[float, float]:
    """Return the stated errors of the mean and of the standard deviation."""
    for diagnosis in posterior.diagnoses:
        if diagnosis.name == name:
            return diagnosis.mean_error, diagnosis.deviation_error
    deviation, n = posterior.mean(name)[1], posterior.effective
    return deviation / math.sqrt(n), deviation / math.sqrt(2.0 * n)


def deviations(posterior: Posterior, exact: ExactPosterior) -> list[str]:
    """Say by how much everything differs, in units of stated errors, and by how much in itself."""
    said = []
    if posterior.log_evidence is not None and posterior.log_evidence_error is not None:
        off = posterior.log_evidence - exact.log_evidence
        said.append(f"ln Z {off:+.3f} ({off / posterior.log_evidence_error:+.1f})")
    for name, true_mean in exact.mean.items():
        mean, deviation = posterior.mean(name)
        of_mean, of_deviation = errors(posterior, name)
        moved, wider, unit = mean - true_mean, deviation - exact.deviation[name], exact.deviation[name]
        said.append(
            f"{name}: mean {moved / unit:+.3f} sd ({moved / of_mean:+.1f}), "
            f"sd {wider / unit:+.3f} ({wider / of_deviation:+.1f})"
        )
    return said


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", help="names; all if none is given")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--surrogate", default="", help="plugin; the model alone without")
    words = parser.parse_args()
    for kind in PROFILES:
        if words.problems and kind.name not in words.problems:
            continue
        exact = exact_posterior(kind())
        for seed in range(words.first, words.first + words.seeds):
            started = time.process_time()
            fit = fitted(kind, seed, words.surrogate)
            seconds = time.process_time() - started
            for posterior in fit.posteriors:
                state = "converged" if posterior.converged else f"NOT converged ({'; '.join(posterior.reasons)})"
                by = "" if posterior.correction is None or posterior.correction.used else " without surrogate"
                line = [kind.name, f"seed {seed}", posterior.method + by, state, *deviations(posterior, exact)]
                line += [f"{posterior.effective:,.0f} effective", f"{posterior.evaluations:,} evaluations"]
                print(" | ".join(line), flush=True)
            print(f"{kind.name} | seed {seed} | {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
