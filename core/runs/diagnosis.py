"""Diagnosis of a scan: its efficiency, set against random sampling, and which constraints its points failed.

Nothing here is an inference about the model: a scan's points are where the sampler chose to look. Only the
random points are a fair sample of the prior. docs/statistics.md has the formulas.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from terranova.errors import NotTrusted, TerranovaError
from terranova.interfaces.model import PointModel
from terranova.interfaces.notebook import html_table
from terranova.runs.efficiency import Efficiency, coverage_of, efficiency_of
from terranova.runs.kills import LARGEST_SET, Kills, kills_of, order_of_resistance
from terranova.runs.random_sample import RandomSample, binomial_limits, sample_randomly

if TYPE_CHECKING:
    from terranova.runs.run import Run

__all__ = [
    "LARGEST_SET",
    "Diagnosis",
    "Efficiency",
    "Kills",
    "RandomSample",
    "binomial_limits",
    "coverage_of",
    "diagnose",
    "efficiency_of",
    "kills_of",
    "order_of_resistance",
    "sample_randomly",
]

_WORST = 5
"""Constraints that a diagnosis shows of itself: those that most points violate."""


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """A scan judged.

    Attributes:
        efficiency: of the scan.
        kills: constraints failed by the stored points.
        random: the yardstick; None when the problem could not be rebuilt, or was not to be evaluated.
        problem_missing: why the problem could not be rebuilt; empty when it could.
    """

    efficiency: Efficiency
    kills: Kills
    random: RandomSample | None
    problem_missing: str = ""

    @property
    def gain(self) -> float:
        """Valid fraction of the scan over that of random points; infinite when random found none, else NaN."""
        if self.random is None or not self.random.points or not self.efficiency.valid:
            return math.nan
        return self.efficiency.fraction / self.random.fraction if self.random.valid else math.inf

    @property
    def gain_at_least(self) -> float:
        """Lower limit at 95 % on the gain; NaN when there is nothing to compare."""
        if self.random is None or not self.random.points or not self.efficiency.evaluated:
            return math.nan
        return self.efficiency.fraction / self.random.upper_limit

    def describe(self) -> list[tuple[str, str]]:
        """What was found, as (label, text) pairs."""
        e, r = self.efficiency, self.random
        lines = [("points", f"{e.evaluated:,} evaluated, {e.valid:,} valid, {e.failed:,} failed")]
        if e.first_valid is not None:
            lines.append(("first valid", f"after {e.first_valid:,} evaluations"))
        if r is not None and r.points:
            gain = f"{self.gain:.3g}" if math.isfinite(self.gain) else f"at least {self.gain_at_least:.3g}"
            lines.append(("random", f"{r.valid:,} of {r.points:,} valid; the scan finds {gain} times as many"))
        violated = sorted(
            zip(self.kills.names, self.kills.violated.tolist(), strict=True), key=lambda pair: -pair[1]
        )
        for name, number in violated[:_WORST]:
            if number:
                lines.append((f"violate {name}", f"{number:,} of {self.kills.points:,}"))
        if self.problem_missing:
            lines.append(("not compared", self.problem_missing))
        return lines

    def __repr__(self) -> str:
        width = max(len(label) for label, _ in self.describe())
        return "<diagnosis>\n" + "\n".join(f"  {label:<{width}}  {text}" for label, text in self.describe())

    def _repr_html_(self) -> str:
        return html_table("diagnosis", ("", ""), self.describe())


def diagnose(
    run: Run, random_points: int | None = None, *, random_seconds: float = 5.0, seed: int = 0
) -> Diagnosis:
    """Judge a run, also one that is still going on.

    Args:
        run: to judge.
        random_points: random points to compare with; 0 for none. If None, as many as fit in `random_seconds`, and
            none of a model that computes one point at a time, or that did not run here before.
        random_seconds: see `random_points`.
        seed: of the random points.

    Raises:
        NotTrusted: random points were asked for, but the run was not made here.
    """
    problem, missing = None, ""
    try:
        problem = run.problem_made_here()
    except NotTrusted as error:
        if random_points:
            raise
        missing = str(error)
    except (TerranovaError, ValueError) as error:
        missing = str(error)
    sample = None
    if problem is not None and random_points is None and isinstance(problem.model.plugin, PointModel):
        random_points = 0  # slow, perhaps fragile: only on request
    if problem is not None and random_points != 0:
        sample = sample_randomly(problem, random_points, seconds=random_seconds, seed=seed)
    return Diagnosis(efficiency_of(run, problem), kills_of(run), sample, missing)
