"""The page of a fit: one HTML file with everything that was found."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from terranova.fitting.figures import draw_posterior, draw_profile
from terranova.fitting.posterior import CITATIONS
from terranova.fitting.steps import Fit
from terranova.fitting.text import (
    convergence_sentence,
    correction_sentences,
    goodness,
    interval_sentence,
    posterior_sentence,
    surrogate_sentences,
    trust_sentences,
)
from terranova.pages import html
from terranova.pages.blocks import Block, Page, Paragraph, Picture, Section, paragraphs, titled
from terranova.pages.table import Table, numbers
from terranova.system.atomic import write_atomic

NAME = "fit.html"
_METHODS = (
    "Best fit: N. Hansen, arXiv:1604.00772 (CMA-ES, pycma); F. James and M. Roos, "
    "Comput. Phys. Commun. 10 (1975) 343 (MINUIT, iminuit).",
    "Profiles: J. Nocedal and S. J. Wright, Numerical Optimization, 2006, chapters 10, 16 and 18.",
    "Intervals: S. S. Wilks, Ann. Math. Stat. 9 (1938) 60.",
)


def write_page(fit: Fit) -> Path:
    """Write the page into the directory of the fit; it needs no network and no other file."""
    path = fit.config.output / NAME
    write_atomic(path, render(fit))
    return path


def render(fit: Fit) -> str:
    """Return the page as HTML."""
    model, name = fit.config.problem.model.name, fit.config.output.resolve().name
    sets = ", ".join(constraints.name for constraints in fit.problem.sets)
    sections = [_best(fit), _contributions(fit), _profiles(fit), _posteriors(fit), _effort(fit), _citations(fit)]
    return html.render(
        Page(
            title=f"Fit: {model} / {name}",
            kind="terranova fit",
            heading=titled(model, name),
            state=f"{sets} · {html.today()}",
            opening=[Paragraph(f"Best fit: {goodness(fit)}.", "lead")],
            sections=[section for section in sections if section is not None],
            contents=False,
        )
    )


def _best(fit: Fit) -> Section:
    free = {p.name for p in fit.problem.model.space.free}
    rows = [
        (
            p.name,
            f"{fit.best.values[p.name]:.6g}",
            "" if p.unit == "1" else p.unit,
            "free" if p.name in free else "fixed",
        )
        for p in fit.problem.model.space
    ]
    return Section("best", "Best fit", [Table(numbers("parameter", "value", "unit", ""), rows)])


def _contributions(fit: Fit) -> Section:
    soft = sorted(fit.best.contributions.items(), key=lambda item: -item[1])
    rows = [(name, f"{value:.3f}") for name, value in soft if abs(value) >= 5e-4]
    left_out = Paragraph("Parts below 0.0005 in size, among them hard bounds, are left out.")
    table = [Table(numbers("constraint", "-2 ln L"), rows)] if rows else []
    return Section("chi2", "Contributions to chi2", [left_out, *table])


def _profiles(fit: Fit) -> Section | None:
    if not fit.profiles:
        return None
    sentences = [
        interval_sentence(fit, result, interval) for result in fit.profiles for interval in result.intervals
    ]
    sentences += [f"{sentence}." for sentence in trust_sentences(fit)]
    levels = ", ".join(f"{100 * level:g} %" for level in fit.config.levels)
    pictures = []
    for result in fit.profiles:
        names = " and ".join(axis.name for axis in result.profile.axes)
        plane = len(result.profile.axes) == 2
        what = f"regions at {levels} (two quantities); the star is the best fit" if plane else f"levels {levels}"
        caption = f"Profile likelihood of {names}, all else maximised: {what}."
        sentences.append(f"{convergence_sentence(result)}.")
        pictures.append(Picture(partial(draw_profile, fit, result), caption, narrow=True))
    return Section("profiles", "Profile likelihoods", [*paragraphs(sentences), *pictures])


def _posteriors(fit: Fit) -> Section | None:
    if not fit.posteriors:
        return None
    sentences: list[str] = []
    pictures: list[Block] = []
    rows = []
    for posterior in fit.posteriors:
        sentences += [posterior_sentence(posterior), *correction_sentences(posterior)]
        for p in fit.problem.model.space.free:
            mean, deviation = posterior.mean(p.name)
            low, high = posterior.credible(p.name, 0.95)
            values = (f"{value:.4g}" for value in (mean, deviation, low, high))
            rows.append((f"{posterior.method}: {p.name}", *values))
        caption = f"Marginal densities ({posterior.method}); dashed: central 95 %."
        pictures.append(Picture(partial(draw_posterior, fit, posterior), caption))
    table = Table(numbers("posterior", "mean", "deviation", "2.5 %", "97.5 %"), rows)
    return Section("posterior", "Posterior", [*paragraphs(sentences), table, *pictures])


def _effort(fit: Fit) -> Section:
    total = f"{fit.evaluations:,} evaluations of the model, {fit.known:,} points from scans."
    rows = [(part, f"{n:,}") for part, n in fit.spent.items()]
    table = [Table(numbers("part", "evaluations"), rows)] if rows else []
    return Section("effort", "Evaluations", [*paragraphs([total, *surrogate_sentences(fit)]), *table])


def _citations(fit: Fit) -> Section:
    sources = [*_METHODS, *(f"{p.method}: {CITATIONS[p.method]}." for p in fit.posteriors)]
    if any(p.correction is not None for p in fit.posteriors):
        sources.append("Weights of the surrogate's points: arXiv:1507.02646.")
    sources += sorted({f"{c.name}: {c.source}" for c in fit.problem.constraints if c.source})
    return Section("citations", "What to cite", paragraphs(sources))
