"""Versions and plugins: what is missing is said, and whether it matters."""

from __future__ import annotations

import importlib.metadata

import pytest

from terranova.installation import software
from terranova.installation.finding import Finding, Level
from terranova.registry import registry
from terranova.registry.plugin import BrokenPlugin


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


def _named(findings: list[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


def test_software_lists_what_is_needed_and_what_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        return "" if name in ("h5py", "numpy") else "1.0"

    monkeypatch.setattr(software, "version_of", version)
    section = software.software()
    assert _named(section.findings, "scipy").level is Level.FINE
    absent = _named(section.findings, "h5py")
    assert absent.level is Level.ABSENT
    assert "terranova[hdf5]" in absent.cure
    assert _named(section.findings, "numpy").level is Level.BROKEN
    assert section.broken
    assert "pytest" not in [finding.name for finding in section.findings]


def test_versions_are_those_that_are_installed() -> None:
    section = software.software()
    assert _named(section.findings, "numpy").value == importlib.metadata.version("numpy")
    assert not section.broken


def test_broken_plugins_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = BrokenPlugin("sick", "sick-plugin 1.0: sick", "ImportError: no module named 'fever'")
    monkeypatch.setattr(registry(), "broken", [broken])
    section = software.plugins()
    assert section.broken
    assert "fever" in _named(section.findings, "sick").value
