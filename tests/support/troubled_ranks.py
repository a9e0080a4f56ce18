"""terranova on ranks that are stopped, slowed or killed at chosen exchanges: `-m support.troubled_ranks scan ...`.

The exchanges of a rank are numbered from 0. Each has two places: before the rank meets the others, and after it has
met them, when the data are about to travel. Messages of evaluations over ranks are numbered along with them.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

TROUBLE = "TROUBLE"
"""JSON in the environment, all of it optional.

deed: pause, slow, or the name of a signal; rank: whose, None for each; at: places, None for all; seconds: of pauses
skews: for each rank, by how many seconds its files are dated wrongly, one after the other.
acknowledged: file to which stored points are noted; places: file that gets their number.
"""


class Trouble:
    """Counts the places where this rank talks to others, and makes trouble at those that were ordered."""

    def __init__(self, order: dict[str, Any], rank: int) -> None:
        self.order, self.rank, self.place = order, rank, 0
        self._random = random.Random(rank)

    def here(self) -> None:
        """Be at the next place."""
        place, self.place = self.place, self.place + 1
        if "places" in self.order:
            Path(f"{self.order['places']}-{self.rank}").write_text(str(self.place))
        wanted, rank = self.order.get("at"), self.order.get("rank")
        if (wanted is not None and place not in wanted) or rank not in (None, self.rank):
            return
        deed, seconds = self.order.get("deed"), self.order.get("seconds", 0.05)
        if deed == "slow":
            time.sleep(seconds * self._random.random())
        elif deed == "pause" and self._random.random() < 0.5:  # else another rank's turn
            subprocess.Popen(["sh", "-c", f"sleep {seconds}; kill -CONT {os.getpid()}"])
            os.kill(os.getpid(), signal.SIGSTOP)
        elif deed in signal.Signals.__members__:
            os.kill(os.getpid(), signal.Signals[deed])


def surround(owner: Any, name: str, trouble: Trouble, *, after: bool = True) -> None:
    """Make a function one of the places, before and after it does what it does."""
    function: Callable[..., Any] = getattr(owner, name)

    @wraps(function)
    def troubled(*words: Any, **more: Any) -> Any:
        trouble.here()
        result = function(*words, **more)
        if after:
            trouble.here()
        return result

    setattr(owner, name, troubled)


def note_acknowledged(path: str) -> None:
    """Note how many points each batch stored, once the writer has said that it has."""
    from terranova.store import Writer

    append = Writer.append

    def noted(self: Writer, batch: Any) -> Any:
        result = append(self, batch)
        with open(path, "a") as file:
            file.write(f"{len(batch.status)}\n")
        return result

    Writer.append = noted  # type: ignore[method-assign]


def date_wrongly(skews: list[float]) -> None:
    """Let files that are touched get the time of a clock that is wrong, and each time in another way."""
    right, wrong = os.utime, itertools.cycle(skews)

    def utime(path: Any, times: tuple[float, float] | None = None, **words: Any) -> None:
        if times is None and not words:
            times = (time.time() + next(wrong),) * 2
        right(path, times, **words)

    os.utime = utime  # type: ignore[assignment]


def main() -> None:
    """Make ready for trouble, and be terranova."""
    from terranova.cli.main import main as terranova_main
    from terranova.engine import checkpointing
    from terranova.parallel.launchers import detect_launcher
    from terranova.parallel.world import World
    from terranova.plugins.executors import mpi

    checkpointing.CHECKPOINT_INTERVAL = 0.0  # so that those exchanges are among them
    order = json.loads(os.environ.get(TROUBLE, "{}"))
    launched = detect_launcher()
    trouble = Trouble(order, launched.rank if launched else 0)
    surround(World, "_meet", trouble)
    surround(mpi.MpiExecutor, "_send", trouble, after=False)
    surround(mpi, "_answer", trouble)
    if "skews" in order:
        date_wrongly(order["skews"][trouble.rank])
    if "acknowledged" in order:
        note_acknowledged(order["acknowledged"])
    terranova_main()


if __name__ == "__main__":
    main()
