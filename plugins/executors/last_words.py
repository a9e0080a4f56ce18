"""Last words of a scan that its own model ends: who leaves with exit code 0 is taken for one that is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, NoReturn, Self

ENDS = ("_exit", "execv", "execve")
"""What ends the process in the middle of a call, without an exception; all others of `os.exec...` call these."""

SUCCESS = (0, 75, 130)
"""Exit codes that say of a scan that it is done, or that everything is stored and it may go on."""


def last_words(model: str, deed: str) -> str:
    """Return a sentence on a model that ended its scan, and on what to do."""
    name = model.encode("ascii", "replace").decode()
    return (
        f"model {name!r}, which ran within the scan itself, has just {deed}. Every stored point is safe; go on "
        "with `terranova resume DIR scan.yaml` and, in that file, `parallel: {isolation: process}`, by which such "
        "a point costs a row"
    )


class NoSilentEnd:
    """Within its block, who ends this process by `os._exit` or `os.exec...` is named, and the exit code is not 0.

    Children that a model forks may do so. What compiled code does cannot be caught here.

    Args:
        model: its name.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._before: dict[str, Callable[..., Any]] = {}

    def __enter__(self) -> Self:
        self._before = {name: getattr(os, name) for name in ENDS}
        for name, end in self._before.items():
            setattr(os, name, self._speaking(name, end, os.getpid()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, end in self._before.items():
            setattr(os, name, end)

    def _speaking(self, name: str, end: Callable[..., Any], owner: int) -> Callable[..., NoReturn]:
        leave = self._before["_exit"]

        def ends(*args: Any, **words: Any) -> NoReturn:
            caller = sys._getframe(1).f_globals.get("__name__", "")
            if os.getpid() != owner or (caller.startswith("terranova.") and ".models." not in caller):
                end(*args, **words)
            what = f"os.{name}({args[0]!r})" if args else f"os.{name}()"
            os.write(2, f"{last_words(self._model, f'ended it by {what}')}\n".encode())
            code = args[0] if name == "_exit" and args and isinstance(args[0], int) else 1
            leave(1 if code in SUCCESS else code)
            raise AssertionError  # is not reached

        return ends
