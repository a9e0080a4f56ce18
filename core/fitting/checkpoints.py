"""Checkpoints of a fit: how far it is, between two units of work, for the next session to go on from."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from terranova.fitting.course import Course, Progress
from terranova.fitting.likelihood import Likelihood
from terranova.registry import registry
from terranova.store import Reader, Writer, save_checkpoint
from terranova.store.checkpoint import COUNTS, Checkpoint, checkpoints, read_checkpoint
from terranova.system import disk
from terranova.system.source_fingerprint import fingerprint, plugin_fingerprint
from terranova.types import Array, Floats

log = logging.getLogger("terranova")

INTERVAL = 20.0
"""Seconds between two checkpoints, at least."""

SHARE = 0.05
"""Checkpoints take at most this share of the time: of a fit with millions of points they are rarer."""

_SAME = 1e-9
"""Relative difference of parameters that another machine makes of the same place in the cube, at most."""

_OF_CUBE = "u"

_CODE = "terranova.fitting.session"
"""With what it imports of its room, the code that decides on the units of work: other code may do others."""


class FitCheckpoints:
    """Saves how far a fit is, and finds how far an earlier session was.

    A checkpoint knows no more than the store: points are synced first. What it holds of them is only their places
    in the unit cube, which do not follow from the parameters to the last bit; the rest is read back.

    Args:
        directory: of the fit.
        likelihood: of the fit, which knows the points of scans already.
        writer: of its points.
        run_id: of the fit.
        surrogate: plugin of which checkpoints hold what it has learned, if there is one.
    """

    def __init__(
        self, directory: Path, likelihood: Likelihood, writer: Writer, run_id: str, surrogate: str | None = None
    ) -> None:
        self._directory, self._likelihood, self._writer = directory, likelihood, writer
        self._from_scans = len(likelihood.u)
        self._identity = {"run_id": run_id, "source": fingerprint(_CODE, _CODE.rpartition(".")[0])}
        if surrogate is not None:
            self._identity["surrogate"] = plugin_fingerprint(registry().get("surrogate", surrogate).target)
        self._due = time.monotonic() + INTERVAL

    def course(self) -> Course:
        """Return the course of the fit, with the likelihood where an earlier session left it."""
        for path in checkpoints(self._directory):
            checkpoint = None
            try:
                checkpoint = read_checkpoint(path)
            except Exception as error:  # a damaged archive makes NumPy and zipfile raise whatever they come upon
                why = f"it is damaged: {error}"
            if checkpoint is not None and not (why := self._put_back(checkpoint)):
                earlier = Progress(checkpoint.meta["results"], checkpoint.meta["states"], checkpoint.arrays)
                return Course(earlier, self._save_if_due)
            log.warning("%s is not used, so that going on takes longer: %s", path, why)
            disk.unlink(path)  # or it would pass for newer than those to come
        return Course(None, self._save_if_due)

    def _save_if_due(self, progress: Callable[[], Progress]) -> None:
        begun = time.monotonic()
        if begun < self._due:
            return
        self._writer.sync()
        found, known = progress(), self._likelihood
        arrays: dict[str, Array] = {
            **found.arrays,
            _OF_CUBE: known.u[self._from_scans :],
            COUNTS: np.array([known.evaluations], dtype=np.int64),
        }
        meta: dict[str, Any] = {
            **self._identity,
            "requests": known.requests,
            "results": list(found.results),
            "states": dict(found.states),
        }
        try:
            save_checkpoint(self._directory, known.requests, arrays, meta)
        except OSError as error:
            log.warning("no checkpoint was saved, so that going on may take longer: %s", error)
        now = time.monotonic()
        self._due = now + max(INTERVAL, (now - begun) / SHARE)

    def _put_back(self, checkpoint: Checkpoint) -> str:
        """Put the likelihood back to a checkpoint; return why that cannot be, "" if it was done."""
        meta, arrays = checkpoint.meta, checkpoint.arrays
        if not isinstance(meta, dict) or {key: meta.get(key) for key in self._identity} != self._identity:
            return "the code of fits has changed since"
        u = arrays[_OF_CUBE]
        known = self._likelihood
        table = Reader(self._directory).table(["index", "loglike", *known.names], _before(len(u)))
        if len(table) != len(u):
            return "points on which it relies are not stored"
        order = np.argsort(table["index"].to_numpy(), kind="stable")
        values: Floats = np.column_stack([table[name].to_numpy()[order] for name in known.names])
        x = known.problem.model.space.to_physical(u)
        if not np.allclose(x, values[:, : x.shape[1]], rtol=_SAME, atol=0.0, equal_nan=True):
            return "its points are not those that are stored"
        known.go_on(u, table["loglike"].to_numpy()[order], values, int(meta["requests"]))
        return ""


def _before(index: int) -> Any:
    import pyarrow.compute as pc

    return pc.field("index") < index
