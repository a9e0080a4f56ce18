"""Scans as real processes, for tests that do them harm: with toy plugins installed, on one rank or several."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import terranova
from terranova.system.environment import clean_environment

MPIRUN = shutil.which("mpirun", path=str(Path(sys.executable).parent)) or shutil.which("mpirun")
PATIENCE = 120.0
"""Seconds after which something that should have happened counts as never happening; machines are busy."""

CONFIG = """
model: {model}
constraints: [toy-wide]
sampler: {{name: {sampler}, islands: {islands}}}
budget: {{evaluations: {evaluations}}}
seed: 5
output: {output}
parallel: {{epoch: {epoch}{parallel}}}
"""


def install(folder: Path, *modules: str) -> Path:
    """Make a distribution whose entry points are these modules; put the folder on the PYTHONPATH."""
    info = folder / "toy_plugins-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-plugins\nVersion: 1.0\n")
    lines = "".join(f"{name.rpartition('.')[2]} = {name}\n" for name in modules)
    (info / "entry_points.txt").write_text(f"[terranova]\n{lines}")
    return folder


class Lab:
    """A folder with configurations, runs and plugins, and the means to start scans.

    Args:
        folder: temporary.
        modules: plugins, by the names of their modules.
    """

    def __init__(self, folder: Path, modules: Sequence[str] = ("support.misbehaving_plugins",)) -> None:
        self.folder = folder
        path = [str(install(folder / "plugins", *modules)), os.environ.get("PYTHONPATH", "")]
        outside = {k: v for k, v in clean_environment().items() if not k.startswith("SLURM_")}
        self.environment = {**outside, "PYTHONPATH": os.pathsep.join(path)}

    def config(
        self,
        name: str,
        *,
        sampler: str = "random",
        model: str = "toy-naughty",
        islands: int = 3,
        evaluations: int = 600,
        epoch: int = 3,
        parallel: str = "",
    ) -> tuple[Path, Path]:
        """Write a configuration; return its path and the run directory."""
        output = self.folder / name
        path = self.folder / f"{name}.yaml"
        words: dict[str, Any] = {"sampler": sampler, "model": model, "islands": islands, "epoch": epoch}
        words |= {"evaluations": evaluations, "output": output, "parallel": f", {parallel}" if parallel else ""}
        path.write_text(CONFIG.format(**words))
        return path, output

    def command(self, *words: object, ranks: int = 1) -> list[str]:
        """Return the command line of terranova on so many ranks."""
        start = [str(MPIRUN), "-n", str(ranks)] if ranks > 1 else []
        return [*start, sys.executable, "-P", "-m", "terranova", *map(str, words)]

    def start(self, *words: object, ranks: int = 1, deed: dict[str, Any] | None = None) -> subprocess.Popen[str]:
        """Start terranova."""
        return subprocess.Popen(
            self.command(*words, ranks=ranks),
            env=self.with_deed(deed),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *words: object, ranks: int = 1, deed: dict[str, Any] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Start terranova and wait for its end."""
        return subprocess.run(
            self.command(*words, ranks=ranks),
            env=self.with_deed(deed),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def with_deed(self, deed: dict[str, Any] | None) -> dict[str, str]:
        """Return the environment, with an order for the naughty model."""
        return self.environment if deed is None else {**self.environment, "NAUGHTY": json.dumps(deed)}


def until(happened: Callable[[], object], what: str, *, process: subprocess.Popen[str] | None = None) -> None:
    """Wait for something; fail if it does not happen, or if the process ends before."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if process is not None and process.poll() is not None:
            out, err = process.communicate()
            raise AssertionError(f"{what}: the process ended first, code {process.returncode}\n{out}{err}")
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def count(directory: Path) -> int:
    """Return the points stored, 0 if there is no run yet."""
    try:
        return int(terranova.open(directory).count)
    except terranova.TerranovaError:
        return 0


def rows(directory: Path) -> pd.DataFrame:
    """Return the points of a run in order, without what depends on the clock."""
    frame = terranova.open(directory).to_pandas().drop(columns="seconds")
    return frame.sort_values(["island", "index"], ignore_index=True)


def assert_same_rows(one: Path, other: Path) -> None:
    """Compare all columns of two runs, bit for bit."""
    pd.testing.assert_frame_equal(rows(one), rows(other), check_exact=True)


def alive(pid: int) -> bool:
    """True while a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def relatives(directory: Path) -> list[int]:
    """Return the processes whose command line or environment names a run directory."""
    word, found = str(directory).encode(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                if word in (entry / "cmdline").read_bytes() and alive(int(entry.name)):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def scan_here(directory: str, sampler: str, evaluations: int, deed: dict[str, Any] | None, often: bool) -> None:
    """Scan, or go on, in this process; with checkpoints at every exchange if asked to."""
    from support import misbehaving_plugins as naughty
    from terranova.engine import checkpointing
    from terranova.registry import registry

    if often:
        checkpointing.CHECKPOINT_INTERVAL = 0.0
    if deed is not None:
        os.environ[naughty.DEED] = json.dumps(deed)
    registry().register(naughty, name="naughty", origin="tests")
    if Path(directory, "manifest.json").exists():
        terranova.resume(directory, quiet=True)
        return
    terranova.scan(
        model="toy-naughty",
        constraints=["toy-wide"],
        sampler={"name": sampler, "islands": 3},
        budget={"evaluations": evaluations},
        parallel={"epoch": 5},
        seed=5,
        output=directory,
        quiet=True,
    )
