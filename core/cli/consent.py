"""The question whether something may run, where there is somebody to ask."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from terranova.errors import NotTrusted

T = TypeVar("T")

Trust = Annotated[bool, typer.Option("--trust", help="Run the programs and the model that it chose.")]


def with_consent(action: Callable[[], T]) -> T:
    """Do something, and return what comes of it; if it may not run, ask, and do it again.

    Args:
        action: raises `NotTrusted` before it has changed anything.

    Raises:
        NotTrusted: there is nobody to ask, or the answer was no.
    """
    from terranova.config.consent import agree

    while True:
        try:
            return action()
        except NotTrusted as error:
            if not _somebody_is_there():
                raise
            typer.echo(str(error), err=True)
            if not typer.confirm("May this run?", default=False, err=True):
                raise
            for what in error.asked:
                agree(what)


def _somebody_is_there() -> bool:
    from terranova.parallel.world import world

    streams = (sys.stdin, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams) and world().size == 1
