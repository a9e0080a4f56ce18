"""How often ends of intervals that carry no remark were wrong where the truth is known: the one place for it."""

from __future__ import annotations

from dataclasses import dataclass

from terranova.runs.random_sample import CONFIDENCE, binomial_limits

SOURCE = "benchmarks/profile_ends.py"
"""Measured what stands here."""

EXPLAINED = "docs/statistics.md"
"""Says of which problems, and what it does not mean."""


@dataclass(frozen=True)
class Calibration:
    """What fits of problems with known profiles quoted.

    Attributes:
        ends: of intervals, without a remark.
        wrong: of these.
        parameters: free ones of these problems, at most. With more, there may be more branches than searches find.
    """

    ends: int
    wrong: int
    parameters: int

    @property
    def limit(self) -> float:
        """The upper limit on the rate of wrong ends at 95 % CL (Clopper and Pearson), of independent ends."""
        return binomial_limits(self.wrong, self.ends)[1]

    def sentence(self, parameters: int, *, jumps: bool = False) -> str:
        """Return it in a phrase, for a fit with so many free parameters, and a likelihood that jumps or not."""
        if not self.ends:
            return f"how often ends without a remark are wrong in such fits was not measured ({EXPLAINED})"
        if parameters > self.parameters or jumps:
            unlike = [f"has {parameters}"] * (parameters > self.parameters) + ["has jumps"] * jumps
            return (
                f"how often ends without a remark are wrong is known of fits with at most {self.parameters} free "
                f"parameters and a continuous likelihood ({self.wrong} of {self.ends}); this one "
                f"{' and '.join(unlike)}: compare fits with other seeds, each from the points of the one before "
                f"({EXPLAINED})"
            )
        return (
            f"ends without a remark were wrong in {self.wrong} of {self.ends} on problems with known answers "
            f"(below {100 * self.limit:.1f} % at {100 * CONFIDENCE:g} % CL; {EXPLAINED})"
        )


MODEL_ALONE = Calibration(ends=264, wrong=0, parameters=6)
"""Of fits with the model alone."""

WITH_SURROGATE = Calibration(ends=118, wrong=0, parameters=6)
"""Of fits with a surrogate."""
