"""A process that runs trials until none is left: `python -m terranova.comparison.worker DIR`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from terranova.comparison.plan import Plan, load_plan
from terranova.comparison.trial import trials
from terranova.errors import EXIT_INTERRUPTED, TerranovaError

PLAN = "plan.yaml"


def work(plan: Plan) -> bool:
    """Attempt every trial that nobody else is at; return False when asked to stop."""
    return all(trial.attempt() for trial in trials(plan))


def main(directory: Path) -> int:
    """Run trials of the plan in a directory; return the exit code."""
    try:
        plan = load_plan(directory / PLAN, output=str(directory))
        return 0 if work(plan) else EXIT_INTERRUPTED
    except TerranovaError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def stop_with(conductor: int) -> None:
    """Ask this process to stop, as a signal would, once the process that started it is gone."""
    while os.getppid() == conductor:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    os.setpgid(0, 0)  # Ctrl-C reaches the conductor alone, which passes it on once
    threading.Thread(target=stop_with, args=(os.getppid(),), daemon=True).start()
    sys.exit(main(Path(sys.argv[1])))
