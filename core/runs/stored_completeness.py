"""Completeness of a stored run: read from its rows and its manifest, without the model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from terranova.errors import TerranovaError
from terranova.interfaces.parameters import Parameter, ParameterSpace
from terranova.interfaces.prior_words import make_prior
from terranova.interfaces.priors import Prior
from terranova.registry import registry
from terranova.runs.completeness import SAMPLES, Completeness, judge, unknown
from terranova.runs.derived import FITTED, MERGED, RESCORED
from terranova.runs.marks import PARTS, Marks
from terranova.store import Manifest, Reader

_ROWS = 100_000
"""Points that are read from the store at a time."""

_DERIVED = {
    FITTED: "these are the points of a fit, which looks for the best ones only",
    RESCORED: "these points were sampled under other constraints, and may not have looked where the new ones allow "
    "something: scan with the new ones",
    MERGED: "these are several scans, each with an order and islands of its own: look at each of them",
}
"""Why nothing can be said of directories that are derived from others."""


def completeness_of(directory: Path, reader: Reader, manifest: Manifest) -> Completeness:
    """Judge the completeness of a run, also one that is still going on; the model need not be installed.

    Args:
        directory: of the run.
        reader: of its points.
        manifest: of the run.

    Raises:
        StoreCorrupt: a file is damaged; says which.
    """
    for origin, reason in _DERIVED.items():
        if (directory / origin).exists():
            return unknown(reason)
    space = stored_space(manifest)
    if space is None:
        return unknown("its manifest does not say what the priors were")
    sampler = manifest.physics.get("sampler")
    name = sampler.get("name") if isinstance(sampler, Mapping) else None
    return judge(_marks(reader, space), calibrated=is_calibrated(str(name)))


def is_calibrated(sampler: str) -> bool:
    """Return whether a sampler says that estimates were compared with the truth; False if it is not installed."""
    try:
        plugin = registry().get("sampler", sampler).target
    except TerranovaError:
        return False
    return bool(vars(plugin).get("completeness_calibrated", False))  # not what it inherits


def stored_space(manifest: Manifest) -> ParameterSpace | None:
    """Return the parameters of a run as its manifest describes them; None if it does not, or in unknown words."""
    priors = manifest.physics.get("priors")
    if not isinstance(priors, Mapping):
        return None
    try:
        return ParameterSpace(
            tuple(Parameter(p.name, _prior(priors[p.name]), p.unit) for p in manifest.schema.parameters)
        )
    except (KeyError, TypeError, ValueError):  # of a newer version, or of somebody's own kind
        return None


def _prior(words: Mapping[str, Any]) -> Prior:
    # JSON has no word for infinity, which is stored as text.
    return make_prior({key: float(v) if v in ("inf", "-inf") else v for key, v in words.items()})


def _marks(reader: Reader, space: ParameterSpace) -> Marks:
    """Mark the points that count."""
    last = _last_index(reader)
    islands = max(last, default=0) + 1
    marks = Marks(space, min(SAMPLES, islands))
    if not last:
        return marks
    # Parts of what each island has evaluated, for islands need not be equally fast.
    length = np.ones(islands)
    length[list(last)] = np.array(list(last.values())) + 1.0
    names = list(space.names)
    for table in reader.batches(["island", "index", *names], _counted(reader), rows=_ROWS):
        x = np.column_stack([table[name].to_numpy() for name in names])
        island = table["island"].to_numpy().astype(np.int64)
        part = (PARTS * table["index"].to_numpy() / length[island]).astype(np.int64)
        marks.add(space.to_unit(x), island % marks.samples, np.minimum(part, PARTS - 1))
    return marks


def _counted(reader: Reader) -> pc.Expression:
    """Which points count: those that are valid, and no probes of derivatives."""
    valid = pc.field("valid")
    return valid & ~pc.field("probe") if reader.schema.probe else valid


def _last_index(reader: Reader) -> dict[int, int]:
    """Island -> the number of its last point that was evaluated."""
    if not reader.count():
        return {}
    last: dict[int, int] = {}
    for table in reader.batches(["island", "index"], rows=1_000_000):  # DuckDB takes longer to load than this does
        for row in table.group_by("island").aggregate([("index", "max")]).to_pylist():
            last[row["island"]] = max(row["index_max"], last.get(row["island"], 0))
    for island, counted in reader.counts().counted.items():  # of a run that keeps its valid points only
        last[island] = max(last.get(island, 0), counted - 1)
    return last
