"""The command line: `terranova scan FILE`, and the rest. No logic lives here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from terranova.cli.consent import Trust, with_consent
from terranova.cli.ranks import over_ranks
from terranova.cli.surrogate import app as surrogate
from terranova.errors import PluginError, RunError

app = typer.Typer(
    name="terranova",
    help="Constrained exploration of BSM parameter spaces.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
new = typer.Typer(help="Write the skeleton of a plugin.", no_args_is_help=True)
app.add_typer(new, name="new")
app.add_typer(surrogate, name="surrogate")

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="A run directory.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


@app.command()
@over_ranks
def scan(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The configuration, a YAML file.")],
    output: Annotated[Path | None, typer.Option(help="Run directory, instead of the file's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, instead of the file's.")] = None,
    evaluations: Annotated[int | None, typer.Option(help="Budget, instead of the file's.")] = None,
    wall: Annotated[str | None, typer.Option(help="Wall time such as 90s or 10m, instead of the file's.")] = None,
    next_free: Annotated[
        bool, typer.Option("--next", help="If the run directory exists, append -2, -3, ... to its name.")
    ] = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Run a scan. Under mpirun the islands are shared out over the ranks."""
    from terranova.config import Consent, load_config
    from terranova.engine import session
    from terranova.parallel.world import world

    overrides: dict[str, Any] = {"output": output, "seed": seed}
    overrides["budget"] = {k: v for k, v in (("evaluations", evaluations), ("wall", wall)) if v is not None}
    given = {k: v for k, v in overrides.items() if v or v == 0}
    config = with_consent(lambda: load_config(file, consent=Consent(trust, team=world()), **given))
    _finish(*session.start(config, quiet=quiet, next_free=next_free))


@app.command()
@over_ranks
def resume(
    directory: Directory,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A configuration with another budget or execution, same physics."),
    ] = None,
    evaluations: Annotated[int | None, typer.Option(help="A larger budget of evaluations.")] = None,
    wall: Annotated[str | None, typer.Option(help="A larger budget of wall time, such as 20m.")] = None,
    valid: Annotated[int | None, typer.Option(help="A larger budget of valid points.")] = None,
    recompute_missing: Annotated[
        bool, typer.Option("--recompute-missing", help="Set damaged files aside, and compute lost points again.")
    ] = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Go on with a scan that was stopped or killed: it ends with the points it would have had anyway."""
    from terranova.engine import session

    budget: dict[str, Any] = {"evaluations": evaluations, "wall": wall, "valid": valid}
    how: dict[str, Any] = {"recompute_missing": recompute_missing, "quiet": quiet, "trust": trust}
    _finish(*with_consent(lambda: session.resume(directory, file, **budget, **how)))


@app.command()
@over_ranks
def compare(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The comparison, a YAML file.")],
    output: Annotated[Path | None, typer.Option(help="Directory of the results, instead of the file's.")] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Trials that run at the same time.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Number of seeds, instead of the file's.")] = None,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Compare samplers on problems; started again, it goes on where it was. Under mpirun trials are shared out."""
    from terranova.cli.comparison import show_comparison
    from terranova.comparison import page
    from terranova.comparison.config_reading import load_comparison
    from terranova.comparison.results import Comparison
    from terranova.comparison.session import run_comparison
    from terranova.config import Consent
    from terranova.parallel.world import world

    consent = Consent(trust, team=world())
    given: dict[str, Any] = {"output": output, "workers": workers, "seeds": seeds}
    config = with_consent(lambda: load_comparison(file, consent=consent, **given))
    code = run_comparison(config, quiet=quiet, trust=consent.given)
    if not world().is_root:
        return
    comparison = Comparison(config)
    show_comparison(comparison)
    _say(f"report: {page.write_results(comparison)}")
    if code:
        _say("stopped before the end; the same command goes on")
        raise typer.Exit(code)


