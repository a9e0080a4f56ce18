"""Rules and checks: a broken rule is named with the plugin, and all that are broken at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from terranova.errors import ContractError
from terranova.testing.rules import Check, check_all, demand

CASE: Any = SimpleNamespace(plugin=SimpleNamespace(name="mine"))


def keeps(case: Any) -> None:
    """Nothing to say."""


def breaks(case: Any) -> None:
    """Says so."""
    demand(False, "it is wrong")


def crashes(case: Any) -> None:
    """The plugin raises."""
    raise SystemExit(3)


def test_a_rule_that_is_kept_says_nothing() -> None:
    check_all([Check("model", keeps, CASE)])


@pytest.mark.parametrize(
    ("rule", "words"),
    [(breaks, "model 'mine', breaks: it is wrong"), (crashes, "model 'mine', crashes: it raised SystemExit: 3")],
)
def test_a_broken_rule_names_itself_and_the_plugin(rule: Any, words: str) -> None:
    check = Check("model", rule, CASE)
    assert str(check) == rule.__name__
    with pytest.raises(ContractError, match=words):
        check()


def test_everything_that_is_broken_is_said() -> None:
    with pytest.raises(ContractError) as caught:
        check_all([Check("model", rule, CASE) for rule in (breaks, keeps, crashes)])
    assert len(str(caught.value).splitlines()) == 2
