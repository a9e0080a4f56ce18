"""The peers' side of the pipe: a model that lives in another process.

Peer programs import this file, their own package and numpy, nothing of terranova. Points go out in the unit cube,
violations come back. The clocks of wall and of processor time stop while a point is away. When the budget is spent
the other side closes the pipe, and the program ends at once, wherever its loop is: peers count evaluations, or not,
in ways of their own.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import time

import numpy as np

HEADER = struct.Struct("<qdd")
"""Number of points; seconds of wall and of processor time spent outside the model so far."""


class FarModel:
    """A function from points to violations, at the other end of standard input and output.

    Attributes:
        dimension: number d of parameters.
        names: of the m constraints.
        low, high: (m,) windows of the values of the constraints.
        seed: of this trial.
        budget: evaluations.
        options: of the peer.
    """

    def __init__(self) -> None:
        self._in = os.fdopen(os.dup(0), "rb")
        self._out = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)  # what packages print must not get into the pipe
        sys.stdout = sys.stderr
        told = json.loads(self._in.readline())
        self.dimension: int = told["dimension"]
        self.names: list[str] = told["names"]
        self.low, self.high = (np.array(told[end], dtype=float) for end in ("low", "high"))
        self.seed: int = told["seed"]
        self.budget: int = told["budget"]
        self.options: dict = told["options"]
        self._wall = self._cpu = 0.0
        self.start()

    def start(self) -> None:
        """Start the clocks; call it once more when everything is imported."""
        self._left, self._left_cpu = time.perf_counter(), time.process_time()

    def __call__(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Evaluate points.

        Args:
            u: (n, d) in the unit cube.

        Returns:
            Violations (n, m), 0 where satisfied, and the values (n, m) that have the windows.
        """
        self._wall += time.perf_counter() - self._left
        self._cpu += time.process_time() - self._left_cpu
        u = np.ascontiguousarray(u, dtype="<f8")
        try:
            self._out.write(HEADER.pack(len(u), self._wall, self._cpu) + u.tobytes())
            self._out.flush()
            size = 8 * len(u) * len(self.names)
            answer = self._in.read(2 * size)
        except BrokenPipeError:
            answer = b""
        if len(answer) < 2 * size:
            os._exit(0)
        both = np.frombuffer(answer, dtype="<f8").reshape(2, len(u), len(self.names)).copy()
        self.start()
        return both[0], both[1]
