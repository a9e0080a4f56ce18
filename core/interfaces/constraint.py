"""Constraints: what theory and experiment allow. Each yields a violation C >= 0 and a log-likelihood."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from annotated_types import Gt, Lt

from terranova.interfaces.arrays import real
from terranova.types import Floats

Positive = Annotated[float, Gt(0)]
"""Annotation of a field that must be above zero: readers of files say so at its place."""


Level = Annotated[float, Gt(0.5), Lt(1)]
"""Annotation of a field that is a confidence level."""


class Cure(NamedTuple):
    """Annotation of a field: what readers of files add to their complaint about a zero.

    Attributes:
        text: one clause.
    """

    text: str


Sigma = Annotated[float, Gt(0), Cure("what is known exactly is a window as wide as what you tolerate")]
"""Annotation of a field that is the error of a measurement."""


LATER = MappingProxyType({"later": True})
"""Metadata of a field that its kind did not always have: `field(default=0.0, metadata=LATER)`.

At its default, with which the kind does what it did before, it is left out of what identifies a run, so that runs
that were made before can be resumed.
"""

PLACE = MappingProxyType({"place": True})
"""Metadata of a field that says where a file stands, of a kind that keeps a digest of the file in another field.

It is left out of what identifies a run: what the file holds counts, not where it was installed.
"""


class Reads(NamedTuple):
    """How many observables a kind of constraint reads.

    Attributes:
        fewest: at least so many.
        most: at most so many; None for any number.
        text: the same in words, as in "a correlated constraint reads two or more observables".
    """

    fewest: int
    most: int | None
    text: str


class KeyProblem(NamedTuple):
    """What is wrong with an entry of a file, beyond the types of its values.

    Attributes:
        path: keys and indices within the entry, such as ("correlation", 0, 1).
        message: one sentence.
        at_key: True when the key is to blame, not its value.
    """

    path: tuple[str | int, ...]
    message: str
    at_key: bool = False

    def error(self) -> ValueError:
        """Return it as an error, for a constraint that is made in Python."""
        return ValueError(f"{'.'.join(map(str, self.path))}: {self.message}")


class Judgement(NamedTuple):
    """What a constraint says of n points.

    Attributes:
        margin: (n,) by how much it is violated, negative where there is room left; C = max(0, margin).
        loglike: (n,) natural log-likelihood, up to a constant; -inf where excluded.
    """

    margin: Floats
    loglike: Floats


class Panel(ABC):
    """Several constraints of one kind that are judged in one computation; see `Constraint.panel`.

    Attributes:
        observables: (q,) what they read, together.
    """

    observables: tuple[str, ...]

    @abstractmethod
    def judge(self, values: Floats) -> tuple[Floats, Floats]:
        """Return margins and log-likelihoods, each (n, constraints), as `Constraint.judge` gives them one by one.

        Args:
            values: (n, q). Of a constraint that reads a number that is not finite any answer will do.
        """


@dataclass(frozen=True, kw_only=True)
class Constraint(ABC):
    """One condition on one or more observables (or parameters) of a model.

    A subclass is a kind of constraint: a frozen dataclass whose fields are its keys in a YAML file, with the types
    of their annotations (`Annotated[float, annotated_types.Gt(0)]` is checked, too). A plugin offers its kinds by
    the hook `terranova_constraint_kinds`.

    Attributes:
        name: unique in a problem; the violation's column is `C_<name>`.
        observables: the columns it reads.
        source: arXiv number or DOI, with table or figure. Required.
        date: of the measurement or publication, ISO format. Required for data.
        unit: must be the observable's.
        scale: the violation is divided by it.
        note: anything a reader should know.
    """

    name: str
    observables: tuple[str, ...]
    source: str
    date: str = ""
    unit: str = "1"
    scale: Positive = 1.0
    note: str = ""

    kind: ClassVar[str]
    """What files call it: `kind: gaussian`."""
    in_files: ClassVar[bool] = True
    """False for a kind that only code can make."""
    reads: ClassVar[Reads] = Reads(1, 1, "one observable")
    """How many observables it reads."""
    names_observables: ClassVar[bool] = False
    """True for a kind that names what it reads under keys of its own: entries have no `observable`, and its
    `__post_init__` sets `observables`."""
    paths: ClassVar[tuple[str, ...]] = ()
    """Keys that name a file or a folder: in a file they are relative to it, as all paths are."""

    def __post_init__(self) -> None:
        if not self.source.strip():
            raise ValueError("a constraint needs a source (arXiv number or DOI)")
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"scale must be positive, got {self.scale!r}")
        if self.scale < 1e-150:
            raise ValueError(f"scale {self.scale!r} is too small to divide by")

    @abstractmethod
    def violation(self, values: Floats) -> Floats:
        """Return C >= 0 (n,), 0 where accepted, for values (n, len(observables)), all finite."""

    @abstractmethod
    def loglike(self, values: Floats) -> Floats:
        """Return the natural log-likelihood (n,), up to a constant; -inf where excluded."""

    def window(self) -> tuple[float, float]:
        """Return the accepted interval when the constraint is one on a single observable, else (-inf, inf)."""
        return -math.inf, math.inf

    def residuals(self, values: Floats) -> Floats | None:
        """Return r (n, rows) of which half the sum of squares is -ln L up to a constant, if there is such a form.

        A fit solves for them by Gauss and Newton's method. Without it, as for a likelihood that is no sum of
        squares, the fit takes slope and curvature of `loglike` itself.

        Args:
            values: (n, len(observables)), all finite.

        Returns:
            smooth functions of the values but for the kinks of one-sided terms, or None.
        """
        return None

    def margin(self, values: Floats) -> Floats:
        """Return (n,) by how much the constraint is violated, negative where there is room left: C before the cut.

        It is what samplers and fits take derivatives of: C itself is flat inside the bound. Without a form that
        goes on there the violation serves, and a search walks into the bound without warning.

        Args:
            values: (n, len(observables)), all finite.
        """
        return self.violation(values)

    def judge(self, values: Floats) -> Judgement:
        """Return margin and log-likelihood in one computation: this is what a scan asks for, once a point.

        The default asks `margin` and `loglike`. A kind in which both follow from one number, such as chi2, works
        it out once here. If a subclass of it defines `violation`, `margin` or `loglike` anew, these are asked.

        Args:
            values: (n, len(observables)), all finite.
        """
        margin = self.margin(values) if _says(type(self), "margin", "violation") else self.violation(values)
        if self.hard:  # by what it promises
            margin = real(margin, "its violation")
            return Judgement(margin, np.where(margin > 0.0, -np.inf, 0.0))
        return Judgement(margin, self.loglike(values))

    @classmethod
    def panel(cls, constraints: Sequence[Self]) -> Panel | None:
        """Return what judges several constraints of this very kind at once; None if each is asked by itself.

        For kinds of which a problem has dozens: each call costs some microseconds however few points it has.

        Args:
            constraints: of this class and no other, two or more.
        """
        return None

    @property
    def slow(self) -> bool:
        """True if a point takes it a millisecond or more, or if it may hang or crash.

        It is then judged where the model runs: by the executor, point by point, within the time-out of a point, and
        only where the model has not failed.
        """
        return False

    @property
    def hard(self) -> bool:
        """True when the log-likelihood is 0 where the point is accepted and -inf elsewhere, and nothing else."""
        return False

    @property
    def measurements(self) -> int:
        """Number of measurements that it adds to chi2: its degrees of freedom.

        None if it is hard, and none if it is a limit: from one that is far away nothing is learnt, whereas a
        measurement of a true model adds 1 to chi2 on average.
        """
        return 0 if self.hard else 1

    @property
    def measured(self) -> tuple[str, ...]:
        """The observables of which it holds a measured value with its error."""
        return ()

    @property
    def in_unit(self) -> tuple[str, ...]:
        """The observables that must have the constraint's unit."""
        return self.observables

    @property
    def units(self) -> Mapping[str, str]:
        """Units that observables must have; those that are left out may have any."""
        return dict.fromkeys(self.in_unit, self.unit)

    @property
    def references(self) -> tuple[str, ...]:
        """What a paper should cite beside `source`."""
        return ()

    @property
    def notices(self) -> tuple[str, ...]:
        """What whoever starts a scan or a fit should know, a sentence each: what was asked for and is not done."""
        return ()

    @classmethod
    def key_problems(cls, keys: Mapping[str, Any], observables: Sequence[str]) -> Iterator[KeyProblem]:
        """Yield what is wrong with an entry of a file whose keys all have the right types.

        What `__post_init__` refuses is reported in any case, at the key that its message mentions first; this is
        for what deserves a place of its own, or has no effect.

        Args:
            keys: of the entry, without `kind`, `observable` and `observables`.
            observables: what it reads.
        """
        return iter(())

    @property
    def column(self) -> str:
        """Name of the violation's column."""
        return f"C_{self.name}"

    def describe(self) -> str:
        """One short phrase for tables."""
        return self.kind


