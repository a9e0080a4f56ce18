"""Reads `profile:` of a fit: which quantities, within which ranges, in how many bins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from terranova.errors import did_you_mean
from terranova.evaluation.problem import Problem
from terranova.fitting.config import ProfileConfig
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import show
from terranova.parsing.strict_yaml import KeyPath


def read_profiles(given: Any, problem: Problem | None, diagnostics: Diagnostics) -> tuple[ProfileConfig, ...]:
    """Read the list of profiles; those that cannot be read are left out.

    Args:
        given: what the file has under `profile:`, None if nothing.
        problem: has the quantities; None if it cannot be built, and names are not looked up.
        diagnostics: receives the problems.
    """
    if given is None:
        return ()
    if not isinstance(given, list):
        diagnostics.add(("profile",), f"expected a list of names and pairs of names, got {show(given)}")
        return ()
    profiles: list[ProfileConfig] = []
    for i, item in enumerate(given):
        profile = _read_profile(item, ("profile", i), problem, diagnostics)
        if profile is None:
            continue
        if profile.names in [p.names for p in profiles]:
            diagnostics.add(("profile", i), f"{' and '.join(profile.names)} are asked for twice")
        profiles.append(profile)
    return tuple(profiles)


def _read_profile(
    given: Any, path: KeyPath, problem: Problem | None, diagnostics: Diagnostics
) -> ProfileConfig | None:
    """Read `ma`, `[ma, ctau]`, `{ctau: [0.1, 100], scale: log}` or `{ctau: [0.1, 100], BR: null, bins: 40}`."""
    bins = 0
    scale: Literal["linear", "log"] = "linear"
    ranges: dict[str, Any]
    if isinstance(given, str):
        ranges = {given: None}
    elif isinstance(given, list) and all(isinstance(name, str) for name in given):
        ranges = dict.fromkeys(given)
    elif isinstance(given, Mapping):
        ranges = dict(given)
        bins, scale = ranges.pop("bins", 0), ranges.pop("scale", "linear")
        if scale not in ("linear", "log"):
            diagnostics.add((*path, "scale"), f"expected linear or log, got {show(scale)}")
            return None
        if not isinstance(bins, int) or isinstance(bins, bool) or not 0 <= bins <= 1000:
            diagnostics.add((*path, "bins"), f"expected a number of bins, got {show(bins)}")
            return None
    else:
        diagnostics.add(path, f"expected a name, a pair of names, or names with ranges, got {show(given)}")
        return None
    if len(ranges) not in (1, 2):
        diagnostics.add(path, f"expected one or two quantities, got {len(ranges)}")
        return None
    limits: list[tuple[float, float] | None] = []
    for name, ends in ranges.items():
        if problem is not None and not _known(name, problem):
            names = [*(p.name for p in problem.model.space.free), *(o.name for o in problem.model.observables)]
            diagnostics.add(path, f"no free parameter or observable is named {name!r}{did_you_mean(name, names)}")
            return None
        if problem is not None and (reads := _reads(name, problem)):
            diagnostics.add(
                path,
                f"the prior of {name!r} depends on {', '.join(reads)}, so that no bin of it can be held: give it a "
                f'second name, observables: {{my_{name}: "{name}"}}, and profile that',
            )
            return None
        limits.append(_read_range(ends, (*path, name), diagnostics))
        if problem is not None:
            _check_range(name, limits[-1], scale, problem, (*path, name), diagnostics)
    return ProfileConfig(tuple(ranges), tuple(limits), bins, scale)


def _check_range(
    name: str,
    ends: tuple[float, float] | None,
    scale: str,
    problem: Problem,
    path: KeyPath,
    diagnostics: Diagnostics,
) -> None:
    """Complain of a range that the prior does not have, or that has no logarithm."""
    if ends is None:
        return
    prior = next((p.prior for p in problem.model.space.free if p.name == name), None)
    if prior is None:
        if scale == "log" and ends[0] <= 0.0:
            diagnostics.add(path, f"expected a positive range for a logarithmic scale, got {show(list(ends))}")
        return
    low, high = prior.support
    if ends[0] < low or ends[1] > high:
        diagnostics.add(
            path, f"expected a range within that of the prior, {low:g} to {high:g}, got {show(list(ends))}"
        )


def _reads(name: str, problem: Problem) -> tuple[str, ...]:
    """Return what the prior of a parameter depends on; nothing for an observable."""
    return next((p.prior.reads for p in problem.model.space.free if p.name == name), ())


def _known(name: str, problem: Problem) -> bool:
    return name in {p.name for p in problem.model.space.free} | {o.name for o in problem.model.observables}


def _read_range(given: Any, path: KeyPath, diagnostics: Diagnostics) -> tuple[float, float] | None:
    if given is None:
        return None
    numbers = isinstance(given, Sequence) and not isinstance(given, str) and len(given) == 2
    if (
        numbers
        and all(isinstance(v, int | float) and not isinstance(v, bool) for v in given)
        and given[0] < given[1]
    ):
        return float(given[0]), float(given[1])
    diagnostics.add(path, f"expected a range [low, high], got {show(given)}")
    return None
