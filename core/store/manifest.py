"""Manifest of a run, `manifest.json`: all facts by which it can be understood and resumed years later."""

from __future__ import annotations

import json
import platform
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from terranova.errors import RunError, StoreCorrupt
from terranova.store.format import FORMAT, known, refuse_newer
from terranova.store.origin import terranova_version
from terranova.store.part import read_footer, read_schema
from terranova.store.schema import Schema
from terranova.store.snapshot import Snapshot
from terranova.system.atomic import make_directory, write_atomic

MANIFEST = "manifest.json"


def current_versions() -> dict[str, str]:
    """Versions of everything that can change a number, of this process."""
    versions = {"terranova": terranova_version(), "python": platform.python_version()}
    for package in ("numpy", "scipy", "numba", "cma", "pyarrow"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {**versions, "platform": platform.platform()}


def now() -> str:
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Manifest:
    """What a run is. Written when it starts; resuming adds to `history`.

    Attributes:
        schema: the columns of its points.
        seed: of all its random numbers.
        model: name of the model.
        model_options: as configured.
        constraints: constraint set -> its version.
        config_hash: of the physics in the configuration: a resume with another hash is another scan.
        citations: what to cite.
        versions: package or plugin -> version, when the run was started.
        physics: all that decides which points a scan visits and what becomes of them, as JSON can hold it.
        history: one entry for each time the run was resumed: when, on how many ranks, and what had changed.
        run_id: unique.
        created: ISO 8601, UTC.
        format: of the run directory.
        keep: "all" when every point is stored, "valid" when only those are.
        more: what a newer version has added, which is kept.
    """

    schema: Schema
    seed: int
    model: str
    model_options: Mapping[str, Any] = field(default_factory=dict)
    constraints: Mapping[str, str] = field(default_factory=dict)
    config_hash: str = ""
    citations: Sequence[str] = ()
    versions: Mapping[str, str] = field(default_factory=current_versions)
    physics: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = ()
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: str = field(default_factory=now)
    format: int = FORMAT
    keep: str = "all"
    more: Mapping[str, Any] = field(default_factory=dict)

    def save(self, directory: Path) -> None:
        """Write `manifest.json`, durably and all or nothing; makes the directory if need be."""
        make_directory(directory)
        content = {**_plain(self), "schema": self.schema.to_dict()}
        # What must be known to read the rest comes first in the file.
        ordered = {key: content[key] for key in ("format", "run_id", "created")} | content
        write_atomic(directory / MANIFEST, json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")


def about(directory: Path) -> str:
    """Return the manifest of a directory without its schema, to be stamped on files as JSON; "" if it has none."""
    try:
        content = json.loads((directory / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return ""
    content.pop("schema", None)
    return json.dumps(content, ensure_ascii=False)


def stamp_of(manifest: Manifest) -> str:
    """The same of a manifest in memory."""
    content = _plain(manifest)
    del content["schema"]
    return json.dumps(content, ensure_ascii=False)


def _plain(manifest: Manifest) -> dict[str, Any]:
    content = asdict(manifest)
    return {**content.pop("more"), **content}


def _made_of(content: Mapping[str, Any], schema: Schema) -> Manifest:
    ours = known(Manifest, {key: value for key, value in content.items() if key not in ("schema", "more")})
    more = {key: value for key, value in content.items() if key not in ours and key != "schema"}
    return Manifest(schema, **ours, more=more)


def rebuilt_manifest(points: Snapshot) -> Manifest | None:
    """Make the manifest again from what is stamped on parts and journals; None when none of them has it.

    Args:
        points: whose files are all readable.
    """
    for part in points.parts.values():
        metadata = read_footer(part).metadata or {}
        if text := metadata.get(b"terranova.manifest"):
            return _made_of(json.loads(text), read_schema(part))
    for contents in points.journals.values():
        if contents.schema is not None and contents.origin is not None and contents.origin.manifest:
            return _made_of(json.loads(contents.origin.manifest), contents.schema)
    return None


_IDENTITY = ("schema", "seed", "model", "model_options", "constraints", "config_hash", "run_id", "created", "keep")


def differences(one: Manifest, other: Manifest) -> list[str]:
    """Names of the facts in which two manifests of the same run differ; versions may grow."""
    return [name for name in _IDENTITY if getattr(one, name) != getattr(other, name)]


def load_manifest(directory: Path) -> Manifest:
    """Read the manifest of a run directory.

    Raises:
        RunError: it is not a run directory, or a newer terranova wrote it.
        StoreCorrupt: its manifest is damaged.
    """
    path = directory / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        content["format"]
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"{directory} is not a run directory: it has no {MANIFEST}.") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, error) from error
    refuse_newer(directory, content)
    try:
        return _made_of(content, Schema.from_dict(content["schema"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error


def refuse_newer_run(directory: Path) -> None:
    """Make sure that no newer terranova has written a run that its files alone do not show to be of a newer format.

    Raises:
        RunError: its manifest says so. One that is damaged says nothing.
    """
    try:
        content = json.loads((directory / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError):
        return
    if isinstance(content, dict):
        refuse_newer(directory, content)


def _damaged(path: Path, error: Exception) -> StoreCorrupt:
    return StoreCorrupt(
        f"{path} is damaged ({error!r}). The points are not affected: `terranova salvage {path.parent}` "
        "makes it again from what is stored with them."
    )