@cache
def _says(kind: type[Constraint], method: str, *others: str) -> bool:
    """True unless a subclass of the class that defines a method defines one of the others anew."""

    def owner(name: str) -> int:
        return next(i for i, cls in enumerate(kind.__mro__) if name in vars(cls))

    return owner(method) <= min(map(owner, others))


def judged(constraint: Constraint) -> Callable[[Floats], Judgement]:
    """Return the method that judges a constraint: its own, unless a subclass has changed what that stands for."""
    if _says(type(constraint), "judge", "margin", "violation", "loglike"):
        return constraint.judge
    return partial(Constraint.judge, constraint)


def is_signed(constraint: Constraint) -> bool:
    """True if margins are negative where there is room left; otherwise a negative one is a mistake."""
    kind = type(constraint)
    if _says(kind, "judge", "margin", "violation") and kind.judge is not Constraint.judge:
        return True
    own = kind.margin is not Constraint.margin and _says(kind, "margin", "violation")
    return own and bool(getattr(constraint, "signed", True))


@dataclass(frozen=True, kw_only=True)
class Interval(Constraint):
    """Base of the kinds that accept one observable in [lo, hi]: C = max(0, lo - O, O - hi) / scale.

    With `distance` "log" the decadic logarithms of lo, O and hi take their places in C: decades instead of units,
    for observables that samplers meet over many orders of magnitude. The log-likelihood is not touched.

    Attributes:
        distance: "linear" or "log".
    """

    distance: Literal["linear", "log"] = "linear"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.distance not in ("linear", "log"):
            raise ValueError(f"distance must be 'linear' or 'log', got {self.distance!r}")

    def _check_distance(self) -> None:
        """Raise ValueError for bounds that have no logarithm when one is asked for."""
        if self.distance == "log" and any(math.isfinite(bound) and bound <= 0.0 for bound in self.window()):
            raise ValueError("distance: log needs positive bounds")

    def violation(self, values: Floats) -> Floats:
        return np.asarray(np.maximum(0.0, Interval.margin(self, values)))

    def margin(self, values: Floats) -> Floats:
        low, high = self.window()
        o = values[:, 0]
        if self.distance == "log":
            return np.asarray(log_margin(o, low, high) / self.scale)
        return np.asarray(np.maximum(low - o, o - high) / self.scale)

    def describe(self) -> str:
        low, high = self.window()
        return f"in [{low:.6g}, {high:.6g}]"


LEAST = 1e-300
"""Stands for zero and negative values where a logarithm is taken."""


def log_margin(o: Floats, low: Floats | float, high: Floats | float) -> Floats:
    """Return the decades by which o lies outside [low, high], negative inside: > 0 exactly where it is outside."""
    lower, upper = np.maximum(low, LEAST), np.maximum(high, LEAST)
    logs = np.log10(np.maximum(o, LEAST))
    margin = np.maximum(np.log10(lower) - logs, logs - np.log10(upper))
    outside = (o < low) | (o > high)
    return np.asarray(np.where(outside, np.maximum(margin, np.finfo(float).eps), np.minimum(margin, 0.0)))


def acceptance(constraints: Sequence[Constraint]) -> dict[str, tuple[float, float]]:
    """Return observable -> the interval that all constraints on it alone accept."""
    windows: dict[str, tuple[float, float]] = {}
    for constraint in constraints:
        low, high = constraint.window()
        if len(constraint.observables) == 1 and (math.isfinite(low) or math.isfinite(high)):
            name = constraint.observables[0]
            before = windows.get(name, (-math.inf, math.inf))
            windows[name] = (max(low, before[0]), min(high, before[1]))
    return windows
