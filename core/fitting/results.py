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
from terranova.fitting.directory import RESULT
from terranova.fitting.findings import Findings, load_findings
from terranova.fitting.page import render
from terranova.fitting.text import statements, warnings
from terranova.interfaces.notebook import html_table
from terranova.runs.derived import FITTED

if TYPE_CHECKING:
    import pandas as pd

Parts = tuple[tuple[float, float], ...]
"""The connected parts of an interval; an end is infinite where the range ended before the level was reached,
and NaN where it is not established: see `FitResults.doubts`."""

_NEEDED = ("model", "best", "profiles", "posteriors")
"""Keys of `fit.json` that are read here."""


class FitResults:
    """What a fit found: everything that its page shows. Nothing is computed again, and no plugin is needed.

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

    def _repr_html_(self) -> str:
        rows = [(name, f"{value:.6g}") for name, value in self.best.items()]
        return html_table(repr(self).strip("<>"), ("", "best fit"), rows)

    @cached_property
    def problem_config(self) -> ProblemConfig:
        """Model, priors and constraints of the fit."""
        return load_problem(self.directory / FITTED, check_plugins=False)

    @cached_property
    def findings(self) -> Findings:
        """All of it as data: the object that the page, the figures and the sentences are made of.

        Raises:
            RunError: its file is damaged, or the fit was made by a version that wrote none.
        """
        return load_findings(self.directory)

    @property
    def statements(self) -> list[str]:
        """What the page says in sentences."""
        return statements(self.findings)

    @property
    def warnings(self) -> list[str]:
        """Those of them that speak against what was found: ends not established, what has not converged, ..."""
        return warnings(self.findings)

    def page(self) -> str:
        """Return the page, as HTML."""
        return render(self.findings)

    @property
    def best(self) -> Mapping[str, float]:
        """Parameters and observables at the best fit; NaN where one was not finite."""
        return _numbers(self.numbers["best"]["values"])

    @property
    def at_prior_ends(self) -> Mapping[str, str]:
        """Parameters that lie at an end of their priors at the best fit: name -> "lower", "upper" or "inner".

        The likelihood may be larger beyond, and the p-value and the intervals are not what they seem.
        """
        return dict(self.numbers["best"].get("at the end of its prior", {}))

    @property
    def jumps(self) -> list[dict[str, Any]]:
        """Where chi2 rises at once beside the best fit: `parameter`, `value`, `unit`, `constraint`, `change`.

        The point may be held there by where data end; empty for a continuous likelihood.
        """
        return list(self.numbers["best"].get("chi2 jumps beside it", []))

    @property
    def chi2(self) -> float:
        """Of the best fit."""
        return float(self.numbers["best"]["chi2"])

    @property
    def p_value(self) -> float | None:
        """Of the measurements: their chi2, for measurements - free parameters degrees of freedom; None without any.

        `p_value_is` says how well it is known.
        """
        value = self.numbers["best"].get("p_value")
        return None if value is None else float(value)

    @property
    def p_value_is(self) -> str:
        """What `p_value` is: "exact", "at least" or "about"; why stands in `statements`."""
        return str(self.numbers["best"].get("p_value is", "exact"))

    @property
    def measurements(self) -> int:
        """Number of measurements that contribute to chi2; limits are none."""
        return int(self.numbers["best"]["measurements"])

    @property
    def chi2_measured(self) -> float:
        """Of the best fit, measurements alone."""
        value = self.numbers["best"].get("chi2 of measurements")
        return self.chi2 if value is None else float(value)

    @property
    def limits(self) -> int:
        """Number of limits that may add to chi2."""
        return int(self.numbers["best"].get("limits", 0))

    @property
    def free_parameters(self) -> int:
        """Their number."""
        return int(self.numbers["best"]["free parameters"])

    @property
    def contributions(self) -> Mapping[str, float]:
        """Constraint -> its part of chi2 at the best fit."""
        return _numbers(self.numbers["best"]["chi2 of constraints"])

    @property
    def pulls(self) -> Mapping[str, float]:
        """Constraint -> its residual at the best fit in standard deviations, where it has just one."""
        return _numbers(self.numbers["best"].get("pulls", {}))

    @property
    def evaluations(self) -> int:
        """True evaluations of the model, in all sessions together."""
        return int(self.numbers["evaluations"])

    @property
    def spent(self) -> Mapping[str, int]:
        """The same of each step."""
        return dict(self.numbers.get("evaluations of parts", {}))

    @property
    def surrogate(self) -> Mapping[str, Any] | None:
        """What the surrogate did, the key `surrogate` of `fit.json`; None without one."""
        found = self.numbers.get("surrogate")
        return None if found is None else dict(found)

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

    def evidence(self, method: str = "nested") -> tuple[float, float] | None:
        """Return ln Z and its statistical error; None where the method gives none.

        Raises:
            KeyError: it was not sampled.
        """
        found = self._sampled(method)
        if found["log_evidence"] is None:
            return None
        return float(found["log_evidence"]), float(found["log_evidence_error"])

    def converged(self, method: str) -> bool:
        """Say whether a posterior has met the criterion of its method; `not_converged_because` says why not.

        Raises:
            KeyError: it was not sampled.
        """
        return bool(self._sampled(method)["converged"])

    def not_converged_because(self, method: str) -> list[str]:
        """Return why a posterior has not converged, in phrases; nothing if it has.

        Raises:
            KeyError: it was not sampled.
        """
        return [str(reason) for reason in self._sampled(method).get("not converged because", [])]

    def summary(self, method: str) -> pd.DataFrame:
        """Return a row for each parameter and observable of a posterior.

        The columns are mean, deviation, the ends of the central 95 % (`low`, `high`) and, of chains, what they say
        of one another: `R-hat`, effective numbers, autocorrelation time and Monte-Carlo errors.

        Raises:
            KeyError: it was not sampled.
        """
        import pandas as pd

        found = self._sampled(method)
        rows = {}
        for name, (mean, deviation) in found["mean and standard deviation"].items():
            low, high = found.get("central 95 %", {}).get(name, (math.nan, math.nan))
            of_chains = _numbers(found.get("convergence", {}).get(name, {}))
            rows[name] = {"mean": mean, "deviation": deviation, "low": low, "high": high, **of_chains}
        return pd.DataFrame.from_dict(rows, orient="index")

    def posterior(self, method: str) -> pd.DataFrame:
        """Return the weighted points of a posterior: `weight`, `loglike`, parameters and observables.

        What is constant, or not finite at some point, was not written.

        Raises:
            KeyError: it was not sampled.
            RunError: its files cannot be read.
        """
        import numpy as np
        import pandas as pd

        found = self._sampled(method)
        root = self.directory / method
        try:
            lines = root.with_suffix(".paramnames").read_text(encoding="utf-8").splitlines()
            # A fit of an older version does not name its columns; GetDist's names are words.
            names = found.get("columns", [line.split(maxsplit=1)[0].removesuffix("*") for line in lines])
            chain = np.loadtxt(root.with_suffix(".txt"), ndmin=2)
            frame = pd.DataFrame(chain, columns=["weight", "loglike", *names])
        except (OSError, ValueError) as error:
            raise RunError(f"the points of {root} cannot be read: {error}") from error
        frame["loglike"] = -frame["loglike"]  # GetDist's files hold -ln L
        return frame

    def _sampled(self, method: str) -> dict[str, Any]:
        for posterior in self.numbers["posteriors"]:
            if posterior["method"] == method:
                return dict(posterior)
        raise KeyError(f"no posterior was sampled by {method!r}; there are: {', '.join(self.methods) or 'none'}")

    def _numbers_of(self, names: tuple[str, ...]) -> dict[str, Any]:
        for profile in self.numbers["profiles"]:
            if tuple(profile["quantities"]) == names:
                return dict(profile)
        known = ", ".join(" and ".join(pair) for pair in self.profiled)
        raise KeyError(f"no profile of {' and '.join(names)} was computed; there are: {known or 'none'}")


def _numbers(content: Mapping[str, float | None]) -> dict[str, float]:
    """Return the numbers of a part of `fit.json`, which says null where one was not finite."""
    return {name: math.nan if value is None else float(value) for name, value in content.items()}


def _ends(part: Sequence[float | None], reasons: Sequence[str | None]) -> tuple[float, float]:
    """Return the ends of a part: infinite where the range ended first, NaN where not established."""
    low, high = (
        open_end if end is None else float(end) for end, open_end in zip(part, (-math.inf, math.inf), strict=True)
    )
    return (math.nan if reasons[0] else low, math.nan if reasons[1] else high)
