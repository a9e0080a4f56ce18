"""A fit with and without a surrogate, side by side: curves, intervals, posteriors, evaluations of the model.

python benchmarks/surrogate_fit.py examples/alp_belle2/full.yaml [PLUGIN [SEED ...]]
python benchmarks/surrogate_fit.py profile-cancelling [PLUGIN [SEED ...]]    # an analytic problem of that name
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import terranova
from terranova.fitting.intervals import Interval

NEAR = 6.0
"""Delta chi2 up to which curves are compared."""


def shown(interval: Interval) -> str:
    """The parts of an interval, with a dash for an open end and "?" for one that is not established."""
    ends = [
        ["-" if end is None else "?" if end != end else f"{end:.4g}" for end in part] for part in interval.parts
    ]
    return ", ".join(f"{low} to {high}" for low, high in ends) or "none"


def deviations(exact: Any, quick: Any) -> None:
    """Print by how much each profile with the surrogate is above and below that without it, where it matters."""
    top = -0.5 * min(exact.best.chi2, quick.best.chi2)
    for one, other in zip(exact.profiles, quick.profiles, strict=True):
        first, second = one.profile.delta_chi2(top), other.profile.delta_chi2(top)
        near = np.minimum(first, second) < NEAR
        with np.errstate(invalid="ignore"):
            apart = (second - first)[near]
        name = " and ".join(axis.name for axis in one.profile.axes)
        above, below = max(0.0, apart.max(initial=0.0)), max(0.0, -apart.min(initial=0.0))
        worse, better = int((apart > 0.05).sum()), int((apart < -0.05).sum())
        print(f"{name:<34}above by at most {above:.3f} ({worse} of {len(apart)} bins by more than 0.05), ", end="")
        print(f"below by at most {below:.3f} ({better} bins)")


def compare(exact: Any, quick: Any) -> None:
    """Print both results in one table."""
    print(f"{'':<34}{'model alone':>48}{'with surrogate':>48}")
    print(f"{'chi2 of the best fit':<34}{exact.best.chi2:>48.3f}{quick.best.chi2:>48.3f}")
    for one, other in zip(exact.profiles, quick.profiles, strict=True):
        for first, second in zip(one.intervals, other.intervals, strict=True):
            name = f"{one.profile.axes[0].name} at {100 * first.level:g} %"
            print(f"{name:<34}{shown(first):>48}{shown(second):>48}")
    for one, other in zip(exact.posteriors, quick.posteriors, strict=True):
        for parameter in exact.problem.model.space.free:
            both = [p.mean(parameter.name) for p in (one, other)]
            words = [f"{mean:.4g} +- {deviation:.3g}" for mean, deviation in both]
            print(f"{f'{one.method}: {parameter.name}':<34}{words[0]:>48}{words[1]:>48}")
        if one.log_evidence is not None:
            words = [f"{p.log_evidence:.3f} +- {p.log_evidence_error:.3f}" for p in (one, other)]
            print(f"{f'{one.method}: ln Z':<34}{words[0]:>48}{words[1]:>48}")
        print(f"{f'{one.method}: effective points':<34}{one.effective:>48.0f}{other.effective:>48.0f}")
        if other.correction is not None:
            print(f"{f'{one.method}: Pareto k':<34}{'':>48}{other.correction.shape:>48.2f}")
    for part in dict.fromkeys([*exact.spent, *quick.spent]):
        print(f"{part:<34}{exact.spent.get(part, 0):>48,}{quick.spent.get(part, 0):>48,}")
    print(f"{'evaluations of the model':<34}{exact.evaluations:>48,}{quick.evaluations:>48,}")
    deviations(exact, quick)
    print(f"ratio {exact.evaluations / quick.evaluations:.1f}; the surrogate learned {quick.surrogate.target}")


def words_of(name: str) -> Any:
    """Return what is to be fitted: a file, or an analytic problem with the profiles that are known of it."""
    if Path(name).suffix:
        return Path(name)
    model = terranova.problem(name, [name]).model.plugin
    profile = [{one: None, "bins": 24} for one in getattr(model, "profiled", ())]
    return {"model": name, "constraints": [name], "profile": profile, "levels": [0.68, 0.95], "output": "fits"}


def main() -> None:
    """Run both in a temporary directory, for each seed."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    fitted = words_of(sys.argv[1])
    surrogate = {"plugin": sys.argv[2] if len(sys.argv) > 2 else "gp"}
    for seed in [int(word) for word in sys.argv[3:]] or [1]:
        with tempfile.TemporaryDirectory() as folder:
            words: dict[str, Any] = {"quiet": True, "seed": seed}
            exact = terranova.fit(fitted, output=f"{folder}/exact", surrogate=False, **words)
            quick = terranova.fit(fitted, output=f"{folder}/quick", surrogate=surrogate, **words)
        print(f"seed {seed}")
        compare(exact, quick)


if __name__ == "__main__":
    main()
