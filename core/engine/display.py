"""Display of a scan's progress: live on a terminal, one line a minute in a log."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from terranova.engine.notebook_display import NotebookDisplay, in_notebook
from terranova.engine.snapshot import Snapshot, clock, number

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

__all__ = ["Display", "LogLines", "Progress", "Silent", "Snapshot", "choose", "clock", "number", "preparing"]

LOG_INTERVAL = 60.0
"""Seconds between two lines in a log."""


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


def choose(title: str, *, root: bool, quiet: bool = False) -> Progress:
    """Return the display that fits: live on a terminal, lines otherwise, nothing on other ranks."""
    if not root or quiet:
        return Silent()
    if in_notebook():
        return NotebookDisplay(title)
    stream = _terminal()
    return Display(title, stream) if stream is not None else LogLines()


COMPILING = 2.0
"""Seconds after which somebody who waits for a model to get ready is told what it does."""


@contextmanager
def preparing(what: str, *, root: bool, quiet: bool) -> Iterator[None]:
    """Say that machine code is compiled, if getting ready takes long: neither points nor wall time count then."""
    started, said = time.monotonic(), threading.Event()

    def say() -> None:
        said.set()
        _say(f"preparing {what}: compiling machine code, once for each version (`terranova warm` does it ahead)")

    timer = threading.Timer(COMPILING, say)
    timer.daemon = True
    if root and not quiet:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if said.is_set():
        _say(f"ready after {clock(time.monotonic() - started)}; the clock starts now")


def _say(text: str) -> None:
    with suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


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
