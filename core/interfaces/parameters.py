"""Parameters, their priors, and the map between the unit cube and physical values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from terranova.errors import did_you_mean
from terranova.interfaces.conditional_priors import Conditional
from terranova.interfaces.priors import Angle, Fixed, Prior, Uniform
from terranova.types import Array, Bools, Floats


@dataclass(frozen=True)
class Parameter:
    """One input of a model.

    Args:
        name: an identifier, unique within the model.
        prior: where it is scanned.
        unit: "1" when dimensionless.
        latex: for axis labels, without dollar signs.
        description: one line.
        default: the value taken when the parameter is left out of an evaluation; the prior's median if None.
    """

    name: str
    prior: Prior
    unit: str = "1"
    latex: str = ""
    description: str = ""
    default: float | None = None

    @property
    def default_value(self) -> float:
        """The value of this parameter when none is given; NaN where it follows from those of others."""
        if self.default is not None:
            return self.default
        if isinstance(self.prior, Conditional):
            return float("nan")
        return float(self.prior.to_physical(np.array([0.5]))[0])


@dataclass(frozen=True)
class _FlatPriors:
    """The axes whose prior is flat: mapped all at once, as most parameters of most models are."""

    axes: Array
    lower: Floats
    upper: Floats
    other_axes: tuple[int, ...]

    @classmethod
    def of(cls, free: Sequence[Parameter]) -> _FlatPriors:
        flat = [(i, p.prior) for i, p in enumerate(free) if type(p.prior) in (Uniform, Angle)]
        conditional = {i for i, p in enumerate(free) if isinstance(p.prior, Conditional)}
        supports = np.array([prior.support for _, prior in flat], dtype=float).reshape(-1, 2)
        axes = np.array([i for i, _ in flat], dtype=np.int64)
        others = tuple(i for i in range(len(free)) if i not in {*axes.tolist(), *conditional})
        return cls(axes, supports[:, 0].copy(), supports[:, 1].copy(), others)

    def to_physical(self, u: Floats) -> Floats:
        """As `Uniform.to_physical`, for all flat axes (n, number of them)."""
        x = self.lower + (self.upper - self.lower) * u
        return np.minimum(np.maximum(x, self.lower), self.upper)


@dataclass(frozen=True)
class ParameterSpace:
    """The parameters of a scan, in order; maps points of the unit cube to physical points.

    The unit cube has one axis for each parameter that is drawn, not fixed: d_free <= d. A prior may depend on other
    parameters; those come first, whatever the order of the parameters.

    Raises:
        ValueError: a name is given twice, or a prior depends on what there is not, or on itself.
    """

    parameters: tuple[Parameter, ...]
    _free: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _flat: _FlatPriors = field(init=False, repr=False, compare=False)
    _conditional: tuple[tuple[int, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [p.name for p in self.parameters]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"parameter names must be unique; given twice: {', '.join(twice)}")
        free = tuple(i for i, p in enumerate(self.parameters) if p.prior.drawn)
        object.__setattr__(self, "_free", free)
        object.__setattr__(self, "_flat", _FlatPriors.of([self.parameters[i] for i in free]))
        places = {i: axis for axis, i in enumerate(free)}
        object.__setattr__(
            self,
            "_conditional",
            tuple((i, places.get(i, -1)) for i in dependence(self.parameters)),
        )

    def __len__(self) -> int:
        return len(self.parameters)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters, in order."""
        return tuple(p.name for p in self.parameters)

    @property
    def free(self) -> tuple[Parameter, ...]:
        """The parameters that are scanned: the axes of the unit cube."""
        return tuple(self.parameters[i] for i in self._free)

    @property
    def dimension(self) -> int:
        """Number of axes of the unit cube."""
        return len(self._free)

    @property
    def periodic(self) -> Bools:
        """(d_free,) True on the axes that wrap around."""
        return np.array([p.prior.periodic for p in self.free], dtype=bool)

    def to_physical(self, u: Floats) -> Floats:
        """Map points u (n, d_free) of the unit cube to physical points (n, d).

        Raises:
            ValueError: u has the wrong shape.
        """
        u = np.asarray(u, dtype=float)
        if u.ndim != 2 or u.shape[1] != self.dimension:
            raise ValueError(f"expected unit-cube points of shape (n, {self.dimension}), got {u.shape}")
        x = np.empty((len(u), len(self.parameters)))
        free = np.array(self._free, dtype=np.int64)
        x[:, free[self._flat.axes]] = self._flat.to_physical(u[:, self._flat.axes])
        for axis in self._flat.other_axes:
            x[:, free[axis]] = self.free[axis].prior.to_physical(np.ascontiguousarray(u[:, axis]))
        for i, parameter in enumerate(self.parameters):
            if isinstance(parameter.prior, Fixed):
                x[:, i] = parameter.prior.value
        for i, axis in self._conditional:
            own = np.ascontiguousarray(u[:, axis]) if axis >= 0 else np.full(len(u), 0.5)
            x[:, i] = self._prior_of(i).to_physical_given(own, self._given(i, x))
        return x

    def _prior_of(self, i: int) -> Conditional:
        prior = self.parameters[i].prior
        assert isinstance(prior, Conditional)
        return prior

    def _given(self, i: int, x: Floats) -> dict[str, Floats]:
        """Return the columns of points x (n, d) that the prior of a parameter reads."""
        names = self.names
        return {name: x[:, names.index(name)] for name in self.parameters[i].prior.reads}

    def completed(self, x: Floats, given: Iterable[str]) -> Floats:
        """Return points x (n, d) with a value for each parameter that depends on others and was not given.

        One that is drawn gets the median of its prior.

        Args:
            x: in which those columns count for nothing.
            given: names of the parameters whose columns are as they should be.
        """
        known, x = set(given), x.copy()
        for i, _ in self._conditional:
            if self.parameters[i].name not in known:
                x[:, i] = self._prior_of(i).to_physical_given(np.full(len(x), 0.5), self._given(i, x))
        return x

    def to_unit(self, x: Floats) -> Floats:
        """Map physical points x (n, d) to the unit cube (n, d_free): the inverse of `to_physical`.

        Raises:
            ValueError: x has the wrong shape.
        """
        x = np.asarray(x, dtype=float)
        if x.ndim != 2 or x.shape[1] != len(self.parameters):
            raise ValueError(f"expected physical points of shape (n, {len(self.parameters)}), got {x.shape}")
        u = np.empty((len(x), self.dimension))
        for axis, i in enumerate(self._free):
            prior, column = self.parameters[i].prior, np.ascontiguousarray(x[:, i])
            if isinstance(prior, Conditional):
                u[:, axis] = prior.to_unit_given(column, self._given(i, x))
            else:
                u[:, axis] = prior.to_unit(column)
        return u

    def extended(self, parameters: Sequence[Parameter]) -> ParameterSpace:
        """Return a copy with further parameters behind the others."""
        return ParameterSpace((*self.parameters, *parameters))

    def override(self, priors: Mapping[str, Prior]) -> ParameterSpace:
        """Return a copy in which the named parameters have other priors.

        Raises:
            KeyError: a name is not a parameter of this space.
        """
        unknown = set(priors) - set(self.names)
        if unknown:
            raise KeyError(sorted(unknown)[0])
        return ParameterSpace(
            tuple(replace(p, prior=priors[p.name]) if p.name in priors else p for p in self.parameters)
        )


def dependence(parameters: Sequence[Parameter]) -> list[int]:
    """Return the parameters whose priors depend on others, in an order in which each comes after those.

    Raises:
        ValueError: one depends on what there is not, or on itself.
    """
    names = [p.name for p in parameters]
    waiting = {i: p.prior.reads for i, p in enumerate(parameters) if isinstance(p.prior, Conditional)}
    for i, reads in waiting.items():
        for name in reads:
            if name not in names:
                hint = did_you_mean(name, names)
                raise ValueError(f"parameter {names[i]!r} depends on {name!r}, which is no parameter{hint}")
    order: list[int] = []
    done = {names[i] for i in range(len(names)) if i not in waiting}
    while waiting:
        ready = [i for i, reads in waiting.items() if done.issuperset(reads)]
        if not ready:
            circle = ", ".join(names[i] for i in waiting)
            raise ValueError(f"parameters depend on one another in a circle: {circle}")
        for i in ready:
            del waiting[i]
            done.add(names[i])
        order += ready
    return order
