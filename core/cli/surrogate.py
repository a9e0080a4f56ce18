"""`terranova surrogate train | check | explain`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from terranova.cli.consent import Trust, with_consent

if TYPE_CHECKING:
    from terranova.pages.table import Table

app = typer.Typer(help="Learn a log-likelihood or observables from stored points.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A surrogate written by `surrogate train`.")]


@app.command()
def train(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run directories of one problem.")],
    output: Annotated[Path, typer.Option(help="The file to write.")],
    target: Annotated[
        list[str] | None,
        typer.Option(
            help="loglike, an observable, or observables (all that constraints read); repeat for several."
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(min=0, help="Hyper-parameters that optuna tries; 0 for the defaults.")
    ] = 20,
    rows: Annotated[
        int | None, typer.Option(min=1, help="Use so many rows, chosen by the seed; all if not given.")
    ] = None,
    cut: Annotated[float, typer.Option(min=0.0, help="Delta chi2 below which the regressor works.")] = 30.0,
    held_out: Annotated[
        float, typer.Option(min=0.0, max=0.99, help="Share of the rows kept for check and explain.")
    ] = 0.2,
    seed: Annotated[int, typer.Option(min=0, help="Of the split and of training.")] = 0,
    plugin: Annotated[str, typer.Option(help="Name of the surrogate, as in `terranova plugins`.")] = "xgboost",
    trust: Trust = False,
) -> None:
    """Train a surrogate on stored points; a part of them is held out for `surrogate check`."""
    from terranova.runs.run import Run
    from terranova.surrogates import training

    options: dict[str, Any] = {"cut": cut, "trials": trials, "rows": rows, "seed": seed, "held_out": held_out}
    opened = [Run(run, trust=trust) for run in runs]
    trained = with_consent(lambda: training.train(opened, target or ["loglike"], surrogate=plugin, **options))
    trained.save(output)
    targets = ", ".join(trained.targets)
    typer.echo(f"wrote {output}: {targets} from {trained.trained:,} rows; {len(trained.test):,} held out")


@app.command()
def check(
    file: File,
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="Rows to check with, instead of those held out.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="The page, instead of FILE-check.html.")] = None,
    trust: Trust = False,
) -> None:
    """Measure a surrogate on rows that it has not seen, and write a page."""
    from terranova.runs.run import Run
    from terranova.surrogates import validation, validation_page
    from terranova.surrogates.trained import TrainedSurrogate

    trained = with_consent(lambda: TrainedSurrogate.load(file, trust=trust))
    measured = validation.check(trained, Run(run) if run else None)
    _show(validation_page.table(measured), validation_page.sentences(measured))
    target = output or file.with_name(f"{file.stem}-check.html")
    typer.echo(f"page: {validation_page.write_page(measured, trained, target)}")


@app.command()
def explain(
    file: File,
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="Rows to explain, instead of those held out.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="The page, instead of FILE-explain.html.")] = None,
    trust: Trust = False,
) -> None:
    """Say which parameters drive each constraint and the total, by SHAP values, and write a page."""
    from terranova.runs.run import Run
    from terranova.surrogates import explanation, explanation_page
    from terranova.surrogates.trained import TrainedSurrogate

    trained = with_consent(lambda: TrainedSurrogate.load(file, trust=trust))
    told = explanation.explain(trained, Run(run) if run else None)
    _show(explanation_page.table(told), explanation_page.sentences(told))
    target = output or file.with_name(f"{file.stem}-explain.html")
    typer.echo(f"page: {explanation_page.write_page(told, trained, target)}")


def _show(table: Table, sentences: Sequence[str]) -> None:
    from terranova.cli.terminal import print_table, say

    print_table(table.columns, table.rows)
    for sentence in sentences:
        say(sentence)
