"""What the keys of an entry say: which particles there are, and which observable is which of their properties."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from terranova.errors import did_you_mean
from terranova.plugins.higgs_limits import names

Quantity = str | float
"""An observable of the model, or a number."""

Path = tuple[str | int, ...]
Complain = Callable[[Path, str], None]

MOST_PARTICLES = 12
"""Every subset of particles may be a cluster: their number doubles with each."""

UNITS = {"mass": "GeV", "width": "GeV"}


@dataclass(frozen=True)
class Particle:
    """A particle of the model.

    Attributes:
        name: as in the file.
        mass: in GeV.
        width: in GeV; None if nobody says.
        charge: "neutral", "single" or "double".
        cp: "even", "odd" or "undefined".
        production: (collider, production) -> cross section in pb; decays of the top have the collider "".
        decays: decay -> branching ratio.
        chains: (Z or W, daughter) -> branching ratio.
        pairs: two daughters, sorted -> branching ratio.
        couplings: coupling -> value.
    """

    name: str
    mass: Quantity
    width: Quantity | None = None
    charge: str = "neutral"
    cp: str = "undefined"
    production: Mapping[tuple[str, str], Quantity] = field(default_factory=dict)
    decays: Mapping[str, Quantity] = field(default_factory=dict)
    chains: Mapping[tuple[str, str], Quantity] = field(default_factory=dict)
    pairs: Mapping[tuple[str, str], Quantity] = field(default_factory=dict)
    couplings: Mapping[str, Quantity] = field(default_factory=dict)


@dataclass(frozen=True)
class Sector:
    """The particles of a model, and what belongs to several of them.

    Attributes:
        particles: in order.
        pair_production: (collider, particle, particle), the particles sorted -> cross section in pb.
        br_t_Wb: branching ratio of the top to W b; None if it is what the other decays leave.
    """

    particles: tuple[Particle, ...]
    pair_production: Mapping[tuple[str, str, str], Quantity] = field(default_factory=dict)
    br_t_Wb: Quantity | None = None

    def quantities(self) -> Iterator[tuple[Quantity, str]]:
        """Yield every quantity with its unit."""
        for particle in self.particles:
            yield particle.mass, "GeV"
            if particle.width is not None:
                yield particle.width, "GeV"
            yield from ((q, "pb" if collider else "1") for (collider, _), q in particle.production.items())
            for table in (particle.decays, particle.chains, particle.pairs, particle.couplings):
                yield from ((q, "1") for q in table.values())
        yield from ((q, "pb") for q in self.pair_production.values())
        if self.br_t_Wb is not None:
            yield self.br_t_Wb, "1"

    def units(self) -> dict[str, str]:
        """Return observable -> unit, in the order of the entry."""
        found: dict[str, str] = {}
        for quantity, unit in self.quantities():
            if isinstance(quantity, str):
                found.setdefault(quantity, unit)
        return found


_KEYS = ("mass", "width", "charge", "cp", "production", "decays", "couplings")


def read_sector(
    particles: Mapping[str, Any],
    pair_production: Mapping[str, Any],
    br_t_Wb: Any,
    complain: Complain,
) -> Sector:
    """Return what the keys of an entry say.

    Args:
        particles, pair_production, br_t_Wb: the values of these keys.
        complain: receives the place and the message of every problem; what is wrong is left out.
    """
    if not particles:
        complain(("particles",), "expected at least one particle")
    if len(particles) > MOST_PARTICLES:
        complain(("particles",), f"expected at most {MOST_PARTICLES} particles, got {len(particles)}")
    read = []
    for name, given in particles.items():
        here: Path = ("particles", name)
        if len(name.split()) != 1 or name in names.CHAINS or name in names.ALL_DECAYS:
            complain(here, f"{name!r} cannot be the name of a particle: it is one word, and no decay, Z or W")
        elif not isinstance(given, Mapping):
            complain(here, f"expected keys with values ({', '.join(_KEYS)})")
        else:
            read.append(_particle(name, given, tuple(particles), here, complain))
    pairs = {}
    for collider, key, value, here in _by_collider(pair_production, ("pair_production",)):
        words = tuple(sorted(key.split()))
        if len(words) != 2 or not set(words) <= set(particles):
            complain(here, f"expected two of the particles, {', '.join(particles)}, got {key!r}")
        elif (quantity := _quantity(value, here, complain)) is not None:
            pairs[collider, words[0], words[1]] = quantity
    top = None if br_t_Wb is None else _quantity(br_t_Wb, ("br_t_Wb",), complain)
    sector = Sector(tuple(read), pairs, top)
    units = sector.units()
    for quantity, unit in dict.fromkeys(sector.quantities()):
        if isinstance(quantity, str) and units[quantity] != unit:
            complain(("particles",), f"{quantity!r} cannot be in {units[quantity]} and in {unit}")
    return sector


def _particle(
    name: str, given: Mapping[str, Any], all_names: Sequence[str], here: Path, complain: Complain
) -> Particle:
    for key in given:
        if key not in _KEYS:
            complain((*here, key), f"unknown key{did_you_mean(key, _KEYS)}")
    if "mass" not in given:
        complain((*here, "mass"), "missing, expected an observable or a number, in GeV")
    mass = _quantity(given.get("mass", 0.0), (*here, "mass"), complain)
    width = _quantity(given["width"], (*here, "width"), complain) if "width" in given else None
    charge = _word(given.get("charge", "neutral"), names.CHARGES, (*here, "charge"), complain)
    cp = _word(given.get("cp", "undefined"), names.CP_VALUES, (*here, "cp"), complain)
    maps = {}
    for key in ("production", "decays", "couplings"):
        maps[key] = given.get(key) or {}
        if not isinstance(maps[key], Mapping):
            complain((*here, key), "expected names with observables or numbers")
            maps[key] = {}
    production: dict[tuple[str, str], Quantity] = {}
    for collider, word, value, place in _by_collider(maps["production"], (*here, "production")):
        if _known(word, names.PRODUCTIONS, charge, "production", place, complain):
            quantity = _quantity(value, place, complain)
            if quantity is not None:
                production["" if word in names.TOP_DECAYS else collider, word] = quantity
    tables: tuple[dict[str, Quantity], dict[tuple[str, str], Quantity], dict[tuple[str, str], Quantity]] = (
        {},
        {},
        {},
    )
    for key, value in maps["decays"].items():
        place = (*here, "decays", key)
        quantity = _quantity(value, place, complain)
        words = tuple(key.split())
        if quantity is None:
            continue
        if len(words) == 2 and words[0] in names.CHAINS and words[1] in all_names:
            tables[1][words[0], words[1]] = quantity
        elif len(words) == 2 and set(words) <= set(all_names):
            first, second = sorted(words)
            tables[2][first, second] = quantity
        elif len(words) == 2:
            complain(
                place, f"expected Z or W and a particle, or two particles ({', '.join(all_names)}), got {key!r}"
            )
        elif _known(key, names.DECAYS, charge, "decay", place, complain):
            tables[0][key] = quantity
    couplings = {}
    for key, value in maps["couplings"].items():
        place = (*here, "couplings", key)
        if key not in names.COUPLINGS:
            complain(place, f"{key!r} is not known{did_you_mean(key, names.COUPLINGS)}")
        elif (quantity := _quantity(value, place, complain)) is not None:
            couplings[key] = quantity
    return Particle(name, 0.0 if mass is None else mass, width, charge, cp, production, *tables, couplings)


def _by_collider(given: Mapping[str, Any], here: Path) -> Iterator[tuple[str, str, Any, Path]]:
    """Yield collider, key, value and place; what stands under no collider belongs to the LHC at 13 TeV."""
    for key, value in given.items():
        if key in names.COLLIDERS and isinstance(value, Mapping):
            yield from ((key, inner, each, (*here, key, inner)) for inner, each in value.items())
        else:
            yield names.DEFAULT_COLLIDER, key, value, (*here, key)


def _known(
    word: str, by_charge: Mapping[str, Sequence[str]], charge: str, what: str, place: Path, complain: Complain
) -> bool:
    known = [name for name in by_charge[charge] if name != "none"]
    if word in known:
        return True
    if any(word in others for others in by_charge.values()):
        complain(place, f"{word} is no {what} of a particle of charge {charge!r}; the key charge says what it is")
    else:
        complain(place, f"{word!r} is no {what} that HiggsTools has{did_you_mean(word, known)}")
    return False


def _word(value: Any, known: Sequence[str], place: Path, complain: Complain) -> str:
    if value in known:
        return str(value)
    complain(place, f"expected {', '.join(known)}, got {value!r}")
    return known[0]


def _quantity(value: Any, place: Path, complain: Complain) -> Quantity | None:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    complain(place, f"expected an observable or a number, got {value!r}")
    return None
