"""The problems of these tests, registered like plugins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from terranova.registry import registry

pytest.importorskip("iminuit", reason="the fit extra is not installed")


@pytest.fixture(autouse=True)
def fit_registry() -> Iterator[None]:
    """The shared registry, with the problems in it for the length of a test."""
    from support import fit_problems

    shared = registry()
    before = list(shared.plugins)
    shared.register(fit_problems, name="fit_problems", origin="tests")
    yield
    shared.plugins[:] = before
