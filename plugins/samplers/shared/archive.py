"""The memory of valid points behind novelty: which features count, and one detector for each kind of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from terranova import Batch, NoveltyDetector, SearchSpace
from terranova.errors import did_you_mean
from terranova.plugins.samplers.shared.option_checks import check_choice
from terranova.types import Array, Floats, Ints

FOCI = ("parameters", "observables", "both")
"""What novelty looks at."""


class Archive:
    """Remembers valid points and says how novel others are, in parameters, observables or both.

    With "both", the novelty is the mean of the two; each has its own detector, so that sixteen parameters and
    twenty observables weigh the same.

    Args:
        space: parameters, observables and the windows in which these are accepted.
        islands: number of islands that use it.
        detectors: names of the novelty detectors for parameters and for observables.
        focus: one of `FOCI`.
        observables: names of observables, scaled to their windows; None takes every one that is constrained
            from both sides. When there is none, "both" is "parameters".

    Raises:
        ValueError: an unknown focus, or an observable that is unknown or has no finite window.
    """

    def __init__(
        self,
        space: SearchSpace,
        islands: int,
        detectors: tuple[str, str],
        focus: str,
        observables: Sequence[str] | None,
    ) -> None:
        check_choice("focus", focus, FOCI)
        self._columns, self._low, self._width = _observable_features(space, observables)
        of_parameters, of_observables = detectors
        self._detectors: dict[str, NoveltyDetector] = {}
        if focus != "observables":
            self._detectors["parameters"] = _make(of_parameters, space.dimension, islands)
        if focus != "parameters" and len(self._columns):
            self._detectors["observables"] = _make(of_observables, len(self._columns), islands)
        if not self._detectors:
            raise ValueError(
                "focus 'observables' needs observables with a finite window; none is constrained from both sides"
            )

    def features(self, batch: Batch) -> dict[str, Floats]:
        """Return the features (n, f) in [0, 1] of a batch, for each detector."""
        return self.features_of(batch.u, batch.observables)

    def features_of(self, u: Floats, observables: Floats) -> dict[str, Floats]:
        """Return the features (n, f) in [0, 1] of points u (n, d) with observables (n, k)."""
        features = {"parameters": u}
        if "observables" in self._detectors:
            scaled = (observables[:, self._columns] - self._low) / self._width
            # Unknown observables belong to failed points, whose novelty nobody asks for.
            features["observables"] = np.clip(np.nan_to_num(scaled, nan=0.0), 0.0, 1.0)
        return features

    def novelty_of_parameters(self, u: Floats, island: Ints) -> Floats:
        """Return the novelty (n,) of points u (n, d) of which nothing else is known, as islands (n,) see them."""
        detector = self._detectors.get("parameters")
        return np.zeros(len(u)) if detector is None else detector.score(u, island)

    def novelty(self, features: Mapping[str, Floats], rows: Array, island: Ints) -> Floats:
        """Return the novelty (k,) in [0, 1] of k rows of `features`, as each one's island (k,) sees it."""
        scores = [d.score(features[name][rows], island) for name, d in self._detectors.items()]
        return scores[0] if len(scores) == 1 else 0.5 * (scores[0] + scores[1])

    def add(self, features: Mapping[str, Floats], rows: Array, island: Ints) -> None:
        """Remember k rows of `features`, found by islands (k,)."""
        for name, detector in self._detectors.items():
            detector.update(features[name][rows], island)

    def pending(self) -> dict[str, Array]:
        """Return what was added since the last merge, in a form that adds up over ranks."""
        return {f"novelty_{name}": detector.pending() for name, detector in self._detectors.items()}

    def merge(self, total: Mapping[str, Array]) -> None:
        """Share the sum of everybody's `pending()`."""
        for name, detector in self._detectors.items():
            detector.merge(total[f"novelty_{name}"])

    def state(self) -> dict[str, Array]:
        """Return what is shared, right after a merge."""
        return {
            f"shared_{name}_{key}": array
            for name, detector in self._detectors.items()
            for key, array in detector.state().items()
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set what is shared to a `state()`."""
        for name, detector in self._detectors.items():
            prefix = f"shared_{name}_"
            detector.restore({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})


def _make(name: str, features: int, islands: int) -> NoveltyDetector:
    from terranova.registry import registry

    kind: type[NoveltyDetector] = registry().get("novelty", name).target
    return kind(features, islands)


def _observable_features(space: SearchSpace, names: Sequence[str] | None) -> tuple[Ints, Floats, Floats]:
    """Return columns, lower ends and widths of the windows of the observables that novelty looks at."""
    finite = {
        name: window
        for name, window in space.windows.items()
        if name in space.observables and all(math.isfinite(end) for end in window) and window[0] < window[1]
    }
    for name in names or ():
        if name not in space.observables:
            raise ValueError(f"no observable is named {name!r}{did_you_mean(name, space.observables)}")
        if name not in finite:
            raise ValueError(f"observable {name!r} is not constrained from both sides, so it has no scale")
    chosen = [name for name in space.observables if name in finite] if names is None else list(names)
    columns = np.array([space.observables.index(name) for name in chosen], dtype=np.int64)
    ends = np.array([finite[name] for name in chosen], dtype=float).reshape(-1, 2)
    return columns, ends[:, 0].copy(), ends[:, 1] - ends[:, 0]
