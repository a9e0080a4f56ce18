"""The typed form of a scan's configuration: what decides the points, and what differs between two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from terranova.config.problem import ModelChoice, ProblemConfig
from terranova.config.scan import Budget, Parallel, SamplerChoice, ScanConfig, Storage

CONFIG = ScanConfig(
    ProblemConfig(ModelChoice("m"), ("theory", "higgs")), SamplerChoice("random"), Budget(evaluations=9)
)


@pytest.mark.parametrize(
    "change",
    [
        {"budget": Budget(wall=3.0)},
        {"output": Path("elsewhere")},
        {"store": Storage(keep="valid")},
        {"parallel": Parallel(workers=7, executor="processes", timeout=1.0)},
        {"text": "as written"},
    ],
)
def test_what_changes_no_point_is_no_part_of_the_identity(change: dict[str, Any]) -> None:
    other = replace(CONFIG, **change)
    assert other.digest() == CONFIG.digest()
    assert other.identity() == CONFIG.identity()


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"parallel": Parallel(epoch=3)},
        {"sampler": SamplerChoice("random", 4, {"n": 1})},
        {"problem": ProblemConfig(ModelChoice("m"), ("higgs", "theory"))},  # the order of columns and of sums
    ],
)
def test_what_moves_a_point_changes_the_digest(change: dict[str, Any]) -> None:
    assert replace(CONFIG, **change).digest() != CONFIG.digest()


def test_keys_are_written_in_order_and_nothing_that_is_none() -> None:
    keys = CONFIG.to_dict()
    assert list(keys) == ["model", "constraints", "parameters", "sampler", "budget", "seed", "parallel", "store"]
    assert keys["budget"] == {"evaluations": 9}
    assert "workers" not in keys["parallel"]


def test_the_plugins_that_take_part() -> None:
    assert [(kind, name) for kind, name, _ in CONFIG.plugins()] == [
        ("model", "m"),
        ("sampler", "random"),
        ("executor", "serial"),
    ]
