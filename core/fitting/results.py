"""The directory of a finished fit as an object: what its page shows, read from the files that were written."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terranova.config import ProblemConfig, load_problem
from terranova.errors import RunError
from terranova.fitting.output import RESULT
from terranova.runs.derived import FITTED

if TYPE_CHECKING:
    import pandas as pd

Parts = tuple[tuple[float, float], ...]
"""The connected parts of an interval; an end is infinite where the range ended before the level was reached,
and NaN where it is not established: see `FitResults.doubts`."""

_NEEDED = ("model", "best", "profiles", "posteriors")
"""Keys of `fit.json` that are read here."""


class FitResults:
    """What a fit found. Nothing is computed again, and no plugin is needed.

    Args:
        directory: of the fit.

    Attributes:
        directory: of the fit.
        numbers: the content of `fit.json`.

    Raises:
        RunError: the directory holds no fit, or one that has not ended.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        path = directory / RESULT
        if not path.is_file():
            unfinished = (directory / FITTED).is_file()
            raise RunError(
                f"the fit in {directory} has not ended; `terranova fit` with the same file goes on with it"
                if unfinished
                else f"{directory} holds no fit: there is no {RESULT}"
            )
        try:
            numbers = json.loads(path.read_text(encoding="utf-8"))
            known = numbers if isinstance(numbers, dict) else {}
            missing = [key for key in _NEEDED if key not in known]
            if missing:
                raise ValueError(f"it has no {', '.join(missing)}")
        except (OSError, ValueError) as error:
            raise RunError(f"{path} cannot be read, or is not the result of a fit: {error}") from error
        self.numbers: dict[str, Any] = numbers

    def __repr__(self) -> str:
        chi2 = self.numbers["best"]["chi2"]
        return f"<fit of {self.numbers['model']} in {self.directory}: chi2 {chi2:.4g} at the best fit>"

    @cached_property
    def problem_config(self) -> ProblemConfig:
        """Model, priors and constraints of the fit."""
        return load_problem(self.directory / FITTED, check_plugins=False)

    @property
    def best(self) -> Mapping[str, float]:
        """Parameters and observables at the best fit; NaN where one was not finite."""
        values = self.numbers["best"]["values"]
        return {name: math.nan if value is None else float(value) for name, value in values.items()}

    @property
    def at_prior_ends(self) -> Mapping[str, str]:
        """Parameters that lie at an end of their priors at the best fit: name -> "lower", "upper" or "inner".

        The likelihood may be larger beyond, and the p-value and the intervals are not what they seem.
        """
        return dict(self.numbers["best"].get("at the end of its prior", {}))

    @property
    def chi2(self) -> float:
        """Of the best fit."""
        return float(self.numbers["best"]["chi2"])

    @property
    def profiled(self) -> list[tuple[str, ...]]:
        """The quantities, or pairs of quantities, whose profile likelihoods were computed."""
        return [tuple(profile["quantities"]) for profile in self.numbers["profiles"]]

    @property
    def methods(self) -> list[str]:
        """By which posteriors were sampled, such as "nested"."""
        return [str(posterior["method"]) for posterior in self.numbers["posteriors"]]

    def profile(self, *names: str) -> pd.DataFrame:
        """Return a profile likelihood: a row a bin, with the quantities, `loglike` and `delta_chi2`.

        Raises:
            KeyError: it was not computed.
            RunError: its file cannot be read.
        """
        import numpy as np
        import pandas as pd

        # A fit of an older version does not say where its profiles are.
        path = self.directory / self._numbers_of(names).get("file", f"profile-{'-'.join(names)}.csv")
        columns = [*names, "loglike", "delta_chi2"]
        try:
            heading, *lines = path.read_text(encoding="utf-8").splitlines()
            if next(csv.reader([heading])) != columns:
                raise ValueError(f"its columns are {heading}")
            return pd.DataFrame(np.loadtxt(lines, delimiter=",", ndmin=2), columns=columns)
        except (OSError, ValueError) as error:
            raise RunError(f"{path} cannot be read: {error}") from error

    def intervals(self, name: str) -> dict[float, Parts]:
        """Return level -> the values of a quantity that are not excluded at it; NaN for an end not established.

        Raises:
            KeyError: its profile was not computed.
        """
        numbers = self._numbers_of((name,))
        doubts = numbers.get("not established", {})
        return {
            float(level): tuple(
                _ends(part, reasons)
                for part, reasons in zip(parts, doubts.get(level, [(None, None)] * len(parts)), strict=True)
            )
            for level, parts in numbers["intervals"].items()
        }

    def doubts(self, name: str) -> dict[float, tuple[tuple[str | None, str | None], ...]]:
        """Return level -> why the ends of the parts of an interval are not established, None for those that are.

        Levels without any such end are left out.

        Raises:
            KeyError: its profile was not computed.
        """
        doubts = self._numbers_of((name,)).get("not established", {})
        return {float(level): tuple((low, high) for low, high in pairs) for level, pairs in doubts.items()}

    def convergence(self, *names: str) -> Mapping[str, Any]:
        """Return how far a profile has come: the key `convergence` of it in `fit.json`.

        Raises:
            KeyError: the profile was not computed.
        """
        return dict(self._numbers_of(names).get("convergence", {}))

    def posterior(self, method: str) -> pd.DataFrame:
        """Return the weighted points of a posterior: `weight`, `loglike`, parameters and observables.

        What is constant, or not finite at some point, was not written.

        Raises:
            KeyError: it was not sampled.
            RunError: its files cannot be read.
        """
        import numpy as np
        import pandas as pd

        if method not in self.methods:
            raise KeyError(
                f"no posterior was sampled by {method!r}; there are: {', '.join(self.methods) or 'none'}"
            )
        root = self.directory / method
        try:
            lines = root.with_suffix(".paramnames").read_text(encoding="utf-8").splitlines()
            found = next(p for p in self.numbers["posteriors"] if p["method"] == method)
            # A fit of an older version does not name its columns; GetDist's names are words.
            names = found.get("columns", [line.split(maxsplit=1)[0].removesuffix("*") for line in lines])
            chain = np.loadtxt(root.with_suffix(".txt"), ndmin=2)
            frame = pd.DataFrame(chain, columns=["weight", "loglike", *names])
        except (OSError, ValueError) as error:
            raise RunError(f"the points of {root} cannot be read: {error}") from error
        frame["loglike"] = -frame["loglike"]  # GetDist's files hold -ln L
        return frame

    def _numbers_of(self, names: tuple[str, ...]) -> dict[str, Any]:
        for profile in self.numbers["profiles"]:
            if tuple(profile["quantities"]) == names:
                return dict(profile)
        known = ", ".join(" and ".join(pair) for pair in self.profiled)
        raise KeyError(f"no profile of {' and '.join(names)} was computed; there are: {known or 'none'}")


def _ends(part: Sequence[float | None], reasons: Sequence[str | None]) -> tuple[float, float]:
    """Return the ends of a part: infinite where the range ended first, NaN where not established."""
    low, high = (
        open_end if end is None else float(end) for end, open_end in zip(part, (-math.inf, math.inf), strict=True)
    )
    return (math.nan if reasons[0] else low, math.nan if reasons[1] else high)
