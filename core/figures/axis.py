"""A parameter or observable as an axis: its label, its scale, its range."""

from __future__ import annotations

import logging
import math
import re
import warnings
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from terranova.interfaces.parameters import Parameter
from terranova.interfaces.priors import LogUniform, SignedLogUniform
from terranova.types import Floats

if TYPE_CHECKING:
    from terranova.store import Field

_LINSCALE = 0.3
"""Decades that the part between -threshold and +threshold takes on a symmetric logarithmic axis."""

_POWER = re.compile(r"(?:\^|\*\*)\{?([-+]?\d+(?:[./]\d+)?)\}?")

_LONGEST = 300
"""Characters of a label that is set as LaTeX."""

_MANY_DECADES = 3.0
"""Observables that span more than this get a logarithmic axis."""


@dataclass(frozen=True)
class Quantity:
    """One axis.

    Attributes:
        name: of the column.
        label: with unit, for matplotlib.
        scale: "linear", "log" or "symlog".
        low, high: the range shown.
        threshold: of a symlog axis, which is linear below it.
    """

    name: str
    label: str
    scale: str
    low: float
    high: float
    threshold: float = 1.0

    def flat(self, values: Floats) -> Floats:
        """Map values to a coordinate in which this axis is linear."""
        if self.scale == "log":
            return np.log10(np.maximum(values, 1e-300))
        if self.scale == "symlog":
            size = np.abs(values) / self.threshold
            with np.errstate(divide="ignore"):
                outside = _LINSCALE + np.log10(np.maximum(size, 1.0))
            return np.sign(values) * np.where(size > 1.0, outside, _LINSCALE * size)
        return values

    def unflat(self, flat: Floats) -> Floats:
        """Inverse of `flat`."""
        if self.scale == "log":
            return np.asarray(10.0**flat, dtype=float)
        if self.scale == "symlog":
            size = np.abs(flat)
            outside = 10.0 ** np.maximum(size - _LINSCALE, 0.0)
            return np.sign(flat) * self.threshold * np.where(size > _LINSCALE, outside, size / _LINSCALE)
        return flat

    def edges(self, bins: int) -> Floats:
        """Edges of about that many bins, which look equally wide on this axis."""
        low, high = self.flat(np.array([self.low, self.high])).tolist()
        if self.scale == "symlog":  # a prior of both signs has no point between the two thresholds
            half = bins // 2
            flat = np.concatenate([np.linspace(low, -_LINSCALE, half), np.linspace(_LINSCALE, high, half)])
        else:
            flat = np.linspace(low, high, bins + 1)
        edges = self.unflat(flat)
        edges[0], edges[-1] = self.low, self.high  # rounding must not lose the points at the ends
        return edges

    def apply(self, axis: Any, *, ticks: int = 5) -> None:
        """Give a matplotlib axis this scale and range, and ticks that do not overlap."""
        from matplotlib import ticker

        which = axis.axis_name
        if self.scale == "symlog":
            getattr(axis.axes, f"set_{which}scale")("symlog", linthresh=self.threshold, linscale=_LINSCALE)
            axis.set_major_locator(ticker.FixedLocator(self._signed_decades(ticks)))
            axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: _power(value)))
            axis.set_minor_locator(ticker.NullLocator())
        elif self.scale == "log":
            getattr(axis.axes, f"set_{which}scale")("log")
            axis.set_major_locator(ticker.LogLocator(numticks=ticks))
            axis.set_minor_locator(ticker.NullLocator())
            if math.log10(self.high / self.low) < 1.5:
                axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0), numticks=ticks + 2))
                axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
        else:
            axis.set_major_locator(ticker.MaxNLocator(nbins=ticks, steps=[1, 2, 5, 10]))
            axis.get_major_formatter().set_useMathText(True)
            axis.get_major_formatter().set_powerlimits((-3, 4))
        getattr(axis.axes, f"set_{which}lim")(self.low, self.high)

    def _signed_decades(self, ticks: int) -> list[float]:
        """Powers of ten of both signs, about `ticks` within the range."""
        first = math.ceil(math.log10(self.threshold) - 1e-9)
        last = math.floor(math.log10(max(abs(self.low), abs(self.high))) + 1e-9)
        step = max(1, math.ceil((last - first) / max(1, ticks // 2)))
        # None near the middle, where those of both signs would meet.
        powers = [10.0**k for k in range(last, first, -step) if k - first > 0.2 * (last - first)]
        return [*(-p for p in powers), *reversed(powers)]


def _power(value: float) -> str:
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    return f"${sign}10^{{{round(math.log10(abs(value)))}}}$"


class Labelled(Protocol):
    """What has a label: a parameter, an observable, a column of the store."""

    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def latex(self) -> str: ...


def label_of(column: Labelled, *, unit: bool = True) -> str:
    """Return the label of a column: its LaTeX when matplotlib can set it, else its name; with unit."""
    after = "" if not unit or column.unit in ("", "1") else f" [{_unit(column.unit)}]"
    label = f"${column.latex}${after}"
    return label if column.latex and can_be_set(label) else plain(column.name) + after


def _unit(unit: str) -> str:
    """A unit with its powers raised, in the letters of the text around it."""
    raised = _POWER.sub(r"$^{\1}$", plain(unit))
    return raised if can_be_set(raised) else plain(unit)


def plain(text: str) -> str:
    """Return text that matplotlib shows as it is."""
    return text.replace("$", r"\$")


@cache
def can_be_set(text: str) -> bool:
    """True when matplotlib's mathtext understands `text`, of a length that fits, and has all its characters."""
    from matplotlib.mathtext import MathTextParser

    if len(text) > _LONGEST:
        return False
    missing = _Missing()
    log = logging.getLogger("matplotlib.mathtext")
    passed_on, log.propagate = log.propagate, False
    log.addHandler(missing)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # older versions say by a warning that a character is missing
            warnings.simplefilter("ignore", DeprecationWarning)  # of an older matplotlib with newer neighbours
            MathTextParser("path").parse(text)
    except Exception:  # ValueError as a rule, but also RecursionError, and what else a parser comes to
        return False
    finally:
        log.removeHandler(missing)
        log.propagate = passed_on
    return not missing.told


class _Missing(logging.Handler):
    """Notes that matplotlib told of a character that its font does not have."""

    told = False

    def emit(self, record: logging.LogRecord) -> None:
        self.told = True


def settle_texts(figure: Any) -> None:
    """Show as it is, rather than fail at, whatever text of a figure matplotlib cannot set."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        shown = text.get_text()
        if "$" in shown and text.get_parse_math() and not can_be_set(shown):
            text.set_parse_math(False)


def parameter_axis(parameter: Parameter | None, field: Field, values: Floats) -> Quantity:
    """The axis of a parameter: its prior's scale and range; as for an observable when the prior is unknown."""
    if parameter is None:
        return observable_axis(field, values, values)
    prior = parameter.prior
    low, high = prior.support
    if not (math.isfinite(low) and math.isfinite(high)):
        return replace(observable_axis(field, values, values), scale="linear")
    if low == high:
        low, high = low - max(abs(low), 1.0) * 0.05, high + max(abs(high), 1.0) * 0.05
    if isinstance(prior, LogUniform):
        return Quantity(field.name, label_of(field), "log", low, high)
    if isinstance(prior, SignedLogUniform):
        return Quantity(field.name, label_of(field), "symlog", low, high, prior.min_abs)
    return Quantity(field.name, label_of(field), "linear", low, high)


def observable_axis(
    field: Field,
    values: Floats,
    background: Floats,
    window: tuple[float, float] = (-math.inf, math.inf),
    scale: str = "",
) -> Quantity:
    """The axis of an observable: wide enough for the points that matter.

    Args:
        field: of the observable.
        values: of the points that matter, all of which are shown but for the outermost percent.
        background: of other points; shown as far as the range does not become much larger.
        window: accepted by the constraints; its ends are shown.
        scale: what the model wants it to be; "" for a choice by the values.
    """
    label = label_of(field)
    kept = _finite(values)
    others = _finite(background)
    ends = [end for end in window if math.isfinite(end)]
    if scale in ("log", "symlog"):
        declared = _declared_axis(field.name, label, scale, kept if len(kept) else others, ends)
        if declared is not None:
            return declared
    base = kept if len(kept) else others
    if not len(base) and not ends:
        return Quantity(field.name, label, "linear", 0.0, 1.0)
    marks = [*(np.quantile(base, (0.005, 0.995)).tolist() if len(base) else []), *ends]
    low, high = min(marks), max(marks)
    wide = np.quantile(others, (0.05, 0.95)).tolist() if len(others) else [low, high]
    positive = low > 0 and wide[0] > 0 and not scale
    if positive and math.log10(max(high, wide[1]) / min(low, wide[0])) > _MANY_DECADES:
        return Quantity(field.name, label, "log", min(low, wide[0]) / 2, max(high, wide[1]) * 2)
    # Points that do not matter may at most double the range on either side.
    span = (high - low) or max(abs(high), 1e-9)
    low, high = max(min(low, wide[0]), low - span), min(max(high, wide[1]), high + span)
    margin = 0.06 * (high - low) or 0.5 * span
    return Quantity(field.name, label, "linear", low - margin, high + margin)


def _declared_axis(name: str, label: str, scale: str, values: Floats, ends: list[float]) -> Quantity | None:
    """A logarithmic axis, or one of both signs; None when the values do not allow it."""
    if scale == "log":
        values, ends = values[values > 0], [end for end in ends if end > 0]
    size = np.abs(values[values != 0])
    flat = np.log10(values) if scale == "log" else values
    edges = np.quantile(flat, (0.005, 0.995)).tolist() if len(flat) else []
    marks = [*(10.0**edge if scale == "log" else edge for edge in edges), *ends]
    if not len(size) or min(marks) == max(marks):
        return None
    low, high = min(marks), max(marks)
    if scale == "log":
        if high < 3.0 * low:
            return None  # too few powers of ten for ticks
        margin = (high / low) ** 0.06
        return Quantity(name, label, "log", low / margin, high * margin)
    threshold = 10.0 ** math.floor(math.log10(float(np.quantile(size, 0.2))))
    reach = 2.0 * max(abs(low), abs(high), threshold)
    return Quantity(name, label, "symlog", -reach if low < 0 else -threshold, reach, threshold)


def _finite(values: Floats) -> Floats:
    return values[np.isfinite(values)]
