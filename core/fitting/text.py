"""What a fit found, in sentences for the terminal and the page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from terranova.fitting.best_jumps import jumps_sentences
from terranova.fitting.calibration import MODEL_ALONE, WITH_SURROGATE, Calibration
from terranova.fitting.findings import Findings, ProfileResult
from terranova.fitting.intervals import Interval
from terranova.fitting.posterior import Posterior
from terranova.fitting.prior_ends import ends_sentences, reaching_sentences
from terranova.fitting.profile_convergence import JUMP, MOVED
from terranova.types import Floats


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


def surrogate_sentences(fit: Findings) -> list[str]:
    """What the surrogate did, if there was one."""
    if (summary := fit.surrogate) is None:
        return []
    return [
        f"surrogate {summary.plugin}: {summary.calls:,} predictions, all quoted points evaluated with the model; "
        f"largest error of chi2 in the profiles {summary.error:.2f}"
    ]


def spent_text(fit: Findings) -> str:
    """The evaluations of each part."""
    return "; ".join(f"{part}: {n:,}" for part, n in fit.spent.items())


def goodness(fit: Findings) -> str:
    """The chi2 of the best fit, and what it means."""
    best = fit.best
    counted = f"of {best.constraints} measurements with {best.parameters} free parameters"
    text = f"chi2 = {best.chi2:.3f} {counted}"
    if best.limits and best.chi2_measured is not None:
        added = f"{best.chi2 - best.chi2_measured:.3f} of {len(best.limits)} limit{'s' * (len(best.limits) > 1)}"
        text = f"chi2 = {best.chi2:.3f}: {best.chi2_measured:.3f} {counted}, {added}"
    if best.p_value is None and best.constraints > best.parameters:
        return text + "; no p-value, for some likelihoods are known up to a constant only"
    if best.p_value is None:
        return text + "; no degree of freedom is left for a p-value"
    sign = {"exact": "=", "at least": "≥", "about": "≈"}[best.p_is]
    why = f" ({'; '.join(best.p_because)})" if best.p_because else ""
    return text + f", p {sign} {best.p_value:.3g}{' of the measurements' * bool(best.limits)}{why}"


def best_fit_sentences(fit: Findings) -> list[str]:
    """What speaks against the best fit: that it lies at ends of priors, or where the likelihood jumps."""
    return [*ends_sentences(fit.best.ends), *jumps_sentences(fit.best.jumps)]


def interval_sentence(fit: Findings, result: ProfileResult, interval: Interval) -> str:
    """An interval in words: "ctau at 95 % CL: above 62.1 cm"."""
    axis = result.profile.axes[0]
    unit = fit.about[axis.name].unit
    after = "" if unit == "1" else f" {unit}"
    doubts = interval.doubts or ((None, None),) * len(interval.parts)
    digits = _digits([end for part in interval.parts for end in part])
    parts, reasons = [], []
    for (low, high), pair in zip(interval.parts, doubts, strict=True):
        first, last = (None if end is None else f"{end:.{digits}g}{after}" for end in (low, high))
        parts.append(_part(first, last, pair, after))
        reasons += [f"{side} end: {doubt}" for side, doubt in zip(("lower", "upper"), pair, strict=True) if doubt]
    said = " or ".join(parts) or "everything is excluded"
    why = f" ({'; '.join(reasons)})" if reasons else ""
    return f"{axis.name} at {100 * interval.level:g} % CL (profile): {said}{why}"


def _digits(ends: Sequence[float | None]) -> int:
    """Return with how many digits no two ends look alike: a gap may be narrow."""
    known = {end for end in ends if end is not None and math.isfinite(end)}
    return next((d for d in range(4, 17) if len({f"{end:.{d}g}" for end in known}) == len(known)), 17)


def _part(low: str | None, high: str | None, doubts: tuple[str | None, str | None], unit: str) -> str:
    """One connected part of an interval; an end that is not established is no number."""
    if doubts == (None, None):
        if low is None:
            return "nothing in the range is excluded" if high is None else f"below {high}"
        return f"above {low}" if high is None else f"{low.removesuffix(unit)} to {high}"
    if None not in doubts:
        return "not established"
    if doubts[0] is not None:
        return "lower end not established, " + ("no upper end" if high is None else f"upper end {high}")
    return ("no lower end" if low is None else f"lower end {low}") + ", upper end not established"


def trust_sentences(fit: Findings) -> list[str]:
    """How often ends that are quoted were wrong where the truth is known; nothing if no end is quoted."""
    if not any(interval.quoted for result in fit.profiles for interval in result.intervals):
        return []
    return [measured_on(fit).sentence(fit.best.parameters, jumps=bool(fit.best.jumps))]


def measured_on(fit: Findings) -> Calibration:
    """Return what was measured of fits of this kind."""
    return MODEL_ALONE if fit.surrogate is None else WITH_SURROGATE


def convergence_sentence(result: ProfileResult) -> str:
    """How far a profile has come, and what speaks against it."""
    c, axes = result.convergence, result.profile.axes
    what = " and ".join(axis.name for axis in axes)
    done = [f"{c.sweeps} sweep{'s' * (c.sweeps > 1)}"] if c.sweeps else []
    if c.restarts:
        done.append(
            f"{c.restarts} fresh searches where intervals end, {c.agree} of which agree and {c.better} found more"
        )
    against = [
        f"{count} of {len(values)} bins {words}, by up to {_largest(values)}"
        for values, allowed, words in (
            (c.moved, MOVED, "still gained in the last sweep"),
            (c.found, MOVED, "still gained in the last fresh search"),
            (c.known, MOVED, "hold a better point of another search"),
            (c.predicted, MOVED, "were predicted wrongly by the surrogate"),
            (c.jumps, JUMP, "lie at a jump between neighbours"),
        )
        if (count := int((values > allowed).sum()))
    ]
    if c.bound:
        against.append(f"the {c.bound:,} evaluations allowed did not suffice")
    said = "; ".join(against) or "no bin moves and none lies at a jump"
    return f"profile of {what}: {', '.join([*done, said])}"


def statements(fit: Findings) -> list[str]:
    """Everything that is said of a fit in sentences, in the order of its page."""
    said = [f"best fit: {goodness(fit)}", *best_fit_sentences(fit)]
    said += [interval_sentence(fit, result, interval) for result in fit.profiles for interval in result.intervals]
    said += [*trust_sentences(fit), *map(convergence_sentence, fit.profiles)]
    for posterior in fit.posteriors:
        said += [posterior_sentence(posterior), *convergence_sentences(posterior)]
        said += [*correction_sentences(posterior), *reaching_sentences(posterior.ends)]
    return [*said, *surrogate_sentences(fit)]


def warnings(fit: Findings) -> list[str]:
    """What speaks against something that a fit found; nothing if all is well."""
    said = best_fit_sentences(fit)
    for result in fit.profiles:
        said += [interval_sentence(fit, result, one) for one in result.intervals if not one.established]
        said += [] if result.convergence.converged else [convergence_sentence(result)]
    for posterior in fit.posteriors:
        said += [] if posterior.converged else [posterior_sentence(posterior)]
        said += reaching_sentences(posterior.ends)
        if posterior.correction is not None and not posterior.correction.used:
            said += correction_sentences(posterior)
    return said


def _largest(values: Floats) -> str:
    """The largest of some differences of chi2."""
    largest = float(values.max(initial=0.0))
    return f"{largest:.2g}" if math.isfinite(largest) else "a first point"
