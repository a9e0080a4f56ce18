"""The interface of novelty detectors: what a subclass must bring."""

from __future__ import annotations

import pytest

from terranova.interfaces.novelty import NoveltyDetector

REQUIRED = ("update", "score", "pending", "merge", "state", "restore")


@pytest.mark.parametrize("missing", REQUIRED)
def test_a_detector_without_one_of_its_methods_cannot_be_made(missing: str) -> None:
    methods = {name: lambda self, *_: None for name in REQUIRED if name != missing}
    with pytest.raises(TypeError, match=missing):
        type("Incomplete", (NoveltyDetector,), methods)(2, 1)


def test_a_detector_knows_its_sizes() -> None:
    whole = type("Whole", (NoveltyDetector,), {name: lambda self, *_: None for name in REQUIRED})
    detector = whole(3, 2)
    assert (detector.features, detector.islands) == (3, 2)
