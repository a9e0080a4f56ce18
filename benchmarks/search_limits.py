"""Limits of the kind `search` at eight masses of every entry of a constraint set, and how rough their curves are.

    python benchmarks/search_limits.py [SET] [MODEL]

A limit is where the rate of one narrow state begins to violate the entry; of records with a second axis, at its
first value (widths) or in the middle of its known part (masses of the lighter state). Beside the limits stands the
largest ratio of what is left of a published limit when the entry at its mass is taken out and the neighbours are
joined: by so much a line between two published masses may be wrong.
"""

from __future__ import annotations

import sys

import numpy as np

import terranova
from terranova.plugins.higgs_limits.search import Search
from terranova.plugins.higgs_limits.search_records import SearchRecord
from terranova.types import Floats


def eight(found: SearchRecord) -> Floats:
    """Return eight masses (8,) from 100 GeV, or where the record begins, to 1000 GeV, or where it ends."""
    low, high = max(100.0, found.masses[0]), min(1000.0, found.masses[-1])
    return np.geomspace(low, high, 8).clip(low, high)


def limits(search: Search, masses: Floats) -> Floats:
    """Return the observed limits (n,) at masses (n,) in pb or without a unit; NaN where there is none."""
    found = search.found
    name, signal = next(iter(search.signals.items()))
    values = np.ones((len(masses), len(search.observables)))
    column = {observable: i for i, observable in enumerate(search.observables)}
    others = set(column) - {part for product in signal["rate"] for part in product if isinstance(part, str)}
    for observable in others:
        values[:, column[observable]] = 1e9  # the other signals are far away
    values[:, column[signal["mass"]]] = masses
    if "width" in signal:
        values[:, column[signal["width"]]] = 1e-6
    if "lighter" in signal:
        values[:, column[signal["lighter"]]] = [_lighter(found, mass) for mass in masses]
    ratio = search.ratios(values)[0][:, list(search.signals).index(name)]
    factor = sum(np.prod([part for part in product if not isinstance(part, str)]) for product in signal["rate"])
    return np.where(ratio > 0.0, factor / np.where(ratio > 0.0, ratio, 1.0), np.nan)


def _lighter(found: SearchRecord, mass: float) -> float:
    row = found.observed[min(int(np.searchsorted(found.masses, mass)), len(found.masses) - 1)]
    known = found.others[~np.isnan(row)]
    return float(known[len(known) // 2 - 1] if len(known) > 2 else known[0])


def roughness(found: SearchRecord) -> float:
    """Return the largest ratio, above 1, of a published limit to the line between its neighbours in mass."""
    table = found.observed if found.observed.ndim == 1 else found.observed[:, 0]
    m = found.masses
    if len(m) < 3:
        return 1.0
    line = table[:-2] + (table[2:] - table[:-2]) * (m[1:-1] - m[:-2]) / (m[2:] - m[:-2])
    ratio = line / table[1:-1]
    return float(np.nanmax(np.maximum(ratio, 1.0 / ratio)))


def main(name: str = "scalars", model: str = "thdm3") -> None:
    """Print a table for Markdown."""
    print("| entry | " + " | ".join(f"{i + 1}" for i in range(8)) + " | without one mass |")
    print("|---" * 10 + "|")
    for search in terranova.problem(model, [name]).constraints:
        if not isinstance(search, Search):
            continue
        masses = eight(search.found)
        cells = [f"{m:.0f}: {limit:.3g}" for m, limit in zip(masses, limits(search, masses), strict=True)]
        print(f"| `{search.name}` | " + " | ".join(cells) + f" | {roughness(search.found):.2f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
