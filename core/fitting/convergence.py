"""Whether chains have converged, and how large the Monte-Carlo errors are that they leave."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from terranova.types import Bools, Floats

RHAT = 1.01
"""Largest R-hat of chains that are said to agree (arXiv:1903.08008, section 4)."""

LEAST = 400
"""Least effective number of points, in the bulk and in the tails (arXiv:1903.08008, section 4)."""

DISAGREEMENT = 3.0
"""Ensembles whose means scatter by more than this, in units of what their Monte-Carlo errors allow, disagree."""


@dataclass(frozen=True)
class Diagnosis:
    """What the chains say of one quantity.

    Attributes:
        name: of the parameter or observable.
        rhat: the larger of the rank-normalised split R-hats of bulk and tails, between independent ensembles.
        bulk: effective number of points in the bulk.
        tail: effective number of points in the tails: the smaller one of the 5 % and the 95 % quantile.
        tau: integrated autocorrelation time, in steps.
        mean_error: Monte-Carlo standard error of the mean.
        deviation: standard deviation.
        deviation_error: Monte-Carlo standard error of the standard deviation.
        disagreement: scatter of the means of the ensembles over what their Monte-Carlo errors allow; about 1.
    """

    name: str
    rhat: float
    bulk: float
    tail: float
    tau: float
    mean_error: float
    deviation: float
    deviation_error: float
    disagreement: float


def diagnose(name: str, chains: Floats, *, ranked: Floats | None = None) -> Diagnosis:
    """Diagnose the chains of a quantity.

    R-hat compares ensembles, not walkers: walkers of one ensemble move by each other's differences, and agree with
    one another wherever they are. All walkers of an ensemble are one chain of it, as in arXiv:2110.13017.

    Args:
        name: of the quantity.
        chains: (ensembles, steps, walkers) values.
        ranked: the same in a coordinate without a seam, where that is another one.
    """
    e, n, w = chains.shape
    place = chains if ranked is None else ranked
    walkers = place.transpose(0, 2, 1).reshape(e * w, n)
    values = chains.transpose(0, 2, 1).reshape(e * w, n)
    z = normal_scores(walkers)
    blocks = place.reshape(e, n * w)
    tails = [effective(walkers <= q) for q in np.quantile(walkers, (0.05, 0.95))]
    squares = (values - values.mean()) ** 2
    size = effective(values)
    deviation = float(values.std())
    means = chains.mean(axis=(1, 2))
    between = float(means.std(ddof=1)) / math.sqrt(e)
    mean_error = deviation / math.sqrt(size)
    spreads = chains.std(axis=(1, 2))
    deviation_error = float(squares.std()) / math.sqrt(effective(squares)) / (2.0 * deviation)
    return Diagnosis(
        name=name,
        rhat=max(rhat(normal_scores(blocks)), rhat(normal_scores(np.abs(blocks - np.median(blocks))))),
        bulk=effective(z),
        tail=min(tails),
        tau=values.size / size,
        # Few ensembles tell their scatter badly, but where it is large, the error that each claims is too small.
        mean_error=max(mean_error, between),
        deviation=deviation,
        deviation_error=max(deviation_error, float(spreads.std(ddof=1)) / math.sqrt(e)),
        disagreement=between / mean_error,
    )


def complaints(diagnoses: list[Diagnosis], steps: int, lengths: int) -> list[str]:
    """Return what speaks against convergence, in phrases; nothing if it has been reached.

    Args:
        diagnoses: of all quantities.
        steps: of each walker, without the burn-in.
        lengths: autocorrelation times wanted.
    """

    def worst(size: list[float]) -> tuple[Diagnosis, float]:
        i = int(np.argmax(size))
        return diagnoses[i], size[i]

    found = []
    one, value = worst([d.rhat for d in diagnoses])
    if value > RHAT:
        found.append(f"R-hat of {one.name} is {value:.3f}, above {RHAT:g}: ensembles disagree")
    one, value = worst([d.disagreement for d in diagnoses])
    if value > DISAGREEMENT:
        found.append(f"means of {one.name} scatter {value:.1f} times as much as ensembles that agree")
    one, value = worst([-min(d.bulk, d.tail) for d in diagnoses])
    if -value < LEAST:
        found.append(f"{-value:.0f} effective points of {one.name}, fewer than {LEAST}")
    one, value = worst([d.tau for d in diagnoses])
    if steps < lengths * value:
        found.append(f"{steps / value:.0f} of {lengths} autocorrelation times of {one.name}")
    return found


def normal_scores(values: Floats) -> Floats:
    """Return normal quantiles of the ranks of values, equal ones sharing theirs (arXiv:1903.08008, eq. 14)."""
    from scipy import special, stats

    ranks = stats.rankdata(values, method="average").reshape(values.shape)
    return np.asarray(special.ndtri((ranks - 0.375) / (values.size + 0.25)))


def rhat(chains: Floats) -> float:
    """Return the split R-hat of chains (m, n): arXiv:1903.08008, eqs. 1 to 4, each chain cut in two."""
    parts = _split(chains)
    n = parts.shape[1]
    within = float(parts.var(axis=1, ddof=1).mean())
    between = float(parts.mean(axis=1).var(ddof=1))
    if within <= 0.0:
        return 1.0 if between <= 0.0 else math.inf
    return math.sqrt((n - 1) / n + between / within)


def effective(chains: Floats | Bools) -> float:
    """Return the effective number of points of chains (m, n), each cut in two (arXiv:1903.08008, eqs. 8 to 11).

    Autocorrelations are summed up by Geyer's initial monotone sequence: C. J. Geyer, Stat. Sci. 7 (1992) 473.
    Chains of one value, which leave nothing to estimate, count in full.
    """
    parts = _split(np.asarray(chains, dtype=float))
    m, n = parts.shape
    covariance = _autocovariance(parts).mean(axis=0)
    within = covariance[0] * n / (n - 1)
    total = covariance[0] + float(parts.mean(axis=1).var(ddof=1))
    if total <= 0.0 or n < 4:
        return float(m * n)
    rho = 1.0 - (within - covariance) / total
    rho[0] = 1.0
    pairs = rho[: n - n % 2].reshape(-1, 2).sum(axis=1)[: max(1, (n - 3) // 2)]
    negative = np.flatnonzero(pairs <= 0.0)
    end = int(negative[0]) if len(negative) else len(pairs)
    kept = np.minimum.accumulate(pairs[:end])
    # What follows the last positive pair counts once if it is positive, which makes anticorrelated chains safer.
    after = max(float(rho[2 * end]), 0.0) if 2 * end < n else 0.0
    tau = -1.0 + 2.0 * float(kept.sum()) + after
    return float(m * n / max(tau, 1.0 / math.log10(m * n)))


def _split(chains: Floats) -> Floats:
    """Cut chains (m, n) in two (2 m, n // 2); the middle one of an odd number of points is left out."""
    half = chains.shape[1] // 2
    return np.concatenate([chains[:, :half], chains[:, -half:]])


def _autocovariance(chains: Floats) -> Floats:
    """Return the autocovariance of chains (m, n) at every lag, over n."""
    n = chains.shape[1]
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(chains - chains.mean(axis=1, keepdims=True), size)
    return np.asarray(np.fft.irfft(np.abs(spectrum) ** 2, size)[:, :n] / n, dtype=float)
