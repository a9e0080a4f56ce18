"""Limits on Higgs bosons as kinds of constraints: data of HiggsTools or HiggsBounds-5 that a user has, and records.

A record is one published table of a search, in a file of terranova's own.
"""

from __future__ import annotations

from terranova import Constraint, hookimpl
from terranova.plugins.higgs_limits.constraint import HiggsLimits
from terranova.plugins.higgs_limits.search import Search
from terranova.plugins.higgs_limits.search_planes import SearchPlanes


@hookimpl
def terranova_constraint_kinds() -> list[type[Constraint]]:
    """The kinds `higgs-limits`, `search` and `search-planes`."""
    return [HiggsLimits, Search, SearchPlanes]
