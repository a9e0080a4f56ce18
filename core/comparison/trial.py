"""One trial of a comparison: a sampler on a problem with a seed, run as any other scan, then measured."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terranova.comparison.config import ComparisonConfig, ProblemEntry, SamplerEntry, slug
from terranova.comparison.measures import MeasuredRun, measure
from terranova.errors import ConfigError, PluginError, RunError, RunLocked, TerranovaError
from terranova.registry import registry
from terranova.store.arrays import npz_of, read_arrays
from terranova.system.atomic import write_atomic
from terranova.system.signals import STOPPED
from terranova.system.source_fingerprint import plugin_fingerprint
from terranova.types import Array

RESULT, ARRAYS, ATTEMPTS = "trial.json", "trial.npz", "attempts"
SOURCES = "sources"
"""The key of a result that says with which source of model and sampler it was measured."""

MOST_ATTEMPTS = 2
"""A trial whose process died this often without a new point is given up."""

MOST_BYTES = 2**28
"""Of the arrays of one trial, unpacked; they are curves of a few thousand numbers."""


@dataclass(frozen=True)
class Trial:
    """One cell of the comparison.

    Attributes:
        config: of the comparison.
        problem_entry: the problem.
        sampler_entry: the sampler.
        seed: of the scan.
    """

    config: ComparisonConfig
    problem_entry: ProblemEntry
    sampler_entry: SamplerEntry
    seed: int

    @property
    def directory(self) -> Path:
        """Where its result is, and its run while it lasts."""
        inside = (slug(self.problem_entry.label), slug(self.sampler_entry.label), f"seed-{self.seed}")
        return self.config.output.joinpath("trials", *inside)

    @property
    def run_directory(self) -> Path:
        """Of its scan."""
        return self.directory / "run"

    def result(self) -> dict[str, Any] | None:
        """Return what was measured, or {"error": why not}; None while it has not ended."""
        try:
            content = json.loads((self.directory / RESULT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        same = isinstance(content, dict) and content.get("digest") == self._digest()
        return content if same else None

    def arrays(self) -> dict[str, Array]:
        """Return the arrays that were measured.

        Raises:
            RunError: they cannot be read.
        """
        path = self.directory / ARRAYS
        try:
            return read_arrays(path, MOST_BYTES)
        except Exception as error:  # NumPy and zipfile raise whatever they come upon
            raise RunError(f"{path} cannot be read ({error}); delete {path.parent} to repeat the trial") from error

    def attempt(self) -> int:
        """Run and measure, unless that is done or another process is at it; errors become the result.

        Returns:
            0; or the exit code of a scan that was asked to stop: whoever runs trials should stop, too.
        """
        from terranova.store.lock import RunLock

        self.directory.mkdir(parents=True, exist_ok=True)
        try:
            with RunLock(self.directory):
                return self._attempt() if self.result() is None else 0
        except RunLocked:
            return 0

    def _attempt(self) -> int:
        attempts = self._count_attempt()
        if attempts > MOST_ATTEMPTS:
            self.fail(f"its process died {MOST_ATTEMPTS} times without a new point")
            return 0
        try:
            measured = self._run()
        except (ConfigError, PluginError, RunError) as error:
            self.fail(" ".join(str(error).split()))
            return 0
        if isinstance(measured, int):
            (self.directory / ATTEMPTS).unlink(missing_ok=True)
            return measured
        self.record(measured)
        if not self.config.keep:
            shutil.rmtree(self.run_directory, ignore_errors=True)
        return 0

    def record(self, measured: MeasuredRun) -> None:
        """Keep what was measured as the result of this trial."""
        write_atomic(self.directory / ARRAYS, npz_of(measured.arrays, compressed=True))
        self._conclude(measured.numbers)

    def fail(self, message: str) -> None:
        """Keep an error as the result of this trial."""
        self._conclude({"error": message})

    def _run(self) -> MeasuredRun | int:
        """Scan, or go on with the scan; return the exit code when it was asked to stop."""
        from terranova.engine import session
        from terranova.store.manifest import MANIFEST

        scan_config = self.config.scan(self.problem_entry, self.sampler_entry, self.seed, self.run_directory)
        started = time.monotonic()
        resumed = (self.run_directory / MANIFEST).is_file()
        if resumed:
            try:
                run, reason = session.resume(self.run_directory, quiet=True)
            except TerranovaError:  # half a run of another configuration or version: it is ours to replace
                shutil.rmtree(self.run_directory)
                resumed = False
        if not resumed:
            shutil.rmtree(self.run_directory, ignore_errors=True)
            run, reason = session.start(scan_config, quiet=True)
        if reason in STOPPED:
            return STOPPED[reason]
        seconds = time.monotonic() - started
        return measure(run, self.problem_entry.features, seconds=None if resumed else seconds)

    def _count_attempt(self) -> int:
        """Return how often this has been tried since it last got on; whoever is killed often gets on meanwhile."""
        path, points = self.directory / ATTEMPTS, self._points()
        try:
            before, points_before = map(int, path.read_text().split())
        except (OSError, ValueError):
            before, points_before = 0, 0
        attempts = 1 if points > points_before else before + 1
        write_atomic(path, f"{attempts} {points}")
        return attempts

    def _points(self) -> int:
        """Return how many points its scan has stored."""
        from terranova.runs.run import Run

        try:
            return Run(self.run_directory).evaluated
        except TerranovaError:
            return 0

    def _conclude(self, result: dict[str, Any]) -> None:
        content = {"digest": self._digest(), SOURCES: self._sources(), **result}
        write_atomic(self.directory / RESULT, json.dumps(content, indent=1) + "\n")

    def _sources(self) -> dict[str, str]:
        """Return hashes of the source of model and sampler, which may change while a comparison goes on.

        A peer that is measured in its own program is no plugin; its source is not known.
        """
        known = registry()
        chosen = {"model": self.problem_entry.problem.model.name, "sampler": self.sampler_entry.sampler.name}
        named = {kind: name for kind, name in chosen.items() if name.partition(":")[0] in known.names(kind)}
        return {kind: plugin_fingerprint(known.get(kind, name).target) for kind, name in named.items()}

    def _digest(self) -> str:
        return self.config.digest(self.problem_entry, self.sampler_entry)


def trials(config: ComparisonConfig) -> Iterator[Trial]:
    """All trials of a comparison, seed by seed, so that an early look compares equals."""
    for seed in config.seeds:
        for problem_entry in config.problems:
            for sampler_entry in config.samplers:
                yield Trial(config, problem_entry, sampler_entry, seed)
