"""The store: points and state on disk, safe against the death of any process, readable while a run writes."""

from terranova.store.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from terranova.store.counts import Counts
from terranova.store.findings import Finding, Verification
from terranova.store.lock import RunLock
from terranova.store.manifest import Manifest, current_versions, load_manifest
from terranova.store.reader import Reader
from terranova.store.recovery import Recovery, recover, remove_left_over
from terranova.store.salvage import Salvage, salvage, settle
from terranova.store.schema import Field, Schema
from terranova.store.verify import Soundness, refuse_damage, require_sound, soundness, verify, writers_there
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
    "Soundness",
    "Verification",
    "Writer",
    "current_versions",
    "load_checkpoint",
    "load_manifest",
    "recover",
    "refuse_damage",
    "remove_left_over",
    "require_sound",
    "salvage",
    "save_checkpoint",
    "settle",
    "soundness",
    "verify",
    "writers_there",
]
