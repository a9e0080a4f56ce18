"""What a fit found, in sentences for the terminal and the page."""

from __future__ import annotations

import math

from terranova.fitting.intervals import Interval
from terranova.fitting.posterior import Posterior
from terranova.fitting.steps import Fit, ProfileResult


def posterior_sentence(posterior: Posterior) -> str:
    """Effective points, evidence, and whether it has converged."""
    evidence = ""
    if posterior.log_evidence is not None:
        evidence = f", ln Z = {posterior.log_evidence:.3f} ± {posterior.log_evidence_error:.3f}"
    why = f": {'; '.join(posterior.reasons)}" if posterior.reasons else ""
    state = "" if posterior.converged else f" (NOT converged{why})"
    return f"{posterior.method}{state}: {posterior.effective:,.0f} effective points{evidence}"


def convergence_sentences(posterior: Posterior) -> list[str]:
    """What independent ensembles of chains say of one another, if there are any: the worst of every measure."""
    if not (found := posterior.diagnoses):
        return []
    rhat = max(found, key=lambda d: d.rhat)
    least = min(found, key=lambda d: min(d.bulk, d.tail))
    tau = max(found, key=lambda d: d.tau)
    mean = max(found, key=lambda d: d.mean_error / d.deviation)
    spread = max(found, key=lambda d: d.deviation_error / d.deviation)
    least_size = min(least.bulk, least.tail)
    return [
        f"{posterior.ensembles} independent ensembles: R-hat at most {rhat.rhat:.4f} ({rhat.name}), at least "
        f"{least_size:,.0f} effective points in bulk and tails ({least.name}), autocorrelation time at most "
        f"{tau.tau:.0f} steps ({tau.name})",
        f"Monte-Carlo errors at most: of means {100 * mean.mean_error / mean.deviation:.1f} % of the standard "
        f"deviation ({mean.name}), of standard deviations {100 * spread.deviation_error / spread.deviation:.1f} % "
        f"({spread.name})",
    ]


def correction_sentences(posterior: Posterior) -> list[str]:
    """How a surrogate's posterior was corrected, if there was one."""
    if (c := posterior.correction) is None:
        return []
    if not c.used:
        return ["sampled with the model: the surrogate does not serve here"]
    k = f"{c.shape:.2f}" if math.isfinite(c.shape) else "none"
    return [f"sampled on the surrogate, corrected with {c.weighted:,} evaluations; Pareto k of the weights {k}"]


def surrogate_sentences(fit: Fit) -> list[str]:
    """What the surrogate did, if there was one."""
    if (summary := fit.surrogate) is None:
        return []
    return [
        f"surrogate {summary.plugin}: {summary.calls:,} predictions, all quoted points evaluated with the model; "
        f"largest error of chi2 in the profiles {summary.error:.2f}"
    ]


def spent_text(fit: Fit) -> str:
    """The evaluations of each part."""
    return "; ".join(f"{part}: {n:,}" for part, n in fit.spent.items())


def goodness(fit: Fit) -> str:
    """The chi2 of the best fit, and what it means."""
    best = fit.best
    text = f"chi2 = {best.chi2:.3f} of {best.constraints} measurements with {best.parameters} free parameters"
    if best.p_value is None and best.constraints > best.parameters:
        return text + "; no p-value, for some likelihoods are known up to a constant only"
    if best.p_value is None:
        return text + "; no degree of freedom is left for a p-value"
    return text + f", p = {best.p_value:.3g}"


def interval_sentence(fit: Fit, result: ProfileResult, interval: Interval) -> str:
    """An interval in words: "ctau at 95 % CL: above 62.1 cm"."""
    axis = result.profile.axes[0]
    columns = (*fit.problem.model.space, *fit.problem.model.observables)
    unit = next((column.unit for column in columns if column.name == axis.name), "1")
    after = "" if unit == "1" else f" {unit}"
    parts = []
    for low, high in interval.parts:
        if low is None and high is None:
            parts.append("nothing in the range is excluded")
        elif low is None:
            parts.append(f"below {high:.4g}{after}")
        elif high is None:
            parts.append(f"above {low:.4g}{after}")
        else:
            parts.append(f"{low:.4g} to {high:.4g}{after}")
    return (
        f"{axis.name} at {100 * interval.level:g} % CL (profile): {' or '.join(parts) or 'everything is excluded'}"
    )
