"""Plugins that the invalid files and other tests of configurations name, in a registry of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from terranova import (
    Archipelago,
    Asymmetric,
    Constraint,
    ConstraintSet,
    Correlated,
    Executor,
    Function,
    Gaussian,
    Limit,
    LogUniform,
    Model,
    Observable,
    Parameter,
    Proposal,
    Sampler,
    Tabulated,
    Uniform,
    Window,
    hookimpl,
)
from terranova.interfaces.batch import Batch, Evaluation
from terranova.registry import Registry

INVALID = Path(__file__).parents[1] / "invalid"
"""Files that are refused; their first lines say with which messages."""


class Toy(Model):
    """Two parameters, three observables, and options of several types."""

    name = "toy"

    def __init__(
        self, shape: Literal["flat", "round"] = "flat", width: float = 1.0, extra: Sequence[str] = ()
    ) -> None:
        if width <= 0:
            raise ValueError(f"width must be positive, got {width:g}")
        self.parameters = (Parameter("a", Uniform(0, 1), unit="GeV"), Parameter("b", LogUniform(1, 10)))
        self.observables = (Observable("m_h", unit="GeV"), Observable("S"), Observable("T"))
        self.extra = tuple(extra)

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"m_h": points["a"], "S": points["b"], "T": points["a"]}


class Points(Sampler):
    """Random points; its options have a type each."""

    name = "points"
    preference = 1

    def __init__(
        self, space: Any, rng: Any, *, size: int = 10, kind: Literal["x", "y"] = "x", step: float | None = None
    ) -> None:
        super().__init__(space, rng)
        if size > 1000:
            raise ValueError(f"size can be at most 1000, got {size}")

    def ask(self) -> Any:
        return self.rng.random((10, self.space.dimension))

    def tell(self, batch: Batch) -> None:
        """Learn nothing."""


class Islands(Archipelago):
    """An archipelago without options."""

    name = "islands"

    def ask(self) -> Proposal:
        return Proposal(np.empty((0, self.space.dimension)), np.empty(0, dtype=np.int64))

    def tell(self, batch: Batch) -> None:
        """Learn nothing."""


class Serial(Executor):
    """Evaluates here and now."""

    name = "serial"

    def evaluate(self, x: Any) -> Evaluation:
        return self.problem.evaluate(x)


SOURCE = "arXiv:2204.03796"


def gaussian(name: str) -> Gaussian:
    """A measurement of 0.0 with an error of 0.1."""
    return Gaussian(name=name, observables=(name,), source=SOURCE, value=0.0, sigma=0.1)


class Plugins:
    """Everything that the configurations below can name."""

    @hookimpl
    def terranova_models(self) -> list[type[Model]]:
        return [Toy]

    @hookimpl
    def terranova_samplers(self) -> list[Any]:
        return [Points, Islands]

    @hookimpl
    def terranova_executors(self) -> list[type[Executor]]:
        return [Serial]

    @hookimpl
    def terranova_constraint_kinds(self) -> list[type[Constraint]]:
        return [Window, Gaussian, Asymmetric, Limit, Tabulated, Correlated, Function]

    @hookimpl
    def terranova_constraint_sets(self) -> list[ConstraintSet]:
        return [
            ConstraintSet("electroweak", (gaussian("S"), gaussian("T"))),
            ConstraintSet("flavour", (gaussian("bsg"),)),
            ConstraintSet("higgs", (gaussian("kappa"),), model="another"),
            ConstraintSet("recast", (gaussian("S"),), exclusive_group="lep"),
            ConstraintSet("recast-again", (gaussian("T"),), exclusive_group="lep"),
        ]


class BrokenPlugins:
    """An entry point that cannot be used."""

    @hookimpl
    def terranova_models(self) -> list[type[Model]]:
        raise ImportError("libfoo.so is missing")


def _registry() -> Registry:
    registry = Registry()
    registry.register(Plugins(), name="toys")
    assert not registry.broken
    registry.register(BrokenPlugins(), name="broken-toy")
    return registry


REGISTRY = _registry()
