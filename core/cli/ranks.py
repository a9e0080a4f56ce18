"""Commands that several ranks carry out together: they meet first, unless `--alone` is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

Alone = Annotated[
    bool, typer.Option("--alone", help="Work alone, whatever mpirun or srun have said of other processes.")
]


def over_ranks(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command meet the other ranks before it does anything, and give it the option `--alone`.

    All other commands need no ranks, and must not touch MPI: they work in the children of ranks, and in the shells
    of interactive jobs.
    """

    @wraps(command)
    def together(*args: Any, alone: bool, **options: Any) -> None:
        from terranova.parallel.world import alone_if, world

        with alone_if(alone):
            world()
            if not alone:
                _say_why_alone()
            command(*args, **options)

    signature = inspect.signature(command, eval_str=True)
    option = inspect.Parameter("alone", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Alone)
    parameters = [*signature.parameters.values(), option]
    together.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    together.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters} | {"return": None}
    return together


def _say_why_alone() -> None:
    """Tell a person who may expect more of it that this process works alone."""
    from terranova.parallel.launchers import detect_launcher
    from terranova.parallel.standing import Standing, standing_of

    launcher = detect_launcher()
    if launcher is None or launcher.size == 1:
        return
    standing = standing_of(launcher)
    if standing in (Standing.SHELL, Standing.CHILD):
        typer.echo(f"note: this process was {standing.value}: it works alone", err=True)
