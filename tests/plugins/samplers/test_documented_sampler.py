"""The sampler in docs/writing-a-sampler.md works as shown."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from support import analytic_problems as problems

from terranova.registry import Registry
from terranova.testing import check_sampler

PAGE = Path(__file__).parents[3] / "docs" / "writing-a-sampler.md"


@pytest.fixture
def plugin() -> Iterator[ModuleType]:
    """The page's first Python block as a module."""
    block = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    module = ModuleType("documented_sampler")
    sys.modules[module.__name__] = module
    exec(compile(block[1], str(PAGE), "exec"), vars(module))
    yield module
    del sys.modules[module.__name__]


def test_the_documented_sampler_registers_and_climbs(plugin: ModuleType) -> None:
    registry = Registry()
    registry.register(plugin, name="hill_climb")
    assert registry.broken == []
    kind = registry.get("sampler", "hill-climb").target

    check_sampler(kind, options={"points": 8}, points=500)
    problem = problems.isles()
    losses: list[float] = []
    sampler = problems.archipelago(kind, problem.search_space, 1, (0, 1), step=0.1)
    problems.run(
        problem, sampler, 60, watch=lambda b: losses.append(float(np.log1p(b.violations).sum(axis=1).min()))
    )
    assert min(losses[-20:]) < 0.5 * losses[0]
