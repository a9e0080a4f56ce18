"""Operations by which terranova changes the disk, under one name each.

What must survive a crash goes through here, so that `terranova.testing` can make any single operation fail. They
are the operating system's own functions: nothing is added to their cost.
"""

from __future__ import annotations

from os import fsync, ftruncate, link, mkdir, open, replace, unlink, write, writev

OPERATIONS = ("fsync", "ftruncate", "link", "mkdir", "open", "replace", "unlink", "write", "writev")
"""Their names. Callers write `disk.fsync(fd)`: a name imported from here would escape the injected faults."""

__all__ = [
    "OPERATIONS",
    "fsync",
    "ftruncate",
    "link",
    "mkdir",
    "open",
    "replace",
    "unlink",
    "write",
    "writev",
]
