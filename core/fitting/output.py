"""Writes what a fit found, for people and for other programs: JSON, CSV, GetDist chains, figures."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from terranova.errors import RunError
from terranova.fitting.axes import profile_stem
from terranova.fitting.calibration import EXPLAINED, SOURCE
from terranova.fitting.convergence import Diagnosis
from terranova.fitting.directory import RESULT
from terranova.fitting.figures import write_figures
from terranova.fitting.findings import Findings, ProfileResult, save_findings
from terranova.fitting.page import write_page
from terranova.fitting.posterior import Posterior
from terranova.fitting.profile_convergence import JUMP, MOVED, Convergence
from terranova.fitting.text import measured_on
from terranova.store.checkpoint import CHECKPOINTS
from terranova.system.atomic import write_atomic
from terranova.types import Floats


def write_fit(fit: Findings) -> list[Path]:
    """Write all results of a fit into its directory, and return the files.

    Raises:
        RunError: they cannot be written.
    """
    directory = fit.directory
    try:
        files = [_write(directory / profile_file(p.names), _profile_csv(fit, p)) for p in fit.profiles]
        for posterior in fit.posteriors:
            files += _write_chains(directory, fit, posterior)
        files += [*write_figures(fit), write_page(fit), save_findings(fit)]
        # Last: with it, the fit has ended.
        files.append(_write(directory / RESULT, json.dumps(to_dict(fit), indent=1, allow_nan=False) + "\n"))
        shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)
        return files
    except OSError as error:
        raise RunError(f"{directory} cannot be written: {error.strerror or error}") from error


def to_dict(fit: Findings) -> dict[str, Any]:
    """Return the numbers of a fit, as JSON can hold them."""
    best = fit.best
    return {
        "model": fit.about.model,
        "evaluations": fit.evaluations,
        "points from scans": fit.known,
        "evaluations of parts": dict(fit.spent),
        "surrogate": _surrogate(fit),
        "seconds": fit.seconds,
        "best": {
            "loglike": best.loglike,
            "chi2": best.chi2,
            "measurements": best.constraints,
            "chi2 of measurements": best.chi2_measured,
            "limits": len(best.limits),
            "free parameters": best.parameters,
            "p_value": best.p_value,
            "p_value is": best.p_is,
            "p_value is not exact because": list(best.p_because),
            "values": {name: _finite(value) for name, value in best.values.items()},
            "at the end of its prior": best.ends,
            "chi2 jumps beside it": [asdict(jump) for jump in best.jumps],
            "chi2 of constraints": {name: _finite(value) for name, value in best.contributions.items()},
            "pulls": {name: _finite(value) for name, value in best.pulls.items()},
        },
        "profiles": [
            {
                "quantities": list(p.names),
                "file": profile_file(p.names),
                "evaluations": p.profile.evaluations,
                "intervals": {f"{i.level:g}": [_ends(part) for part in i.parts] for i in p.intervals},
                "not established": {
                    f"{i.level:g}": [list(pair) for pair in i.doubts] for i in p.intervals if not i.established
                },
                "convergence": _convergence(p.convergence),
            }
            for p in fit.profiles
        ],
        "ends of intervals without a remark": _calibration(fit),
        "posteriors": [
            {
                "method": p.method,
                "points": len(p.loglike),
                "columns": _written_names(p),
                "effective": p.effective,
                "log_evidence": p.log_evidence,
                "log_evidence_error": p.log_evidence_error,
                "converged": p.converged,
                "not converged because": list(p.reasons),
                "sampler": p.sampler,
                "independent ensembles": p.ensembles,
                "convergence": {d.name: _diagnosis(d) for d in p.diagnoses},
                "evaluations": p.evaluations,
                "mean and standard deviation": {name: p.mean(name) for name in _finite_names(p)},
                "central 95 %": {name: p.credible(name, 0.95) for name in _finite_names(p)},
                "not fallen off at the end of the prior": dict(p.ends),
                "correction": _correction(p),
                "citation": p.citation,
            }
            for p in fit.posteriors
        ],
    }


def _calibration(fit: Findings) -> dict[str, Any]:
    """How often such ends were wrong, of fits of this kind."""
    measured = measured_on(fit)
    return {
        "wrong on problems with known answers": measured.wrong,
        "of": measured.ends,
        "free parameters of these, at most": measured.parameters,
        "rate below, at 95 % CL": measured.limit,
        "measured by": SOURCE,
        "see": EXPLAINED,
    }


def _ends(part: tuple[float | None, float | None]) -> list[float | None]:
    return [None if end is None else _finite(end) for end in part]


def _convergence(c: Convergence) -> dict[str, Any]:
    """What is known of how far a profile has come; infinite gains, of bins without a point before, are null."""

    def worst(values: Floats, allowed: float) -> dict[str, Any]:
        return {"bins": int((values > allowed).sum()), "largest": _finite(float(values.max(initial=0.0)))}

    return {
        "converged": c.converged,
        "sweeps": c.sweeps,
        "gained in the last sweep": worst(c.moved, MOVED),
        "jumps between neighbours": worst(c.jumps, JUMP),
        "gained in the last fresh search": worst(c.found, MOVED),
        "better points of other searches": worst(c.known, MOVED),
        "wrong predictions of the surrogate": worst(c.predicted, MOVED),
        "fresh searches": {"all": c.restarts, "found more": c.better, "agree": c.agree},
        "evaluations did not suffice": c.bound or None,
    }


def _surrogate(fit: Findings) -> dict[str, Any] | None:
    if (summary := fit.surrogate) is None:
        return None
    return {
        "plugin": summary.plugin,
        "learns": summary.target,
        "calls": summary.calls,
        "largest error of chi2 in profiles": _finite(summary.error),
        "rounds": [
            {
                "points": r.points,
                "judged": r.judged,
                "learns": r.target,
                "rms error of chi2": _finite(r.error),
                "largest error of chi2": _finite(r.largest),
            }
            for r in summary.rounds
        ],
    }


def _correction(posterior: Posterior) -> dict[str, Any] | None:
    if (c := posterior.correction) is None:
        return None
    return {
        "surrogate used": c.used,
        "surrogate calls": c.calls,
        "weighted points": c.weighted,
        "effective": c.effective,
        "pareto k": _finite(c.shape),
        "attempts": c.attempts,
    }


def _diagnosis(diagnosis: Diagnosis) -> dict[str, float | None]:
    return {
        "R-hat": _finite(diagnosis.rhat),
        "effective in the bulk": _finite(diagnosis.bulk),
        "effective in the tails": _finite(diagnosis.tail),
        "autocorrelation time": _finite(diagnosis.tau),
        "error of the mean": _finite(diagnosis.mean_error),
        "error of the standard deviation": _finite(diagnosis.deviation_error),
        "scatter between ensembles": _finite(diagnosis.disagreement),
    }


def _finite_names(posterior: Posterior) -> list[str]:
    return [n for i, n in enumerate(posterior.names) if np.isfinite(posterior.values[:, i]).all()]


def _written_names(posterior: Posterior) -> list[str]:
    """Columns of the file of a posterior after weight and likelihood: what is finite and varies."""
    return [n for n in _finite_names(posterior) if np.ptp(posterior.column(n)) > 0.0]


def _word(name: str) -> str:
    """A name as GetDist reads it: a word, without the star by which it marks what is derived."""
    return "_".join(name.replace("*", "_").split())


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _write(path: Path, text: str) -> Path:
    write_atomic(path, text)
    return path


def profile_file(names: Sequence[str]) -> str:
    """Return the name of the file with the profile of some quantities, which any file system can have."""
    return f"{profile_stem(names)}.csv"


def _profile_csv(fit: Findings, result: ProfileResult) -> str:
    """One line a bin: the values of the quantities at its best point, ln L and Delta chi2."""
    profile = result.profile
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*(axis.name for axis in profile.axes), "loglike", "delta_chi2"])
    delta = profile.delta_chi2(fit.best.loglike)
    for cell in np.ndindex(*profile.loglike.shape):
        values = [
            axis.centres[i] if axis.column is not None else at
            for axis, i, at in zip(profile.axes, cell, profile.at[cell], strict=True)
        ]
        writer.writerow([*values, profile.loglike[cell], delta[cell]])
    return buffer.getvalue()


def _write_chains(directory: Path, fit: Findings, posterior: Posterior) -> list[Path]:
    """Write a posterior as GetDist and CosmoMC do: `<method>.txt`, `.paramnames`, `.ranges`."""
    shown = _written_names(posterior)
    columns = [posterior.weights, -posterior.loglike, *(posterior.column(name) for name in shown)]
    text = io.StringIO()
    np.savetxt(text, np.column_stack(columns), fmt="%.10g")
    lines = [
        f"{_word(q.name)}{'*' * (q.role == 'observable')} {' '.join((q.latex or q.name).split())}"
        for q in map(fit.about.__getitem__, shown)
    ]
    ranges = []
    for p in fit.about.free:
        if p.name in shown:
            ends = [f"{end:.10g}" if math.isfinite(end) else "N" for end in p.support]
            ranges.append(f"{_word(p.name)} {ends[0]} {ends[1]}")
    root = directory / posterior.method
    return [
        _write(root.with_suffix(".txt"), text.getvalue()),
        _write(root.with_suffix(".paramnames"), "\n".join(lines) + "\n"),
        _write(root.with_suffix(".ranges"), "\n".join(ranges) + "\n"),
    ]
