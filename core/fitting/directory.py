"""The directory of a fit: a run whose manifest says which fit it belongs to."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from terranova.config.content_hash import content_hash
from terranova.errors import RunError, RunMismatch
from terranova.evaluation.problem import Problem
from terranova.fitting.config import FREE_KEYS, FitConfig
from terranova.fitting.known_points import open_scan
from terranova.parsing.strict_yaml import load
from terranova.runs import provenance
from terranova.runs.compatibility import changed_keys
from terranova.runs.derived import FITTED
from terranova.store import Schema, load_manifest
from terranova.store.lock import LOCK, RunLock
from terranova.store.manifest import MANIFEST
from terranova.system.atomic import make_directory, write_atomic

RESULT = "fit.json"
"""The numbers of a fit; written last, when it has ended."""


def prepare_directory(config: FitConfig, problem: Problem, held: ExitStack) -> None:
    """Take the directory of a fit: make it, or make sure that it is that of this fit.

    Args:
        config: of the fit.
        problem: made of that.
        held: gets the lock of the directory, which is taken before anything is written.

    Raises:
        RunMismatch: it is that of another fit.
        RunLocked: another process is at it.
        RunError: it is in use, or a scan cannot be used.
        OSError: it cannot be written.
    """
    directory = config.output
    digest = f"fit: {_digest(config, problem)}"
    _is_begun(config, digest)  # before the lock makes a file in what may be somebody's folder
    held.enter_context(RunLock(directory))
    if _is_begun(config, digest):
        return
    make_directory(directory / "points")
    write_atomic(directory / FITTED, config.to_yaml())
    manifest = provenance.make_manifest(config, problem)
    replace(manifest, config_hash=digest, schema=fit_schema(config, problem)).save(
        directory
    )  # last: with it, the directory is a run


def fit_schema(config: FitConfig, problem: Problem) -> Schema:
    """Return what a fit stores of each point: violations one by one only where all columns are asked for."""
    schema = provenance.schema(config, problem)
    return schema if config.columns == "all" else replace(schema, violations=(), total=True)


def _is_begun(config: FitConfig, digest: str) -> bool:
    """Say whether the directory holds this fit already; False if it is free."""
    directory = config.output
    if (directory / MANIFEST).is_file():
        if load_manifest(directory).config_hash != digest:
            raise RunMismatch(f"{directory} {_whose(directory, config)}; choose another output")
        return True
    if directory.exists() and (not directory.is_dir() or set(directory.iterdir()) - _left_by_a_start(directory)):
        raise RunError(f"{directory} is in use; choose another output")
    return False


def _left_by_a_start(directory: Path) -> set[Path]:
    """What a start leaves behind that was cut off before it wrote the manifest."""
    return {directory / "points", directory / FITTED, directory / LOCK}


def _digest(config: FitConfig, problem: Problem) -> str:
    """Return a hash of all that the numbers of a fit depend on: its settings, physics, the points of scans."""
    runs = [open_scan(scan, problem, config.problem.model) for scan in config.scans]
    decisive = {
        "physics": provenance.digest(config, problem),
        "scans": [[run.manifest.run_id, run.evaluated] for run in runs],
    }
    return content_hash(decisive)


def _whose(directory: Path, config: FitConfig) -> str:
    """Say what a directory holds that is not this fit."""
    path = directory / FITTED
    if not path.is_file():
        return "holds something else than a fit"
    if changed := changed_keys(load(path)[0].data or {}, config.identity(), FREE_KEYS):
        return f"holds a fit with other settings under {', '.join(changed)}"
    return "holds a fit with the same settings, but its scans, its constraints or its model have changed since"
