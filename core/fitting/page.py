"""The page of a fit: one HTML file with everything that was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terranova.fitting.figures import draw_curve, draw_plane, draw_posterior
from terranova.fitting.posterior import CITATIONS
from terranova.fitting.steps import Fit
from terranova.fitting.text import corrected_words, goodness, helped_words, posterior_words, sentence
from terranova.pages.html import html_page
from terranova.pages.section import Picture, Section
from terranova.pages.svg import drawn
from terranova.system.atomic import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "fit.html"
_METHODS = (
    "Best fit: N. Hansen, arXiv:1604.00772 (CMA-ES, pycma); F. James and M. Roos, "
    "Comput. Phys. Commun. 10 (1975) 343 (MINUIT, iminuit).",
    "Intervals: S. S. Wilks, Ann. Math. Stat. 9 (1938) 60.",
)


@dataclass(frozen=True)
class _Tabled(Section):
    """A section with a table."""

    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = field(default_factory=tuple)


def write_page(fit: Fit) -> Path:
    """Write the page into the directory of the fit; it needs no network and no other file."""
    path = fit.config.output / NAME
    page = html_page(
        "terranova.fitting",
        model=fit.config.problem.model.name,
        name=fit.config.output.resolve().name,
        sets=[constraints.name for constraints in fit.problem.sets],
        lead=f"Best fit: {goodness(fit)}.",
        sections=[section for section in _sections(fit) if section is not None],
    )
    write_atomic(path, page)
    return path


def _sections(fit: Fit) -> list[_Tabled | None]:
    return [_best(fit), _contributions(fit), _profiles(fit), _posteriors(fit), _effort(fit), _citations(fit)]


def _best(fit: Fit) -> _Tabled:
    free = {p.name for p in fit.problem.model.space.free}
    rows = []
    for p in fit.problem.model.space:
        state = "free" if p.name in free else "fixed"
        rows.append((p.name, f"{fit.best.values[p.name]:.6g}", "" if p.unit == "1" else p.unit, state))
    return _Tabled("best", "Best fit", headings=("parameter", "value", "unit", ""), rows=rows)


def _contributions(fit: Fit) -> _Tabled:
    soft = sorted(fit.best.contributions.items(), key=lambda item: -item[1])
    rows = [(name, f"{value:.3f}") for name, value in soft if abs(value) >= 5e-4]
    words = ["Parts below 0.0005 in size, among them hard bounds, are left out."]
    return _Tabled("chi2", "Contributions to chi2", words, headings=("constraint", "-2 ln L"), rows=rows)


def _profiles(fit: Fit) -> _Tabled | None:
    if not fit.profiles:
        return None
    words = [sentence(fit, result, interval) for result in fit.profiles for interval in result.intervals]
    levels = ", ".join(f"{100 * level:g} %" for level in fit.config.levels)
    pictures = []
    for i, result in enumerate(fit.profiles):
        names = " and ".join(axis.name for axis in result.profile.axes)
        plane = len(result.profile.axes) == 2
        svg = _picture(f"profile{i}", draw_plane if plane else draw_curve, fit, result)
        what = f"regions at {levels} (two quantities); the star is the best fit" if plane else f"levels {levels}"
        pictures.append(Picture(svg, f"Profile likelihood of {names}, all else maximised: {what}.", narrow=True))
    return _Tabled("profiles", "Profile likelihoods", words, pictures)


def _posteriors(fit: Fit) -> _Tabled | None:
    if not fit.posteriors:
        return None
    words: list[str] = []
    pictures, rows = [], []
    for i, found in enumerate(fit.posteriors):
        words += [posterior_words(found), *corrected_words(found)]
        for p in fit.problem.model.space.free:
            mean, deviation = found.mean(p.name)
            low, high = found.credible(p.name, 0.95)
            rows.append((f"{found.method}: {p.name}", *(f"{v:.4g}" for v in (mean, deviation, low, high))))
        svg = _picture(f"posterior{i}", draw_posterior, fit, found)
        pictures.append(Picture(svg, f"Marginal densities ({found.method}); dashed: central 95 %."))
    headings = ("posterior", "mean", "deviation", "2.5 %", "97.5 %")
    return _Tabled("posterior", "Posterior", words, pictures, headings=headings, rows=rows)


def _effort(fit: Fit) -> _Tabled:
    words = [f"{fit.evaluations:,} evaluations of the model, {fit.known:,} points from scans.", *helped_words(fit)]
    rows = [(part, f"{n:,}") for part, n in fit.spent.items()]
    return _Tabled("effort", "Evaluations", words, headings=("part", "evaluations"), rows=rows)


def _citations(fit: Fit) -> _Tabled:
    words = [*_METHODS, *(f"{p.method}: {CITATIONS[p.method]}." for p in fit.posteriors)]
    if any(p.correction is not None for p in fit.posteriors):
        words.append("Weights of the surrogate's points: arXiv:1507.02646.")
    words += sorted({f"{c.name}: {c.source}" for c in fit.problem.constraints if c.source})
    return _Tabled("citations", "What to cite", words)


def _picture(name: str, draw: Callable[..., Figure], *what: Any) -> str:
    def draws() -> Figure:
        return draw(*what)

    draws.__name__ = name  # several figures share one page, and their parts need different names
    return drawn(draws)()
