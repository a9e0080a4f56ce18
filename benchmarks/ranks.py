"""Is a scan on two ranks twice as fast as on one, and does it find the same points?

    python benchmarks/ranks.py [EVALUATIONS [ISLANDS]]

Needs mpirun (the mpi extra) and as many free cores as ranks. The constrained observables are stored, as in
examples/thdm3.yaml; with all of them a run of minutes writes faster than many a disk does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

import terranova

CONFIG = """
model: thdm3
constraints: [theory, electroweak-2402.07661, higgs-lhc-2402.07661, flavour-2402.07661, scalars]
sampler: {{name: cmaes-novelty, islands: {islands}}}
budget: {{evaluations: {evaluations}}}
store: {{observables: constrained}}
seed: 1
output: {output}
"""


def main(evaluations: int, islands: int) -> None:
    """Scan on one rank and on two, and compare."""
    mpirun = shutil.which("mpirun", path=str(Path(sys.executable).parent)) or "mpirun"
    folder = Path(tempfile.mkdtemp())
    found: dict[int, pd.DataFrame] = {}
    rates: list[float] = []
    print(f"{'ranks':>5s} {'points':>10s} {'seconds':>8s} {'points/s':>9s} {'valid':>9s} {'ratio':>6s}")
    for ranks in (1, 2):
        output = folder / f"ranks-{ranks}"
        config = folder / f"ranks-{ranks}.yaml"
        config.write_text(CONFIG.format(evaluations=evaluations, islands=islands, output=output))
        command = [mpirun, "-n", str(ranks), sys.executable, "-P", "-m", "terranova", "scan", str(config), "-q"]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        summary = json.loads((output / "summary.json").read_text())
        valid = terranova.open(output).to_pandas(where="valid").drop(columns="seconds")
        found[ranks] = valid.sort_values(["island", "index"], ignore_index=True)
        rate = summary["evaluations"] / summary["seconds"]
        rates.append(rate)
        print(
            f"{ranks:5d} {summary['evaluations']:10,d} {summary['seconds']:8.1f} {rate:9,.0f} "
            f"{len(valid):9,d} {rate / rates[0]:6.2f}"
        )
    print("identical valid set:", found[1].equals(found[2]))
    shutil.rmtree(folder)


if __name__ == "__main__":
    numbers = [int(float(a)) for a in sys.argv[1:]]
    main(numbers[0] if numbers else 1_000_000, numbers[1] if len(numbers) > 1 else 32)
