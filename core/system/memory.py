"""Memory that this process may use, and a sentence for when there is none left."""

from __future__ import annotations

import resource
import threading
import traceback

from terranova.system.amounts import size_text

_KINDS = (("ulimit -v", resource.RLIMIT_AS), ("ulimit -d", resource.RLIMIT_DATA))


def require_threads(count: int) -> None:
    """Make sure that so many more threads have room, where a limit is set to the memory of this process.

    Libraries in C++ start theirs late, and some wait for ever for one that could not be started.

    Raises:
        MemoryError: they have not.
    """
    if all(resource.getrlimit(kind)[0] == resource.RLIM_INFINITY for _, kind in _KINDS):
        return
    done = threading.Event()
    started = []
    try:
        for _ in range(count):
            thread = threading.Thread(target=done.wait, daemon=True)
            thread.start()
            started.append(thread)
    except RuntimeError as error:  # "can't start new thread"
        raise MemoryError(f"there is no room for {count} threads") from error
    finally:
        done.set()
        for thread in started:
            thread.join()


def no_memory_left(error: BaseException) -> str:
    """Return a line on an error that comes from a lack of memory: where it was met, the limit, and what to do."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "terranova" in frame.filename]
    where = f" in {frames[-1].name} of {frames[-1].filename.rpartition('terranova/')[2]}" if frames else ""
    return (
        f"there is no memory left{where}{_limits()} ({_first_line(error)}). Everything stored is safe: give the "
        "process more memory, start fewer ranks or workers on this machine, or smaller batches (sampler.islands), "
        "then resume"
    )


def _limits() -> str:
    found = [
        f"{name} is {size_text(resource.getrlimit(kind)[0])}"
        for name, kind in _KINDS
        if resource.getrlimit(kind)[0] != resource.RLIM_INFINITY
    ]
    return f"; {' and '.join(found)}" if found else ""


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
