"""What `terranova fit` prints of a fit."""

from __future__ import annotations

from terranova.cli.terminal import console, print_table, say
from terranova.fitting.findings import Findings
from terranova.fitting.prior_ends import end_text, reaching_sentences
from terranova.fitting.text import (
    best_fit_sentences,
    convergence_sentence,
    convergence_sentences,
    correction_sentences,
    goodness,
    interval_sentence,
    posterior_sentence,
    spent_text,
    surrogate_sentences,
    trust_sentences,
)
from terranova.pages.table import Column

_SHOWN = 12
"""Constraints listed with their part of chi2, the largest first."""


def show_fit(fit: Findings) -> None:
    """Print the best fit, the intervals, the posteriors, and what they cost."""
    best = fit.best
    console.print(f"\n[bold]best fit[/bold]  {goodness(fit)}")
    columns = [Column("parameter", "name"), Column("value", "number"), Column("unit")]
    if best.ends:
        columns.append(Column(""))
    rows = [
        (
            p.name,
            f"{best.values[p.name]:.6g}",
            "" if p.unit == "1" else p.unit,
            end_text(best.ends.get(p.name, "")),
        )[: len(columns)]
        for p in fit.about.parameters
    ]
    print_table(columns, rows)
    for sentence in best_fit_sentences(fit):
        say(sentence)
    parts = sorted(best.contributions.items(), key=lambda item: -item[1])[:_SHOWN]
    pulls = ", ".join(f"{name} {value:.2f}" for name, value in parts if value > 0.005)
    say(f"largest parts of chi2: {pulls or 'none'}")
    for result in fit.profiles:
        for interval in result.intervals:
            say(interval_sentence(fit, result, interval))
        say(convergence_sentence(result))
    for sentence in trust_sentences(fit):
        say(sentence)
    for posterior in fit.posteriors:
        say(posterior_sentence(posterior))
        for sentence in (*convergence_sentences(posterior), *correction_sentences(posterior)):
            say(f"  {sentence}")
        for sentence in reaching_sentences(posterior.ends):
            say(f"  {sentence}")
    for sentence in surrogate_sentences(fit):
        say(sentence)
    say(f"evaluations: {spent_text(fit)}")
    say(f"{fit.evaluations:,} evaluations of the model, {fit.known:,} points from scans, {fit.seconds:.1f} s")
