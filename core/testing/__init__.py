"""Conformance suites for plugins, and faults to inject into what stores points.

Nothing of terranova imports this package.
"""

from __future__ import annotations

from terranova.testing.faults import (
    Acknowledged,
    Crash,
    Died,
    Fail,
    FullDisk,
    NoSync,
    SlowKernel,
    flip_bit,
    sigkill_after,
)
from terranova.testing.models import check_model, model_checks
from terranova.testing.samplers import check_sampler, sampler_checks

__all__ = [
    "Acknowledged",
    "Crash",
    "Died",
    "Fail",
    "FullDisk",
    "NoSync",
    "SlowKernel",
    "check_model",
    "check_sampler",
    "flip_bit",
    "model_checks",
    "sampler_checks",
    "sigkill_after",
]
