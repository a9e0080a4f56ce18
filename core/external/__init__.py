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

__all__ = ["KEEP_FOLDERS", "LAST_LINES", "Finished", "ProgramFailed", "find_program", "run_program", "scratch"]
