"""Conformance suite for samplers: what every one must do, whatever its algorithm.

from terranova.testing import check_sampler, sampler_checks

check_sampler("darts")                                                  # everything, in one go

@pytest.mark.parametrize("check", sampler_checks("darts"), ids=str)     # or one test a rule
def test_darts(check):
    check()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from terranova.errors import did_you_mean
from terranova.interfaces.sampler import Archipelago, Sampler
from terranova.testing.rules import Check, check_all
from terranova.testing.sampler_case import Case
from terranova.testing.sampler_rules import RULES

__all__ = ["Case", "Check", "check_sampler", "sampler_checks"]


def sampler_checks(
    sampler: str | type[Sampler] | type[Archipelago],
    *,
    options: Mapping[str, Any] | None = None,
    points: int = 1500,
    rules: Sequence[str] | None = None,
) -> list[Check[Case]]:
    """Return the checks of a sampler, one for each rule, for `pytest.mark.parametrize`.

    Args:
        sampler: its name, as in a configuration, or the class.
        options: of the sampler; small populations make checks fast.
        points: evaluations of one run, about. Each check makes up to four.
        rules: names of the rules to check; all of them if not given.

    Raises:
        PluginError: there is no such sampler, or it is broken.
        ValueError: there is no such rule.
    """
    if isinstance(sampler, str):
        from terranova.registry import registry

        plugin: type[Sampler] | type[Archipelago] = registry().get("sampler", sampler).target
    else:
        plugin = sampler
    known = {rule.__name__: rule for rule in RULES}
    for name in rules or ():
        if name not in known:
            raise ValueError(f"there is no rule {name!r}{did_you_mean(name, known)}")
    case = Case(plugin, dict(options or {}), points)
    return [Check("sampler", known[name], case) for name in (known if rules is None else rules)]


def check_sampler(
    sampler: str | type[Sampler] | type[Archipelago],
    *,
    options: Mapping[str, Any] | None = None,
    points: int = 1500,
) -> None:
    """Check a sampler against all rules.

    Args:
        sampler, options, points: as for `sampler_checks`.

    Raises:
        ContractError: it breaks some; every one is named.
        PluginError: there is no such sampler, or it is broken.
    """
    check_all(sampler_checks(sampler, options=options, points=points))
