"""Programs of others, for models that call them: run under a deadline and limits, and their file formats."""

from __future__ import annotations

from terranova.external.program import (
    KEEP_FOLDERS,
    LAST_LINES,
    Finished,
    ProgramFailed,
    find_program,
    run_program,
    scratch,
)
from terranova.registry.options import Program

__all__ = [
    "KEEP_FOLDERS",
    "LAST_LINES",
    "Finished",
    "Program",
    "ProgramFailed",
    "find_program",
    "run_program",
    "scratch",
]
