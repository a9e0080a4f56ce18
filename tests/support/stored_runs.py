"""Runs for tests of what reads them: true scans of the toy models, and runs with chosen rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from terranova import Batch, ConstraintSet, Status, Window
from terranova.config import build_problem, load_config
from terranova.config.consent import made_here
from terranova.runs import provenance
from terranova.runs.run import CONFIG, Run
from terranova.store import Writer


def windows(**edges: tuple[float, float]) -> ConstraintSet:
    """A constraint set with one window per observable."""
    units = {"ratio": "GeV", "a": "GeV", "b": "GeV"}
    return ConstraintSet(
        "chosen",
        tuple(
            Window(
                name=f"w_{name}",
                observables=(name,),
                lower=low,
                upper=high,
                source="theory: chosen for this test",
                unit=units.get(name, "1"),
            )
            for name, (low, high) in edges.items()
        ),
    )


WIDE = windows(ring=(0.0, 10.0), ratio=(-1.0, 1.0))
"""Constraints that some of the random points satisfy."""


def scanned(directory: Path, **words: Any) -> Run:
    """Scan a toy model at random. Needs the fixture `toy_registry`."""
    import terranova

    settings: dict[str, Any] = {
        "model": "toy-shell",
        "constraints": [WIDE],
        "sampler": {"name": "random", "islands": 4},
        "budget": {"evaluations": 4000},
        "output": str(directory),
    }
    return terranova.scan({**settings, **words}, quiet=True)


def prepared(directory: Path, **words: Any) -> tuple[Run, Any]:
    """A run directory of a toy model without points, and its problem; made here, as if by a scan."""
    settings: dict[str, Any] = {
        "model": "toy-shell",
        "constraints": [WIDE],
        "sampler": {"name": "random", "islands": 4},
        "budget": {"evaluations": 10},
        "output": str(directory),
    }
    config = load_config({**settings, **words})
    problem = build_problem(config.problem)
    manifest = provenance.make_manifest(config, problem)
    manifest.save(directory)
    made_here(config.problem)
    (directory / CONFIG).write_text(config.to_yaml(), encoding="utf-8")
    return Run(directory), problem


def rows(
    violations: Sequence[Sequence[float]],
    loglike: Sequence[float] | None = None,
    status: Sequence[int] | None = None,
    reason: Sequence[str] | None = None,
    islands: int = 1,
    d: int = 4,
    k: int = 2,
) -> Batch:
    """A batch with chosen scores; islands take turns, and places in the space are made up."""
    v = np.array(violations, dtype=float)
    n = len(v)
    u = (np.arange(n * d).reshape(n, d) * 0.37) % 1.0
    x = np.column_stack([10 * u[:, 0], 10 ** (6 * u[:, 1] - 3), 1.0 + 1e3 * u[:, 2], u[:, 3]])[:, :d]
    return Batch(
        island=np.arange(n) % islands,
        generation=np.arange(n) // islands,
        index=np.arange(n) // islands,
        u=u,
        x=x,
        observables=np.arange(n * k, dtype=float).reshape(n, k),
        violations=v,
        loglike=np.array(loglike if loglike is not None else [-1.0] * n, dtype=float),
        status=np.array(status if status is not None else [Status.OK] * n, dtype=np.int8),
        reason=list(reason) if reason is not None else [""] * n,
        stage=np.zeros(n, dtype=np.int8),
        seconds=np.zeros(n),
    )


def stored(directory: Path, batch: Batch, **words: Any) -> Run:
    """A run of the toy model that holds the rows of a batch."""
    run, _ = prepared(directory, **words)
    with Writer(directory, run.manifest.schema) as writer:
        writer.append(batch)
    return run
