"""kill -9 a scan of the 3HDM at three random moments and resume it: are the rows those of one never killed?

python benchmarks/kill_and_resume.py [EVALUATIONS]
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

import terranova

CONFIG = """
model: thdm3
constraints: [theory, electroweak-2402.07661, higgs-lhc-2402.07661, flavour-2402.07661, scalars]
sampler: {{name: cmaes-novelty, islands: 16}}
budget: {{evaluations: {evaluations}}}
seed: 1
output: {output}
"""


def rows(directory: Path) -> pd.DataFrame:
    """All rows of a run, in their natural order."""
    frame = terranova.open(directory).to_pandas().drop(columns="seconds")
    return frame.sort_values(["island", "index"], ignore_index=True)


def stored(directory: Path) -> int:
    """Rows on disk; 0 before there are any."""
    try:
        return int(terranova.open(directory).count)
    except terranova.TerranovaError:
        return 0


def main(evaluations: int) -> None:
    """Run one scan through, kill and resume another, and compare."""
    folder = Path(tempfile.mkdtemp())
    terra = [sys.executable, "-P", "-m", "terranova"]
    for name in ("whole", "killed"):
        (folder / f"{name}.yaml").write_text(CONFIG.format(evaluations=evaluations, output=folder / name))
    started = time.monotonic()
    subprocess.run([*terra, "scan", str(folder / "whole.yaml"), "-q"], check=True, capture_output=True)
    print(f"never killed: {stored(folder / 'whole'):,} rows, {time.monotonic() - started:.1f} s")
    moments = sorted(random.Random().uniform(0.05, 0.9) for _ in range(3))
    command = [*terra, "scan", str(folder / "killed.yaml"), "-q"]
    for moment in moments:
        process = subprocess.Popen(command)
        while process.poll() is None and stored(folder / "killed") < moment * evaluations:
            time.sleep(0.02)
        process.kill()
        process.wait()
        print(f"kill -9 with {stored(folder / 'killed'):,} rows on disk")
        command = [*terra, "resume", str(folder / "killed"), "-q"]
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    print(f"resumed to the end: {stored(folder / 'killed'):,} rows, {time.monotonic() - started:.1f} s")
    print("identical rows:", rows(folder / "whole").equals(rows(folder / "killed")))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000)
