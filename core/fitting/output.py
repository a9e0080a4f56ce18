"""Writes what a fit found, for people and for other programs: JSON, CSV, GetDist chains, figures."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.errors import RunError
from terranova.fitting.figures import write_figures
from terranova.fitting.page import write_page
from terranova.fitting.posterior import CITATIONS, Posterior
from terranova.fitting.steps import Fit, ProfileResult
from terranova.fitting.text import corrected_words, goodness, helped_words, posterior_words, sentence, spent_words
from terranova.system.atomic import write_atomic

if TYPE_CHECKING:
    from rich.console import Console

RESULT = "fit.json"
_SHOWN = 12
"""Constraints listed with their part of chi2, the largest first."""


def write_fit(fit: Fit) -> list[Path]:
    """Write all results of a fit into its directory, and return the files.

    Raises:
        RunError: they cannot be written.
    """
    directory = fit.config.output
    try:
        files = [_write(directory / RESULT, json.dumps(to_dict(fit), indent=1, allow_nan=False) + "\n")]
        files += [_write(directory / profile_file(_names(p)), _profile_csv(fit, p)) for p in fit.profiles]
        for found in fit.posteriors:
            files += _write_chains(directory, fit, found)
        return [*files, *write_figures(fit), write_page(fit)]
    except OSError as error:
        raise RunError(f"{directory} cannot be written: {error.strerror or error}") from error


def to_dict(fit: Fit) -> dict[str, Any]:
    """Return the numbers of a fit, as JSON can hold them."""
    best = fit.best
    return {
        "model": fit.config.problem.model.name,
        "evaluations": fit.evaluations,
        "points from scans": fit.known,
        "evaluations of parts": dict(fit.spent),
        "surrogate": _helped(fit),
        "seconds": fit.seconds,
        "best": {
            "loglike": best.loglike,
            "chi2": best.chi2,
            "measurements": best.constraints,
            "free parameters": best.parameters,
            "p_value": best.p_value,
            "values": {name: _finite(value) for name, value in best.values.items()},
            "chi2 of constraints": {name: _finite(value) for name, value in best.contributions.items()},
        },
        "profiles": [
            {
                "quantities": [axis.name for axis in p.profile.axes],
                "evaluations": p.profile.evaluations,
                "intervals": {f"{i.level:g}": [list(part) for part in i.parts] for i in p.intervals},
            }
            for p in fit.profiles
        ],
        "posteriors": [
            {
                "method": p.method,
                "points": len(p.loglike),
                "effective": p.effective,
                "log_evidence": p.log_evidence,
                "log_evidence_error": p.log_evidence_error,
                "converged": p.converged,
                "evaluations": p.evaluations,
                "mean and standard deviation": {name: p.mean(name) for name in _finite_names(p)},
                "correction": _corrected(p),
                "citation": CITATIONS[p.method],
            }
            for p in fit.posteriors
        ],
    }


def _helped(fit: Fit) -> dict[str, Any] | None:
    if (helped := fit.surrogate) is None:
        return None
    return {
        "plugin": helped.plugin,
        "learns": helped.target,
        "calls": helped.calls,
        "largest error of chi2 in profiles": _finite(helped.error),
        "rounds": [
            {
                "points": r.points,
                "judged": r.judged,
                "learns": r.target,
                "rms error of chi2": _finite(r.error),
                "largest error of chi2": _finite(r.largest),
            }
            for r in helped.rounds
        ],
    }


def _corrected(found: Posterior) -> dict[str, Any] | None:
    if (c := found.correction) is None:
        return None
    return {
        "surrogate used": c.used,
        "surrogate calls": c.calls,
        "weighted points": c.weighted,
        "effective": c.effective,
        "pareto k": _finite(c.shape),
        "attempts": c.attempts,
    }


def _finite_names(found: Posterior) -> list[str]:
    return [n for i, n in enumerate(found.names) if np.isfinite(found.values[:, i]).all()]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _write(path: Path, text: str) -> Path:
    write_atomic(path, text)
    return path


def profile_file(names: Sequence[str]) -> str:
    """Return the name of the file with the profile of some quantities."""
    return f"profile-{'-'.join(names)}.csv"


def _names(result: ProfileResult) -> list[str]:
    return [axis.name for axis in result.profile.axes]


def _profile_csv(fit: Fit, result: ProfileResult) -> str:
    """One line a bin: the values of the quantities at its best point, ln L and Delta chi2."""
    found = result.profile
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*(axis.name for axis in found.axes), "loglike", "delta_chi2"])
    delta = found.delta_chi2(fit.best.loglike)
    for cell in np.ndindex(*found.loglike.shape):
        values = [
            axis.centres[i] if axis.column is not None else at
            for axis, i, at in zip(found.axes, cell, found.at[cell], strict=True)
        ]
        writer.writerow([*values, found.loglike[cell], delta[cell]])
    return buffer.getvalue()


def _write_chains(directory: Path, fit: Fit, found: Posterior) -> list[Path]:
    """Write a posterior as GetDist and CosmoMC do: `<method>.txt`, `.paramnames`, `.ranges`."""
    space = fit.problem.model.space
    latex = {p.name: p.latex for p in space} | {o.name: o.latex for o in fit.problem.model.observables}
    shown = [n for n in _finite_names(found) if np.ptp(found.column(n)) > 0.0]
    columns = [found.weights, -found.loglike, *(found.column(name) for name in shown)]
    text = io.StringIO()
    np.savetxt(text, np.column_stack(columns), fmt="%.10g")
    lines = [f"{name}{'*' * (name not in space.names)} {latex[name] or name}" for name in shown]
    ranges = []
    for p in space.free:
        if p.name in shown:
            low, high = p.prior.support
            ends = [f"{end:.10g}" if math.isfinite(end) else "N" for end in (low, high)]
            ranges.append(f"{p.name} {ends[0]} {ends[1]}")
    root = directory / found.method
    return [
        _write(root.with_suffix(".txt"), text.getvalue()),
        _write(root.with_suffix(".paramnames"), "\n".join(lines) + "\n"),
        _write(root.with_suffix(".ranges"), "\n".join(ranges) + "\n"),
    ]


def show_fit(fit: Fit, console: Console | None = None) -> None:
    """Print what was found."""
    from rich.console import Console
    from rich.table import Table

    console = console or Console(highlight=False)
    best = fit.best
    console.print(f"\n[bold]best fit[/bold]  {goodness(fit)}")
    table = Table(box=None, padding=(0, 2))
    for heading in ("parameter", "value", "unit"):
        table.add_column(heading, justify="right" if heading == "value" else "left")
    for p in fit.problem.model.space:
        table.add_row(p.name, f"{best.values[p.name]:.6g}", "" if p.unit == "1" else p.unit)
    console.print(table)
    parts = sorted(best.contributions.items(), key=lambda item: -item[1])[:_SHOWN]
    pulls = ", ".join(f"{name} {value:.2f}" for name, value in parts if value > 0.005)
    console.print(f"largest parts of chi2: {pulls or 'none'}", markup=False)
    for result in fit.profiles:
        for interval in result.intervals:
            console.print(sentence(fit, result, interval), markup=False)
    for found in fit.posteriors:
        console.print(posterior_words(found), markup=False)
        for words in corrected_words(found):
            console.print(f"  {words}", markup=False)
    for words in helped_words(fit):
        console.print(words, markup=False)
    console.print(f"evaluations: {spent_words(fit)}", markup=False)
    console.print(
        f"{fit.evaluations:,} evaluations of the model, {fit.known:,} points from scans, {fit.seconds:.1f} s"
    )
