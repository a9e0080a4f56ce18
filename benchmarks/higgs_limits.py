"""Cost of the kind `higgs-limits`: microseconds a point for 100 analyses on one core, against a bound of 20.

The analyses are made up: 60 on a channel, 10 with a width, 10 chains, 10 pairs of daughters, and 10 likelihoods
of two rates. Five particles have masses drawn between 90 and 1000 GeV, so that about half of the analyses apply to
each. Their numbers are random from one mass to the next: of real curves, which are smooth, more could be left
out. The time is the best of several repetitions, by the clock of this process alone, so that a busy machine counts
little. Beside it stands, from the same run, what numpy.interp needs to read a hundred curves of forty masses at the
masses of five particles, and does nothing else.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from terranova.plugins.higgs_limits.constraint import HiggsLimits
from terranova.types import Floats

ANALYSES = 100
BOUND = 20.0
BATCHES = (1, 12, 768, 10_000)
REPETITIONS = 7
DECAYS = ("tautau", "bb", "WW", "ZZ", "gamgam", "mumu", "tt", "Zgam")
SCALARS = ("h1", "h2", "h3", "A1", "A2")


def analysis(number: int, rng: np.random.Generator) -> dict[str, Any]:
    """Return a made-up data file."""
    low = float(rng.uniform(80.0, 250.0))
    masses = np.linspace(low, low + float(rng.uniform(300.0, 800.0)), 40).tolist()
    decay = DECAYS[number % len(DECAYS)]
    common = {
        "id": number,
        "reference": f"2001.{number:05d}",
        "citeKey": "",
        "collider": "LHC13",
        "experiment": "ATLAS",
        "luminosity": 139.0,
    }
    resolution = {"relative": 0.1, "absolute": 0.0}
    kind = number % 10

    def limit(*lengths: int) -> dict[str, Any]:
        numbers = rng.uniform(0.01, 1.0, int(np.prod(lengths)))
        return {"expected": numbers.tolist(), "observed": (numbers * rng.uniform(0.5, 2.0, len(numbers))).tolist()}

    if kind < 6:
        content = {"massResolution": resolution, "grid": {"mass": masses}, "limit": limit(40)}
        process: Any = {"channels": [["ggH", decay], ["bbH", decay]]}
        return {**common, "limitClass": "ChannelLimit", "process": process, "analysis": content}
    if kind == 6:
        widths = [0.001, 0.01, 0.05, 0.2]
        content = {
            "massResolution": resolution,
            "relativeWidth": True,
            "grid": {"mass": masses, "width": widths},
            "limit": limit(40, 4),
        }
        process = {"channels": [["ggH", decay]]}
        return {**common, "limitClass": "ChannelWidthLimit", "process": process, "analysis": content}
    if kind == 7:
        grid = {"massMother": masses, "massDaughter": masses[:20]}
        process = {"chain": "Z", "production": ["ggH", "bbH"], "decay": ["bb", "tautau"]}
        content = {"grid": grid, "limit": limit(40, 20)}
        return {**common, "limitClass": "ChainDecayLimit", "process": process, "analysis": content}
    if kind == 8:
        grid = {"massMother": masses, "massFirstDaughter": masses[:20]}
        process = {"production": ["ggH"], "firstDecay": ["bb", "tautau"], "secondDecay": ["bb", "tautau"]}
        content = {"equalDaughterMasses": True, "grid": grid, "limit": limit(40, 20)}
        daughter = {"relative": 0.1, "absolute": 0.0}
        content["massResolution"] = {"mother": resolution, "firstDaughter": daughter, "secondDaughter": daughter}
        return {**common, "limitClass": "PairDecayLimit", "process": process, "analysis": content}
    rates = np.linspace(0.0, 2.0, 20)
    q = (4.0 * rates[:, None] + 2.0 * rates[None, :]) ** 2
    slices = [
        {
            "mass": m,
            "channels": [rates.tolist()] * 2,
            "expected": q.ravel().tolist(),
            "observed": (0.8 * q).ravel().tolist(),
        }
        for m in masses[::4]
    ]
    processes = [{"channels": [[production, decay]]} for production in ("ggH", "bbH")]
    content = {"massResolution": resolution, "stackedLlhGrid": slices}
    return {**common, "limitClass": "LikelihoodLimit", "process": processes, "analysis": content}


def particle(name: str) -> dict[str, Any]:
    """Return a particle with everything mapped."""
    decays = {decay: f"BR_{name}_{decay}" for decay in DECAYS}
    decays |= {f"Z {other}": f"BR_{name}_Z_{other}" for other in SCALARS if other != name}
    for i, one in enumerate(SCALARS):
        decays |= {f"{one} {two}": f"BR_{name}_{one}_{two}" for two in SCALARS[i:] if name not in (one, two)}
    production = {"ggH": f"gg_{name}", "bbH": f"bb_{name}"}
    return {"mass": f"m_{name}", "width": f"w_{name}", "production": production, "decays": decays}


def points(found: HiggsLimits, n: int) -> Floats:
    """Return observables (n, read) of points drawn at random; decays that are closed have a rate of zero."""
    rng = np.random.default_rng(3)
    ranges = {"GeV": (90.0, 1000.0), "pb": (0.0, 1.0), "1": (0.0, 0.3)}
    columns = {}
    for name, unit in found.units.items():
        low, high = (0.1, 50.0) if name.startswith("w_") else ranges[unit]
        columns[name] = rng.uniform(low, high, n)
    masses = {name: columns[f"m_{name}"] for name in SCALARS} | {"Z": np.full(n, 91.19)}
    for name, values in columns.items():
        words = name.split("_")
        if words[0] == "BR" and len(words) == 4:
            values[masses[words[1]] < masses[words[2]] + masses[words[3]]] = 0.0
    return np.column_stack(list(columns.values()))


def microseconds(found: HiggsLimits, values: Floats) -> float:
    """Return the time of a call of `violation` a point: the likelihood of a hard kind follows from it."""
    calls = max(1, 4000 // len(values))
    best = np.inf
    for _ in range(REPETITIONS):
        started = time.process_time()
        for _ in range(calls):
            found.violation(values)
        best = min(best, time.process_time() - started)
    return float(best) / calls / len(values) * 1e6


def interpolation(found: HiggsLimits, values: Floats, rng: np.random.Generator) -> float:
    """Return the time a point, in microseconds, of reading a curve for each analysis at each particle's mass."""
    x = np.linspace(100.0, 900.0, 40)
    curves = rng.uniform(0.01, 1.0, (ANALYSES, 40))
    masses = values[:, [found.observables.index(f"m_{name}") for name in SCALARS]].ravel()
    best = np.inf
    for _ in range(REPETITIONS):
        started = time.process_time()
        for curve in curves:
            np.interp(masses, x, curve)
        best = min(best, time.process_time() - started)
    return float(best) / len(values) * 1e6


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ANALYSES):
            (Path(folder) / f"{number:03d}.json").write_text(json.dumps(analysis(number, rng)), encoding="utf-8")
        started = time.process_time()
        mapping = {name: particle(name) for name in SCALARS}
        found = HiggsLimits(name="searches", source="made up", directory=folder, particles=mapping)
        seconds = time.process_time() - started
        print(f"{found.describe()}, {len(found.observables)} observables; read in {seconds:.2f} s\n")
    found.violation(points(found, 1))  # compiles
    largest = points(found, max(BATCHES))
    chosen = found.ratios(largest)[0]
    print(f"{len(set(chosen.ravel().tolist()) - {-1})} of them decide somewhere\n")
    print(f"numpy.interp alone: {interpolation(found, largest, rng):.1f} µs a point\n")
    print("| points a call | µs a point | bound over this |\n| --- | --- | --- |")
    for n in BATCHES:
        cost = microseconds(found, largest[:n])
        print(f"| {n:,} | {cost:.1f} | {BOUND / cost:.1f} |", flush=True)


if __name__ == "__main__":
    main()
