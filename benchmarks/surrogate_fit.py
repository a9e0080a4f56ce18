"""A fit with and without a surrogate, side by side: intervals, posteriors, evaluations of the model.

python benchmarks/surrogate_fit.py examples/alp_belle2/full.yaml [PLUGIN [SEED]]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import terranova
from terranova.fitting.intervals import Interval


def shown(interval: Interval) -> str:
    """The parts of an interval, with a dash for an open end."""
    ends = [[f"{end:.4g}" if end is not None else "-" for end in part] for part in interval.parts]
    return ", ".join(f"{low} to {high}" for low, high in ends) or "none"


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
    print(f"ratio {exact.evaluations / quick.evaluations:.1f}; the surrogate learned {quick.surrogate.target}")


def main() -> None:
    """Run both in a temporary directory."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    file = Path(sys.argv[1])
    words: dict[str, Any] = {"seed": int(sys.argv[3])} if len(sys.argv) > 3 else {}
    surrogate = {"plugin": sys.argv[2] if len(sys.argv) > 2 else "gp"}
    with tempfile.TemporaryDirectory() as folder:
        exact = terranova.fit(file, output=f"{folder}/exact", surrogate=False, quiet=True, **words)
        quick = terranova.fit(file, output=f"{folder}/quick", surrogate=surrogate, quiet=True, **words)
    compare(exact, quick)


if __name__ == "__main__":
    main()
