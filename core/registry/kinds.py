"""The kinds of plugins, in one table: adding a kind is adding a row, an interface and its documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from terranova.evaluation.executor import Executor
from terranova.interfaces.constraint import Constraint
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.model import Model
from terranova.interfaces.novelty import NoveltyDetector
from terranova.interfaces.sampler import Archipelago, Sampler
from terranova.interfaces.surrogate import Surrogate
from terranova.registry.options import Option, options_of


@dataclass(frozen=True)
class Kind:
    """One kind of plugin.

    Attributes:
        name: by which the registry and the lists of `terranova plugins` know it.
        hook: the function by which a plugin package offers plugins of this kind.
        bases: an offered class must be a subclass of one of these; an offered object, an instance.
        label: how messages call one.
        offers: what the hook returns, in a sentence.
        engine_passes: number of arguments of `__init__`, after `self`, that the engine passes; the others are the
            options that a user sets.
        options_under: the key of a configuration under which these options stand, if there is one.
        called: the attribute of a class that holds its name.
    """

    name: str
    hook: str
    bases: tuple[type, ...]
    label: str
    offers: str
    engine_passes: int = 0
    options_under: str = ""
    called: str = "name"


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "model",
            "terranova_models",
            (Model,),
            "model",
            "Physics models: subclasses of `Model` or `PointModel`.",
            options_under="model",
        ),
        Kind(
            "constraint-kind",
            "terranova_constraint_kinds",
            (Constraint,),
            "constraint kind",
            "Kinds of constraints: subclasses of `Constraint`, which files name as `kind`.",
            called="kind",
        ),
        Kind(
            "constraints",
            "terranova_constraint_sets",
            (ConstraintSet,),
            "constraint set",
            "Constraint sets: paths of YAML files, or `ConstraintSet` objects made in Python.",
        ),
        Kind(
            "sampler",
            "terranova_samplers",
            (Sampler, Archipelago),
            "sampler",
            "Samplers: subclasses of `Sampler` (one island) or `Archipelago` (all islands of a rank at once).",
            engine_passes=2,  # search space, random stream or streams
            options_under="sampler",
        ),
        Kind(
            "novelty",
            "terranova_novelty_detectors",
            (NoveltyDetector,),
            "novelty detector",
            "Novelty detectors: subclasses of `NoveltyDetector`.",
            engine_passes=2,  # number of features, number of islands
        ),
        Kind(
            "surrogate",
            "terranova_surrogates",
            (Surrogate,),
            "surrogate",
            "Surrogates: subclasses of `Surrogate`.",
            engine_passes=2,  # parameter space, seed
            options_under="surrogate.options",
        ),
        Kind(
            "executor",
            "terranova_executors",
            (Executor,),
            "executor",
            "Executors: subclasses of `Executor`.",
            engine_passes=1,  # problem
            options_under="parallel",
        ),
    )
}
"""Name -> kind. Constraint kinds stand before constraint sets, which are read with them."""


def options(kind: str, plugin: type) -> list[Option]:
    """List the options of a plugin class of that kind: what a user may set, without what the engine passes."""
    return options_of(plugin, KINDS[kind].engine_passes)
