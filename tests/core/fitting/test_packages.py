"""Packages of fits: what is missing is said at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from terranova.config.problem import ModelChoice, ProblemConfig
from terranova.errors import PluginMissing
from terranova.fitting import packages
from terranova.fitting.config import FitConfig, Mcmc, Nested
from terranova.fitting.packages import needed, one_thread, require_packages

CONFIG = FitConfig(ProblemConfig(ModelChoice("m")), Path("f"))


def test_only_what_a_fit_needs_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None if name != "iminuit" else name)
    require_packages(CONFIG)
    with pytest.raises(PluginMissing, match=r"needs nautilus and emcee, .*terranova\[fit\]"):
        require_packages(replace(CONFIG, nested=Nested(), mcmc=Mcmc()))


def test_an_import_that_fails_says_what_to_install() -> None:
    with (
        pytest.raises(PluginMissing, match=r"^nothing is not installed: pip install 'terranova\[x\]'"),
        needed("nothing", "terranova[x]"),
    ):
        import no_such_module_here  # noqa: F401
    with needed("math"):
        import math  # noqa: F401


def test_linear_algebra_is_limited_within_a_block() -> None:
    pytest.importorskip("threadpoolctl", reason="the fit extra is not installed")
    with one_thread():
        pass
