"""Display of a scan's progress: live on a terminal, one line a minute in a log."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

LOG_INTERVAL = 60.0
"""Seconds between two lines in a log."""


@dataclass(frozen=True)
class Snapshot:
    """Where a scan stands, over all ranks.

    Attributes:
        seconds: wall time of the scan, earlier sessions included.
        evaluations: points evaluated, in all sessions.
        rate: points per second of this session.
        valid: valid points, without probes of derivatives.
        failed: points with a status other than ok.
        best_violation: smallest total violation so far, 0 once a valid point is known, inf before the first.
        best_loglike: largest log-likelihood of a valid point, -inf before the first.
        coverage: mean occupied bins, out of 400, over all pairs of parameters.
        generation: steps taken by the islands.
        fraction: of the budget that is used, in [0, 1].
        seconds_left: expected, NaN when unknown.
        probes: valid points that `valid` leaves out: they were evaluated for derivatives only.
        completeness: of the map, in words; empty while nothing is known.
    """

    seconds: float
    evaluations: int
    rate: float
    valid: int
    failed: int
    best_violation: float
    best_loglike: float
    coverage: float
    generation: int
    fraction: float
    seconds_left: float
    probes: int = 0
    completeness: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The numbers, ready for JSON."""
        numbers = {k: v for k, v in asdict(self).items() if k != "completeness"}
        return {k: v if v == v and abs(v) != float("inf") else None for k, v in numbers.items()}


class Progress(Protocol):
    """Receives snapshots; a context manager around the scan."""

    def __enter__(self) -> Progress: ...
    def __exit__(self, *error: object) -> None: ...
    def update(self, snapshot: Snapshot) -> None: ...
    def message(self, text: str) -> None: ...


class Silent:
    """Shows nothing: for ranks other than the first, and for scripts."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def update(self, snapshot: Snapshot) -> None:
        """Ignore it."""

    def message(self, text: str) -> None:
        """Ignore it."""


class LogLines:
    """One line at the start, one a minute, one at the end."""

    def __init__(self, stream: IO[str] | None = None, interval: float = LOG_INTERVAL) -> None:
        self.stream = stream or sys.stderr
        self.interval = interval
        self._last: Snapshot | None = None
        self._printed_at = -float("inf")
        self._pending = False

    def __enter__(self) -> LogLines:
        return self

    def __exit__(self, *error: object) -> None:
        if self._last is not None and self._pending:
            self._print(self._last)

    def update(self, snapshot: Snapshot) -> None:
        """Print a line if the last one is old enough."""
        self._last, self._pending = snapshot, True
        if time.monotonic() - self._printed_at >= self.interval:
            self._print(snapshot)

    def message(self, text: str) -> None:
        """Print one line of text."""
        with suppress(OSError, ValueError):  # a closed stream: a scan goes on without anybody looking
            print(text, file=self.stream, flush=True)

    def _print(self, s: Snapshot) -> None:
        self._printed_at, self._pending = time.monotonic(), False
        found = f"map: {s.completeness}  " if s.completeness else ""
        self.message(
            f"{clock(s.seconds)}  {s.evaluations:,} points  {s.rate:,.0f}/s  {s.valid:,} valid  "
            f"best violation {number(s.best_violation)}  coverage {s.coverage:.1f}/400  {found}"
            f"{100 * s.fraction:.0f} % done, {clock(s.seconds_left)} left"
        )


class Display:
    """A live panel on a terminal."""

    def __init__(self, title: str, stream: IO[str]) -> None:
        self.title = title
        self.stream = stream
        self._live: Live | None = None

    def __enter__(self) -> Display:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(file=self.stream), refresh_per_second=4)
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            with suppress(OSError, ValueError):
                self._live.__exit__(None, None, None)
        if self.stream is not sys.stderr:
            self.stream.close()

    def update(self, snapshot: Snapshot) -> None:
        """Redraw."""
        if self._live is not None:
            with suppress(OSError, ValueError):  # a terminal that is gone
                self._live.update(self._panel(snapshot))

    def message(self, text: str) -> None:
        """Print one line of text above the panel."""
        if self._live is not None:
            with suppress(OSError, ValueError):
                self._live.console.print(text)

    def _panel(self, s: Snapshot) -> RenderableType:
        from rich.console import Group
        from rich.markup import escape
        from rich.panel import Panel
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        grid = Table.grid(padding=(0, 3))
        for _ in range(4):
            grid.add_column(justify="left")
        valid_share = s.valid / s.evaluations if s.evaluations else 0.0
        grid.add_row(
            f"[dim]points[/] {s.evaluations:,}",
            f"[dim]points/s[/] {s.rate:,.0f}",
            f"[dim]elapsed[/] {clock(s.seconds)}",
            f"[dim]left[/] {clock(s.seconds_left)}",
        )
        grid.add_row(
            f"[dim]valid[/] [bold green]{s.valid:,}[/] ({100 * valid_share:.3g} %)",
            f"[dim]best violation[/] {number(s.best_violation)}",
            f"[dim]coverage[/] {s.coverage:.1f} of 400 bins",
            f"[dim]failed[/] {s.failed:,}",
        )
        bar = ProgressBar(total=1.0, completed=min(1.0, s.fraction), width=None)
        found = [f"[dim]map[/] {escape(s.completeness)}"] if s.completeness else []
        return Panel(Group(grid, *found, bar), title=self.title, border_style="cyan")


def clock(seconds: float) -> str:
    """Return a duration as people write it: 4s, 2m 05s, 3h 10m."""
    if seconds != seconds or seconds == float("inf"):
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def number(value: float) -> str:
    """Return a number in four digits, or a dash when there is none yet."""
    return "-" if value == float("inf") or value != value else f"{value:.4g}"


def choose(title: str, *, root: bool, quiet: bool = False) -> Progress:
    """Return the display that fits: live on a terminal, lines otherwise, nothing on other ranks."""
    if not root or quiet:
        return Silent()
    stream = _terminal()
    return Display(title, stream) if stream is not None else LogLines()


LAUNCHERS = frozenset({"mpirun", "mpiexec", "mpiexec.hydra", "hydra_pmi_proxy", "orted", "prterun", "prted"})


def _terminal() -> IO[str] | None:
    """Return the terminal that the user looks at, if there is one.

    A launcher gives its ranks pipes; the terminal is then the launcher's, and Linux says which that is.
    """
    if sys.stderr is not None and sys.stderr.isatty():
        return sys.stderr
    process = os.getppid()
    try:
        while True:
            status = Path(f"/proc/{process}/stat").read_text()
            name, rest = status[status.index("(") + 1 :].rsplit(")", 1)
            if name not in LAUNCHERS:
                return None
            target = os.readlink(f"/proc/{process}/fd/2")
            if target.startswith(("/dev/pts/", "/dev/tty")):
                return open(target, "w", encoding="utf-8")
            process = int(rest.split()[1])
    except (OSError, ValueError):
        return None
