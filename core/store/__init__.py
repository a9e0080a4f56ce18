"""The store: points and state on disk, safe against the death of any process, readable while a run writes."""

from terranova.store.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from terranova.store.counts import Counts
from terranova.store.findings import Finding, Verification
from terranova.store.lock import RunLock
from terranova.store.manifest import Manifest, current_versions, load_manifest
from terranova.store.reader import Reader
from terranova.store.recovery import Recovery, recover
from terranova.store.salvage import Salvage, salvage, settle
from terranova.store.schema import Field, Schema
from terranova.store.verify import require_sound, verify
from terranova.store.writer import Writer

__all__ = [
    "Checkpoint",
    "Counts",
    "Field",
    "Finding",
    "Manifest",
    "Reader",
    "Recovery",
    "RunLock",
    "Salvage",
    "Schema",
    "Verification",
    "Writer",
    "current_versions",
    "load_checkpoint",
    "load_manifest",
    "recover",
    "require_sound",
    "salvage",
    "save_checkpoint",
    "settle",
    "verify",
]
