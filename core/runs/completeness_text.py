"""Completeness in words: what may be said, how far it can be trusted, and what to do."""

from __future__ import annotations

import math

from terranova.runs.completeness import WIDER, Completeness, Extent

NEWS = 0.05
"""A map of which a larger part was entered in the last third of the run is still growing."""

MOST_LINES = 5
"""Parameters that get a line of their own; of the others, names will do."""

NEARLY = 0.9
"""Where less than this was found at most, there is something to do."""


def sentences(c: Completeness) -> list[str]:
    """Return what can be said, the most important first, a sentence or two each."""
    return [*_estimate(c), *_growth(c), *advice(c)]


def short(c: Completeness) -> list[str]:
    """Return the same in a few lines for the end of a scan; none where there is no valid point."""
    if c.estimate is None:
        return [f"how complete the map is cannot be said: {c.silent}", *_growth(c)] if c.valid else []
    e = c.estimate
    share = _percent(e.fraction)
    line = f"found at most about {share} of the bins within reach ({c.bins:,} of {e.total:,.0f} or more)"
    return [line, *_growth(c)]


def _estimate(c: Completeness) -> list[str]:
    if c.estimate is None:
        return [f"How complete the map is cannot be said: {c.silent}."]
    e = c.estimate
    low, high = e.interval
    text = (
        f"At most about {_percent(e.fraction)} of the bins within reach of this scan have been found: {c.bins:,} "
        f"of {e.total:,.0f} or more ({_percent(low)} to {_percent(high)} by the scatter between islands at 95 %; "
        f"the truth can lie below). Bins that one of {c.samples} samples of islands has entered, and no other, "
        "hint at those that none has."
    )
    if c.shared:
        text += (
            " The islands of this sampler tell one another what they learnt, and are not the independent samples "
            "that the formula is made for: docs/statistics.md has its calibration."
        )
    return [
        text,
        "This is a limit from one side: a region that no island came near, behind a needle's eye, leaves no sign.",
    ]


def _growth(c: Completeness) -> list[str]:
    """Say what still grew in the last third of the run."""
    if math.isnan(c.new) or not c.extents:
        return []
    lines = []
    if c.new > NEWS:
        lines.append(f"The map still grows: {_percent(c.new)} of its bins were first entered in the last third.")
    lines += [_still_growing(extent) for extent in c.growing[:MOST_LINES]]
    if others := c.growing[MOST_LINES:]:
        lines.append(f"Still growing, too: {', '.join(extent.name for extent in others)}.")
    return lines


def _still_growing(x: Extent) -> str:
    unit = "" if x.unit == "1" else f" {x.unit}"
    ends = []
    if x.up >= x.down or x.up > WIDER:
        ends.append(f"largest valid value {x.high_before:.3g} -> {x.high:.3g}{unit}")
    if x.down > x.up or x.down > WIDER:
        ends.append(f"smallest {'valid value ' * (not ends)}{x.low_before:.3g} -> {x.low:.3g}{unit}")
    return f"Still growing along {x.name}: {', '.join(ends)} in the last third."


def advice(c: Completeness) -> list[str]:
    """Say what to do about an incomplete map; nothing where it may be complete, or empty."""
    if not c.valid:
        return []
    grows = bool(c.growing) or c.new > NEWS
    if not grows and c.estimate is not None and c.estimate.fraction >= NEARLY:
        return []
    if c.estimate is None and not grows:
        return ["To find out, scan with more islands, or twice with different seeds, and compare the maps."]
    more = "Go on with more evaluations" if grows else "Scan with more evaluations or islands"
    return [
        f"{more}, try another sampler, and compare the maps of two seeds. Where the valid region is a narrow "
        "valley, scan in coordinates along which it is straight (docs/samplers.md, natural coordinates)."
    ]


def _percent(share: float) -> str:
    text = f"{100 * share:.0f}"
    return f"{text if text != '100' or share == 1 else '99'} %"
