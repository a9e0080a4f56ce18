"""Dry run of a scan: a few random points, and what they say of its cost, its failures and its constraints."""

from __future__ import annotations

import math
import resource
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from terranova.config import ScanConfig, build_problem
from terranova.config.consent import Consent
from terranova.engine.recheck import ready_executor
from terranova.interfaces.batch import Status
from terranova.interfaces.notebook import html_table
from terranova.runs import provenance
from terranova.system.amounts import size_text

ROW = 8 * 8
"""Bytes of a stored row beside its parameters, observables and violations, at most."""


@dataclass(frozen=True)
class StageCost:
    """What the points cost that were computed up to a stage.

    Attributes:
        stage: the last one that was computed.
        points: of these.
        seconds: of one of them, on average, all stages together.
    """

    stage: int
    points: int
    seconds: float


@dataclass(frozen=True, repr=False)
class DryRun:
    """What a few random points say of a scan.

    Attributes:
        model: its name.
        points: evaluated.
        valid: of these.
        stages: what they cost.
        failures: reason -> points.
        violated: constraint -> points that violate it, of those for which it was computed; the worst first.
        unknown: constraint -> points for which it was not computed.
        evaluations: of the budget; None if it has none.
        seconds: that the model alone would take for those, at this cost, with as many workers as asked for; NaN
            without a budget of evaluations. Points of a scan cost more where more of them are valid so far.
        row_bytes: of one stored point, before compression.
        memory: largest so far, of this process and of its largest child, in bytes.
    """

    model: str
    points: int
    valid: int
    stages: Sequence[StageCost]
    failures: dict[str, int]
    violated: dict[str, int]
    unknown: dict[str, int]
    evaluations: int | None
    seconds: float
    row_bytes: int
    memory: int

    @property
    def disk(self) -> int | None:
        """Bytes that the points of the budget take at most: they are compressed. None without such a budget."""
        return None if self.evaluations is None else self.evaluations * self.row_bytes

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        content = {**asdict(self), "disk": self.disk}
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in content.items()}

    def describe(self) -> list[tuple[str, str]]:
        """The same as (label, text) pairs."""
        lines = [
            ("model", self.model),
            (
                "points",
                f"{self.points:,} random ones, {self.valid:,} valid, {sum(self.failures.values()):,} failed",
            ),
        ]
        for cost in self.stages:
            what = "all" if len(self.stages) == 1 else f"up to stage {cost.stage}"
            lines.append(("cost", f"{what}: {cost.points:,} points, {_duration(cost.seconds)} each"))
        lines += [("failed", f"{number:,}: {reason}") for reason, number in self.failures.items()]
        for name, number in self.violated.items():
            computed = self.points - sum(self.failures.values()) - self.unknown.get(name, 0)
            if number:
                lines.append(("violated", f"{name}: {number:,} of {computed:,}"))
        quiet = [name for name, number in self.violated.items() if not number]
        if quiet:
            lines.append(("satisfied", f"by all points: {', '.join(quiet)}"))
        if self.evaluations is not None and self.disk is not None:
            lines.append(("time", f"{_duration(self.seconds)} of the model for {self.evaluations:,} points"))
            lines.append(("disk", f"at most {size_text(self.disk)}, {self.row_bytes} bytes a point"))
        else:
            lines.append(("disk", f"at most {self.row_bytes} bytes a point"))
        lines.append(("memory", f"{size_text(self.memory)} so far, in each rank or worker"))
        return lines

    def __repr__(self) -> str:
        return "<dry run>\n" + "\n".join(f"  {label:<10} {text}" for label, text in self.describe())

    def _repr_html_(self) -> str:
        return html_table("dry run", ("", ""), self.describe())


def dry_run(config: ScanConfig, points: int = 20, *, consent: Consent | None = None) -> DryRun:
    """Evaluate a few random points of a scan, as the scan would do it, and store nothing.

    The points are those of its priors, by its seed.

    Args:
        config: of the scan.
        points: how many.
        consent: decides what may run.

    Raises:
        ConfigError, NotTrusted: see `build_problem`.
    """
    problem = build_problem(config.problem, consent=consent)
    space = problem.model.space
    x = space.to_physical(np.random.default_rng(config.seed).random((points, space.dimension)))
    with ready_executor(problem, config.parallel) as executor:
        evaluation = executor.evaluate(x)
    violations, _ = problem.score(x, evaluation.observables)
    failed = evaluation.status != Status.OK
    fine = violations[~failed]
    known = np.isfinite(fine)
    counts = {c.name: int((fine[:, j] > 0)[known[:, j]].sum()) for j, c in enumerate(problem.constraints)}
    unknown = {c.name: int((~known[:, j]).sum()) for j, c in enumerate(problem.constraints)}
    reasons = Counter(
        f"{Status(int(status)).name.lower().replace('_', ' ')}: {reason}"
        for status, reason, bad in zip(evaluation.status, evaluation.reason, failed, strict=True)
        if bad
    )
    stages = [
        StageCost(
            int(s), int((evaluation.stage == s).sum()), float(evaluation.seconds[evaluation.stage == s].mean())
        )
        for s in np.unique(evaluation.stage)
    ]
    schema = provenance.schema(config, problem)
    columns = len(schema.parameters) + len(schema.observables) + len(schema.violations)
    budget = config.budget.evaluations
    return DryRun(
        model=problem.model.name,
        points=points,
        valid=int((fine == 0).all(axis=1).sum()),
        stages=stages,
        failures=dict(reasons.most_common()),
        violated=dict(sorted(counts.items(), key=lambda item: -item[1])),
        unknown={name: number for name, number in unknown.items() if number},
        evaluations=budget,
        seconds=math.nan
        if budget is None
        else budget * float(evaluation.seconds.mean()) / (config.parallel.workers or 1),
        row_bytes=8 * columns + ROW,
        memory=_peak_memory(),
    )


def _peak_memory() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    ours, theirs = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return unit * max(ours, theirs)


def _duration(seconds: float) -> str:
    for unit, size in (("us", 1e-6), ("ms", 1e-3)):
        if seconds < 1000 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s" if seconds < 600 else f"{seconds / 3600:.3g} h"
