"""The section on discrete parameters: what was found for each of their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from terranova.evaluation.problem import Problem
from terranova.interfaces.discrete_priors import Discrete
from terranova.interfaces.parameters import Parameter, ParameterSpace
from terranova.pages.blocks import Paragraph, Section
from terranova.pages.table import Column, Table
from terranova.pages.text import number
from terranova.runs.coverage import Coverage
from terranova.runs.run import Run
from terranova.types import Floats

MOST = 40
"""Values of a parameter that are listed; of one with more, none is."""

_ROWS = 100_000


def categories_section(run: Run, problem: Problem | None) -> Section | None:
    """Return points, valid points, best likelihood and coverage by the values of each discrete parameter.

    Coverage is that of the other scanned parameters, in bins of the unit cube as everywhere. None if no scanned
    parameter is discrete, or the priors are not known.
    """
    if problem is None:
        return None
    space = problem.model.space
    discrete = [p for p in space.free if isinstance(p.prior, Discrete) and len(p.prior.levels) <= MOST]
    if not discrete:
        return None
    counts = {(p.name, level): _Count(space) for p in discrete for level in _levels(p)}
    names = list(space.names)
    for table in run.reader.batches([*names, "valid", "loglike"], rows=_ROWS):
        x = np.column_stack([table[name].to_numpy() for name in names])
        valid, loglike = table["valid"].to_numpy(zero_copy_only=False), table["loglike"].to_numpy()
        for (name, level), count in counts.items():
            rows = x[:, names.index(name)] == level
            count.add(x[rows], valid[rows], loglike[rows])
    columns = [
        Column("value", "name"),
        *(Column(words, "number") for words in ("points", "valid", "best ln L", "coverage")),
    ]
    rows, groups = _table(discrete, counts)
    text = (
        "Of each value of a discrete parameter: points evaluated, valid ones, the best log-likelihood, and the "
        "bins of 400 that valid points reach, averaged over pairs of the scanned parameters."
    )
    return Section("categories", "Category by category", [Paragraph(text), Table(columns, rows, groups=groups)])


def _levels(parameter: Parameter) -> tuple[float, ...]:
    assert isinstance(parameter.prior, Discrete)
    return parameter.prior.levels


class _Count:
    """What was found with one value of one parameter."""

    def __init__(self, space: ParameterSpace) -> None:
        self.space, self.coverage = space, Coverage(space.dimension)
        self.points = self.valid = 0
        self.best = -np.inf

    def add(self, x: Floats, valid: Floats, loglike: Floats) -> None:
        self.points += len(x)
        self.valid += int(valid.sum())
        self.best = max(self.best, float(loglike.max(initial=-np.inf)))
        if valid.any():
            self.coverage.add(np.clip(self.space.to_unit(x[valid]), 0.0, 1.0))


def _table(
    discrete: Sequence[Parameter], counts: Mapping[tuple[str, float], _Count]
) -> tuple[list[Sequence[str]], list[tuple[str, int]]]:
    """Return the rows, and where those of each parameter begin."""
    rows: list[Sequence[str]] = []
    groups = []
    for parameter in discrete:
        assert isinstance(parameter.prior, Discrete)
        groups.append((parameter.name, len(rows)))
        for level, label in zip(parameter.prior.levels, parameter.prior.labels, strict=True):
            found = counts[parameter.name, level]
            cells = (f"{found.points:,}", f"{found.valid:,}", number(found.best), number(found.coverage.mean))
            rows.append([label, *cells])
    return rows, groups
