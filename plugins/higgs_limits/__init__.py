"""Limits on Higgs bosons from the data of HiggsTools or HiggsBounds-5 that a user has, as a kind of constraint."""

from __future__ import annotations

from terranova import Constraint, hookimpl
from terranova.plugins.higgs_limits.constraint import HiggsLimits


@hookimpl
def terranova_constraint_kinds() -> list[type[Constraint]]:
    """The kind `higgs-limits`."""
    return [HiggsLimits]
