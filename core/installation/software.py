"""Versions of packages, and the plugins that are installed."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sys

from terranova.installation.finding import PACKAGE, Finding, Level, Section


def software() -> Section:
    """Versions of terranova and of what it needs, and which optional parts are there."""
    findings = [
        Finding("terranova", f"{importlib.metadata.version('terranova')}, in {PACKAGE}"),
        Finding("python", f"{platform.python_version()}, {sys.executable}"),
    ]
    missing: dict[str, list[str]] = {}
    for name, extra in _requirements():
        version = version_of(name)
        if version:
            findings.append(Finding(name, version))
        elif not extra:
            findings.append(Finding(name, "missing", Level.BROKEN, f"pip install {name}"))
        else:
            missing.setdefault(extra, []).append(name)
    for extra, names in missing.items():
        cure = f"optional: pip install 'terranova[{extra}]'"
        findings += [Finding(name, "not installed", Level.ABSENT, cure) for name in names]
    return Section("Software", findings)


def _requirements() -> list[tuple[str, str]]:
    """Return (name, extra) of what terranova's own metadata asks for; extra is "" where it is essential."""
    findings = []
    for line in importlib.metadata.requires("terranova") or []:
        name = re.match(r"[A-Za-z0-9._-]+", line)
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", line)
        if name and name[0] != "terranova" and not (extra and extra[1] in ("dev", "all")):
            findings.append((name[0], extra[1] if extra else ""))
    return findings


def version_of(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def plugins() -> Section:
    """How many plugins of each kind there are, and which are broken."""
    from terranova.registry import registry
    from terranova.registry.kinds import KINDS

    known = registry()
    findings = [
        Finding(kind, ", ".join(dict.fromkeys(p.name for p in known.of_kind(kind))) or "none") for kind in KINDS
    ]
    cure = "`terranova plugins --debug` shows the traceback; or uninstall it"
    findings += [Finding(b.name, f"{b.origin}: {b.reason}", Level.BROKEN, cure) for b in known.broken]
    for group in known.conflicts():
        origins = " and ".join(plugin.origin for plugin in group)
        findings.append(Finding(group[0].title, f"offered by {origins}", Level.BROKEN, "uninstall one of them"))
    return Section("Plugins", findings)
