"""Completeness in words: what may be said, how far it can be trusted, and what to do."""

from __future__ import annotations

import math

from terranova.runs.completeness import Completeness
from terranova.runs.completeness_calibration import LEVEL, Share
from terranova.runs.marks import WIDER, Extent

NEWS = 0.05
"""A map of which a larger part was entered in the last third of the run is still growing."""

MOST_LINES = 5
"""Parameters that get a line of their own; of the others, names will do."""

NEARLY = 0.9
"""Where less than this was found at most, there is something to do."""


def brief(c: Completeness) -> str:
    """Return the same in a few words, for one line of a display; empty where there is nothing to say."""
    if c.estimate is not None:
        return f"{_shares(c.estimate)} of the reachable bins"
    if c.at_most is not None:
        return f"at most {_percent(c.at_most)} of the reachable bins"
    if names := [extent.name for extent in c.growing]:
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return f"still growing along {names[0]}{others}"
    return "still growing" if c.new > NEWS else ""


def short(c: Completeness) -> list[str]:
    """Return the same in a few lines for the end of a scan; none where there is no valid point."""
    if c.estimate is not None:
        return [f"found about {_shares(c.estimate)} of the reachable bins", *_growth(c)]
    if c.at_most is not None:
        return [f"found at most {_percent(c.at_most)} of the reachable bins: {c.silent}", *_growth(c)]
    return [f"how complete the map is cannot be said: {c.silent}", *_growth(c)] if c.valid else []


def sentences(c: Completeness) -> list[str]:
    """Return what can be said, the most important first, a sentence or two each."""
    return [*_found(c), *_growth(c), *advice(c)]


def _found(c: Completeness) -> list[str]:
    if c.estimate is not None:
        text = (
            f"About {_shares(c.estimate)} of the bins within reach of this scan have been found: {c.bins:,} of "
            f"about {c.bins / c.estimate.value:,.0f}. The interval is made to hold the truth in {_percent(LEVEL)} "
            "of such scans; how often it did where the truth is known is in docs/statistics.md."
        )
    elif c.at_most is not None:
        text = (
            f"At most {_percent(c.at_most)} of the bins within reach of this scan have been found: {c.bins:,} of "
            f"{c.bins / c.at_most:,.0f} or more. The truth can lie far below: {c.silent}."
        )
    else:
        return [f"How complete the map is cannot be said: {c.silent}."]
    return [text, "A region that no island came near, behind a needle's eye, leaves no sign, and is not counted."]


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
    found = c.estimate.value if c.estimate is not None else c.at_most
    if not grows and found is not None and found >= NEARLY:
        return []
    if found is None and not grows:
        return ["To find out, scan with more islands, or twice with different seeds, and compare the maps."]
    more = "Go on with more evaluations" if grows else "Scan with more evaluations or islands"
    return [
        f"{more}, try another sampler, and compare the maps of two seeds. Where the valid region is a narrow "
        "valley, scan in coordinates along which it is straight (docs/samplers.md, natural coordinates)."
    ]


def _shares(share: Share) -> str:
    """A share with its interval: 85 % (72 to 93)."""
    low, high = (_percent(end).removesuffix(" %") for end in (share.low, share.high))
    return f"{_percent(share.value)} ({low} to {high})"


def _percent(share: float) -> str:
    text = f"{100 * share:.0f}"
    return f"{text if text != '100' or share == 1 else '99'} %"
