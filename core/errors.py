"""Everything terranova raises on purpose.

::

    TerranovaError              exit code 1; every error below carries a message meant for people
    + ConfigError           2   the user's input; carries every Diagnostic, not only the first
    | + NotTrusted              it chooses what would run, and nobody has agreed to that; says what it is
    + PluginError           3
    | + PluginMissing           no plugin of that name; the nearest names are in the message
    | + PluginBroken            it is installed but could not be loaded; the reason is in the message
    | + PluginConflict          two plugins claim one name
    | + ContractError           a plugin returned the wrong shape, names or types
    + RunError              4   a run directory cannot be used as asked
    | + RunExists               the output directory already holds a run
    | + RunLocked               another process is writing to it
    | + RunMismatch             resuming would mix two different scans
    | + StoreCorrupt            stored data is damaged; says where
    | + StoreFull               the disk or a quota is full; what was acknowledged is safe
    | + WorkersLost             ranks died again and again, without any progress
    + ParallelError         5   MPI is missing, or was started in a way that cannot work
    | + RankFailed              another rank left with an exception; its exit code
    | + RankSilent          6   another rank hangs
    + OutOfMemory               the machine, or a limit, has no memory left; the message says where and what to do
    PointFailed                 raised by a one-point model: never leaves the engine, becomes a row's status
"""

from __future__ import annotations

import difflib
import errno
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

EXIT_INTERRUPTED = 75
"""Exit code of a scan that was asked to stop (EX_TEMPFAIL): everything is stored, it can be resumed."""

EXIT_CTRL_C = 130
"""The same of one that was stopped by Ctrl-C."""


class TerranovaError(Exception):
    """Base of all errors with a message for people; `exit_code` is what the command line returns.

    `on_all_ranks` is True for one that every rank of a job meets, so that none needs to tell the others.
    """

    exit_code = 1
    on_all_ranks = False

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows: the sentences, which are for people, instead of frames, which are not."""
        return [f"{type(self).__name__}: {self}"]


class ConfigError(TerranovaError):
    """The user's input is wrong; `diagnostics` lists every problem found."""

    exit_code = 2

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(str(d) for d in self.diagnostics))


class NotTrusted(ConfigError):
    """Programs, or a model with options that somebody else chose, would run without anybody's consent.

    Attributes:
        asked: what would run: for `terranova.config.consent.agree`.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic], asked: Sequence[Any] = ()) -> None:
        super().__init__(diagnostics)
        self.asked = tuple(asked)


class PluginError(TerranovaError):
    """Something is wrong with a plugin."""

    exit_code = 3


class PluginMissing(PluginError):
    """No plugin of the wanted kind has that name."""


class PluginBroken(PluginError):
    """The plugin is installed but failed to load."""


class PluginConflict(PluginError):
    """Two plugins of one kind have the same name."""


class ContractError(PluginError):
    """A plugin broke its interface: wrong shape, missing observable, wrong type."""


class RunError(TerranovaError):
    """A run directory cannot be used as asked."""

    exit_code = 4


class RunExists(RunError):
    """The output directory already holds a run."""


class RunLocked(RunError):
    """Another process is writing to the run directory."""


class RunMismatch(RunError):
    """Resuming would mix two different scans."""


class StoreCorrupt(RunError):
    """Stored data is damaged."""


class WorkersLost(RunError):
    """The ranks of a job died again and again without any progress."""


class StoreFull(RunError):
    """The disk, or a quota, is full: make room and resume."""


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def disk_error(message: str, error: OSError) -> RunError:
    """Return the error to raise for one of the operating system: `StoreFull` if space has run out."""
    text = f"{message}: {error.strerror or error}"
    if error.errno in _FULL:
        return StoreFull(f"{text}. Everything acknowledged before is safe; make room and resume")
    return RunError(text)


class ParallelError(TerranovaError):
    """MPI is missing, or was started in a way that cannot work."""

    exit_code = 5


class RankFailed(ParallelError):
    """Another rank left with an exception, so that this one has nothing to wait for; its exit code is theirs."""


class RankSilent(ParallelError):
    """Another rank has shown no sign of life for too long."""

    exit_code = 6


class OutOfMemory(TerranovaError):
    """The machine, or a limit of this process, has no memory left."""


_NO_MEMORY = re.compile(
    r"MemoryError|OutOfMemory|Unable to allocate|[Cc]an(not|'t) allocate memory|failed to map segment|"
    r"[Oo]ut of memory|can't start new thread"
)
"""What libraries, and the loader of libraries, say when there is no memory: few of them raise a `MemoryError`."""


def lacks_memory(error: BaseException | str) -> bool:
    """Say whether an error, or what it was made of, or the text of one, comes from a lack of memory."""
    if isinstance(error, str):
        return _NO_MEMORY.search(error) is not None
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if isinstance(cause, OSError) and cause.errno == errno.ENOMEM:
            return True
        if isinstance(cause, (MemoryError, ImportError, RuntimeError, OSError)) or "Memory" in type(cause).__name__:
            try:
                if lacks_memory(f"{type(cause).__name__}: {cause}"):
                    return True
            except Exception:  # it cannot be shown
                return False
        cause = cause.__cause__ or cause.__context__
    return False


class PointFailed(Exception):
    """Raise in `PointModel.evaluate_point` when a point has no observables.

    Args:
        reason: what went wrong, stored with the row.
        unphysical: True when the point is not a meaningful one of the model (a tachyon, no vacuum);
            False when the calculation failed.
    """

    def __init__(self, reason: str, *, unphysical: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unphysical = unphysical


def nearest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Return up to `limit` of the `known` names that look most like `name`."""
    pool = sorted(set(known))
    lower: dict[str, str] = {}
    for candidate in pool:
        lower.setdefault(candidate.lower(), candidate)
    hits = difflib.get_close_matches(name.lower(), list(lower), n=limit, cutoff=0.55)
    return [lower[hit] for hit in hits]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'a' or 'b'?)", or the known names when few, or an empty string."""
    pool = sorted(set(known))
    close = nearest(name, pool)
    if close:
        return f" (did you mean {' or '.join(repr(hit) for hit in close)}?)"
    if 0 < len(pool) <= 8:
        return f" (there are: {', '.join(pool)})"
    return ""


def listed(lines: Sequence[str], most: int) -> str:
    """Return lines for a message, indented; of more than `most`, how many are left out."""
    more = len(lines) - most
    return "\n".join(f"  {line}" for line in [*lines[:most], *([f"and {more} more"] if more > 0 else [])])


def exit_code_of(error: BaseException) -> int:
    """Return the exit code of a program that ends with this error."""
    if isinstance(error, KeyboardInterrupt):
        return EXIT_CTRL_C
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return error.exit_code if isinstance(error, TerranovaError) else 1


@dataclass(frozen=True, order=True)
class Diagnostic:
    """A problem found in an input file or in the keywords of a call.

    Attributes:
        file: path of the file, or "" when the input came from Python.
        line: 1-based line, 0 when unknown.
        column: 1-based column, 0 when unknown.
        key: where in the document, such as "budget.evaluations" or "constraints[2].sigma".
        message: what is wrong and what was expected, including the nearest valid name.
    """

    file: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        where = f"{self.key}: " if self.key else ""
        return f"{place}: {where}{self.message}" if place else f"{where}{self.message}"
