"""From limits and particles to the program that is run at every point, and what of the limits is not applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from terranova.plugins.higgs_limits import names
from terranova.plugins.higgs_limits.limits import (
    Acceptance,
    ChainDecay,
    Channel,
    Channels,
    Grid,
    HasCP,
    Limit,
    ModelLike,
    MuonsAsTaus,
    PairDecay,
    PairProduction,
    Role,
    Slice,
    TopDecays,
    TopDominated,
)
from terranova.plugins.higgs_limits.mapping import Particle, Quantity, Sector
from terranova.plugins.higgs_limits.program import (
    MODEL_LIKE,
    MUONS_AS_TAUS,
    TOP_DECAYS,
    TOP_DOMINATED,
    Arrays,
    Factors,
    Program,
    Rows,
    Term,
)
from terranova.plugins.higgs_limits.table_file import Reference

APPLICABLE = 0.5
"""A limit is applied up to so many mass resolutions beyond its grid: `applicableResolutionFac` of HiggsTools."""

WIDTH_MARGIN = 0.1
"""... and up to this share beyond its widths: `widthExtentTol` of HiggsTools."""


class NotApplied(Exception):
    """A limit that cannot be applied to this model, and why."""


@dataclass(frozen=True)
class Use:
    """What becomes of a limit in this model.

    Attributes:
        limit: as in its file.
        applied: False if it is not applied at all.
        remarks: why not, or what of it is left out.
    """

    limit: Limit
    applied: bool
    remarks: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """ "applied", "in part" or "not applied"."""
        return ("in part" if self.remarks else "applied") if self.applied else "not applied"


def compile_limits(
    limits: Sequence[Limit], sector: Sector, rows: Rows, reference: Reference | None
) -> tuple[Program, tuple[Use, ...]]:
    """Return the program of those limits that can be applied, in their order, and what becomes of each limit.

    Args:
        limits: all.
        sector: the particles.
        rows: where their quantities stand.
        reference: rates of the reference model, if there are any.
    """
    arrays = Arrays(sector, rows)
    uses = []
    for limit in limits:
        compiler = _Compiler(limit, sector, arrays, reference)
        try:
            compiler.prepare()
        except NotApplied as reason:
            uses.append(Use(limit, False, (str(reason),)))
        else:
            compiler.write()
            uses.append(Use(limit, True, tuple(dict.fromkeys(compiler.remarks))))
    return arrays.finish(), tuple(uses)


class _Compiler:
    """Writes one limit: `prepare` finds out whether it can be applied, and leaves the arrays as they are."""

    def __init__(self, limit: Limit, sector: Sector, arrays: Arrays, reference: Reference | None) -> None:
        self.limit, self.sector, self.arrays, self.reference = limit, sector, arrays, reference
        self.remarks: list[str] = []
        self.particles = sector.particles
        self.rows = arrays.rows

    def prepare(self) -> None:
        """Find out what can be applied.

        Raises:
            NotApplied: nothing.
        """
        for channels in (self.limit.normalization or (), *self._model_like()):
            for channel in channels:
                if self.reference is None:
                    raise NotApplied("needs rates of a reference model, which the key reference can name")
                if self.reference.rate(self.limit.collider, channel) is None:
                    raise NotApplied(f"the reference has no {self.limit.collider} {' > '.join(channel)}")
        if any(isinstance(a, TopDominated) for role in self.limit.roles for a in role.assumptions):
            for production in ("ggH", "Htt"):
                if self.reference is None or self.reference.rate("LHC13", (production, "none")) is None:
                    raise NotApplied(f"assumes gluon fusion through the top: needs a reference with {production}")
        if self.limit.limit_class == "ChannelWidthLimit":
            without = [p.name for p in self.particles if p.width is None]
            if without:
                self.remarks.append(f"not to {', '.join(without)}: no width")
        self.allowed = [self._allowed(role) for role in self.limit.roles]
        if not all(self.allowed):
            raise NotApplied("; ".join(dict.fromkeys(self.remarks)) or "no particle that it names has been mapped")
        self.found = list(self._assignments())
        if not self.found:
            raise NotApplied("; ".join(dict.fromkeys(self.remarks)) or "no particle with such a charge")

    def write(self) -> None:
        """Append the limit to the arrays."""
        limit, arrays = self.limit, self.arrays
        for who, factors in self.found:
            written = [[self._with_acceptance(term, who[0]) for term in terms] for terms in factors]
            arrays.assignment(who, written, not isinstance(limit.numbers, Grid))
        numbers = limit.numbers
        grid = numbers if isinstance(numbers, Grid) else Grid(((0.0,),), (1.0,), (1.0,))
        axes = [*grid.axes, *[(0.0,)] * (3 - len(grid.axes))]
        found = [arrays.axis(axis) for axis in axes]
        width = grid.axes[-1] if grid.width else (0.0, 0.0)
        process = limit.processes[0]
        equal = 0
        if isinstance(process, (PairDecay, PairProduction)) and process.equal_masses:
            equal = len(limit.roles) - 1
        padding = [Role(0.0, 0.0)] * (3 - len(limit.roles))
        arrays.add(
            likelihood=int(not isinstance(numbers, Grid)),
            roles=len(limit.roles),
            width_mode={"": 0, "absolute": 1, "relative": 2}[grid.width],
            width_range=((1.0 - WIDTH_MARGIN) * width[0], (1.0 + WIDTH_MARGIN) * width[-1]),
            equal=equal,
            norm=-1 if limit.normalization is None else self._reference_table(limit.normalization),
            smallest=min(grid.expected) if grid is numbers and limit.normalization is None else 0.0,
            mass_range=[_applicable(role) for role in (*limit.roles, *padding)],
            resolution=[(role.relative, role.absolute) for role in (*limit.roles, *padding)],
            closeness=[arrays.closeness(role.relative, role.absolute) for role in (*limit.roles, *padding)],
            allowed=[*self.allowed, *[0] * len(padding)],
            axis=[record for record, _ in found],
            axis_scale=[scale for _, scale in found],
            grid_start=arrays.extend("expected", grid.expected),
            first_assignment=arrays.length("who"),
        )
        arrays.extend("observed", grid.observed)
        on_rate = grid is numbers and limit.normalization is None
        first = limit.roles[0]
        arrays.floors(axes[0], grid.expected if on_rate else (), first.relative, first.absolute)
        arrays.simple.append(len(limit.roles) == 1 and not _checked(limit.roles[0]))
        for piece in () if isinstance(numbers, Grid) else numbers:
            self._slice(piece)
        arrays.add(first_slice=arrays.length("slice_mass"))
        for role in (*limit.roles, *padding):
            self._checks(role)
            arrays.add(first_check=arrays.length("check_kind"))

    def _slice(self, piece: Slice) -> None:
        found = [self.arrays.axis(axis) for axis in [*piece.rates, (0.0,)][:2]]
        self.arrays.add(
            slice_mass=piece.mass,
            slice_axis=[record for record, _ in found],
            slice_axis_scale=[scale for _, scale in found],
            slice_start=self.arrays.extend("slice_expected", piece.expected),
        )
        self.arrays.extend("slice_observed", piece.observed)

    # What a limit assumes.

    def _model_like(self) -> Iterator[tuple[Channel, ...]]:
        for role in self.limit.roles:
            yield from (a.channels for a in role.assumptions if isinstance(a, ModelLike))

    def _allowed(self, role: Role) -> int:
        """Return the bits of the particles that can take a role, as far as that is known beforehand."""
        bits = 0
        for i, particle in enumerate(self.particles):
            if self.limit.only and particle.name not in self.limit.only:
                continue
            if isinstance(self.limit.numbers, Grid) and self.limit.numbers.width and particle.width is None:
                continue
            if reason := next(filter(None, (self._excludes(a, particle) for a in role.assumptions)), ""):
                self.remarks.append(f"not to {particle.name}: {reason}")
                continue
            bits |= 1 << i
        return bits

    def _excludes(self, assumption: object, particle: Particle) -> str:
        """Return why an assumption never holds for a particle, or cannot be checked; "" if it may hold."""
        if isinstance(assumption, HasCP) and particle.cp != assumption.cp:
            return f"assumes cp {assumption.cp}, and it is {particle.cp}"
        if isinstance(assumption, MuonsAsTaus) and not {"mumu", "tautau"} <= particle.decays.keys():
            return "assumes a ratio of mumu to tautau, which are not both mapped"
        if isinstance(assumption, TopDominated):
            if particle.cp != "even":
                return "assumes gluon fusion through the top, which is only checked for cp even"
            if (names.DEFAULT_COLLIDER, "ggH") not in particle.production:
                return "assumes gluon fusion through the top, and ggH is not mapped"
            top = (names.DEFAULT_COLLIDER, "Htt") in particle.production
            if not top and "effCPeTopYuk" not in particle.couplings:
                return "assumes gluon fusion through the top, and neither Htt nor effCPeTopYuk is mapped"
        return ""

    def _checks(self, role: Role) -> None:
        for assumption in role.assumptions:
            if isinstance(assumption, ModelLike):
                items = []
                for channel in assumption.channels:
                    products = [self._products(p, channel) for p in self.particles]
                    for k in range(max(1, *map(len, products))):
                        rows = [found[k] if k < len(found) else (-1, -1) for found in products]
                        items.append((rows, -1 if k else self._reference_table((channel,))))
                self.arrays.check(MODEL_LIKE, 0.0, items)
            elif isinstance(assumption, TopDecays):
                top = self.sector.br_t_Wb
                others = [
                    [self._index(p.production.get(("", mode))) for mode in names.TOP_DECAYS] for p in self.particles
                ]
                items = [
                    ([(row[k], -1) for row in others], int(mode in assumption.productions))
                    for k, mode in enumerate(names.TOP_DECAYS)
                ]
                self.arrays.check(TOP_DECAYS, -1.0 if top is None else float(self.rows.index(top)), items)
            elif isinstance(assumption, MuonsAsTaus):
                rows = [
                    (self._index(p.decays.get("mumu")), self._index(p.decays.get("tautau"))) for p in self.particles
                ]
                self.arrays.check(MUONS_AS_TAUS, 3.0 if assumption.cp == "even" else 1.0, [(rows, -1)])
            elif isinstance(assumption, TopDominated):
                items = []
                for production in ("ggH", "Htt"):
                    key = (names.DEFAULT_COLLIDER, production)
                    coupling = "effCPeTopYuk" if production == "Htt" else ""
                    rows = [
                        (self._index(p.production.get(key)), self._index(p.couplings.get(coupling)))
                        for p in self.particles
                    ]
                    items.append((rows, self._reference_table(((production, "none"),), names.DEFAULT_COLLIDER)))
                self.arrays.check(TOP_DOMINATED, 0.0, items)

    def _index(self, quantity: Quantity | None) -> int:
        return -1 if quantity is None else self.rows.index(quantity)

    def _products(self, particle: Particle, channel: Channel) -> list[tuple[int, int]]:
        """Return the pairs of factors whose products are a channel's rate, without what nobody says."""
        terms, _ = self._channel(particle, channel)
        return [(term.a, self.rows.one if term.b < 0 else term.b) for term in terms]

    def _reference_table(self, channels: Sequence[Channel], collider: str = "") -> int:
        assert self.reference is not None  # or the limit is not applied
        total = 0.0 * self.reference.masses
        for channel in channels:
            rate = self.reference.rate(collider or self.limit.collider, channel)
            assert rate is not None  # or the limit is not applied
            total = total + rate
        return self.arrays.table(self.reference.masses.tolist(), total.tolist())

    # Rates.

    def _assignments(self) -> Iterator[tuple[tuple[int, ...], Factors]]:
        process = self.limit.processes[0]
        if isinstance(process, Channels):
            yield from self._resonance()
        elif isinstance(process, ChainDecay):
            yield from self._chain(process)
        elif isinstance(process, PairDecay):
            yield from self._pair_decay(process)
        else:
            yield from self._pair_production(process)

    def _may(self, role: int, i: int) -> bool:
        return bool(self.allowed[role] >> i & 1)

    def _resonance(self) -> Iterator[tuple[tuple[int, ...], Factors]]:
        for i, particle in enumerate(self.particles):
            if not self._may(0, i):
                continue
            factors = []
            for process in self.limit.processes:
                assert isinstance(process, Channels)  # whoever read the file has seen to it
                terms: list[Term] = []
                for k, channel in enumerate(process.channels):
                    found, missing = self._channel(particle, channel, _of(process.acceptances, k))
                    terms += found
                    self._miss(particle.name, missing)
                factors.append(terms)
            if any(factors):
                yield (i,), factors

    def _chain(self, process: ChainDecay) -> Iterator[tuple[tuple[int, ...], Factors]]:
        for (i, mother), (j, daughter) in product(enumerate(self.particles), repeat=2):
            steps = abs(names.CHARGES.index(mother.charge) - names.CHARGES.index(daughter.charge))
            if i == j or not (self._may(0, i) and self._may(1, j)) or steps != int(process.chain == "W"):
                continue
            made = self._productions(mother, process.production, process.acceptances)
            decays = self._decays(daughter, process.decay)
            if made is None or decays is None:
                continue
            quantity = mother.chains.get((process.chain, daughter.name))
            if quantity is None:
                self._miss(mother.name, [f"decay '{process.chain} {daughter.name}'"])
            elif made and decays:
                branching = [Term(self.rows.index(quantity))]
                yield (i, j), [branching, made, [Term(self.rows.index(d)) for _, d in decays]]

    def _pair_decay(self, process: PairDecay) -> Iterator[tuple[tuple[int, ...], Factors]]:
        every = list(enumerate(self.particles))
        for (i, mother), (j, first), (k, second) in product(every, repeat=3):
            if i in (j, k) or not (self._may(0, i) and self._may(1, j) and self._may(2, k)):
                continue
            daughters = self._daughters(first, second, process, mother.charge)
            made = self._productions(mother, process.production)
            if made is None or daughters is None or not _charges_fit(mother, first, second):
                continue
            names_ = tuple(sorted((first.name, second.name)))
            quantity = mother.pairs.get((names_[0], names_[1]))
            if quantity is None:
                self._miss(mother.name, [f"decay '{' '.join(names_)}'"])
            elif made and daughters:
                yield (i, j, k), [[Term(self.rows.index(quantity))], made, daughters]

    def _pair_production(self, process: PairProduction) -> Iterator[tuple[tuple[int, ...], Factors]]:
        for (i, first), (j, second) in product(enumerate(self.particles), repeat=2):
            if not (self._may(0, i) and self._may(1, j)):
                continue
            daughters = self._daughters(first, second, process)
            if daughters is None:
                continue
            names_ = tuple(sorted((first.name, second.name)))
            quantity = self.sector.pair_production.get((self.limit.collider, names_[0], names_[1]))
            if quantity is None:
                self.remarks.append(f"no pair_production of '{' '.join(names_)}' at {self.limit.collider}")
            elif daughters:
                yield (i, j), [[Term(self.rows.index(quantity))], daughters]

    def _daughters(
        self, first: Particle, second: Particle, process: PairDecay | PairProduction, mother: str = ""
    ) -> list[Term] | None:
        """Return the terms of two decays; None if these particles have no such decays.

        Two particles that cannot be told apart decay into an unordered pair, which counts twice if its parts
        differ; a charged particle and its antiparticle can be told apart.
        """
        ones, others = self._decays(first, process.first), self._decays(second, process.second)
        if ones is None or others is None:
            return None
        same = first.name == second.name and (first.charge == "neutral" or mother not in ("", "neutral"))
        terms: dict[tuple[str, str], Term] = {}
        for (a, one), (b, other) in product(ones, others):
            key = (min(a, b), max(a, b)) if same else (a, b)
            weight = 2.0 if same and a != b else 1.0
            terms.setdefault(key, Term(self.rows.index(one), self.rows.index(other), weight))
        return list(terms.values())

    def _channel(
        self, particle: Particle, channel: Channel, acceptance: Acceptance | None = None
    ) -> tuple[list[Term], list[str]]:
        """Return the terms of a channel's rate, and what nobody says."""
        production, decay = channel
        if production not in names.PRODUCTIONS[particle.charge] or decay not in names.DECAYS[particle.charge]:
            return [], []
        missing = []
        last = particle.decays.get(decay)
        if last is None and decay != "none":
            missing.append(decay)
        b = -1 if last is None else self.rows.index(last)
        if production == "none":
            return ([] if b < 0 else [Term(b)]), missing
        terms = []
        for name, quantity in self._parts(particle, production):
            if quantity is None:
                missing.append(name)
            elif b >= 0 or decay == "none":
                terms.append(Term(self.rows.index(quantity), b))
        return self._accepted(terms, acceptance, particle, missing), missing

    def _productions(
        self, mother: Particle, productions: Iterable[str], acceptances: Sequence[Acceptance] = ()
    ) -> list[Term] | None:
        """Return the terms of a sum of cross sections; None if a particle of this charge has none of them."""
        terms: list[Term] = []
        possible = False
        for k, production in enumerate(productions):
            if production == "none" or production not in names.PRODUCTIONS[mother.charge]:
                continue
            possible = True
            found: list[Term] = []
            missing: list[str] = []
            for name, quantity in self._parts(mother, production):
                if quantity is None:
                    missing.append(name)
                else:
                    found.append(Term(self.rows.index(quantity)))
            terms += self._accepted(found, _of(acceptances, k), mother, missing)
            self._miss(mother.name, missing)
        return terms if possible else None

    def _parts(self, particle: Particle, production: str) -> Iterator[tuple[str, Quantity | None]]:
        """Yield the parts of a production with what they are; one that is given as a whole has no parts."""
        collider = self.limit.collider
        parts = names.COMBINED.get(production, (production,))
        if (collider, production) in particle.production:
            parts = (production,)
        for part in parts:
            yield part, particle.production.get(("" if part in names.TOP_DECAYS else collider, part))

    def _decays(self, particle: Particle, decays: Iterable[str]) -> list[tuple[str, Quantity]] | None:
        possible = [d for d in dict.fromkeys(decays) if d != "none" and d in names.DECAYS[particle.charge]]
        self._miss(particle.name, [d for d in possible if d not in particle.decays])
        return [(d, particle.decays[d]) for d in possible if d in particle.decays] if possible else None

    def _miss(self, name: str, missing: Sequence[str]) -> None:
        self.remarks += [f"{name} has no {what}" for what in missing]

    def _accepted(
        self, terms: list[Term], acceptance: Acceptance | None, particle: Particle, missing: list[str]
    ) -> list[Term]:
        """Return terms with their acceptance; none if it depends on a coupling that nobody says."""
        if acceptance is None or not terms:
            return terms
        needed = {c for part in (acceptance.numerator, acceptance.denominator) for m in part for c, _ in m.powers}
        if lacking := sorted(needed - particle.couplings.keys()):
            missing.extend(f"coupling {name}" for name in lacking)
            return []
        only = acceptance.numerator[0]
        if not acceptance.denominator and len(acceptance.numerator) == 1 and not only.masses and not only.powers:
            return [Term(t.a, t.b, t.coefficient * only.values[0]) for t in terms]
        return [_Accepted(t.a, t.b, t.coefficient, acceptance=-1, given=acceptance) for t in terms]

    def _with_acceptance(self, term: Term, who: int) -> Term:
        """Return a term whose acceptance, if it has one, has been written for a particle."""
        if not isinstance(term, _Accepted):
            return term
        couplings = {name: self.rows.index(value) for name, value in self.particles[who].couplings.items()}
        return Term(term.a, term.b, term.coefficient, self.arrays.acceptance(term.given, couplings))


_EVERYTHING = Acceptance(())


@dataclass(frozen=True)
class _Accepted(Term):
    """A term with an acceptance that has not been written yet."""

    given: Acceptance = _EVERYTHING


def _of(acceptances: Sequence[Acceptance], k: int) -> Acceptance | None:
    return acceptances[k] if acceptances else None


def _checked(role: Role) -> bool:
    """True if an assumption has to be checked point by point."""
    return any(not isinstance(assumption, HasCP) for assumption in role.assumptions)


def _applicable(role: Role) -> tuple[float, float]:
    low = role.lowest - APPLICABLE * (role.lowest * role.relative + role.absolute)
    return low, role.highest + APPLICABLE * (role.highest * role.relative + role.absolute)


def _charges_fit(mother: Particle, first: Particle, second: Particle) -> bool:
    """True if the charges, of either sign, can add up."""
    m, a, b = (names.CHARGES.index(p.charge) for p in (mother, first, second))
    return m in (a + b, abs(a - b))
