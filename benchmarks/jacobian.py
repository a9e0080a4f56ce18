"""What analytic derivatives save a fit: a profile of the linear valley, with and without `Model.jacobian`.

    python benchmarks/jacobian.py
    python benchmarks/jacobian.py --bins 40 --seeds 5 --nuisances 2

The model is the analytic valley under flat priors, with 4 parameters and some nuisance parameters, once as it is
and once with its derivatives written by hand. For each bin of the coupling s a search starts at a random point;
both start at the same points. An evaluation is a point of the model; a Jacobian is all derivatives at a point,
counted apart. "Solved" are the searches whose chi2 comes within 0.1 of the best that any found in their bin.
"""

from __future__ import annotations

import argparse

import numpy as np

from terranova import BoundModel, Problem
from terranova.fitting.axes import make_axis
from terranova.fitting.descent import descend
from terranova.fitting.lanes import Holder, Lanes
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.terms import Linearised
from terranova.models.analytic import profile_problem
from terranova.models.analytic.profiles import LinearValley
from terranova.types import Floats

CALLS = 3000
"""Evaluations for each search, at most."""


class Differentiated(LinearValley):
    """The valley, with its derivatives by hand."""

    name = "profile-valley-differentiated"

    def jacobian(self, x: Floats, observables: Floats) -> Floats:
        """Derivatives (n, k, d)."""
        t, mass, y, s = x[:, :4].T
        out = np.zeros((len(x), len(self.observables), len(self.parameters)))
        place = {observable.name: i for i, observable in enumerate(self.observables)}
        out[:, place["mass"], 1] = 1.0
        out[:, place["coupling"], 0] = -2.0 * (1.0 - s * t) * s
        out[:, place["coupling"], 3] = -2.0 * (1.0 - s * t) * t
        out[:, place["mixing"], 0] = -2.0 / t**3
        out[:, place["tuning"], 0] = 3.0 * y * t**2 / mass**2 - 2.0 * t
        out[:, place["tuning"], 1] = -2.0 * y * t**3 / mass**3
        out[:, place["tuning"], 2] = t**3 / mass**2
        bent = t / (1.0 + t)  # t is positive
        for i in range(len(self.parameters) - 4):
            row = place[f"nuisance{i}"]
            out[:, row, 4 + i] = 1.0
            out[:, row, 0] = -(i + 1) * (1.0 - np.tanh(bent) ** 2) / (1.0 + t) ** 2
        return out


def search(model: LinearValley, bins: int, seed: int) -> tuple[float, float, Floats]:
    """Return evaluations and Jacobians of a search, and the chi2 (bins,) that they found."""
    problem = Problem(BoundModel(model), [LinearValley().constraints()])
    known = Likelihood(problem, problem.evaluate)
    axis = make_axis(known, "s", bins, (-0.2, 0.9))
    holder = Holder(Linearised(known, np.random.default_rng(seed)), [axis])
    lanes = Lanes(np.arange(bins)[:, None], np.arange(bins) % holder.charts.count)
    before = known.evaluations
    starts = np.random.default_rng([seed, 1]).random((bins, holder.dimension))
    _, loglike = descend(holder, starts, lanes, CALLS)
    return (known.evaluations - before) / bins, known.jacobians / bins, -2.0 * loglike


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bins", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--nuisances", type=int, nargs="+", default=[2, 12], help="numbers of nuisance parameters")
    given = parser.parse_args()
    print(f"{'parameters':<12}{'slopes by':<18}{'evaluations':>13}{'Jacobians':>11}{'solved':>9}")
    for nuisances in given.nuisances:
        profile_problem.NUISANCES = nuisances
        models = {"differences": LinearValley(), "Model.jacobian": Differentiated()}
        found = {label: [search(m, given.bins, i) for i in range(given.seeds)] for label, m in models.items()}
        best = np.min([chi2 for runs in found.values() for _, _, chi2 in runs], axis=0)
        for label, runs in found.items():
            evaluations, jacobians = (np.mean([run[i] for run in runs]) for i in (0, 1))
            solved = np.mean([chi2 < best + 0.1 for _, _, chi2 in runs])
            parameters = 4 + nuisances
            print(f"{parameters:<12}{label:<18}{evaluations:>13.1f}{jacobians:>11.1f}{solved:>8.0%}")


if __name__ == "__main__":
    main()
