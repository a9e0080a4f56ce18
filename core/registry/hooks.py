"""The six doors through which plugins enter: pluggy hook specifications of the project "terranova".

A plugin is any module named by an entry point of the group "terranova"; it implements one or more of
these functions with `@terranova.hookimpl`. They are called once, when the registry is filled, never per point.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from terranova.evaluation.executor import Executor
    from terranova.interfaces.constraint_set import ConstraintSet
    from terranova.interfaces.model import Model
    from terranova.interfaces.novelty import NoveltyDetector
    from terranova.interfaces.sampler import Archipelago, Sampler
    from terranova.interfaces.surrogate import Surrogate

PROJECT = "terranova"
ENTRY_POINT_GROUP = "terranova"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def terranova_models() -> Sequence[type[Model]]:  # type: ignore[empty-body]
    """Physics models: subclasses of `Model` or `PointModel`."""


@hookspec
def terranova_constraint_sets() -> Sequence[ConstraintSet | Path]:  # type: ignore[empty-body]
    """Constraint sets: paths of YAML files, or `ConstraintSet` objects made in Python."""


@hookspec
def terranova_samplers() -> Sequence[type[Sampler] | type[Archipelago]]:  # type: ignore[empty-body]
    """Samplers: subclasses of `Sampler` (one island) or `Archipelago` (all islands of a rank at once)."""


@hookspec
def terranova_novelty_detectors() -> Sequence[type[NoveltyDetector]]:  # type: ignore[empty-body]
    """Novelty detectors: subclasses of `NoveltyDetector`."""


@hookspec
def terranova_surrogates() -> Sequence[type[Surrogate]]:  # type: ignore[empty-body]
    """Surrogates: subclasses of `Surrogate`."""


@hookspec
def terranova_executors() -> Sequence[type[Executor]]:  # type: ignore[empty-body]
    """Executors: subclasses of `Executor`."""
