"""Compatibility of two sessions of a run: what may differ between them, what must not, and what is noted."""

from __future__ import annotations

import json
import logging
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from terranova.config import ScanConfig
from terranova.errors import RunMismatch, listed
from terranova.evaluation.problem import Problem
from terranova.runs import provenance
from terranova.runs.spot_check import SpotCheck
from terranova.store import Manifest, Schema, load_manifest

log = logging.getLogger("terranova")

SHOWN = 20
"""Differences that are shown; of more, only how many there are."""


@dataclass(frozen=True)
class Changes:
    """What is allowed to differ between two sessions of a run, and does.

    Attributes:
        configuration: lines such as "budget.evaluations: 1000 -> 2000".
        versions: name -> version in the last session, version now.
    """

    configuration: Sequence[str]
    versions: Mapping[str, tuple[str, str]]


def check_same(directory: Path, before: ScanConfig, config: ScanConfig, problem: Problem) -> Changes:
    """Make sure that resuming continues the same scan; other versions of packages and plugins get a warning.

    Args:
        directory: of the run.
        before: its configuration so far.
        config: the configuration from now on.
        problem: made of that.

    Raises:
        RunMismatch: model, priors, constraints, sampler or seed, or what is stored, are no longer what they
            were; the message lists the differences.
    """
    manifest = load_manifest(directory)
    wrong = _stored_otherwise(manifest, before, config, problem)
    if manifest.config_hash != provenance.digest(config, problem):
        was, now = flat(manifest.physics), flat(provenance.physics(config, problem))
        physics = differences(was, now) if was else []
        wrong = physics + wrong or ["something in its configuration, the model or the data of a constraint set"]
    if wrong:
        raise RunMismatch(
            f"cannot resume {directory}: this would be another scan than the one that was started\n"
            + listed(wrong, SHOWN)
            + "\nStart a new run instead; `terranova rescore` scores stored points with other constraints"
        )
    return Changes(_allowed(before, config), _newer(manifest, config))


def warn(changes: Changes) -> None:
    """Say that a run goes on with other versions than before."""
    for name, (old, new) in changes.versions.items():
        log.warning("the run was made with %s %s; it goes on with %s", name, old, new)


def note(directory: Path, ranks: int, changes: Changes, check: SpotCheck | None = None) -> None:
    """Write into the manifest that the run was resumed, what had changed, and what a spot check found.

    Raises:
        OSError: it cannot be written.
    """
    manifest = load_manifest(directory)
    entry = {
        "resumed": datetime.now(UTC).isoformat(timespec="seconds"),
        "ranks": ranks,
        "changes": list(changes.configuration),
        "versions": {name: list(pair) for name, pair in changes.versions.items()},
    }
    if check is not None:
        entry["points evaluated again"] = check.points
        entry["differences"] = check.note()
    replace(manifest, history=[*manifest.history, entry]).save(directory)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Say what differs between two flat mappings, one line a key: "seed: 1 -> 2"."""
    lines = []
    for key in [*before, *(k for k in after if k not in before)]:
        if key not in before:
            lines.append(f"{key}: added {_short(after[key])}")
        elif key not in after:
            lines.append(f"{key}: removed (was {_short(before[key])})")
        elif json.dumps(before[key]) != json.dumps(after[key]):
            lines.append(f"{key}: {_short(before[key])} -> {_short(after[key])}")
    return lines


def changed_keys(before: Mapping[str, Any], after: Mapping[str, Any], free: Container[str] = ()) -> list[str]:
    """Return the top-level keys under which two configurations differ, in alphabetical order.

    Args:
        before, after: as they were read, or written; a value counts as the same if it has the same text.
        free: keys that may differ.
    """
    keys = [key for key in before.keys() | after.keys() if key not in free]
    return sorted(key for key in keys if str(before.get(key)) != str(after.get(key)))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "..."


def flat(value: Any, key: str = "") -> dict[str, Any]:
    """Return nested mappings as "sampler.islands" -> value, and lists by number where they hold mappings."""
    if isinstance(value, Mapping) and value:
        pairs = [(f"{key}.{k}".removeprefix("."), v) for k, v in value.items()]
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        pairs = [(f"{key}[{_name(item, i)}]", item) for i, item in enumerate(value)]
    else:
        return {key: value}
    return {k: v for name, inner in pairs for k, v in flat(inner, name).items()}


def _name(item: Any, number: int) -> Any:
    return item.get("name", number) if isinstance(item, Mapping) else item


def _stored_otherwise(manifest: Manifest, before: ScanConfig, config: ScanConfig, problem: Problem) -> list[str]:
    """Say what would make the rows to come unlike the rows stored."""
    lines = differences({"store.keep": before.store.keep}, {"store.keep": config.store.keep})
    was, now = _columns(manifest.schema), _columns(provenance.schema(config, problem))
    for line in differences(was, now):
        lines.append(f"column {line}")
    if not lines and list(was) != list(now):
        lines.append("the order of the columns")
    return lines


def _columns(schema: Schema) -> dict[str, Any]:
    fields = [*schema.parameters, *schema.observables, *schema.violations]
    return {field.name: field.unit for field in fields}


def _allowed(before: ScanConfig, config: ScanConfig) -> list[str]:
    """Say what differs of that which may."""
    was = flat(
        {"budget": asdict(before.budget), "parallel": asdict(before.parallel), "store": asdict(before.store)}
    )
    now = flat(
        {"budget": asdict(config.budget), "parallel": asdict(config.parallel), "store": asdict(config.store)}
    )
    return differences(was, now)


def _newer(manifest: Manifest, config: ScanConfig) -> dict[str, tuple[str, str]]:
    """Return what has another version now than in the last session."""
    last = dict(manifest.versions)
    for entry in manifest.history:
        last.update({name: pair[1] for name, pair in entry.get("versions", {}).items()})
    now = provenance.versions(config)
    return {name: (last[name], now[name]) for name in last if name in now and last[name] != now[name]}
