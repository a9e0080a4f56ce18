"""Warming up: machine code is compiled, and stored on disk, before anybody waits for points."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from terranova.engine.islands import Share, check_proposal, make_archipelago
from terranova.errors import PluginError
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.problem import Problem
from terranova.interfaces.model import PointModel
from terranova.interfaces.notebook import html_table
from terranova.registry import registry

ROUNDS = 6
"""Generations that a sampler goes through: what it compiles later, it compiles when it gets there."""


@dataclass(frozen=True, repr=False)
class Warmed:
    """What was compiled, or was ready.

    Attributes:
        seconds: of each model and sampler, by kind and name, in order.
        left_out: models that were not, and why.
    """

    seconds: dict[str, float]
    left_out: dict[str, str]

    def describe(self) -> list[tuple[str, str]]:
        """The same as (what, text) pairs."""
        return [
            *((what, f"{seconds:.1f} s") for what, seconds in self.seconds.items()),
            *((what, f"left out: {why}") for what, why in self.left_out.items()),
        ]

    def __repr__(self) -> str:
        return "\n".join(f"{what}: {text}" for what, text in self.describe())

    def _repr_html_(self) -> str:
        return html_table("warmed up", ("", ""), self.describe())


def warm_up(models: Sequence[BoundModel], samplers: Sequence[str]) -> Warmed:
    """Evaluate a point of each model in all its stages, and let samplers go through a few generations.

    Raises:
        PluginMissing: there is no such sampler.
    """
    classes = [registry().get("sampler", name) for name in samplers]
    seconds: dict[str, float] = {}
    left_out: dict[str, str] = {}
    for model in models:
        if isinstance(model.plugin, PointModel):
            left_out[f"model {model.name}"] = "it computes one point at a time, and compiles nothing here"
            continue
        started = time.perf_counter()
        for n in (1, 3):
            model.evaluate({p.name: np.full(n, p.default_value) for p in model.space})
        seconds[f"model {model.name}"] = time.perf_counter() - started
    chosen = next((model for model in models if not isinstance(model.plugin, PointModel)), None)
    for plugin in classes if chosen is not None else []:
        started = time.perf_counter()
        _go_round(plugin.target, Problem(chosen, ()))  # type: ignore[arg-type]
        seconds[f"sampler {plugin.name}"] = time.perf_counter() - started
    return Warmed(seconds, left_out)


def installed_models() -> tuple[list[BoundModel], dict[str, str]]:
    """Return the models that come with what is installed and need no options; and why others were left out."""
    models, left_out = [], {}
    for plugin in registry().of_kind("model"):
        try:
            models.append(BoundModel(plugin.target()))
        except (PluginError, ValueError, TypeError) as error:
            left_out[f"model {plugin.name}"] = str(error).partition("\n")[0]
    return models, left_out


def _go_round(cls: type, problem: Problem) -> None:
    """Take a sampler through a few generations of a problem without constraints."""
    share = Share(0, 2)
    archipelago = make_archipelago(cls, problem.search_space, 0, share, {})
    counts = np.zeros(share.count, dtype=np.int64)
    space = problem.model.space
    midpoint = space.to_physical(np.full((1, space.dimension), 0.5))
    for generation in range(ROUNDS):
        proposal = archipelago.ask()
        check_proposal(proposal, cls.__name__, space.dimension, share.count)
        if not len(proposal.u):
            return
        x = space.to_physical(proposal.u)
        evaluation = problem.model.evaluate_array(np.repeat(midpoint, len(x), axis=0))  # costs are the sampler's
        position = np.arange(len(x)) - np.searchsorted(proposal.island, proposal.island, side="left")
        batch = problem.batch(
            proposal.u,
            x,
            evaluation,
            proposal.island,
            np.full(len(x), generation, dtype=np.int64),
            counts[proposal.island] + position,
            proposal.probes,
        )
        counts += np.bincount(proposal.island, minlength=share.count)
        archipelago.tell(batch)
        archipelago.merge(archipelago.pending())
