"""Work that one rank does for all, or each rank a share of, with one outcome for all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from terranova.errors import TerranovaError, disk_error
from terranova.parallel.world import World

T = TypeVar("T")


def on_root(team: World, action: Callable[[], T], directory: Path) -> T:
    """Do something on the first rank only; every rank gets its result, or its error.

    Args:
        team: the ranks; all of them must make this call.
        action: what to do.
        directory: what it writes to, for the message if the disk refuses.

    Raises:
        RunError: the directory cannot be written.
    """
    result = _outcome(action, directory) if team.is_root else (None, None)
    value, failure = team.bcast(result)
    if failure is not None:
        failure.on_all_ranks = True  # nobody has to be notified
        raise failure
    return value  # type: ignore[return-value]


def on_each(team: World, action: Callable[[], T], directory: Path) -> T:
    """Do something on every rank; returns this rank's result when all have done it, or raises on all what one met.

    Args:
        team: the ranks; all of them must make this call.
        action: what to do.
        directory: what it writes to, for the message if the disk refuses.

    Raises:
        RunError: the directory cannot be written.
    """
    value, failure = _outcome(action, directory)
    for met in team.allgather(failure):
        if met is not None:
            met.on_all_ranks = True  # nobody has to be notified
            raise met
    return value  # type: ignore[return-value]


def _outcome(action: Callable[[], T], directory: Path) -> tuple[T | None, TerranovaError | None]:
    try:
        return action(), None
    except TerranovaError as error:
        return None, error
    except OSError as error:
        return None, disk_error(f"{directory} cannot be written", error)
