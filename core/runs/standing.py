"""Standing of a scan: whether it is alive, on which ranks, how far it is, and when it may end."""

from __future__ import annotations

import json
import math
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from terranova.interfaces.notebook import html_table
from terranova.parallel.heartbeat import SIGNS
from terranova.runs.run import GONE, SUMMARY, Run


@dataclass(frozen=True)
class RankSign:
    """The last sign of life of a rank.

    Attributes:
        rank: its number.
        host, pid: where it runs.
        age: seconds since the sign, by the clock of the machine that looks.
        gone: True if it ran on this machine, and its process does not exist any more.
    """

    rank: int
    host: str
    pid: int
    age: float
    gone: bool


@dataclass(frozen=True, repr=False)
class Standing:
    """Where a scan stands. Numbers are NaN where the scan has not said them yet.

    Attributes:
        directory: of the run.
        model: its name.
        state: "running", "cut off", or why it ended: "evaluations", "valid", "wall", "sampler", "signal", ...;
            "unknown" for one that never said.
        ranks: signs of life of a scan that has not ended.
        evaluated, valid, stored: points.
        rate: points per second of this session.
        seconds: wall time of the scan, earlier sessions included.
        fraction: of the budget that is used.
        seconds_left: expected.
        said: seconds since the scan last said where it stands.
    """

    directory: Path
    model: str
    state: str
    ranks: Sequence[RankSign]
    evaluated: int
    valid: int
    stored: int
    rate: float
    seconds: float
    fraction: float
    seconds_left: float
    said: float

    @property
    def alive(self) -> bool:
        """True of a scan that has not ended, and of which no rank is known to be gone."""
        return self.state == "running" and not any(rank.gone for rank in self.ranks)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON can hold it; what is not known is None."""
        content = {**asdict(self), "directory": str(self.directory), "alive": self.alive}
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in content.items()}

    def describe(self) -> list[tuple[str, str]]:
        """The same as (label, text) pairs."""
        share = f" ({100 * self.valid / self.evaluated:.3g} %)" if self.evaluated else ""
        state = {"running": "running", "cut off": f"cut off: {GONE.format(self.directory)}"}
        words = state.get(self.state, f"ended ({self.state})")
        lines = [
            ("directory", str(self.directory)),
            ("model", self.model),
            ("state", "running, but a rank is gone" if self.state == "running" and not self.alive else words),
            ("points", f"{self.evaluated:,} evaluated, {self.stored:,} stored, {self.valid:,} valid{share}"),
        ]
        if math.isfinite(self.seconds):
            rate = f", {self.rate:,.0f} points/s" if math.isfinite(self.rate) else ""
            lines.append(("wall time", f"{_clock(self.seconds)}{rate}"))
        if self.state == "running" and math.isfinite(self.fraction):
            left = f", about {_clock(self.seconds_left)} left" if math.isfinite(self.seconds_left) else ""
            lines.append(("budget", f"{100 * self.fraction:.0f} % used{left}"))
        for rank in self.ranks:
            sign = "its process is gone" if rank.gone else f"last sign of life {_clock(rank.age)} ago"
            lines.append((f"rank {rank.rank}", f"{rank.host}, process {rank.pid}: {sign}"))
        return lines

    def __repr__(self) -> str:
        return "<status of a scan>\n" + "\n".join(f"  {label:<10} {text}" for label, text in self.describe())

    def _repr_html_(self) -> str:
        return html_table("status of a scan", ("", ""), self.describe())


def standing_of(run: Run) -> Standing:
    """Look where a scan stands, without disturbing it.

    Raises:
        RunError: the directory cannot be read.
    """
    summary = run.summary
    state = "cut off" if run.cut_off else str(summary.get("state", "unknown"))
    ended = state not in ("running", "cut off", "unknown")
    return Standing(
        directory=run.directory,
        model=run.manifest.model,
        state=state,
        ranks=() if ended else _signs(run.directory),
        evaluated=run.evaluated,
        valid=run.valid_count,
        stored=run.count,
        rate=_number(summary, "rate"),
        seconds=_number(summary, "seconds"),
        fraction=_number(summary, "fraction"),
        seconds_left=math.nan if ended else _number(summary, "seconds_left"),
        said=_age(run.directory / SUMMARY),
    )


def _signs(directory: Path) -> list[RankSign]:
    signs = []
    for path in sorted((directory / SIGNS).glob("rank-*.alive")):
        try:
            who = json.loads(path.read_text(encoding="utf-8"))
            host, pid = str(who["host"]), int(who["pid"])
            rank = int(path.stem.removeprefix("rank-"))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        signs.append(RankSign(rank, host, pid, _age(path), host == socket.gethostname() and not _exists(pid)))
    return signs


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _age(path: Path) -> float:
    try:
        return max(0.0, time.time() - path.stat().st_mtime)
    except OSError:
        return math.nan


def _number(summary: dict[str, Any], name: str) -> float:
    value = summary.get(name)
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if usable else math.nan  # type: ignore[arg-type]


def _clock(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    return f"{whole // 60}m {whole % 60:02d}s" if whole < 3600 else f"{whole // 3600}h {whole % 3600 // 60:02d}m"
