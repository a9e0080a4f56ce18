"""The page of a fit: one HTML file with everything that was found."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from terranova.fitting.best import SHOWN
from terranova.fitting.figures import draw_posterior, draw_profile, draw_ranks
from terranova.fitting.findings import Findings, ProfileResult
from terranova.fitting.intervals import threshold
from terranova.fitting.posterior import Posterior
from terranova.fitting.prior_ends import end_text, reaching_sentences
from terranova.fitting.text import (
    best_fit_sentences,
    convergence_sentence,
    convergence_sentences,
    correction_sentences,
    goodness,
    interval_sentence,
    posterior_sentence,
    surrogate_sentences,
    trust_sentences,
)
from terranova.pages import html
from terranova.pages.blocks import Block, Page, Paragraph, Picture, Section, paragraphs, titled
from terranova.pages.guard import guarded
from terranova.pages.table import Column, Table, numbers
from terranova.system.atomic import write_atomic

NAME = "fit.html"
_METHODS = (
    "Best fit: N. Hansen, arXiv:1604.00772 (CMA-ES, pycma); F. James and M. Roos, "
    "Comput. Phys. Commun. 10 (1975) 343 (MINUIT, iminuit).",
    "Profiles: J. Nocedal and S. J. Wright, Numerical Optimization, 2006, chapters 10, 16 and 18.",
    "Intervals: S. S. Wilks, Ann. Math. Stat. 9 (1938) 60.",
)


def write_page(fit: Findings) -> Path:
    """Write the page into the directory of the fit; it needs no network and no other file."""
    path = fit.directory / NAME
    write_atomic(path, render(fit))
    return path


def render(fit: Findings) -> str:
    """Return the page as HTML."""
    model, name = fit.about.model, fit.directory.resolve().name
    sets = ", ".join(fit.about.sets)
    parts = [
        ("best", "Best fit", _best),
        ("chi2", "Contributions to chi2", _contributions),
        ("profiles", "Profile likelihoods", _profiles),
        ("posterior", "Posterior", _posteriors),
        ("effort", "Evaluations", _effort),
        ("citations", "What to cite", _citations),
    ]
    sections = [guarded(anchor, title, partial(build, fit)) for anchor, title, build in parts]
    return html.render(
        Page(
            title=f"Fit: {model} / {name}",
            kind="terranova fit",
            heading=titled(model, name),
            state=f"{sets} · {html.today()}",
            opening=[
                Paragraph(f"Best fit: {goodness(fit)}.", "lead"),
                *paragraphs(best_fit_sentences(fit), "note"),
            ],
            sections=[section for section in sections if section is not None],
            contents=False,
        )
    )


def _best(fit: Findings) -> Section:
    rows = [
        (
            p.name,
            f"{fit.best.values[p.name]:.6g}",
            "" if p.unit == "1" else p.unit,
            f"free {end_text(fit.best.ends.get(p.name, ''))}".rstrip() if p.role == "free" else "fixed",
        )
        for p in fit.about.parameters
    ]
    return Section("best", "Best fit", [Table(numbers("parameter", "value", "unit", ""), rows)])


def _contributions(fit: Findings) -> Section:
    soft = sorted(fit.best.contributions.items(), key=lambda item: -item[1])
    pulls = {name: f"{pull:+.2f}" for name, pull in fit.best.pulls.items()}
    rows = [
        (name, f"{value:.3f}", pulls.get(name, ""), "limit" if name in fit.best.limits else "")
        for name, value in soft
        if abs(value) >= SHOWN
    ]
    left_out = Paragraph(f"Parts below {SHOWN:g} in size, among them hard bounds, are left out.")
    table = [Table([*numbers("constraint", "-2 ln L", "pull"), Column("")], rows)] if rows else []
    return Section("chi2", "Contributions to chi2", [left_out, *table])


def _profiles(fit: Findings) -> Section | None:
    if not fit.profiles:
        return None
    sentences = [
        interval_sentence(fit, result, interval) for result in fit.profiles for interval in result.intervals
    ]
    sentences += [_full(phrase) for phrase in trust_sentences(fit)]
    levels = ", ".join(f"{100 * level:g} %" for level in fit.about.levels)
    pictures = []
    for result in fit.profiles:
        names = " and ".join(axis.name for axis in result.profile.axes)
        plane = len(result.profile.axes) == 2
        what = f"regions at {levels} (two quantities); the star is the best fit" if plane else f"levels {levels}"
        caption = f"Profile likelihood of {names}, all else maximised: {what}.{_cut_off(fit, result)}"
        sentences.append(_full(convergence_sentence(result)))
        pictures.append(Picture(partial(draw_profile, fit, result), caption, narrow=True))
    return Section("profiles", "Profile likelihoods", [*paragraphs(sentences), *pictures])


def _full(phrase: str) -> str:
    """Return a phrase of the terminal as a sentence."""
    return f"{phrase[0].upper()}{phrase[1:]}."


def _cut_off(fit: Findings, result: ProfileResult) -> str:
    """Say that a curve or region ends because its range does."""
    delta = result.profile.delta_chi2(fit.best.loglike)
    last = threshold(max(fit.about.levels), delta.ndim)
    at_end = [(axis.name, np.take(delta, [0, -1], axis=i)) for i, axis in enumerate(result.profile.axes)]
    names = [name for name, values in at_end if (values <= last).any()]
    if not names:
        return ""
    return f" The range of {' and '.join(names)} ends before the last level is reached: nothing is said beyond it."


def _posteriors(fit: Findings) -> Section | None:
    if not fit.posteriors:
        return None
    sentences: list[str] = []
    pictures: list[Block] = []
    rows = []
    for posterior in fit.posteriors:
        sentences += [posterior_sentence(posterior), *convergence_sentences(posterior)]
        sentences += correction_sentences(posterior)
        ends = posterior.ends
        sentences += reaching_sentences(ends)
        for p in fit.about.free:
            mean, deviation = posterior.mean(p.name)
            low, high = posterior.credible(p.name, 0.95)
            values = (f"{value:.4g}" for value in (mean, deviation, low, high))
            reached = f"not fallen off at the end of its prior ({ends[p.name]})" if p.name in ends else ""
            rows.append((f"{posterior.method}: {p.name}", *values, reached))
        caption = f"Marginal densities ({posterior.method}); dashed: central 95 %."
        pictures.append(Picture(partial(draw_posterior, fit, posterior), caption))
        pictures += _convergence(fit, posterior)
    table = Table([*numbers("posterior", "mean", "deviation", "2.5 %", "97.5 %"), Column("")], rows)
    return Section("posterior", "Posterior", [*paragraphs(sentences), table, *pictures])


def _convergence(fit: Findings, posterior: Posterior) -> list[Block]:
    """What independent ensembles say of every quantity, and how their ranks are distributed."""
    if not posterior.diagnoses:
        return []
    rows = [
        (
            d.name,
            f"{d.rhat:.4f}",
            f"{d.bulk:,.0f}",
            f"{d.tail:,.0f}",
            f"{d.tau:.1f}",
            f"{d.mean_error:.2g}",
            f"{d.deviation_error:.2g}",
        )
        for d in posterior.diagnoses
    ]
    headings = ("R-hat", "effective, bulk", "effective, tails", "tau", "error of mean", "error of deviation")
    caption = (
        f"Ranks of the points of the {posterior.ensembles} independent ensembles among all points "
        f"({posterior.method}): flat, within what chance allows, where they agree."
    )
    return [Table(numbers("quantity", *headings), rows), Picture(partial(draw_ranks, fit, posterior), caption)]


def _effort(fit: Findings) -> Section:
    total = f"{fit.evaluations:,} evaluations of the model, {fit.known:,} points from scans."
    rows = [(part, f"{n:,}") for part, n in fit.spent.items()]
    table = [Table(numbers("part", "evaluations"), rows)] if rows else []
    return Section("effort", "Evaluations", [*paragraphs([total, *surrogate_sentences(fit)]), *table])


def _citations(fit: Findings) -> Section:
    sources = [*_METHODS, *(f"{p.method}: {p.citation}." for p in fit.posteriors)]
    if any(p.correction is not None for p in fit.posteriors):
        sources.append("Weights of the surrogate's points: arXiv:1507.02646.")
    return Section("citations", "What to cite", paragraphs([*sources, *fit.about.sources]))
