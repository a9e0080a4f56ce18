"""Is a scan on two ranks twice as fast as on one, and does it find the same points?

    python benchmarks/ranks.py [EVALUATIONS]

Needs mpirun (the mpi extra) and as many free cores as ranks.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import terranova

CONFIG = """
model: thdm3
constraints: [theory, electroweak, higgs-lhc, flavour, scalars]
sampler: {{name: cmaes-novelty, islands: 16}}
budget: {{evaluations: {evaluations}}}
seed: 1
output: {output}
"""


def main(evaluations: int) -> None:
    """Scan on one rank and on two, and compare."""
    mpirun = shutil.which("mpirun", path=str(Path(sys.executable).parent)) or "mpirun"
    folder = Path(tempfile.mkdtemp())
    found = {}
    print(f"{'ranks':>5s} {'points':>10s} {'seconds':>8s} {'points/s':>9s} {'valid':>9s} {'ratio':>6s}")
    for ranks in (1, 2):
        output = folder / f"ranks-{ranks}"
        config = folder / f"ranks-{ranks}.yaml"
        config.write_text(CONFIG.format(evaluations=evaluations, output=output))
        command = [mpirun, "-n", str(ranks), sys.executable, "-m", "terranova", "scan", str(config), "-q"]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        summary = json.loads((output / "summary.json").read_text())
        valid = terranova.open(output).to_pandas(where="valid").drop(columns="seconds")
        found[ranks] = valid.sort_values(["island", "index"], ignore_index=True)
        rate = summary["evaluations"] / summary["seconds"]
        first = rate if ranks == 1 else first  # noqa: F821
        print(
            f"{ranks:5d} {summary['evaluations']:10,d} {summary['seconds']:8.1f} {rate:9,.0f} "
            f"{len(valid):9,d} {rate / first:6.2f}"
        )
    print("identical valid set:", found[1].equals(found[2]))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 2_000_000)
