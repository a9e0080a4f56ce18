"""Samplers that come with terranova."""

from __future__ import annotations

from collections.abc import Sequence

from terranova import Archipelago, Sampler
from terranova.plugins.samplers.active.gp_active import GpActive
from terranova.plugins.samplers.active.xgb_active import XgbActive
from terranova.plugins.samplers.cma.cmaes import Cmaes
from terranova.plugins.samplers.cma.cmaes_novelty import CmaesNovelty
from terranova.plugins.samplers.de import DifferentialEvolution
from terranova.plugins.samplers.ensemble import Ensemble
from terranova.plugins.samplers.explorer.sampler import Explorer
from terranova.plugins.samplers.lhs import LatinHypercube
from terranova.plugins.samplers.nsga.sampler import Nsga2, Nsga3
from terranova.plugins.samplers.optuna_samplers import OptunaSampler, Tpe
from terranova.plugins.samplers.random_points import RandomPoints
from terranova.plugins.samplers.sobol import Sobol
from terranova.registry.hooks import hookimpl


@hookimpl
def terranova_samplers() -> Sequence[type[Sampler] | type[Archipelago]]:
    """All samplers of this package."""
    return [
        RandomPoints,
        Sobol,
        LatinHypercube,
        Cmaes,
        CmaesNovelty,
        Explorer,
        DifferentialEvolution,
        Ensemble,
        Nsga2,
        Nsga3,
        Tpe,
        OptunaSampler,
        GpActive,
        XgbActive,
    ]
