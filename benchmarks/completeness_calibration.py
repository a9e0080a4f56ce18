"""Fits the constants of `terranova.runs.completeness_calibration`, and says how well its estimates hold.

    python benchmarks/completeness_calibration.py trials.jsonl --plot completeness.png
    python benchmarks/completeness_calibration.py fresh.jsonl --fixed    # with the constants that are in force

The file is made by `completeness.py --results`. Without `--fixed`, each problem is estimated by constants that were
fitted to the other problems only, the ends of the intervals included: what is said here of a problem is what would
be said of one that nobody has seen.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from terranova.runs.completeness_calibration import COEFFICIENTS, ENDS, FLOOR, LEVEL, Signs, outside, shares
from terranova.runs.stored_completeness import is_calibrated
from terranova.types import Floats

Row = dict[str, Any]

RIDGE = 1e-3
"""Relative to the number of scans: only against signs that say the same."""


def read(path: Path) -> list[Row]:
    """Read trials."""
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def signs(row: Row) -> Signs | None:
    """Return what a trial shows; None where there were too few points or islands."""
    if "unseen" not in row:
        return None
    found = {field.name: row[field.name] for field in fields(Signs)}
    return Signs(**{**found, "growing": tuple(found["growing"])})


@dataclass(frozen=True)
class Constants:
    """A calibration: coefficients (k,) of the line, and both ends of what it leaves, in logarithms."""

    coefficients: Floats
    ends: tuple[float, float]

    def shares(self, rows: list[Row]) -> Floats:
        """Return (n, 3) estimates and both ends of their intervals."""
        return shares(_vectors(rows) @ self.coefficients, self.ends)


def fitted(rows: list[Row]) -> Constants:
    """Fit a calibration; its ends are those of what is left of problems that the line was not fitted to."""
    left, weights = [], []
    for _, others, mine in _left_out(rows):
        left.append(_targets(mine) - _vectors(mine) @ _line(others))
        weights.append(np.full(len(mine), 1.0 / len(mine)))
    ends = _quantiles(np.concatenate(left), np.concatenate(weights), (0.5 - LEVEL / 2, 0.5 + LEVEL / 2))
    return Constants(_line(rows), (float(ends[0]), float(ends[1])))


def of_the_others(rows: list[Row]) -> dict[str, Constants]:
    """Return, for each problem, the calibration by all others."""
    return {name: fitted(others) for name, others, _ in _left_out(rows)}


def _left_out(rows: list[Row]) -> Iterable[tuple[str, list[Row], list[Row]]]:
    for name in sorted({row["problem"] for row in rows}):
        yield (
            name,
            [row for row in rows if row["problem"] != name],
            [row for row in rows if row["problem"] == name],
        )


def _vectors(rows: list[Row]) -> Floats:
    return np.array([found.vector for row in rows if (found := signs(row)) is not None])


def _targets(rows: list[Row]) -> Floats:
    return np.log(1.0 / np.array([row["truth"] for row in rows]) - 1.0 + FLOOR)


def _line(rows: list[Row]) -> Floats:
    """Fit the line; every problem counts alike, however many scans of it there are."""
    names = [row["problem"] for row in rows]
    root = np.sqrt([1.0 / names.count(name) for name in names])[:, None]
    x, y = root * _vectors(rows), root[:, 0] * _targets(rows)
    solved: Floats = np.linalg.solve(x.T @ x + RIDGE * len(set(names)) * np.eye(x.shape[1]), x.T @ y)
    return solved


def _quantiles(values: Floats, weights: Floats, at: tuple[float, float]) -> Floats:
    order = np.argsort(values)
    below = (np.cumsum(weights[order]) - 0.5 * weights[order]) / weights.sum()
    return np.interp(at, below, values[order])


def estimates(rows: list[Row], constants: Callable[[str], Constants]) -> list[Row]:
    """Return the rows in which something is estimated, with `said`, `low` and `high`."""
    chosen = usable(rows)
    made = []
    for name in sorted({row["problem"] for row in chosen}):
        mine = [row for row in chosen if row["problem"] == name]
        for row, (said, low, high) in zip(mine, constants(name).shares(mine).tolist(), strict=True):
            made.append({**row, "said": said, "low": low, "high": high})
    return made


def in_force(rows: list[Row]) -> list[Row]:
    """Return the estimates that scans make today."""
    return estimates(rows, lambda _: Constants(np.array(COEFFICIENTS), ENDS))


def usable(rows: list[Row]) -> list[Row]:
    """Return the rows in which nothing forbids an estimate."""
    return [row for row in rows if (found := signs(row)) is not None and not outside(found)]


def show(rows: list[Row], made: list[Row]) -> None:
    """Print how estimates compare with the truth, by sampler and by problem."""
    print("| | moments | no estimate | truth, mean | bias | rms | interval holds | width |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for key in ("sampler", "problem"):
        for name in sorted({row[key] for row in rows}):
            _line_of(name, [r for r in rows if r[key] == name], [r for r in made if r[key] == name])
    _line_of("all", rows, made)


def _line_of(name: str, rows: list[Row], made: list[Row]) -> None:
    if not made:
        print(f"| {name} | {len(rows)} | {len(rows)} | | | | | |")
        return
    truth, said, low, high = (np.array([row[key] for row in made]) for key in ("truth", "said", "low", "high"))
    holds = (low <= truth) & (truth <= high)
    print(
        f"| {name} | {len(rows)} | {len(rows) - len(made)} | {100 * truth.mean():.0f} % | "
        f"{100 * (said - truth).mean():+.1f} | {100 * np.sqrt(np.mean((said - truth) ** 2)):.1f} | "
        f"{holds.sum()} of {len(made)} ({100 * holds.mean():.0f} %) | {100 * (high - low).mean():.0f} |"
    )


def plot(made: list[Row], path: Path) -> None:
    """Draw what is said against the truth, with intervals, a panel for each sampler."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from terranova.figures.style import COLOURS

    samplers = sorted({row["sampler"] for row in made})
    problems = sorted({row["problem"] for row in made})
    columns = min(2, len(samplers))
    lines = -(-len(samplers) // columns)
    with rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(4.2 * columns, 3.2 * lines), layout="constrained")
        axes = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
        for axis in axes.flat[len(samplers) :]:
            axis.set_axis_off()
        for axis, sampler in zip(axes.flat, samplers, strict=False):
            axis.plot([0, 1], [0, 1], color="0.6", linewidth=0.8)
            for name, group in groupby(
                sorted((r for r in made if r["sampler"] == sampler), key=lambda r: str(r["problem"])),
                key=lambda r: str(r["problem"]),
            ):
                of = list(group)
                truth, said, low, high = (np.array([r[k] for r in of]) for k in ("truth", "said", "low", "high"))
                number = problems.index(name)
                axis.errorbar(
                    truth,
                    said,
                    yerr=np.abs(np.stack([said - low, high - said])),
                    fmt="osD^vPX*"[number // len(COLOURS) % 8],
                    color=COLOURS[number % len(COLOURS)],
                    markersize=3,
                    elinewidth=0.4,
                    alpha=0.7,
                    label=name,
                )
            axis.set(title=sampler, xlim=(0, 1), ylim=(0, 1))
        for axis in axes[-1]:
            axis.set_xlabel("true share of the reachable bins")
        for axis in axes[:, 0]:
            axis.set_ylabel(f"estimated share, {100 * LEVEL:.0f} % interval")
        handles = {
            label: h for axis in axes.flat for h, label in zip(*axis.get_legend_handles_labels(), strict=True)
        }
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5, frameon=False)
        figure.savefig(path, dpi=130)


def main() -> None:
    """Fit, or take what is in force; print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--fixed", action="store_true", help="use the constants that are in force")
    parser.add_argument("--samplers", nargs="+", help="those that say that they are calibrated, if left out")
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    rows = [row for path in args.results for row in read(path)]
    known = args.samplers or [name for name in sorted({row["sampler"] for row in rows}) if is_calibrated(name)]
    rows = [row for row in rows if row["sampler"] in known]
    if args.fixed:
        made = in_force(rows)
    else:
        constants = fitted(usable(rows))
        print("COEFFICIENTS =", tuple(round(float(c), 3) for c in constants.coefficients))
        print("ENDS =", tuple(round(end, 3) for end in constants.ends))
        by_others = of_the_others(usable(rows))
        made = estimates(rows, by_others.__getitem__)
    show(rows, made)
    if args.plot is not None:
        plot(made, args.plot)


if __name__ == "__main__":
    main()
