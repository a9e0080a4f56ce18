"""Writes what a fit found, for people and for other programs: JSON, CSV, GetDist chains, figures."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.atomic import write_atomic
from terranova.errors import RunError
from terranova.fit.figures import write_figures
from terranova.fit.intervals import Interval
from terranova.fit.parts import Fit, ProfileResult
from terranova.fit.posterior import CITATIONS, Posterior

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
    directory = fit.plan.output
    try:
        files = [_write(directory / RESULT, json.dumps(to_dict(fit), indent=1, allow_nan=False) + "\n")]
        files += [_write(directory / f"profile-{_name(p)}.csv", _profile_csv(fit, p)) for p in fit.profiles]
        for found in fit.posteriors:
            files += _write_chains(directory, fit, found)
        return files + write_figures(fit)
    except OSError as error:
        raise RunError(f"{directory} cannot be written: {error.strerror or error}") from error


def to_dict(fit: Fit) -> dict[str, Any]:
    """Return the numbers of a fit, as JSON can hold them."""
    best = fit.best
    return {
        "model": fit.plan.config.model.name,
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
        "calls": helped.calls,
        "largest error of chi2 in profiles": _finite(helped.error),
        "rounds": [
            {
                "points": r.points,
                "judged": r.judged,
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


def _name(result: ProfileResult) -> str:
    return "-".join(axis.name for axis in result.profile.axes)


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
    console.print(f"\n[bold]best fit[/bold]  {_goodness(fit)}")
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
            console.print(_sentence(fit, result, interval), markup=False)
    for found in fit.posteriors:
        evidence = ""
        if found.log_evidence is not None:
            evidence = f", ln Z = {found.log_evidence:.3f} ± {found.log_evidence_error:.3f}"
        state = "" if found.converged else " (NOT converged)"
        console.print(f"{found.method}{state}: {found.effective:,.0f} effective points{evidence}", markup=False)
        if (c := found.correction) is not None and c.used:
            k = f"{c.shape:.2f}" if math.isfinite(c.shape) else "none"
            console.print(
                f"  sampled on the surrogate, corrected with {c.weighted:,} evaluations; Pareto k {k}",
                markup=False,
            )
        elif c is not None:
            console.print("  sampled with the model: the surrogate does not serve here", markup=False)
    if (helped := fit.surrogate) is not None:
        console.print(
            f"surrogate {helped.plugin}: {helped.calls:,} predictions, all quoted points evaluated with the model; "
            f"largest error of chi2 in the profiles {helped.error:.2f}",
            markup=False,
        )
        console.print("; ".join(f"{part}: {n:,}" for part, n in fit.spent.items()), markup=False)
    console.print(
        f"{fit.evaluations:,} evaluations of the model, {fit.known:,} points from scans, {fit.seconds:.1f} s"
    )


def _goodness(fit: Fit) -> str:
    best = fit.best
    text = f"chi2 = {best.chi2:.3f} of {best.constraints} measurements with {best.parameters} free parameters"
    if best.p_value is None and best.constraints > best.parameters:
        return text + "; no p-value, for some likelihoods are known up to a constant only"
    if best.p_value is None:
        return text + "; no degree of freedom is left for a p-value"
    return text + f", p = {best.p_value:.3g}"


def _sentence(fit: Fit, result: ProfileResult, interval: Interval) -> str:
    """An interval in words: "ctau at 95 % CL: above 62.1 cm"."""
    axis = result.profile.axes[0]
    things = (*fit.problem.model.space, *fit.problem.model.observables)
    unit = next((thing.unit for thing in things if thing.name == axis.name), "1")
    after = "" if unit == "1" else f" {unit}"
    words = []
    for low, high in interval.parts:
        if low is None and high is None:
            words.append("nothing in the range is excluded")
        elif low is None:
            words.append(f"below {high:.4g}{after}")
        elif high is None:
            words.append(f"above {low:.4g}{after}")
        else:
            words.append(f"{low:.4g} to {high:.4g}{after}")
    return (
        f"{axis.name} at {100 * interval.level:g} % CL (profile): {' or '.join(words) or 'everything is excluded'}"
    )
