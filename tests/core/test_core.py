"""What `import terranova` offers: all of it is there, listed, and comes late."""

from __future__ import annotations

import pytest

import terranova


@pytest.mark.parametrize("name", sorted(terranova.__all__))
def test_every_name_it_lists_is_there(name: str) -> None:
    assert getattr(terranova, name) is not None
    assert name in dir(terranova)


def test_others_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'skan'"):
        terranova.skan  # noqa: B018 - the attribute is asked for
