"""Work that one rank does for all, with one outcome for all."""

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
    result: tuple[T | None, TerranovaError | None] = (None, None)
    if team.is_root:
        try:
            result = (action(), None)
        except TerranovaError as error:
            result = (None, error)
        except OSError as error:
            result = (None, disk_error(f"{directory} cannot be written", error))
    value, failure = team.bcast(result)
    if failure is not None:
        failure.on_all_ranks = True  # nobody has to be notified
        raise failure
    return value  # type: ignore[return-value]
