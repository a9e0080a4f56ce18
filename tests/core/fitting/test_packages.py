"""Packages that fits need: what is missing is said before anything is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from terranova.config import ModelChoice, ProblemConfig
from terranova.errors import PluginMissing
from terranova.fitting import packages
from terranova.fitting.config import FitConfig, Mcmc, Nested
from terranova.fitting.packages import needed, require_packages


def _config(**methods: Any) -> FitConfig:
    return FitConfig(ProblemConfig(ModelChoice("any")), Path("out"), **methods)


@pytest.mark.parametrize(
    ("methods", "names"),
    [
        ({}, "iminuit"),
        ({"nested": Nested()}, "iminuit and nautilus"),
        ({"nested": Nested(sampler="dynesty")}, "iminuit and dynesty"),
        ({"nested": Nested(), "mcmc": Mcmc()}, "iminuit and nautilus and emcee"),
    ],
)
def test_all_that_is_missing_is_named(methods: dict[str, Any], names: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PluginMissing, match=rf"^this fit needs {names}, not installed here: .*terranova\[fit\]"):
        require_packages(_config(**methods))


def test_only_what_a_fit_uses_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: name if name == "iminuit" else None)
    require_packages(_config())


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        (("arviz", "arviz"), "arviz is not installed: pip install 'arviz'"),
        (("emcee",), "emcee is not installed: pip install 'terranova[fit]'"),
    ],
)
def test_an_import_that_fails_says_how_to_install(given: tuple[str, ...], advice: str) -> None:
    with pytest.raises(PluginMissing) as caught, needed(*given):
        raise ImportError("no module")
    assert str(caught.value) == advice
