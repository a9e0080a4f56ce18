"""The package of surrogates: its names come when they are used."""

from __future__ import annotations

import pytest

from terranova import surrogates


def test_every_name_it_lists_is_there() -> None:
    from terranova.surrogates import trained, training

    assert surrogates.TrainedSurrogate is trained.TrainedSurrogate
    assert surrogates.Answer is trained.Answer
    assert surrogates.train is training.train
    assert all(hasattr(surrogates, name) for name in surrogates.__all__)


def test_others_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        surrogates.trian  # noqa: B018 - the attribute is asked for
