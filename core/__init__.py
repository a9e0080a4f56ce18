"""terranova: constrained exploration of BSM parameter spaces.

Everything a plugin or a user's script needs is named here; the rest is private.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terranova.errors import ConfigError, PointFailed, TerranovaError
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.executor import Executor, Watch
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Batch, Evaluation, Status
from terranova.interfaces.chi2_table import Chi2Table
from terranova.interfaces.conditional_priors import Between, Derived, When
from terranova.interfaces.constraint import PLACE, Constraint, Judgement, KeyProblem, Panel, Reads
from terranova.interfaces.constraint_kinds import Asymmetric, Function, Gaussian, Limit, Window
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.continuous_priors import (
    Beta,
    Exponential,
    HalfNormal,
    Scipy,
    TabulatedPrior,
    TruncatedNormal,
)
from terranova.interfaces.correlated import Correlated
from terranova.interfaces.discrete_priors import Choice, Integer, Sign
from terranova.interfaces.function_model import model_from
from terranova.interfaces.joint_priors import CorrelatedNormal, JointPrior, Sorted
from terranova.interfaces.model import Model, Observable, PointModel
from terranova.interfaces.novelty import NoveltyDetector
from terranova.interfaces.parameters import Parameter, ParameterSpace
from terranova.interfaces.pieces import PieceReader, pack_pieces
from terranova.interfaces.priors import Angle, Fixed, LogUniform, Normal, Prior, SignedLogUniform, Uniform
from terranova.interfaces.random_streams import pack_streams, unpack_streams
from terranova.interfaces.sampler import Archipelago, Proposal, Sampler, SearchSpace
from terranova.interfaces.search_kinds import BackgroundFree, CLsLimit, Counting
from terranova.interfaces.surrogate import Surrogate
from terranova.interfaces.tabulated import Tabulated
from terranova.registry.hooks import hookimpl

if TYPE_CHECKING:
    __version__: str

    from terranova.api import (
        best,
        check,
        cite,
        compare,
        doctor,
        export,
        fit,
        merge,
        model,
        open,
        open_fit,
        plugins,
        problem,
        report,
        rescore,
        resume,
        salvage,
        scan,
        status,
        verify,
        warm,
    )


__all__ = [
    "PLACE",
    "Angle",
    "Archipelago",
    "Asymmetric",
    "BackgroundFree",
    "Batch",
    "Beta",
    "Between",
    "BoundModel",
    "CLsLimit",
    "Chi2Table",
    "Choice",
    "ConfigError",
    "Constraint",
    "ConstraintSet",
    "Correlated",
    "CorrelatedNormal",
    "Counting",
    "Derived",
    "Evaluation",
    "Executor",
    "Exponential",
    "Fixed",
    "Function",
    "Gaussian",
    "HalfNormal",
    "Integer",
    "JointPrior",
    "Judgement",
    "KeyProblem",
    "Limit",
    "LogUniform",
    "Model",
    "Normal",
    "NoveltyDetector",
    "Observable",
    "Panel",
    "Parameter",
    "ParameterSpace",
    "PieceReader",
    "PointFailed",
    "PointModel",
    "Prior",
    "Problem",
    "Proposal",
    "Reads",
    "Sampler",
    "Scipy",
    "SearchSpace",
    "Sign",
    "SignedLogUniform",
    "Sorted",
    "Status",
    "Surrogate",
    "Tabulated",
    "TabulatedPrior",
    "TerranovaError",
    "TruncatedNormal",
    "Uniform",
    "Watch",
    "When",
    "Window",
    "best",
    "check",
    "cite",
    "compare",
    "doctor",
    "export",
    "fit",
    "hookimpl",
    "merge",
    "model",
    "model_from",
    "open",
    "open_fit",
    "pack_pieces",
    "pack_streams",
    "plugins",
    "problem",
    "report",
    "rescore",
    "resume",
    "salvage",
    "scan",
    "status",
    "unpack_streams",
    "verify",
    "warm",
]


def __getattr__(name: str) -> Any:
    # The functions pull in the store, pyarrow and the rest: plugins that only need the classes start faster.
    if name == "__version__":
        from importlib import metadata

        return metadata.version("terranova")
    if name == "plugins":  # the package of that name, which lists all plugins when it is called
        from importlib import import_module

        return import_module("terranova.plugins")
    if name in __all__:  # what is not defined above is a function of `terranova.api`
        from terranova import api

        return getattr(api, name)
    raise AttributeError(f"module 'terranova' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({"__version__", *__all__, *globals()})
