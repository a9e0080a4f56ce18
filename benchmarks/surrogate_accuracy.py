"""True calls against the accuracy of a surrogate: static, and two kinds of active learning, on the model `alp`.

    python benchmarks/surrogate_accuracy.py                          # some 15 CPU minutes
    python benchmarks/surrogate_accuracy.py --target observables --samplers random xgb-active

Four parameters are free: m_a in [1.6, 2.5] GeV, log10 of c_qL3, c_G and -c_eR in [-1.6, -0.2], [-3, -0.5], [-4, 0]
at f_a = 1000 TeV. The surrogate is `xgboost` with its defaults. Errors are of chi2 where Delta chi2 < 6, among
40,000 points drawn from the prior, which no training point knows of. Every row is the mean over seeds; the worst in
brackets. `--mirrored` takes c_eR > 0, where c_mumu can cancel.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping

import numpy as np

import terranova
from terranova import BoundModel, LogUniform, Model, Parameter, Problem, Uniform
from terranova.engine.islands import Share, make_archipelago
from terranova.models.alp import AxionLikeParticle
from terranova.registry import registry
from terranova.surrogates.dataset import LOGLIKE, REGION, Rows
from terranova.surrogates.trained import chi2_of, make
from terranova.surrogates.training import CUT, importance, nearby
from terranova.types import Floats

SETS = ("alp-belle2-2311.14629", "alp-babar", "alp-babar-kstar", "alp-belle", "alp-displaced", "alp-flavour")
TEST = 40_000
BUDGETS = (1_000, 2_000, 5_000, 10_000)
OPTIONS = {
    "gp-active": {"target": "loglike", "aim": "surrogate", "level": 10.0, "max_points": 1000, "pool": 1024},
    "xgb-active": {"level": REGION},
}
LONGEST = {"gp-active": 2_000}
"""Its own time grows with the square of `max_points`."""
HEADINGS = ("calls", "MAE", "95th percentile", "R2", "false rejections", "in 68 %", "in 95 %", "CPU s")


class Demonstration(Model):
    """`alp` with four parameters and one sign of c_eR."""

    name = "alp-demonstration"
    version = "1"

    def __init__(self, sign: float) -> None:
        self._alp = AxionLikeParticle()
        self._sign = sign
        self.parameters = (
            Parameter("ma", Uniform(1.6, 2.5), "GeV"),
            Parameter("cqL3", LogUniform(10**-1.6, 10**-0.2)),
            Parameter("cG", LogUniform(1e-3, 10**-0.5)),
            Parameter("abs_ceR", LogUniform(1e-4, 1.0)),
        )
        self.observables = self._alp.observables

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        given = {**points, "ceR": self._sign * points["abs_ceR"], "cuR": np.zeros(len(points["ma"]))}
        count = len(points["ma"])
        return self._alp.evaluate(
            {p.name: given.get(p.name, np.full(count, p.default_value)) for p in self._alp.parameters}
        )


def rows_at(problem: Problem, u: Floats, targets: list[str]) -> Rows:
    """Evaluate points u (n, d)."""
    x = problem.model.space.to_physical(u)
    observables = problem.evaluate(x).observables
    loglike = problem.score(x, observables)[1]
    names = [o.name for o in problem.model.observables]
    columns = [loglike if t == LOGLIKE else observables[:, names.index(t)] for t in targets]
    return Rows(u, x, np.column_stack(columns), -2.0 * loglike)


def drawn(problem: Problem, sampler: str, count: int, seed: int) -> Floats:
    """Return the first `count` points of one island."""
    kind = registry().get("sampler", sampler).target
    island = make_archipelago(kind, problem.search_space, seed, Share(0, 1), OPTIONS.get(sampler, {}))
    points: list[Floats] = []
    while sum(map(len, points)) < count:
        proposal = island.ask()
        x = problem.model.space.to_physical(proposal.u)
        nothing = np.zeros(len(x), dtype=np.int64)
        island.tell(problem.batch(proposal.u, x, problem.evaluate(x), proposal.island, nothing, nothing))
        points.append(proposal.u)
    return np.concatenate(points)[:count]


def measured(problem: Problem, learn: Rows, test: Rows, targets: list[str], seed: int) -> list[float]:
    """Train, and return what the columns from "MAE" on say, but for the time."""
    best = float(learn.chi2.min())
    made = make("xgboost", problem, seed, {})
    made.fit(learn.u, learn.targets, nearby(learn, best, CUT), importance(learn.chi2 - best))
    if made.reason:
        return [np.nan] * 6
    here = test.take(np.flatnonzero(test.chi2 < min(best, float(test.chi2.min())) + REGION))
    error = np.abs(chi2_of(problem, targets, here.u, made.predict(here.u)[0]) - here.chi2)
    spread = float(((here.chi2 - here.chi2.mean()) ** 2).sum())
    rejected = 100.0 * float((~made.near(here.u)).mean())
    inside = []
    for level in (0.68, 0.95):
        low, high = made.interval(here.u, level)
        inside.append(100.0 * float(((here.targets >= low) & (here.targets <= high)).mean()))
    r2 = 1.0 - float((error**2).sum()) / spread
    return [float(error.mean()), float(np.quantile(error, 0.95)), r2, rejected, *inside]


def main() -> None:
    """Print the table."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seeds", type=int, default=3)
    words.add_argument("--samplers", nargs="+", default=["random", "sobol", "gp-active", "xgb-active"])
    words.add_argument("--target", choices=["loglike", "observables"], default="loglike")
    words.add_argument("--mirrored", action="store_true", help="c_eR > 0")
    words.add_argument("--most", type=int, default=BUDGETS[-1], help="largest number of true calls")
    given = words.parse_args()
    sets = terranova.problem("alp", SETS).sets
    problem = Problem(BoundModel(Demonstration(1.0 if given.mirrored else -1.0)), sets)
    read = {n for c in problem.constraints for n in c.observables} - set(problem.model.space.names)
    targets = [LOGLIKE] if given.target == "loglike" else sorted(read)
    test = rows_at(problem, np.random.default_rng(20_240).random((TEST, 4)), targets)
    share = float((test.chi2 < test.chi2.min() + REGION).mean())
    print(
        f"target {given.target}, {given.seeds} seeds, {100 * share:.1f} % of the prior has Delta chi2 < {REGION:g}"
    )
    print("sampler      " + "".join(f"{h:>18}" for h in HEADINGS))
    for sampler in given.samplers:
        table: dict[int, list[list[float]]] = {}
        for seed in range(given.seeds):
            budgets = [b for b in BUDGETS if b <= min(given.most, LONGEST.get(sampler, given.most))]
            start = time.process_time()
            u = drawn(problem, sampler, budgets[-1], seed)
            own = time.process_time() - start
            for calls in budgets:
                start = time.process_time()
                found = measured(problem, rows_at(problem, u[:calls], targets), test, targets, seed)
                spent = time.process_time() - start + own * (calls == budgets[-1])
                table.setdefault(calls, []).append([*found, spent])
        for calls, rows in table.items():
            mean, low, high = np.mean(rows, axis=0), np.min(rows, axis=0), np.max(rows, axis=0)
            cells = [f"{mean[i]:.3f} ({(low if i == 2 else high)[i]:.3f})" for i in range(3)]
            cells += [f"{mean[3]:.2f} ({high[3]:.2f}) %", *(f"{v:.1f} %" for v in mean[4:6]), f"{mean[6]:.0f}"]
            print(f"{sampler:<13}{calls:>18}" + "".join(f"{cell:>18}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
