"""Choose what to plot against what: the pairs of columns that know most of each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from terranova.types import Array, Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

_BINS = 16
_COARSE = 6
_SAME = 0.6
"""Two columns that share more than this part of their information are the same thing under two names."""

_FEW = 30
"""With fewer points than this every pair looks structured; then the first pairs are taken."""


@dataclass(frozen=True)
class Projection:
    """One panel: columns for the axes and for the colour ("" for none)."""

    x: str
    y: str
    colour: str


def choose_projections(
    points: pd.DataFrame, parameters: Sequence[str], observables: Sequence[str], panels: int = 9
) -> list[Projection]:
    """Choose panels for a sample of points.

    About two thirds show two parameters, the rest a parameter or observable against an observable. Pairs are
    taken in order of their mutual information, no column more than three times; the colour is the observable
    that the place in the panel tells most about.

    Args:
        points: n points.
        parameters: columns that may be axes.
        observables: columns that may be axes or colours.
        panels: at most this many are returned.
    """
    binned = {name: _equal_bins(points[name].to_numpy(), _BINS) for name in [*parameters, *observables]}
    ranked = {name: bins for name, bins in binned.items() if bins is not None and bins.max() > 0}
    free = [name for name in parameters if name in ranked]
    derived = [name for name in observables if name in ranked]
    wanted = panels - min(len(derived), panels // 3)
    used: Counter[str] = Counter()
    chosen = _best_pairs(list(combinations(free, 2)), ranked, wanted, used, duplicates=True)
    mixed = [(a, b) for b in derived for a in free] + list(combinations(derived, 2))
    chosen += _best_pairs(mixed, ranked, panels - len(chosen), used, duplicates=False)
    colours: Counter[str] = Counter()
    return [Projection(x, y, _colour(x, y, points, ranked, derived, colours)) for x, y in chosen]


def mutual_information(a: Ints, b: Ints, bins: int) -> float:
    """Mutual information in nats of two binned columns (n,), with the Miller-Madow correction for finite n."""
    joint = np.bincount(a * bins + b, minlength=int(a.max() + 1) * bins).astype(float)
    n = len(a)
    filled = joint[joint > 0]
    first, second = np.bincount(a), np.bincount(b)
    first, second = first[first > 0], second[second > 0]
    naive = _entropy(first, n) + _entropy(second, n) - _entropy(filled, n)
    return float(naive - (len(filled) - len(first) - len(second) + 1) / (2 * n))


def _entropy(counts: Array, n: int) -> float:
    share = counts / n
    return float(-(share * np.log(share)).sum())


def _equal_bins(values: Floats, bins: int) -> Ints | None:
    """Number (n,) of the quantile bin of each value; None for a constant column or one with gaps."""
    if not len(values) or not np.isfinite(values).all() or values.min() == values.max():
        return None
    edges = np.unique(np.quantile(values, np.linspace(0.0, 1.0, bins + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right").astype(np.int64)


def _best_pairs(
    pairs: list[tuple[str, str]],
    ranked: dict[str, Ints],
    wanted: int,
    used: Counter[str],
    *,
    duplicates: bool,
) -> list[tuple[str, str]]:
    """Take the best pairs, greedily, so that no column appears more than three times in all."""
    if wanted <= 0 or not pairs:
        return []
    if len(ranked[pairs[0][0]]) < _FEW:
        scored = [(0.0, pair) for pair in pairs]
    else:
        scored = [(mutual_information(ranked[a], ranked[b], _BINS), (a, b)) for a, b in pairs]
        scored.sort(key=lambda item: -item[0])
    chosen: list[tuple[str, str]] = []
    for information, (a, b) in scored:
        if len(chosen) == wanted:
            break
        if not duplicates and (
            information > _SAME * np.log(_BINS) or any(_look_alike((a, b), other, ranked) for other in chosen)
        ):
            continue
        if used[a] < 3 and used[b] < 3:
            used.update((a, b))
            chosen.append((a, b))
    return chosen


def _look_alike(one: tuple[str, str], other: tuple[str, str], ranked: dict[str, Ints]) -> bool:
    """True for two panels that share an axis and whose other axes are the same thing under two names."""
    common = set(one) & set(other)
    if len(common) != 1:
        return False
    (a,), (b,) = set(one) - common, set(other) - common
    return bool(mutual_information(ranked[a], ranked[b], _BINS) > _SAME * np.log(_BINS))


def _colour(
    x: str,
    y: str,
    points: pd.DataFrame,
    ranked: dict[str, Ints],
    observables: Sequence[str],
    used: Counter[str],
) -> str:
    """The observable, not yet used twice, that the place in a panel tells most about."""
    cells = [_equal_bins(points[name].to_numpy(), _COARSE) for name in (x, y)]
    candidates = [name for name in observables if name not in (x, y) and used[name] < 2]
    if not candidates or cells[0] is None or cells[1] is None:
        return ""
    place = cells[0] * _COARSE + cells[1]
    best = max(candidates, key=lambda name: mutual_information(place, ranked[name], _BINS))
    used[best] += 1
    return best
