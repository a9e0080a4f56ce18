"""The constraint kind `higgs-limits`: direct searches, as HiggsTools applies them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from terranova import Constraint, KeyProblem
from terranova.plugins.higgs_limits.compiling import Use, compile_limits
from terranova.plugins.higgs_limits.data_set import read_data_set, reference_rates
from terranova.plugins.higgs_limits.limits import Limit
from terranova.plugins.higgs_limits.mapping import Sector, read_sector
from terranova.plugins.higgs_limits.program import Program, Rows
from terranova.plugins.higgs_limits.table_file import table_problems
from terranova.types import Floats, Ints


@dataclass(frozen=True)
class Decision:
    """Which limit decides for a particle at a point.

    Attributes:
        particle: its name.
        limit: the most sensitive of those that apply; None if there is none.
        expected: rate over the expected limit.
        observed: rate over the observed limit: above 1 the point is excluded.
        contributing: the particles whose rates count, by role.
    """

    particle: str
    limit: Limit | None
    expected: float
    observed: float
    contributing: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        if self.limit is None:
            return f"{self.particle}: no limit applies"
        who = " > ".join("+".join(names) for names in self.contributing)
        verdict = "excluded" if self.observed > 1.0 else "allowed"
        return (
            f"{self.particle}: {verdict}, observed ratio {self.observed:.4g}, expected {self.expected:.4g}, "
            f"from {who} with {self.limit.title}; {self.limit.citation}; {self.limit.file}"
        )


@dataclass(frozen=True, kw_only=True)
class HiggsLimits(Constraint):
    """Searches for Higgs bosons: the data files of HiggsTools, or tables of HiggsBounds-5, that a user has.

    For each particle, of all limits that apply the one with the largest expected ratio decides; ratio is the
    model's rate over the limit. C = max over particles of max(0, observed ratio - 1): accepted up to a ratio of 1.
    ln L is 0 or -inf.

    Rules are those of HiggsTools, arXiv:2210.09332, with its default options and masses without theory errors.
    What differs, or was decided here:

    - Only what is mapped has a rate. HiggsTools computes rates from effective couplings, which are GPL tables: the
      model has to say them.
    - Rates of the reference model, by which some limits are divided and to which some compare shares of channels,
      come from the file `reference`. The product of cross section and branching ratio is interpolated, HiggsTools
      interpolates them one by one: a difference of second order in the distance of the masses.
    - `br_t_Wb` is what the mapped decays of the top leave, if it is not mapped.
    - A limit whose acceptance has a coupling that is not mapped is not applied; HiggsTools takes zero.
    - Gluon fusion through the top alone is only checked for particles of cp even, as |kappa_t| or the root of
      sigma(ttH) over the reference against the root of sigma(ggH) over the reference.
    - `inv` is what is mapped as `inv`: Z Z -> 4 nu and cascades are not added to `directInv`.
    - Of two limits with the same expected ratio the first one of the report decides; in HiggsTools either may.

    Attributes:
        directory: of the data; all `*.json` below it are read.
        particles: name -> mass, width, charge, cp, production, decays, couplings: each an observable or a number.
        pair_production: two particles -> cross section of their production without a resonance, in pb.
        br_t_Wb: branching ratio of the top to W b.
        reference: file with rates of a Higgs boson of the Standard Model against its mass.
        tables: files of HiggsBounds-5 below the directory, and what they are limits on.
        digest: of the data; filled in, and compared when a run goes on.
    """

    observables: tuple[str, ...] = ()
    directory: str
    particles: dict[str, Any]
    pair_production: dict[str, Any] | None = None
    br_t_Wb: str | float | None = None
    reference: str = ""
    tables: tuple[dict[str, Any], ...] = ()
    digest: str = ""
    kind: ClassVar[str] = "higgs-limits"
    names_observables: ClassVar[bool] = True
    paths: ClassVar[tuple[str, ...]] = ("directory", "reference")

    def __post_init__(self) -> None:
        super().__post_init__()
        keys = {name: getattr(self, name) for name in ("particles", "pair_production", "br_t_Wb", "tables")}
        for problem in self.key_problems(keys, ()):
            raise problem.error()
        sector = read_sector(self.particles, self.pair_production or {}, self.br_t_Wb, lambda path, message: None)
        reference = Path(self.reference) if self.reference else None
        data = read_data_set(Path(self.directory), self.tables, reference)
        if self.digest and self.digest != data.digest:
            raise ValueError(
                f"digest {self.digest}: the data in {self.directory} have changed, they are {data.digest} now; "
                "put the old ones back, or leave out the key to use these"
            )
        rows = Rows.of(sector)
        rates = None if reference is None else reference_rates(reference)
        program, uses = compile_limits(data.limits, sector, rows, rates)
        made = {
            "observables": rows.observables,
            "digest": data.digest,
            "_sector": sector,
            "_program": program,
            "_uses": uses,
            "_unusable": dict(data.unusable),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)  # the class is frozen

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    @classmethod
    def key_problems(cls, keys: Mapping[str, Any], observables: Sequence[str]) -> Iterator[KeyProblem]:
        found: list[KeyProblem] = []
        particles = keys["particles"]

        def complain(path: tuple[str | int, ...], message: str) -> None:
            found.append(KeyProblem(path, message))

        read_sector(particles, keys.get("pair_production") or {}, keys.get("br_t_Wb"), complain)
        yield from found
        yield from (
            KeyProblem(path, message) for path, message in table_problems(keys.get("tables", ()), particles)
        )

    @property
    def uses(self) -> tuple[Use, ...]:
        """What becomes of each limit: applied, in part or not, and why."""
        uses: tuple[Use, ...] = getattr(self, "_uses")  # noqa: B009 - set in __post_init__ of a frozen class
        return uses

    @property
    def unusable(self) -> dict[str, str]:
        """Files that are no limit that could be read, and why."""
        unusable: dict[str, str] = getattr(self, "_unusable")  # noqa: B009 - as `uses`
        return unusable

    @property
    def applied(self) -> tuple[Limit, ...]:
        """The limits that are applied, wholly or in part."""
        return tuple(use.limit for use in self.uses if use.applied)

    @property
    def hard(self) -> bool:
        return True

    @property
    def units(self) -> Mapping[str, str]:
        return self._sector_of().units()

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(limit.citation for limit in self.applied))

    @property
    def notices(self) -> tuple[str, ...]:
        states = [use.state for use in self.uses]
        left_out = [f"{states.count(s)} {s}" for s in ("in part", "not applied") if s in states]
        if self.unusable:
            left_out.append(f"{len(self.unusable)} files cannot be used")
        if not left_out:
            return ()
        return (f"of {len(states)} limits {', '.join(left_out)}; its report() says why",)

    def describe(self) -> str:
        names = ", ".join(self.particles)
        return f"{len(self.applied)} of {len(self.uses) + len(self.unusable)} limits on {names}"

    def report(self) -> str:
        """Return a line for each file: what becomes of it, and why."""
        lines = [f"{self.describe()}, from {self.directory}"]
        for use in self.uses:
            lines.append(f"{use.state:12} {use.limit.file}: {use.limit.title}; {use.limit.citation}")
            lines += [f"{'':12}   {remark}" for remark in use.remarks]
        lines += [f"{'unusable':12} {file}: {reason}" for file, reason in self.unusable.items()]
        return "\n".join(lines)

    def ratios(self, values: Floats) -> tuple[Ints, Floats, Floats]:
        """Return which limit decides, and expected and observed ratio, each (n, particles).

        Args:
            values: (n, len(observables)).

        Returns:
            position in `applied`, -1 where no limit applies; the ratios are 0 there.
        """
        return self._decide(values)[:3]

    def explain(self, point: Mapping[str, Any]) -> tuple[Decision, ...]:
        """Return for each particle which limit decides at a point.

        Args:
            point: observables and parameters by name, such as a row of a table of points.
        """
        values = np.array([[float(point[name]) for name in self.observables]])
        chosen, expected, observed, bits = (array[0] for array in self._decide(values))
        decisions = []
        for i, name in enumerate(self.particles):
            limit = self.applied[chosen[i]] if chosen[i] >= 0 else None
            parts = (tuple(p for k, p in enumerate(self.particles) if b >> k & 1) for b in bits[i].tolist())
            decisions.append(
                Decision(name, limit, float(expected[i]), float(observed[i]), tuple(filter(None, parts)))
            )
        return tuple(decisions)

    def violation(self, values: Floats) -> Floats:
        return np.maximum(0.0, self.margin(values))

    def margin(self, values: Floats) -> Floats:
        observed = self._decide(values)[2]
        return np.asarray((observed.max(axis=1) - 1.0) / self.scale)

    def loglike(self, values: Floats) -> Floats:
        return np.where(self.margin(values) > 0.0, -np.inf, 0.0)

    def _sector_of(self) -> Sector:
        sector: Sector = getattr(self, "_sector")  # noqa: B009 - as `uses`
        return sector

    def _decide(self, values: Floats) -> tuple[Ints, Floats, Floats, Ints]:
        """Return `ratios`, and the bits of the contributing particles (n, particles, 3)."""
        from terranova.plugins.higgs_limits.kernels import decide  # numba takes a second to load

        program: Program = getattr(self, "_program")  # noqa: B009 - as `uses`
        n, count = len(values), len(self.particles)
        chosen, bits = np.empty((n, count), dtype=np.int64), np.empty((n, count, 3), dtype=np.int64)
        expected, observed = np.empty((n, count)), np.empty((n, count))
        decide(
            program.ints, program.reals, np.ascontiguousarray(values, dtype=float), chosen, expected, observed, bits
        )
        return chosen, expected, observed, bits
