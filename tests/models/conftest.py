"""Makes the modules beside the tests importable, and shares the reference vectors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from thdm3_reference import Vectors


@pytest.fixture(scope="session")
def vectors() -> Vectors:
    """The reference vectors of the 3HDM."""
    from thdm3_reference import read_vectors

    return read_vectors()
