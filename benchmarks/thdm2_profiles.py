"""The fit of the 2HDM example against the table of `thdm2_reference.py`, which was made without the fit.

    pip install ./examples/thdm2
    python benchmarks/thdm2_profiles.py [SEED ...]

For each seed, the curves of `examples/thdm2/fit.yaml` are searched, with bins as in the table. Printed for each: by
how much chi2 lies above the table and below it at most, where Delta chi2 is below 6; where it is wrong by more than
0.05; evaluations, without those for the ends of intervals and with them; and these ends.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

import terranova
from terranova.fitting.axes import make_axis
from terranova.fitting.best import find_best
from terranova.fitting.config import LEVELS, Search
from terranova.fitting.intervals import Interval, intervals, threshold
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.profile import Profile
from terranova.fitting.profiling import Profiling
from terranova.fitting.progress import Say
from terranova.types import Floats, Ints

TABLE = Path(__file__).with_name("thdm2_reference.json")
QUOTED = 6.0
"""Delta chi2 up to which curves are compared."""

WRONG = 0.05
CURVES = {"tan_beta": "tan_beta", "cos_ba": "cos_ba_bins"}
"""What is profiled, and with what it is compared: a parameter is held at the middle of a bin, an observable within
it."""


def prepared(seed: int, say: Say = lambda _: None) -> tuple[Likelihood, Profiling]:
    """Return the likelihood and the search for both curves, which has not begun."""
    rows = json.loads(TABLE.read_text(encoding="utf-8"))["curves"]["cos_ba_bins"]
    limits = {"tan_beta": None, "cos_ba": (round(rows[0]["from"], 3), round(rows[-1]["to"], 3))}
    problem = terranova.problem("thdm2", ["thdm2-theory", "thdm2-data"])
    likelihood = Likelihood(problem, problem.evaluate)
    find_best(likelihood, np.random.default_rng([seed, 0]))
    axes = [[make_axis(likelihood, name, len(rows), limits[name])] for name in CURVES]
    return likelihood, Profiling(likelihood, axes, Search(), [threshold(v) for v in LEVELS], seed, say)


def deviation(curve: Profile, reference: str) -> tuple[Ints, Floats]:
    """Return the bins (n,) where the table has Delta chi2 below `QUOTED`, and chi2 (n,) less that of the table."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    truth = np.array([row.get("chi2", np.inf) for row in table["curves"][reference]])
    near = np.flatnonzero(truth < table["best"] + QUOTED)
    return near, -2.0 * curve.loglike[near] - truth[near]


def line(seed: int) -> list[str]:
    """Fit once; return what is printed of each curve."""
    started = time.process_time()
    likelihood, profiling = prepared(seed)
    found = profiling.run()
    spent = [profile.evaluations for profile, _ in found]
    rng = np.random.default_rng([seed, 1])
    ends = [
        intervals(
            likelihood,
            curve,
            LEVELS,
            rng,
            zoom=partial(profiling.zoom, i),
            between=profiling.between_bins(i),
            convergence=convergence,
        )
        for i, (curve, convergence) in enumerate(found)
    ]
    seconds = time.process_time() - started
    lines = []
    for (name, reference), (curve, _), cost, said in zip(
        CURVES.items(), profiling.results(), spent, ends, strict=True
    ):
        bins, off = deviation(curve, reference)
        wrong = ", ".join(f"{curve.axes[0].centres[i]:.3g}" for i in bins[off > WRONG]) or "none"
        parts = "; ".join(shown(interval) for interval in said)
        lines.append(
            f"| {name} | {seed} | {off.max():.3f} | {-off.min():.3f} | {wrong} | {cost:,} | "
            f"{likelihood.evaluations:,} | {seconds:.0f} | {parts} |"
        )
    return lines


def shown(interval: Interval) -> str:
    """Return the ends of an interval; "?" for one that is not established."""

    def end(value: float | None) -> str:
        return "open" if value is None else "?" if np.isnan(value) else f"{value:.4g}"

    return ", ".join(f"{end(low)} to {end(high)}" for low, high in interval.parts)


def main() -> None:
    """Print a table, a line for each seed and curve."""
    seeds = [int(seed) for seed in sys.argv[1:]] or [1, 2, 3]
    print("| curve | seed | largest above | below | wrong at | evaluations | in all | CPU s | 68, 90, 95 % |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for seed in seeds:
        print("\n".join(line(seed)), flush=True)


if __name__ == "__main__":
    main()
