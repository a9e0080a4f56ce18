"""Makes `support` importable, here and in processes that tests start, and registers the toy models."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent
sys.path.insert(0, str(TESTS))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH", "")]))
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# A loaded machine is no failure; tests that need more examples say so.
settings.register_profile("terranova", deadline=None, max_examples=30)
settings.load_profile("terranova")


@pytest.fixture
def toy_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The shared registry, with the toy models in it for the length of a test."""
    from support import toys

    from terranova.registry import registry

    shared = registry()
    before = list(shared.plugins)
    shared.register(toys, name="toys", origin="tests")
    yield
    shared.plugins[:] = before
