"""Makes `support` importable, here and in processes that tests start, and registers the toy models."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent
sys.path.insert(0, str(TESTS))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH", "")]))
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# Python without buffers writes a line in pieces, and lines that two ranks print at once then run into each other.
os.environ.pop("PYTHONUNBUFFERED", None)

# What a user agrees to run is remembered below; no test may read or write that of whoever runs the tests.
_STATE = tempfile.mkdtemp(prefix="terranova-tests-state-")
atexit.register(shutil.rmtree, _STATE, ignore_errors=True)
os.environ["XDG_STATE_HOME"] = _STATE

# A loaded machine is no failure; tests that need more examples say so.
settings.register_profile("terranova", deadline=None, max_examples=30)
settings.load_profile("terranova")


@pytest.fixture(autouse=True)
def _folders_of_imports() -> Iterator[None]:
    """The folder of a model that was imported from a file stays among those of imports: not for the next test."""
    before = list(sys.path)
    yield
    sys.path[:] = before


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
