"""Many constraints of the kind `search` judged in one call: each call costs, and there are dozens of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from terranova import Panel
from terranova.types import Array, Floats, Ints

if TYPE_CHECKING:
    from terranova.plugins.higgs_limits.search import Search


class SearchPanel(Panel):
    """The programs of several searches one after the other, and what their log-likelihoods need.

    Args:
        searches: the constraints, two or more.
    """

    def __init__(self, searches: Sequence[Search]) -> None:
        names = dict.fromkeys(name for search in searches for name in search.observables)
        self.observables = tuple(names)
        place = {name: i for i, name in enumerate(self.observables)}
        heads, numbers, factors, columns = [], [], [], []
        products, parts, reals = [0], [0], _Reals()
        states: list[Ints] = []
        for search in searches:
            state, product, factor, part, column, masses, others, tables, acceptance, *rest = search.made.program
            second, low, high, resolution, largest_width = rest
            here = np.array([*map(place.__getitem__, search.observables), -1])  # -1, none, stays so
            axes = (*reals.put(masses), *reals.put(others))
            table, factor_axis = reals.put(tables)[0], reals.put(acceptance)[0]
            first = sum(len(other) for other in states)
            z, logs, pulls = search.measured_signal
            pulls_axis = reals.put(np.concatenate([logs, pulls]))[0]
            sizes = tables.shape[2], factor_axis, acceptance.shape[1], second, pulls_axis, len(logs)
            heads.append([first, len(state), *axes, table, *sizes])
            numbers.append([low, high, resolution, largest_width, search.scale, z])
            states.append(here[state])
            products += [products[-1] + int(end) for end in product[1:]]
            parts += [parts[-1] + int(end) for end in part[1:]]
            factors.append(factor)
            columns.append(here[column])
        self._program: tuple[Array, ...] = (
            np.array(heads, dtype=np.int64),
            np.array(numbers),
            np.concatenate(states),
            np.array(products),
            np.concatenate(factors),
            np.array(parts),
            np.concatenate(columns),
            reals.array(),
        )
        self._most = max(map(len, states))
        self._searches = len(searches)

    def judge(self, values: Floats) -> tuple[Floats, Floats]:
        from terranova.plugins.higgs_limits.search_panel_kernels import judge_all  # numba takes a second to load

        shape = len(values), self._searches
        margins, terms, scratch = np.empty(shape), np.empty(shape), np.empty((2, self._most))
        arguments: tuple[Any, ...] = (np.ascontiguousarray(values), *self._program, scratch, margins, terms)
        judge_all(*arguments)
        return margins, terms


class _Reals:
    """Arrays put one after the other."""

    def __init__(self) -> None:
        self._arrays: list[Floats] = []
        self._length = 0

    def put(self, values: Floats) -> tuple[int, int]:
        """Add an array; return where it starts and how many numbers it has."""
        start = self._length
        self._arrays.append(np.ravel(values))
        self._length += values.size
        return start, values.size

    def array(self) -> Floats:
        """Return all of them."""
        return np.concatenate([*self._arrays, np.zeros(0)])
