"""Novelty detectors that come with terranova."""

from __future__ import annotations

from collections.abc import Sequence

from terranova import NoveltyDetector
from terranova.plugins.novelty.hbos import Hbos
from terranova.plugins.novelty.hbos_pairs import HbosPairs
from terranova.registry.hooks import hookimpl


@hookimpl
def terranova_novelty_detectors() -> Sequence[type[NoveltyDetector]]:
    """All detectors of this package."""
    return [Hbos, HbosPairs]
