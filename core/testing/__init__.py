"""For tests of plugins and of what stores points: put faults where they hurt, and look at what is left.

Nothing of terranova imports this package.
"""

from __future__ import annotations

from terranova.testing.samplers import check_sampler, sampler_checks

__all__ = ["check_sampler", "sampler_checks"]
