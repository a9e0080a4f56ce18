"""Scales and ticks of axes of which only the kind is known: counts, shares, powers of ten."""

from __future__ import annotations

import math
from typing import Any


def short_count(value: float, _position: int | None = None) -> str:
    """A count in few characters: 500, 50k, 1.5M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def set_scale(axis: Any, scale: str) -> None:
    """Scale a matplotlib axis; on a logarithmic one of more than a decade only powers of ten are labelled."""
    from matplotlib.ticker import NullFormatter

    getattr(axis.axes, f"set_{axis.axis_name}scale")(scale)
    low, high = axis.get_view_interval()
    if scale == "log" and low > 0.0 and high > 10.0 * low:
        axis.set_minor_formatter(NullFormatter())


def log_counts(axis: Any) -> None:
    """A logarithmic axis of counts over few decades: ticks at 1, 2 and 5 times a power of ten, written out."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    # Ticks at every power of ten alone would be too few for a range of a decade, nine of each too many.
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.set_minor_formatter(NullFormatter())


def counts_with_zero(ax: Any, most: int) -> None:
    """A horizontal axis of counts from 0 to beyond `most`: logarithmic if they are many, but with zero."""
    from matplotlib import ticker

    if most > 100:
        ax.set_xscale("symlog", linthresh=1.0, linscale=0.5)
        decades = math.ceil(math.log10(most))
        ticks = [0, *(10.0**k for k in range(0, decades + 1, 1 + decades // 6))]
        ax.xaxis.set_major_locator(ticker.FixedLocator(ticks))
        ax.xaxis.set_minor_locator(ticker.NullLocator())
    else:
        ax.xaxis.set_major_locator(ticker.MaxNLocator(nbins=5, integer=True))
    ax.set_xlim(0, max(1.0, 1.3 * most))


def evaluations(ax: Any, first: int, last: int, *, log: bool) -> None:
    """A horizontal axis of evaluations; logarithmic, if that is asked for and they span enough."""
    from matplotlib import ticker

    ax.set_xlabel("evaluations")
    if log and last > 20 * max(first, 1):
        ax.set_xscale("log")
        ax.set_xlim(max(first, 1), last)
        ax.xaxis.set_major_locator(ticker.LogLocator(numticks=6))
        ax.xaxis.set_minor_locator(ticker.NullLocator())
    else:
        ax.set_xlim(0, max(1, last))
        ax.xaxis.set_major_locator(ticker.MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(short_count)
