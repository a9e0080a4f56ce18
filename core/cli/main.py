"""The program `terranova`: streams, signals and exit codes around its commands."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from terranova.errors import EXIT_CTRL_C, TerranovaError
from terranova.system.second_ctrl_c import end_on_second_ctrl_c, let_go
from terranova.system.working_directory import current_directory


class _Patient(io.FileIO):
    """A standard stream that does not mind when nobody reads it any more, as after `| head`."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except OSError:  # a closed pipe, a terminal that is gone, a full disk under a log
            return len(data)


def _standard_streams() -> None:
    """Make sure that there are an input, an output and an error stream, and that writing to them cannot fail."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed: the next file opened would get this number, and prints would go into it
            os.open(os.devnull, os.O_RDWR)
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is not None and stream is not getattr(sys, f"__{name}__"):
            continue  # someone put another one in its place
        terminal = os.isatty(number)
        buffer = io.BufferedWriter(_Patient(number, "wb", closefd=False))
        # A terminal that knows no "≤" is no reason to fail either.
        encoding = stream.encoding if stream is not None else "utf-8"
        line_by_line = terminal or name == "stderr"
        setattr(sys, name, io.TextIOWrapper(buffer, encoding, "replace", line_buffering=line_by_line))


def main() -> None:
    """Run the command line; errors meant for people are printed without a traceback."""
    try:
        end_on_second_ctrl_c()
        _standard_streams()
        from terranova.parallel.exit import run_guarded

        run_guarded(_run_command, debug="--debug" in sys.argv[1:])
    except KeyboardInterrupt:  # outside of what is guarded: while modules are loaded, or ranks wait for one another
        sys.exit(EXIT_CTRL_C)
    finally:
        let_go()


def _run_command() -> None:
    """Run the command.

    Raises:
        TerranovaError: the current directory has been removed, so that no relative path means anything.
    """
    if current_directory() is None:
        raise TerranovaError(
            f"the current directory ({os.environ.get('PWD', 'its name is not known')}) does not exist any more: "
            "change to one that does, and give the command again"
        )
    from terranova.cli.commands import app  # late, so that a Ctrl-C while it is loaded is one as any other

    app(prog_name="terranova")
