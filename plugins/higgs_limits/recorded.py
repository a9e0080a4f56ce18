"""What the kinds `search` and `search-planes` share: a record in a file, signals, and the last answer."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np

from terranova import PLACE, Constraint, KeyProblem
from terranova.errors import did_you_mean
from terranova.plugins.higgs_limits.search_records import RecordHead
from terranova.plugins.higgs_limits.search_signals import Columns
from terranova.types import Floats

R = TypeVar("R", bound=RecordHead)
T = TypeVar("T")


class _Made(NamedTuple):
    """What is made of the fields: the record, units of the observables, and what the kernel takes."""

    record: Any
    units: Mapping[str, str]
    program: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class RecordedSearch(Constraint, Generic[R]):
    """Base of constraints whose numbers stand in a file.

    Attributes:
        record: file with the numbers, see `search_records`.
        signals: name -> what the record applies to, each an observable or a rate, see `search_signals`.
        digest: of the record; filled in, and compared when a run goes on.
    """

    observables: tuple[str, ...] = ()
    record: str = field(metadata=PLACE)
    signals: dict[str, Any]
    digest: str = ""
    names_observables: ClassVar[bool] = True
    paths: ClassVar[tuple[str, ...]] = ("record",)
    signal_keys: ClassVar[tuple[str, ...]]
    needed_keys: ClassVar[str]
    """Those that a signal needs, as a message names them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for problem in self.key_problems({"signals": self.signals}, ()):
            raise problem.error()
        try:
            content = Path(self.record).read_bytes()
        except OSError as error:
            raise ValueError(f"record {self.record}: {error.strerror or error}") from error
        found = self._read(content)
        digest = hashlib.sha256(content).hexdigest()[:16]
        if self.digest and self.digest != digest:
            raise ValueError(
                f"digest {self.digest}: {self.record} has changed, it is {digest} now; put the old one back, or "
                "leave out the key to use this one"
            )
        columns = Columns()
        made = _Made(found, columns.units, self._program(found, columns))
        for name, value in {"observables": columns.names, "digest": digest, "_made": made}.items():
            object.__setattr__(self, name, value)  # the class is frozen

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    @abstractmethod
    def _read(self, content: bytes) -> R:
        """Return the record.

        Raises:
            ValueError: it is none.
        """

    @abstractmethod
    def _program(self, found: R, columns: Columns) -> tuple[Any, ...]:
        """Return record and signals as the kernel takes them, and note which columns it reads.

        Raises:
            ValueError: the signals do not fit the record.
        """

    @classmethod
    @abstractmethod
    def signal_problems(cls, here: tuple[str, str], given: Mapping[str, Any]) -> Iterator[KeyProblem]:
        """Yield what is wrong with a signal whose keys are known."""

    @classmethod
    def key_problems(cls, keys: Mapping[str, Any], observables: Sequence[str]) -> Iterator[KeyProblem]:
        if not keys["signals"]:
            yield KeyProblem(("signals",), "expected at least one signal")
        for name, given in keys["signals"].items():
            here = ("signals", name)
            if not isinstance(given, Mapping):
                yield KeyProblem(here, f"expected keys with values ({cls.needed_keys})")
                continue
            for key in given:
                if key not in cls.signal_keys:
                    hint = did_you_mean(key, cls.signal_keys)
                    yield KeyProblem((*here, key), f"unknown key{hint}", at_key=True)
            yield from cls.signal_problems(here, given)

    @property
    def made(self) -> _Made:
        """What was made of the fields."""
        made: _Made = getattr(self, "_made")  # noqa: B009 - set in __post_init__ of a frozen class
        return made

    @property
    def found(self) -> R:
        """The record."""
        found: R = self.made.record
        return found

    @property
    def measurements(self) -> int:
        return 0

    @property
    def units(self) -> Mapping[str, str]:
        return self.made.units

    @property
    def references(self) -> tuple[str, ...]:
        return (f"{self.found.title}; {self.found.citation}",)

    def violation(self, values: Floats) -> Floats:
        return np.maximum(0.0, self.margin(values))

    def residuals(self, values: Floats) -> Floats:
        """Return (n, 1) the root of -2 ln L: a limit has no other pull, and no least ln L but 0."""
        return np.sqrt(np.maximum(-2.0 * self.loglike(values), 0.0))[:, None]

    def describe(self) -> str:
        return f"{self.found.title}, {100 * self.found.confidence:g} % CL"

    def answer(self, values: Floats, decide: Callable[[Floats], T]) -> T:
        """Return what `decide` makes of values (n, len(observables)).

        Violation and log-likelihood of the same points are asked for one after the other: the last answer is kept.
        """
        last: tuple[Floats, T] | None = getattr(self, "_last", None)
        if last is not None and np.array_equal(last[0], values):
            return last[1]
        values = np.array(values, dtype=float, order="C")
        answer = decide(values)
        object.__setattr__(self, "_last", (values, answer))  # the class is frozen
        return answer
