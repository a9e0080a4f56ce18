"""Small scans whose rows are summed up as digests: `python -m support.digests MODEL EVALUATIONS SAMPLER...`."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

import terranova

PROBLEMS: dict[str, dict[str, Any]] = {
    "toy-shell": {"model": "toy-shell", "constraints": ["toy-windows"]},
    "thdm3": {"model": "thdm3", "constraints": ["theory", "electroweak", "higgs-lhc", "flavour", "scalars"]},
    "alp": {"model": "alp", "constraints": ["alp-flavour"]},
}


def scan_rows(model: str, sampler: str, evaluations: int, directory: Path) -> pd.DataFrame:
    """Scan, and return the rows in order, without what depends on the clock."""
    run = terranova.scan(
        **PROBLEMS[model],
        sampler={"name": sampler, "islands": 2},
        budget={"evaluations": evaluations},
        parallel={"executor": "serial", "isolation": "none", "epoch": 4},
        seed=3,
        output=str(directory),
        quiet=True,
    )
    return run.to_pandas().drop(columns="seconds").sort_values(["island", "index"], ignore_index=True)


def digest(rows: pd.DataFrame) -> dict[str, str]:
    """Column -> a hash of all its bits."""
    return {
        name: hashlib.sha256("\0".join(values.astype(str)).encode()).hexdigest()
        if (values := rows[name]).dtype == object or str(values.dtype).startswith("str")
        else hashlib.sha256(values.to_numpy().tobytes()).hexdigest()
        for name in rows.columns
    }


def main(model: str, evaluations: int, samplers: list[str]) -> None:
    """Print the digests of a scan with each sampler as JSON."""
    from support import toys
    from terranova.registry import registry

    registry().register(toys, name="toys", origin="tests")
    with tempfile.TemporaryDirectory() as folder:
        found = {s: digest(scan_rows(model, s, evaluations, Path(folder, s))) for s in samplers}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