@app.command()
def launch(
    target: Annotated[Path, typer.Argument(metavar="FILE|DIR", help="A configuration, or a run to go on with.")],
    ranks: Annotated[int, typer.Option("-n", "--ranks", min=1, help="How many processes.")] = 1,
    output: Annotated[Path | None, typer.Option(help="Run directory, instead of the file's.")] = None,
    launcher: Annotated[
        str, typer.Option(help="What starts them, such as 'srun'; the mpirun of this environment if not given.")
    ] = "",
    tries: Annotated[int, typer.Option(min=0, help="Starts without a new point before giving up.")] = 5,
    pause: Annotated[
        float, typer.Option(min=0.0, help="Seconds before the first of them; then twice as long.")
    ] = 1.0,
    next_free: Annotated[
        bool, typer.Option("--next", help="If the run directory exists, append -2, -3, ... to its name.")
    ] = False,
    alone: Annotated[
        bool, typer.Option("--alone", help="This is no rank, whatever the launcher's variables say.")
    ] = False,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Run a scan on several ranks, and start them again, going on where they were, when one of them dies."""
    from terranova.engine.supervisor import launch as supervise

    options: dict[str, Any] = {"output": output, "launcher": launcher, "tries": tries, "pause": pause}
    options |= {"next_free": next_free, "alone": alone, "quiet": quiet, "trust": trust}
    code = with_consent(lambda: supervise(target, ranks, **options))
    raise typer.Exit(code)


@app.command()
@over_ranks
def fit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The fit, a YAML file.")],
    output: Annotated[Path | None, typer.Option(help="Directory of the results, instead of the file's.")] = None,
    quiet: Quiet = False,
    trust: Trust = False,
) -> None:
    """Fit a model: best fit, profile likelihoods, posterior. Started again, it goes on where it was."""
    from terranova import api
    from terranova.cli.fit import show_fit
    from terranova.fitting.session import FitStopped

    try:
        results = with_consent(lambda: api.fit(file, output=output, quiet=quiet, trust=trust))
    except FitStopped as stopped:
        typer.echo(str(stopped), err=True)
        raise typer.Exit(stopped.exit_code) from stopped
    if results is not None:
        show_fit(results)
        _say(f"results: {results.config.output}")


@app.command()
def plugins(
    name: Annotated[str | None, typer.Argument(help="Show one plugin in detail.")] = None,
    debug: Annotated[bool, typer.Option(help="Show the traceback of broken plugins.")] = False,
    outdated: Annotated[
        bool, typer.Option("--outdated", help="Only constraint sets not looked up for two years; code 3 if any.")
    ] = False,
) -> None:
    """List all plugins, or show one: parameters, observables, options, citations."""
    from terranova.cli import tables as listing
    from terranova.registry import registry

    if outdated:
        if listing.show_outdated(registry(), name):
            raise typer.Exit(PluginError.exit_code)
        return
    listing.show_one(registry(), name) if name else listing.show_all(registry(), debug=debug)


@app.command()
def report(
    directory: Directory,
    output: Annotated[Path | None, typer.Option(help="Where to write it, instead of DIR/report.html.")] = None,
    random: Annotated[
        int | None, typer.Option(min=0, help="Random points to compare with; as many as fit in 5 s if not given.")
    ] = None,
    plot: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y[,COLOUR]", help="A projection to draw; repeat for several."),
    ] = None,
    trust: Trust = False,
) -> None:
    """Write an HTML page about a run: efficiency, constraints, projections, best points, citations."""
    from terranova import api

    options: dict[str, Any] = {"output": output, "random": random, "plot": plot, "trust": trust}
    _say(f"report: {with_consent(lambda: api.report(directory, **options))}")


@app.command()
def best(
    directory: Directory,
    n: Annotated[
        int | None, typer.Option("-n", "--number", min=1, help="How many points: 10, of SLHA 1, if not given.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Print a file instead: slha, json, csv or yaml.")] = None,
    output: Annotated[Path | None, typer.Option(help="Where to write it, instead of the terminal.")] = None,
) -> None:
    """Show the best points of a run, or write them for other programs."""
    from terranova import api
    from terranova.cli import tables as listing
    from terranova.runs.run import Run

    if to is None and output is None:
        listing.show_best(Run(directory), n or 10)
    elif to is None:
        raise RunError("a file needs a format: say which, as --to json")
    elif output is None:
        typer.echo(api.best(directory, n, to=to), nl=False)
    else:
        _say(f"wrote {api.best(directory, n, to=to, output=output)}")


@app.command()
def cite(directory: Directory) -> None:
    """Print what to cite as BibTeX: the model, the data, the sampler, the libraries."""
    from terranova import api

    made = api.cite(directory)
    typer.echo(str(made), nl=False)
    if made.open:
        typer.echo(f"note: {len(made.open)} points are open; they stand at the end, as comments", err=True)


@app.command()
def status(
    directory: Directory,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say where a scan stands: alive or not, ranks, points, valid points, time left. It is not disturbed."""
    from terranova import api
    from terranova.cli import tables as listing

    listing.show_facts(api.status(directory), as_json=json)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The configuration of a scan, a YAML file.")],
    points: Annotated[int, typer.Option(min=1, help="Random points to evaluate.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    trust: Trust = False,
) -> None:
    """Evaluate a few random points: cost of each stage, failures, which constraints bite, memory and disk."""
    from terranova import api
    from terranova.cli import tables as listing

    listing.show_facts(with_consent(lambda: api.check(file, points=points, trust=trust)), as_json=json)


@app.command()
def warm(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="All that are installed if none.")] = None,
    sampler: Annotated[
        list[str] | None, typer.Option(help="Repeat for several; the default sampler if not given.")
    ] = None,
) -> None:
    """Compile a model's and a sampler's machine code now, and store it, instead of when a scan begins."""
    from terranova import api

    _say("compiling; this can take a minute")
    _say(repr(api.warm(model, sampler=sampler or ())))


