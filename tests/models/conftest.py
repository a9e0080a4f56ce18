"""Shares the reference vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.thdm3_reference import Vectors


@pytest.fixture(scope="session")
def vectors() -> Vectors:
    """The reference vectors of the 3HDM."""
    from support.thdm3_reference import read_vectors

    return read_vectors()
