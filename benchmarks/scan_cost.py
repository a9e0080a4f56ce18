"""Where does the time of a scan go, and does its memory grow?

    python benchmarks/scan_cost.py [EVALUATIONS ...]      default: 1e6 and 5e6

For the 3HDM with every column stored, with only the constrained observables stored, and with only valid
points stored; and for a model that costs nothing, which leaves the engine's own cost. Each scan runs in a
process of its own, so that peak memory is that scan's.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import terranova

SETS = ["theory", "electroweak-2402.07661", "higgs-lhc-2402.07661", "flavour-2402.07661", "scalars"]


class Nothing(terranova.Model):
    """Sixteen parameters in, the same sixteen out: what remains is the engine."""

    name = "nothing"
    parameters = tuple(terranova.Parameter(f"p{i}", terranova.Uniform(0, 1)) for i in range(16))
    observables = tuple(terranova.Observable(f"o{i}") for i in range(16))

    def evaluate(self, points: Any) -> Any:
        """Copy."""
        return {f"o{i}": points[f"p{i}"] for i in range(16)}

    def evaluate_array(self, x: Any) -> Any:
        """Copy, at once."""
        return x


class Plugin:
    """Registers the model above, as a module would."""

    @staticmethod
    @terranova.hookimpl
    def terranova_models() -> list[type[terranova.Model]]:
        """The free model."""
        return [Nothing]


def one(kind: str, sampler: str, evaluations: int, output: str) -> None:
    """Run one scan and print its costs as JSON."""
    from terranova.registry import registry

    words: dict[str, Any] = {"model": "thdm3", "constraints": SETS, "store": {}}
    if kind == "constrained":
        words["store"] = {"observables": "constrained"}
    elif kind == "valid only":
        words["store"] = {"keep": "valid"}
    elif kind == "free model":
        registry().register(Plugin, name="nothing")
        words["model"] = "nothing"
        words["constraints"] = [
            {"name": f"o{i}", "observable": f"o{i}", "kind": "window", "lower": 0.4, "upper": 0.5, "source": "-"}
            for i in range(16)
        ]
    terranova.scan(
        **words,
        sampler={"name": sampler, "islands": 16},
        budget={"evaluations": evaluations},
        seed=1,
        output=output,
        quiet=True,
    )
    summary = json.loads((Path(output) / "summary.json").read_text())
    size = sum(f.stat().st_size for f in (Path(output) / "points").iterdir())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**summary, "megabytes": peak, "bytes_per_row": size / evaluations}))


def main(sizes: list[int]) -> None:
    """Run every scan in its own process and print the table."""
    first = terranova.problem("thdm3", SETS)  # compiles and caches the kernels, which would blur the first row
    first.evaluate(first.model.space.to_physical(np.full((1, 16), 0.4)))
    print(f"{'scan':44s} {'points':>9s} {'points/s':>9s} {'us/pt':>6s}  ", end="")
    parts = ("ask", "model", "score", "store", "tell", "exchange")
    print("  ".join(f"{p:>8s}" for p in parts), f"{'outside model':>14s} {'peak MB':>8s} {'B/row':>6s}")
    jobs = [("all", "cmaes-novelty", n) for n in sizes]
    small = min(sizes)
    jobs += [("constrained", "cmaes-novelty", small), ("valid only", "cmaes-novelty", small)]
    jobs += [("all", "random", small), ("free model", "random", small), ("free model", "cmaes-novelty", small)]
    for kind, sampler, n in jobs:
        output = tempfile.mkdtemp() + "/run"
        command = [sys.executable, __file__, "--one", kind, sampler, str(n), output]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        line = json.loads(done.stdout.splitlines()[-1])
        shutil.rmtree(Path(output).parent)
        total = line["seconds"]
        each = {p: 1e6 * line["timings"][p] / n for p in parts}
        label = f"{'free model' if kind == 'free model' else 'thdm3, stored: ' + kind}, {sampler}"
        print(f"{label:44s} {n:9,d} {n / total:9,.0f} {1e6 * total / n:6.1f}  ", end="")
        print("  ".join(f"{each[p]:8.2f}" for p in parts), end=" ")
        print(f"{100 * (1 - line['timings']['model'] / total):13.0f}% {line['megabytes']:8.0f}", end=" ")
        print(f"{line['bytes_per_row']:6.0f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
    else:
        main([int(float(a)) for a in sys.argv[1:]] or [1_000_000, 5_000_000])