@app.command()
def export(
    directory: Directory,
    to: Annotated[str, typer.Option(help="csv, parquet or hdf5.")] = "csv",
    output: Annotated[Path | None, typer.Option(help="File to write, instead of one in DIR.")] = None,
    where: Annotated[str | None, typer.Option(help="An SQL condition, such as 'valid and mH1 < 400'.")] = None,
    force: Annotated[bool, typer.Option(help="Replace the file if it exists.")] = False,
) -> None:
    """Write a run's points to one file."""
    from terranova import api

    _say(f"wrote {api.export(directory, to=to, output=output, where=where, force=force)}")


@app.command()
def rescore(
    directory: Directory,
    constraints: Annotated[
        list[str], typer.Option("--constraints", "-c", help="Constraint set or YAML file; repeat for several.")
    ],
    output: Annotated[Path, typer.Option(help="The new run directory.")],
    trust: Trust = False,
) -> None:
    """Score stored points with other constraint sets, without evaluating the model again."""
    from terranova import api
    from terranova.cli import tables as listing

    listing.show_summary(with_consent(lambda: api.rescore(directory, constraints, output, trust=trust)))


@app.command()
def merge(
    directories: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Runs of the same problem.")],
    output: Annotated[Path, typer.Option(help="The new run directory.")],
) -> None:
    """Put the points of several scans of one problem into one run; other seeds and samplers are welcome."""
    from terranova import api
    from terranova.cli import tables as listing

    listing.show_summary(api.merge(directories, output))


@app.command()
def verify(
    directory: Directory,
    json: Annotated[bool, typer.Option("--json", help="Print everything found as JSON.")] = False,
) -> None:
    """Read everything in a run directory and say what is damaged and which points are lost; exit code 4 if any."""
    from terranova.cli import tables as listing
    from terranova.errors import StoreCorrupt
    from terranova.store import verify as check

    verification = check(directory)
    listing.show_verification(verification, as_json=json)
    if not verification.ok:
        raise typer.Exit(StoreCorrupt.exit_code)


@app.command()
def salvage(directory: Directory) -> None:
    """Set aside what is damaged, in DIR/damaged, so that the rest can be read and the scan resumed."""
    from terranova.cli import tables as listing
    from terranova.store import salvage as repair

    listing.show_salvage(repair(directory))


@app.command()
def doctor() -> None:
    """Show versions, MPI, ranks and optional parts, and what is wrong with them."""
    from terranova.cli import doctor as checks

    raise typer.Exit(checks.run())


@new.command("model")
def new_model(
    name: Annotated[str, typer.Argument(help="Name of the model, such as my_model.")],
    directory: Annotated[Path, typer.Option(help="Where to make the package.")] = Path(),
) -> None:
    """Write an installable plugin package: a model, constraints, a configuration and a test."""
    from terranova.scaffold import new_model as write

    _say(f"wrote {write(name, directory)}; its README.md says what to do next")


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Constrained exploration of BSM parameter spaces."""
    if version:
        from terranova import __version__

        typer.echo(f"terranova {__version__}")
        raise typer.Exit


def _say(text: str) -> None:
    typer.echo(text)


def _finish(run: Any, reason: str) -> None:
    """Say how a scan ended, and leave with the exit code that fits."""
    from terranova.cli import tables as listing
    from terranova.parallel import world as parallel
    from terranova.system.signals import STOPPED

    if not parallel.world().is_root:
        return
    listing.show_summary(run)
    if reason == "sampler":
        typer.echo("  its sampler had nothing more to propose")
    if reason == "wall":
        typer.echo(f"  its wall time is used up; for more: terranova resume {run.directory} --wall 20m")
    if reason == "finished":
        typer.echo("  it is finished: nothing was left to do; for more, give it a larger budget")
    if reason in STOPPED:
        typer.echo(f"interrupted; every point is stored. Go on with: terranova resume {run.directory}", err=True)
        raise typer.Exit(STOPPED[reason])
