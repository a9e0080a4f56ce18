"""Inputs of a hundred megabytes, files that unpack to more, and numbers that are none: refused, in bounds."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terranova.errors import StoreCorrupt
from terranova.store.layout import POINTS
from terranova.store.ledger import checked_json, ledger_path, load_ledger

pytestmark = pytest.mark.fault("F67")

LARGE = 100_000_000

READ = """
import json, resource, sys
from pathlib import Path
from types import SimpleNamespace
from terranova.comparison.trial import Trial
from terranova.config import load_config
from terranova.errors import TerranovaError
from terranova.external.slha import SlhaError, read_slha
from terranova.external.wcxf import WcxfError, read_wcxf
from terranova.parsing.constraint_file import read_constraint_set
from terranova.registry import registry
from terranova.store.arrays import read_arrays
from terranova.store.checkpoint import load_checkpoint

kinds = registry().constraint_kinds()
folder = Path(sys.argv[1])
readers = {
    "scan.yaml": load_config,
    "set.yaml": lambda path: read_constraint_set(path, kinds),
    "spectrum.slha": read_slha,
    "wilson.yaml": read_wcxf,
    "wilson.json": read_wcxf,
    "trial.npz": lambda path: Trial.arrays(SimpleNamespace(directory=path.parent)),
}
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
found = {}
for name, read in readers.items():
    before = peak()
    try:
        read(folder / name)
        words = "accepted"
    except (TerranovaError, SlhaError, WcxfError) as error:
        words = str(error)
    found[name] = [words, peak() - before]
before = peak()
found["checkpoint"] = [str(load_checkpoint(folder, quiet=True)), peak() - before]
print(json.dumps(found))
"""


def _bomb(path: Path, unpacked: int) -> None:
    """Write an archive of one array that takes that many bytes."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w", force_zip64=True) as member,
    ):
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (unpacked,)})
        member.write(head.getvalue())
        for _ in range(unpacked // 10**6):
            member.write(bytes(10**6))


@pytest.mark.slow
@pytest.mark.integration
def test_large_files_are_refused_in_bounded_memory(tmp_path: Path) -> None:
    for name, start in (
        ("scan.yaml", b"model: "), ("set.yaml", b"name: "), ("spectrum.slha", b"Block MASS\n 25 125.0\n# "),
        ("wilson.yaml", b"eft: "), ("wilson.json", b'{"eft": "'),
    ):  # fmt: skip
        with (tmp_path / name).open("wb") as file:
            file.write(start)
            for _ in range(LARGE // 10**6):
                file.write(b"x" * 10**6)
    _bomb(tmp_path / "trial.npz", 3 * LARGE)
    (tmp_path / "checkpoint").mkdir()
    _bomb(tmp_path / "checkpoint" / "00000001.npz", 3 * LARGE)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path)], capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, tuple[str, float]] = json.loads(done.stdout)
    for name, (words, megabytes) in found.items():
        assert words == "None" if name == "checkpoint" else words != "accepted", name
        assert len(words) < 1000, name
        assert megabytes < 60, f"{name}: {megabytes:.0f} MB"


ODD: list[Any] = ["../../../etc/x", -1, 1.5, True, None, [], {}, 10**30, "0"]


@pytest.mark.parametrize("key", ["sequence", "rows", "bytes", "crc32", "islands", "generations"])
def test_numbers_of_a_ledger_that_are_none_are_damage(key: str, tmp_path: Path) -> None:
    points = tmp_path / POINTS
    points.mkdir()
    part: dict[str, Any] = {
        "sequence": 0,
        "rows": 1,
        "bytes": 9,
        "crc32": 1,
        "islands": [0, 1],
        "generations": [0, 1],
    }
    ledger_path(points, 0).write_text(checked_json({"parts": [part]}))
    assert len(load_ledger(points, 0)) == 1
    for odd in ODD:
        for value in (odd, [odd, 1], [0, odd]) if key in ("islands", "generations") else (odd,):
            ledger_path(points, 0).write_text(checked_json({"parts": [{**part, key: value}]}))
            with pytest.raises(StoreCorrupt, match=r"ledger-0000\.json is damaged"):
                load_ledger(points, 0)
    for parts in (7, "x", [7], [None], {"a": 1}):
        ledger_path(points, 0).write_text(checked_json({"parts": parts}))
        with pytest.raises(StoreCorrupt, match=r"ledger-0000\.json is damaged"):
            load_ledger(points, 0)
