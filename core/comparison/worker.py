"""A process that runs trials until none is left: `python -m terranova.comparison.worker DIR [--trust]`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from terranova.comparison.config import ComparisonConfig
from terranova.comparison.config_reading import load_comparison
from terranova.comparison.trial import trials
from terranova.config import Consent
from terranova.errors import TerranovaError, exit_code_of
from terranova.system.signals import StopRequest, release

CONFIG_FILE = "plan.yaml"
"""The complete configuration of the comparison, in its directory: what worker processes read."""


def work(config: ComparisonConfig) -> int:
    """Attempt every trial that nobody else is at; return 0, or the exit code when asked to stop."""
    with StopRequest() as stop:  # a scan listens itself; this is for what comes before, between and after scans
        release()
        for trial in trials(config):
            if stop.signal:
                return stop.exit_code
            if exit_code := trial.attempt():
                return exit_code
    return 0


def main(directory: Path, trust: bool = False) -> int:
    """Run trials of the comparison in a directory, with its programs if they are trusted; return the exit code."""
    try:
        config = load_comparison(directory / CONFIG_FILE, consent=Consent(trust), output=str(directory))
        return work(config)
    except TerranovaError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as error:
        return exit_code_of(error)


def stop_with(parent: int) -> None:
    """Ask this process to stop, as a signal would, once the process that started it is gone."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=stop_with, args=(os.getppid(),), daemon=True).start()
    sys.exit(main(Path(sys.argv[1]), "--trust" in sys.argv[2:]))
