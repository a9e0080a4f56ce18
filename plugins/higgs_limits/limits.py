"""What a limit is once its file is read: the process, the masses that it applies to, and its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

Channel = tuple[str, str]
"""Production and decay."""

Axis = tuple[float, ...]
"""Grid points of one axis, increasing."""


@dataclass(frozen=True)
class Channels:
    """A resonance: rate = sum over channels of cross section times branching ratio.

    Attributes:
        channels: production and decay of each.
        acceptances: one for each channel; empty if all are 1.
    """

    channels: tuple[Channel, ...]
    acceptances: tuple[Acceptance, ...] = ()


@dataclass(frozen=True)
class ChainDecay:
    """A mother decays into a Z or W and a daughter, which decays.

    Attributes:
        chain: "Z" or "W".
        production: of the mother, to be summed.
        decay: of the daughter, to be summed.
        acceptances: one for each production; empty if all are 1.
    """

    chain: str
    production: tuple[str, ...]
    decay: tuple[str, ...]
    acceptances: tuple[Acceptance, ...] = ()


@dataclass(frozen=True)
class PairDecay:
    """A mother decays into two daughters, each of which decays.

    Attributes:
        production: of the mother, to be summed.
        first, second: decays of the daughters, each to be summed.
        equal_masses: the limit is on daughters of one mass.
    """

    production: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]
    equal_masses: bool = False


@dataclass(frozen=True)
class PairProduction:
    """Two particles are produced together without a resonance, each of which decays.

    Attributes:
        first, second: decays, each to be summed.
        equal_masses: the limit is on particles of one mass.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    equal_masses: bool = False


Process = Channels | ChainDecay | PairDecay | PairProduction


@dataclass(frozen=True)
class Monomial:
    """A term of an acceptance: coefficient(mass) times powers of couplings.

    Attributes:
        masses: where `values` stand; empty for a single value.
        values: the coefficient.
        powers: coupling and its power.
    """

    values: Axis
    masses: Axis = ()
    powers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Acceptance:
    """By what a channel counts: a sum of monomials, over another one if there is one."""

    numerator: tuple[Monomial, ...]
    denominator: tuple[Monomial, ...] = ()


@dataclass(frozen=True)
class ModelLike:
    """The channels have the shares that they have in a reference model."""

    channels: tuple[Channel, ...]


@dataclass(frozen=True)
class TopDecays:
    """t -> W b and these decays of the top make up all of its decays."""

    productions: tuple[str, ...]


@dataclass(frozen=True)
class HasCP:
    """All particles are of this CP character."""

    cp: str


@dataclass(frozen=True)
class MuonsAsTaus:
    """BR(mu mu) / BR(tau tau) is that of couplings to the mass, for this CP character."""

    cp: str


@dataclass(frozen=True)
class TopDominated:
    """Gluon fusion goes through the top alone."""


Assumption = ModelLike | TopDecays | HasCP | MuonsAsTaus | TopDominated


@dataclass(frozen=True)
class Role:
    """A particle's part in a process.

    Attributes:
        lowest, highest: ends of the masses that the numbers cover, in GeV.
        relative, absolute: resolution of its mass, as a share of the mass and in GeV.
        assumptions: what the analysis assumes of the particles.
    """

    lowest: float
    highest: float
    relative: float = 0.0
    absolute: float = 0.0
    assumptions: tuple[Assumption, ...] = ()


@dataclass(frozen=True)
class Grid:
    """Limits on a rate over one to three axes, row by row.

    Attributes:
        axes: masses, then the width if there is one.
        expected, observed: in pb, or in multiples of the reference rate.
        width: "" without, "absolute" in GeV or "relative" to the mass.
    """

    axes: tuple[Axis, ...]
    expected: Axis
    observed: Axis
    width: str = ""


@dataclass(frozen=True)
class Slice:
    """q of a likelihood over one or two rates, at one mass, row by row."""

    mass: float
    rates: tuple[Axis, ...]
    expected: Axis
    observed: Axis


@dataclass(frozen=True)
class Limit:
    """A limit as it stands in a file.

    Attributes:
        file: where, relative to the directory.
        limit_class: as in the file.
        number: its id.
        reference: arXiv number or report.
        cite_key: of the publication, at INSPIRE.
        collider: where, with the energy.
        experiment: who.
        luminosity: in 1/fb.
        processes: one; of a likelihood one or two.
        roles: one for each particle of the process.
        numbers: limits, or slices of a likelihood.
        normalization: channels of the reference rate that the numbers are multiples of; None if they are in pb.
        only: names of the particles it may be applied to; empty for all.
    """

    file: str
    limit_class: str
    number: int
    reference: str
    cite_key: str
    collider: str
    experiment: str
    luminosity: float
    processes: tuple[Process, ...]
    roles: tuple[Role, ...]
    numbers: Grid | tuple[Slice, ...]
    normalization: tuple[Channel, ...] | None = None
    only: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """Who, where and how much, for tables."""
        luminosity = f" {self.luminosity:g}/fb" if self.luminosity > 0 else ""
        return f"{self.experiment} {self.collider}{luminosity}, {self.process}"

    @property
    def process(self) -> str:
        """The process in a few words."""
        return "; ".join(_words(process) for process in self.processes)

    @property
    def citation(self) -> str:
        """What to cite."""
        reference = (
            f"arXiv:{self.reference}" if self.reference[:4].isdigit() and "." in self.reference else self.reference
        )
        return f"{self.experiment}, {reference}" + (f" ({self.cite_key})" if self.cite_key else "")


def _words(process: Process) -> str:
    if isinstance(process, Channels):
        shown = [f"{production} > {decay}" for production, decay in process.channels]
        return " + ".join(shown) if len(shown) < 4 else f"{shown[0]} + {len(shown) - 1} more"
    if isinstance(process, PairProduction):
        return f"(X1 > {'/'.join(process.first)}) (X2 > {'/'.join(process.second)})"
    if isinstance(process, ChainDecay):
        return f"{'/'.join(process.production)} > {process.chain} (X > {'/'.join(process.decay)})"
    daughters = f"(X1 > {'/'.join(process.first)}) (X2 > {'/'.join(process.second)})"
    return f"{'/'.join(process.production)} > {daughters}"
