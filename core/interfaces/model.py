"""Physics models: what a plugin implements, and the checked form in which everyone else uses it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from terranova.errors import ContractError, did_you_mean
from terranova.interfaces.arrays import real
from terranova.interfaces.parameters import Parameter
from terranova.types import Floats

LARGEST = 1e150
"""Observables beyond it count as infinite: their squares are, and so is whatever is computed from those."""

REASON_LENGTH = 500
"""Characters of a failed point's reason that are kept."""


@dataclass(frozen=True)
class Observable:
    """One output of a model.

    Args:
        name: an identifier, unique within the model.
        unit: "1" when dimensionless.
        latex: for axis labels, without dollar signs.
        description: one line.
        stage: 0 when it comes with the first call; a later stage is computed only for points that violate
            no constraint on the earlier stages.
        scale: of axes: "linear", "log" or "symlog"; "" leaves it to the values.
        categories: what the values 0, 1, 2, ... mean, of an observable that says which kind a point is of.
    """

    name: str
    unit: str = "1"
    latex: str = ""
    description: str = ""
    stage: int = 0
    scale: str = ""
    categories: tuple[str, ...] = ()


class Model(ABC):
    """A vectorised physics model. A plugin subclasses it and names the class in `terranova_models`.

    Options of the model are the keyword arguments of its `__init__`, which may set `self.parameters` and
    `self.observables` accordingly.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "0"
    description: ClassVar[str] = ""
    citations: ClassVar[Sequence[str]] = ()
    """What a paper that uses the model should cite: "arXiv:... words" or "doi:... words"."""
    planes: ClassVar[Sequence[tuple[str, ...]]] = ()
    """What the report draws: (x, y) or (x, y, colour), names of parameters or observables."""
    benchmarks: Mapping[str, Mapping[str, float]] = MappingProxyType({})
    """Points with names: name -> parameter -> value; parameters left out have their defaults."""

    parameters: Sequence[Parameter]
    observables: Sequence[Observable]

    @abstractmethod
    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Compute the observables of n points.

        Args:
            points: every parameter's name -> values (n,), in the parameter's unit.

        Returns:
            every observable's name -> values (n,). NaN marks a point that has no observables.
        """

    def evaluate_array(self, x: Floats) -> Floats:
        """Compute observables (n, k) of the points x (n, d); columns in the declared orders.

        A fast model overrides this to skip the dictionaries; it must agree with `evaluate`.
        """
        points = {p.name: np.ascontiguousarray(x[:, i]) for i, p in enumerate(self.parameters)}
        return self._stack(self.evaluate(points), len(x))

    def evaluate_stage(self, stage: int, x: Floats, observables: Floats) -> Floats:
        """Fill in the columns of a later stage.

        Args:
            stage: 1 or more.
            x: (n, d) points that violate nothing so far.
            observables: (n, k) with the earlier stages filled in.

        Returns:
            (n, k) with this stage filled in too.
        """
        raise ContractError(f"model {self.name!r} declares observables of stage {stage} but no evaluate_stage")

    def jacobian(self, x: Floats, observables: Floats) -> Floats | None:
        """Return the derivatives (n, k, d) of the observables with respect to the parameters at n points.

        Offer it if all derivatives of a point cost less than d + 1 evaluations: written by hand, or by automatic
        differentiation. What asks for slopes, a fit for one, then takes them from here instead of evaluating d
        points beside each. Priors and constraints are none of its business: it is about physical values.

        Args:
            x: (n, d) physical points, in the parameters' units; columns in the declared order.
            observables: (n, k) what the model has said at them.

        Returns:
            d O_i / d x_j in the unit of observable i over that of parameter j; NaN where it is not known, at a kink
            or for a stage that cannot be differentiated. None, as here, if no derivatives are offered.
        """
        return None

    def seeds(self, rng: np.random.Generator, n: int, windows: Mapping[str, tuple[float, float]]) -> Floats | None:
        """Suggest n points (n, d), physical, near which valid ones may lie; None if the model knows none.

        Samplers use them where a configuration says `start: seeds`.

        Args:
            rng: the island's stream: nothing else may be random.
            windows: observable -> the interval its constraints accept.
        """
        return None

    def slha(self, values: Mapping[str, float]) -> Mapping[str, Mapping[int | tuple[int, ...], Any]] | None:
        """Return a point as the blocks that a spectrum generator of this model reads; None without such a map.

        Args:
            values: of all parameters, and of the observables that are known.

        Returns:
            block -> index -> (value, comment), as `terranova.external.slha.write_slha` takes them.
        """
        return None

    def _stack(self, answer: Mapping[str, ArrayLike], n: int) -> Floats:
        """Turn a dictionary of columns into (n, k), complaining about what is missing or misshapen."""
        if not isinstance(answer, Mapping):
            raise ContractError(
                f"model {self.name!r}: evaluate() returned {type(answer).__name__}, "
                "expected a mapping of observable names to arrays"
            )
        out = np.full((n, len(self.observables)), np.nan)
        for column, observable in enumerate(self.observables):
            if observable.name not in answer:
                if observable.stage > 0:
                    continue
                raise ContractError(
                    f"model {self.name!r}: evaluate() returned no observable {observable.name!r}"
                    + did_you_mean(observable.name, answer)
                )
            values = real(answer[observable.name], f"observable {observable.name!r} of model {self.name!r}")
            if values.shape not in ((n,), ()):
                raise ContractError(
                    f"model {self.name!r}: evaluate() returned {observable.name!r} with shape "
                    f"{values.shape}, expected ({n},) for {n} points"
                )
            out[:, column] = values
        return out


class PointModel(Model):
    """A model that computes one point at a time. Slow, external or fragile codes go here.

    Later stages, too, come one point at a time: `evaluate_stage` gets x (1, d), and may raise `PointFailed`.
    """

    @abstractmethod
    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """Compute the observables of one point.

        Raises:
            PointFailed: the point has no observables; the reason is stored with the row.
        """

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Compute n points one by one; a point that fails is NaN."""
        names = [p.name for p in self.parameters]
        observables = np.full((len(points[names[0]]), len(self.observables)), np.nan)
        for i, values in enumerate(np.column_stack([points[name] for name in names]).tolist()):
            try:
                observables[i] = self._stack(self.evaluate_point(dict(zip(names, values, strict=True))), 1)
            except ContractError:
                raise
            except (Exception, SystemExit):  # whatever a stranger's code raises, its neighbours are computed
                continue
        return {o.name: observables[:, i] for i, o in enumerate(self.observables)}
