"""What `terranova compare` prints of a comparison."""

from __future__ import annotations

from terranova.cli.terminal import print_table, say
from terranova.comparison.results import Comparison
from terranova.comparison.text import errors, table, title, verdict


def show_comparison(comparison: Comparison) -> None:
    """Print a table for each problem, and what may be said about it."""
    for problem in comparison.problems:
        say("")
        say(title(problem, comparison), style="bold")
        measures = table(problem, intervals=False)
        print_table(measures.columns, measures.rows)
        for sentence in [*verdict(problem), *errors(problem)]:
            say(sentence)
    say("")
    say("In brackets: 95 % bootstrap intervals over seeds.")
    say("ERT: expected number of evaluations until the first valid point, restarts included.")
