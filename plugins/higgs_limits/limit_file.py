"""Reads a limit from a JSON file in the format of HiggsTools, arXiv:2210.09332.

The format is that of the data files of HiggsTools 1.1; the rules of its classes stand beside the code that follows
them. Keys that are not needed here (`source`, and whatever else a file may say) are left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from terranova.plugins.higgs_limits import names
from terranova.plugins.higgs_limits.json_reading import Node, Unusable
from terranova.plugins.higgs_limits.limits import (
    Acceptance,
    Assumption,
    Axis,
    ChainDecay,
    Channel,
    Channels,
    Grid,
    HasCP,
    Limit,
    ModelLike,
    Monomial,
    MuonsAsTaus,
    PairDecay,
    PairProduction,
    Process,
    Role,
    Slice,
    TopDecays,
    TopDominated,
)

NO_RATE_IS_ALLOWED = 3.841458820694124
"""q at which an expected CLs is 0.05: the 95 % quantile of chi2 with one degree of freedom."""

_Content = tuple[tuple[Process, ...], tuple[Role, ...], Grid | tuple[Slice, ...]]


def read_limit(file: Path, name: str) -> Limit:
    """Return the limit that a file holds.

    Args:
        file: in JSON.
        name: of the file, as reports show it.

    Raises:
        Unusable: it is not a limit, or has something that is not supported; the message says where and what.
    """
    data = Node.of_file(file)
    limit_class = data.at("limitClass", expected=f"one of {', '.join(_READERS)}").word(tuple(_READERS))
    processes, roles, numbers = _READERS[limit_class](data)
    normalization = _normalization(data, processes)
    if normalization and any(isinstance(p, Channels) and p.acceptances for p in processes):
        raise Unusable("normalization: not together with analysis.acceptances")
    return Limit(
        file=name,
        limit_class=limit_class,
        number=data.at("id", expected="a whole number").whole(),
        reference=data.at("reference", expected="an arXiv number or a report").text(),
        cite_key=data.at("citeKey", expected="text").text(),
        collider=data.at("collider", expected="the name of a collider").word(names.COLLIDERS),
        experiment=data.at("experiment", expected="the name of an experiment").text(),
        luminosity=data.at("luminosity", expected="a number").number(),
        processes=processes,
        roles=roles,
        numbers=numbers,
        normalization=normalization,
    )


def _channel_limit(data: Node) -> _Content:
    mass = data.at("analysis", "grid", "mass", expected="a list of masses").axis()
    process = _with_acceptances(data)
    return (process,), (_role(data, mass, "", process.channels),), _grid(data, (mass,))


def _channel_width_limit(data: Node) -> _Content:
    mass = data.at("analysis", "grid", "mass", expected="a list of masses").axis()
    width = data.at("analysis", "grid", "width", expected="a list of widths").axis()
    relative = data.at("analysis", "relativeWidth", expected="true or false").flag()
    process = _with_acceptances(data)
    grid = _grid(data, (mass, width), "relative" if relative else "absolute")
    return (process,), (_role(data, mass, "", process.channels),), grid


def _chain_decay_limit(data: Node) -> _Content:
    axes = _axes(data, "massMother", "massDaughter")
    given = data.at("process", expected="chain, production and decay")
    production = given.at("production", expected="a list of names").words(names.ALL_PRODUCTIONS)
    process = ChainDecay(
        chain=given.at("chain", expected="Z or W").word(names.CHAINS),
        production=production,
        decay=given.at("decay", expected="a list of names").words(names.ALL_DECAYS),
        acceptances=_acceptances(data, "productionAcceptances", len(production)),
    )
    roles = tuple(_role(data, axis, part) for axis, part in zip(axes, ("mother", "daughter"), strict=True))
    return (process,), roles, _grid(data, axes)


def _pair_decay_limit(data: Node) -> _Content:
    equal = _equal(data, "equalDaughterMasses")
    axes = _axes(data, "massMother", "massFirstDaughter", *(() if equal else ("massSecondDaughter",)))
    given = data.at("process", expected="production, firstDecay and secondDecay")
    process = PairDecay(
        production=given.at("production", expected="a list of names").words(names.ALL_PRODUCTIONS),
        first=given.at("firstDecay", expected="a list of names").words(names.ALL_DECAYS),
        second=given.at("secondDecay", expected="a list of names").words(names.ALL_DECAYS),
        equal_masses=equal,
    )
    covered = (axes[0], axes[1], axes[-1])
    parts = ("mother", "firstDaughter", "secondDaughter")
    roles = tuple(_role(data, axis, part) for axis, part in zip(covered, parts, strict=True))
    return (process,), roles, _grid(data, axes)


def _pair_production_limit(data: Node) -> _Content:
    equal = _equal(data, "equalParticleMasses")
    axes = _axes(data, "massFirstParticle", *(() if equal else ("massSecondParticle",)))
    given = data.at("process", expected="firstDecay and secondDecay")
    process = PairProduction(
        first=given.at("firstDecay", expected="a list of names").words(names.ALL_DECAYS),
        second=given.at("secondDecay", expected="a list of names").words(names.ALL_DECAYS),
        equal_masses=equal,
    )
    parts = ("firstParticle", "secondParticle")
    roles = tuple(_role(data, axis, part) for axis, part in zip((axes[0], axes[-1]), parts, strict=True))
    return (process,), roles, _grid(data, axes)


def _likelihood_limit(data: Node) -> _Content:
    given = data.at("process", expected="a list of one or two processes").entries("a list of processes")
    if len(given) > 2:
        raise Unusable(f"process: expected one or two processes, got {len(given)}")
    processes = tuple(Channels(_channels(process)) for process in given)
    slices = _one_rate(data) if len(given) == 1 else _two_rates(data)
    for piece in slices:
        if max(piece.expected[0], piece.observed[0]) > NO_RATE_IS_ALLOWED:
            raise Unusable(f"the likelihood excludes a rate of zero at a mass of {piece.mass:g} GeV")
    masses = tuple(piece.mass for piece in slices)
    signal = tuple(channel for process in processes for channel in process.channels)
    return processes, (_role(data, masses, "", signal),), slices


_READERS: dict[str, Callable[[Node], _Content]] = {
    "ChannelLimit": _channel_limit,
    "ChannelWidthLimit": _channel_width_limit,
    "ChainDecayLimit": _chain_decay_limit,
    "PairDecayLimit": _pair_decay_limit,
    "PairProductionLimit": _pair_production_limit,
    "LikelihoodLimit": _likelihood_limit,
}


def _one_rate(data: Node) -> tuple[Slice, ...]:
    mass = data.at("analysis", "grid", "mass", expected="a list of masses").axis()
    channels = data.at("analysis", "grid", "channels", expected="a list of rates").entries("a list of rates")
    rates = channels[0].axis()
    tables = []
    for which in ("expected", "observed"):
        node = data.at("analysis", "likelihood", which, expected="a list of numbers")
        values = node.numbers(0.0)
        if len(values) != len(mass) * len(rates):
            raise Unusable(f"{node.place}: expected {len(mass)} x {len(rates)} numbers, got {len(values)}")
        tables.append([values[i * len(rates) : (i + 1) * len(rates)] for i in range(len(mass))])
    return tuple(Slice(m, (rates,), e, o) for m, e, o in zip(mass, *tables, strict=True))


def _two_rates(data: Node) -> tuple[Slice, ...]:
    slices = []
    for node in data.at("analysis", "stackedLlhGrid", expected="a list of slices").entries("a list of slices"):
        axes = node.at("channels", expected="two lists of rates").entries("two lists of rates")
        if len(axes) != 2:
            raise Unusable(f"{node.place}.channels: expected two lists of rates, got {len(axes)}")
        rates = (axes[0].axis(), axes[1].axis())
        tables = []
        for which in ("expected", "observed"):
            values = node.at(which, expected="a list of numbers").numbers(0.0)
            if len(values) != len(rates[0]) * len(rates[1]):
                size = f"{len(rates[0])} x {len(rates[1])}"
                raise Unusable(f"{node.place}.{which}: expected {size} numbers, got {len(values)}")
            tables.append(values)
        slices.append(Slice(node.at("mass", expected="a number").number(0.0), rates, *tables))
    for before, after in pairwise(slices):
        if after.mass <= before.mass:
            raise Unusable(f"analysis.stackedLlhGrid: {after.mass:g} GeV comes after {before.mass:g} GeV")
    return tuple(slices)


def _axes(data: Node, *keys: str) -> tuple[Axis, ...]:
    return tuple(data.at("analysis", "grid", key, expected="a list of masses").axis() for key in keys)


def _equal(data: Node, key: str) -> bool:
    analysis = data.at("analysis", expected="keys with values")
    return analysis.has(key) and analysis.at(key).flag()


def _grid(data: Node, axes: tuple[Axis, ...], width: str = "") -> Grid:
    count = 1
    for axis in axes:
        count *= len(axis)
    limit = data.at("analysis", "limit", expected="expected and observed limits")
    expected = limit.at("expected", expected="a list of limits").positive(count)
    observed = limit.at("observed", expected="a list of limits").positive(count)
    return Grid(axes, expected, observed, width)


def _role(data: Node, axis: Axis, part: str, signal: tuple[Channel, ...] = ()) -> Role:
    """Return the role of a particle; `part` is its name in the file, "" where there is one particle only."""
    analysis = data.at("analysis", expected="keys with values")
    relative = absolute = 0.0
    if analysis.has("massResolution"):
        node = analysis.at("massResolution")
        if part:
            node = node.at(part) if node.has(part) else Node({"relative": 0.0, "absolute": 0.0})
        relative = node.at("relative", expected="a number").number(0.0)
        absolute = node.at("absolute", expected="a number").number(0.0)
    assumptions: tuple[Assumption, ...] = ()
    if data.has("constraints"):
        node = data.at("constraints")
        if part:
            node = node.at(part) if node.has(part) else Node([])
        if node.value:
            entries = node.entries("a list of constraints")
            assumptions = tuple(_assumption(entry, signal) for entry in entries)
    return Role(axis[0], axis[-1], relative, absolute, assumptions)


def _assumption(node: Node, signal: tuple[Channel, ...]) -> Assumption:
    if node.has("modelLike"):
        node.at("modelLike").word(names.REFERENCES)
        return ModelLike(_reference_channels(node, signal))
    if node.has("topDecayConsistency"):
        return TopDecays(node.at("topDecayConsistency").words(names.TOP_DECAYS))
    if node.has("CPValue"):
        return HasCP(node.at("CPValue").word(names.CP_VALUES))
    if node.has("mumuTautauRatio"):
        return MuonsAsTaus(node.at("mumuTautauRatio").word(names.CP_VALUES))
    if node.has("topDominatedHgg"):
        return TopDominated()
    raise node.wrong("modelLike, topDecayConsistency, CPValue, mumuTautauRatio or topDominatedHgg")


def _reference_channels(node: Node, signal: tuple[Channel, ...]) -> tuple[Channel, ...]:
    process = node.at("process", expected='"signal" or channels')
    return signal if process.value == "signal" and signal else _channels(process)


def _normalization(data: Node, processes: tuple[Process, ...]) -> tuple[Channel, ...] | None:
    if not data.has("normalization") or not data.value["normalization"]:
        return None
    node = data.at("normalization")
    node.at("reference", expected="the name of a reference model").word(names.REFERENCES)
    first = processes[0]
    if len(processes) > 1 or not isinstance(first, Channels) or data.value["limitClass"] == "LikelihoodLimit":
        raise Unusable("normalization: only for ChannelLimit and ChannelWidthLimit")
    return _reference_channels(node, first.channels)


def _channels(process: Node) -> tuple[Channel, ...]:
    channels = []
    for node in process.at("channels", expected="a list of [production, decay]").entries("a list of channels"):
        pair = node.entries("[production, decay]")
        if len(pair) != 2:
            raise node.wrong("[production, decay]")
        channels.append((pair[0].word(names.ALL_PRODUCTIONS), pair[1].word(names.ALL_DECAYS)))
    return tuple(channels)


def _with_acceptances(data: Node) -> Channels:
    channels = _channels(data.at("process", expected="channels"))
    return Channels(channels, _acceptances(data, "acceptances", len(channels)))


def _acceptances(data: Node, key: str, count: int) -> tuple[Acceptance, ...]:
    analysis = data.at("analysis", expected="keys with values")
    if not analysis.has(key):
        return ()
    node = analysis.at(key)
    entries = node.entries("a list of acceptances")
    if len(entries) != count:
        raise Unusable(f"{node.place}: expected {count} acceptances, one for each channel, got {len(entries)}")
    return tuple(_acceptance(entry) for entry in entries)


def _acceptance(node: Node) -> Acceptance:
    if node.has("couplingDepAcceptance"):
        numerator = _polynomial(node.at("couplingDepAcceptance"))
        return Acceptance(numerator, _polynomial(node.at("denominator")) if node.has("denominator") else ())
    return Acceptance((_coefficient(node),))


def _polynomial(node: Node) -> tuple[Monomial, ...]:
    terms = []
    for term in node.entries("a list of terms"):
        pair = term.entries("powers of couplings, and an acceptance")
        if len(pair) != 2:
            raise term.wrong("powers of couplings, and an acceptance")
        powers = []
        for coupling, power in pair[0].items():
            Node(coupling, pair[0].place).word(names.COUPLINGS)
            powers.append((coupling, power.whole(-100)))
        coefficient = _coefficient(pair[1])
        terms.append(Monomial(coefficient.values, coefficient.masses, tuple(powers)))
    return tuple(terms)


def _coefficient(node: Node) -> Monomial:
    if node.has("constantAcceptance"):
        return Monomial((node.at("constantAcceptance").number(),))
    if node.has("massDepAcceptance"):
        masses = node.at("massGrid", expected="a list of masses").axis()
        values = node.at("massDepAcceptance").numbers()
        if len(values) != len(masses):
            raise Unusable(f"{node.place}: massDepAcceptance has {len(values)} numbers, massGrid {len(masses)}")
        return Monomial(values, masses)
    raise node.wrong("constantAcceptance, massDepAcceptance or couplingDepAcceptance")
