"""The constraint kind `search-planes`: a published likelihood of two rates, in planes of several masses."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from terranova import PLACE, Constraint, KeyProblem
from terranova.errors import did_you_mean
from terranova.plugins.higgs_limits.search_records import TEXTS, UNITS
from terranova.plugins.higgs_limits.search_signals import Columns, is_rate, packed
from terranova.types import Floats


@dataclass(frozen=True, kw_only=True)
class SearchPlanes(Constraint):
    """A published likelihood of two rates, such as gluon fusion and production with b quarks, times a decay.

    The record has q, -2 ln L of the two rates less its least value between no signal and them, as observed and as
    expected without signal, in a plane for each of several masses. Between masses q is linear at equal rates. CLs
    is that of both in the asymptotic limit, equations 65 and 66 of arXiv:1007.1727. States within the resolution
    are one, and the signal with the largest expected q decides, as in `Search`.

    C = ln(1 - cl) - ln CLs where that is positive. ln L = -q/2 of the signal that decides: 0 where no less of it is
    preferred. A point none of whose signals has a mass within those of the record is accepted with ln L = 0.

    Attributes:
        record: file with the numbers: the texts of a record of `search`, `unit`, `confidence`, `mass_resolution`,
            and `planes`: {mass, rates: [[...], [...]], observed, expected}, with a row for each first rate.
        signals: name -> mass, and `rates`: two rates as in `search`.
        digest: of the record; filled in, and compared when a run goes on.
    """

    observables: tuple[str, ...] = ()
    record: str = field(metadata=PLACE)
    signals: dict[str, Any]
    digest: str = ""
    kind: ClassVar[str] = "search-planes"
    names_observables: ClassVar[bool] = True
    paths: ClassVar[tuple[str, ...]] = ("record",)

    def __post_init__(self) -> None:
        super().__post_init__()
        for problem in self.key_problems({"signals": self.signals}, ()):
            raise ValueError(f"{'.'.join(map(str, problem.path))}: {problem.message}")
        try:
            content = Path(self.record).read_bytes()
        except OSError as error:
            raise ValueError(f"record {self.record}: {error.strerror or error}") from error
        given, planes = _read(content, self.record)
        digest = hashlib.sha256(content).hexdigest()[:16]
        if self.digest and self.digest != digest:
            raise ValueError(
                f"digest {self.digest}: {self.record} has changed, it is {digest} now; put the old one back, or "
                "leave out the key to use this one"
            )
        columns, masses, rates = Columns(), [], []
        for name, signal in self.signals.items():
            try:
                masses.append(columns.number(signal["mass"], "GeV"))
                rates += [columns.rate(rate, given["unit"] != "1") for rate in signal["rates"]]
            except ValueError as error:
                raise ValueError(f"signals.{name}: {error}") from None
        made = {
            "observables": columns.names,
            "digest": digest,
            "_units": columns.units,
            "_given": given,
            "_program": (np.array(masses), *packed(rates), *planes, float(given["mass_resolution"])),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)  # the class is frozen

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    @classmethod
    def key_problems(cls, keys: Mapping[str, Any], observables: Sequence[str]) -> Iterator[KeyProblem]:
        if not keys["signals"]:
            yield KeyProblem(("signals",), "expected at least one signal")
        for name, given in keys["signals"].items():
            here = ("signals", name)
            if not isinstance(given, Mapping):
                yield KeyProblem(here, "expected keys with values (mass, rates)")
                continue
            for key in given:
                if key not in ("mass", "rates"):
                    yield KeyProblem(
                        (*here, key), f"unknown key{did_you_mean(key, ('mass', 'rates'))}", at_key=True
                    )
            if not isinstance(given.get("mass"), str):
                yield KeyProblem((*here, "mass"), "expected an observable")
            rates = given.get("rates")
            if not isinstance(rates, Sequence) or len(rates) != 2 or not all(map(is_rate, rates)):
                yield KeyProblem((*here, "rates"), "expected two rates, each a list of products: [[sigma, br]]")

    @property
    def measurements(self) -> int:
        return 0

    @property
    def units(self) -> Mapping[str, str]:
        units: dict[str, str] = getattr(self, "_units")  # noqa: B009 - set in __post_init__ of a frozen class
        return units

    @property
    def title(self) -> str:
        """What was searched, with experiment and luminosity."""
        given: dict[str, Any] = getattr(self, "_given")  # noqa: B009 - as `units`
        return f"{given['experiment']}, {given.get('luminosity')}/fb: {given['title']}"

    @property
    def references(self) -> tuple[str, ...]:
        given: dict[str, Any] = getattr(self, "_given")  # noqa: B009 - as `units`
        return (f"{self.title}; arXiv:{given.get('arxiv')}, doi:{given['doi']}, {given['table']}",)

    def margin(self, values: Floats) -> Floats:
        given: dict[str, Any] = getattr(self, "_given")  # noqa: B009 - as `units`
        return np.asarray((math.log(1.0 - given["confidence"]) - self._decide(values)[:, 0]) / self.scale)

    def violation(self, values: Floats) -> Floats:
        return np.maximum(0.0, self.margin(values))

    def loglike(self, values: Floats) -> Floats:
        return np.asarray(-0.5 * self._decide(values)[:, 1])

    def describe(self) -> str:
        given: dict[str, Any] = getattr(self, "_given")  # noqa: B009 - as `units`
        return f"{self.title}, {100 * given['confidence']:g} % CL"

    def _decide(self, values: Floats) -> Floats:
        """Return ln CLs and q (n, 2) of the signal that decides; the last answer is kept, as in `Search`."""
        last: tuple[Floats, Floats] | None = getattr(self, "_last", None)
        if last is not None and np.array_equal(last[0], values):
            return last[1]
        from terranova.plugins.higgs_limits.search_kernels import decide_planes  # numba takes a second to load

        program: tuple[Any, ...] = getattr(self, "_program")  # noqa: B009 - as `units`
        values = np.array(values, dtype=float, order="C")
        decisive = np.empty((len(values), 2))
        if len(values):
            arguments: tuple[Any, ...] = (values, *program, decisive)
            decide_planes(*arguments)
        object.__setattr__(self, "_last", (values, decisive))  # the class is frozen
        return decisive


def _read(content: bytes, file: str) -> tuple[dict[str, Any], tuple[Floats, Floats, Floats]]:
    """Return a record, and its masses (p,), rates (p, 2, k) and q (p, 2, k, k), observed and expected.

    Raises:
        ValueError: it is none; says the file and what was expected.
    """
    try:
        given: dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise ValueError(f"record {file}: not JSON: {error}") from error
    for key in TEXTS:
        if not isinstance(given.get(key), str) or not given[key]:
            raise ValueError(f"record {file}: {key}: expected text, got {given.get(key)!r}")
    if given["unit"] not in UNITS:
        raise ValueError(f"record {file}: unit: expected {', '.join(UNITS)}, got {given['unit']!r}")
    for key, low in (("confidence", 0.5), ("mass_resolution", 0.0)):
        if not isinstance(given.get(key), (int, float)) or not low <= given[key] < 1.0:
            raise ValueError(f"record {file}: {key}: expected a number from {low:g} to 1, got {given.get(key)!r}")
    try:
        planes = given["planes"]
        masses = np.array([plane["mass"] for plane in planes], dtype=float)
        axes = np.array([plane["rates"] for plane in planes], dtype=float) * UNITS[given["unit"]]
        tables = np.array([[plane["observed"], plane["expected"]] for plane in planes], dtype=float)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"record {file}: planes: expected mass, rates, observed, expected: {error}") from error
    size = axes.shape[-1]
    if axes.shape != (len(masses), 2, size) or tables.shape != (len(masses), 2, size, size) or len(masses) < 2:
        raise ValueError(f"record {file}: planes: expected two at least, all with as many rates and entries")
    if not (np.diff(masses) > 0).all() or not (np.diff(axes, axis=2) > 0).all():
        raise ValueError(f"record {file}: planes: masses and rates must increase")
    if (
        not (tables >= 0.0).all()
        or not np.isfinite(tables).all()
        or tables[:, :, 0, 0].any()
        or axes[:, :, 0].any()
    ):
        raise ValueError(f"record {file}: planes: q must not be negative, and 0 for rates of zero, the first ones")
    return given, (masses, axes, tables)
