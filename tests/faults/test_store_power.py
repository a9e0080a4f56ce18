"""Power cuts, as a disk that keeps what was synced and nothing else: fsyncs that are missing, or come too late."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.live_stores import ROWS, expected_keys, live, stored_keys

from terranova.store import load_manifest
from terranova.system import disk

Image = dict[str, bytes]
"""Path of a file within a directory -> its content."""


class Platter:
    """Follows, in a `with` block, what is on the disk of a directory for certain, after each operation.

    What is written but not synced can be there or not. Of the many disks that a power cut may leave, two extremes
    are kept: names as late as they may be, and names at once; contents are as late as they may be in both.
    """

    def __init__(self, root: Path, acknowledged: list[int]) -> None:
        self._root, self._acknowledged = root, acknowledged
        self._contents: dict[int, bytes] = {}
        self._names: dict[int, dict[str, int]] = {}
        self.images: list[tuple[int, Image]] = []

    def __enter__(self) -> Platter:
        self._before = {name: getattr(disk, name) for name in disk.OPERATIONS}
        for name, operation in self._before.items():
            setattr(disk, name, self._followed(name, operation))
        return self

    def __exit__(self, *_: object) -> None:
        for name, operation in self._before.items():
            setattr(disk, name, operation)

    def _followed(self, name: str, operation: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            answer = operation(*args, **options)
            if name == "fsync":
                self._synced(args[0])
            elif name == "open" and os.fstat(answer).st_size == 0:
                self._contents.pop(os.fstat(answer).st_ino, None)  # a number that another file had
            done = len(self._acknowledged)
            self.images.append((done, dict(self._late(self._root, ""))))
            self.images.append((done, dict(self._early())))
            return answer

        return call

    def _synced(self, fd: int) -> None:
        number = os.fstat(fd).st_ino
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            self._names[number] = {entry.name: entry.inode() for entry in os.scandir(fd)}
        else:
            for path in self._root.rglob("*"):
                if path.stat().st_ino == number:
                    self._contents[number] = path.read_bytes()

    def _late(self, directory: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
        try:
            known = self._names.get(directory.stat().st_ino, {})
        except FileNotFoundError:
            return
        for name, number in known.items():
            if (directory / name).is_dir():
                yield from self._late(directory / name, f"{prefix}{name}/")
            else:
                yield prefix + name, self._contents.get(number, b"")

    def _early(self) -> Iterator[tuple[str, bytes]]:
        for path in self._root.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(self._root)), self._contents.get(path.stat().st_ino, b"")


def _restore(image: Image, directory: Path) -> None:
    directory.mkdir()
    for name, content in image.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.mark.fault("F1")
@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("durability", ["power", "process"])
def test_a_power_cut_after_any_operation(tmp_path: Path, durability: str, step: int) -> None:
    acknowledged: list[int] = []
    (tmp_path / "run").mkdir()
    with Platter(tmp_path / "run", acknowledged) as platter:
        live(tmp_path / "run", acknowledged, durability=durability)
    assert len(platter.images) > 100
    for i, (done, image) in enumerate(platter.images):
        if i % step and not (done and i == len(platter.images) - 1):
            continue
        directory = tmp_path / f"image-{i}"
        _restore(image, directory)
        # By default, what was acknowledged is safe once there has been a `sync`, which is at each third generation.
        safe = done if durability == "power" else max(0, done - 1) // 3 * 3
        seen = stored_keys(directory)
        assert set(seen.values()) <= {1}
        assert expected_keys(safe).keys() <= seen.keys() <= expected_keys(done + 1).keys(), i
        if safe:
            load_manifest(directory)
        live(directory, [])
        assert stored_keys(directory) == expected_keys(12)
        assert len(stored_keys(directory)) == 12 * ROWS
