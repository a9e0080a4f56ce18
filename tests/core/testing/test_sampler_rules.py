"""Rules of samplers: each is broken by a sampler that breaks this one only."""

from __future__ import annotations

import pytest
from support.broken_samplers import BROKEN

from terranova import Sampler
from terranova.errors import ContractError
from terranova.testing import sampler_checks


@pytest.mark.parametrize(("kind", "rule", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_a_broken_rule_is_named(kind: type[Sampler], rule: str, words: str) -> None:
    (check,) = sampler_checks(kind, points=200, rules=[rule])
    with pytest.raises(ContractError, match=f"sampler 'steps', {rule}: .*{words}"):
        check()
