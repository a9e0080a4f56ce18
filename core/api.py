"""What users' scripts call: the commands of the command line, with the same words.

Each function does what `terranova COMMAND` does and returns what the command prints; its keywords are the command's
options. Where a command takes a run directory, a `Run` is welcome, too.

`trust=True` agrees to whatever a configuration or directory would run, see `terranova.config.consent`. `model` and
`problem` have no such keyword, for there it is the script itself that names a program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from terranova.config import Consent, build_problem, load_config, load_problem
from terranova.config.document import Source
from terranova.config.objects import named
from terranova.config.plugin_options import check_options
from terranova.config.problem_reading import located_name
from terranova.engine import session
from terranova.errors import ConfigError, Diagnostic, RunError, RunMismatch
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.problem import Problem
from terranova.parallel.world import alone_if, world
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Document
from terranova.registry import registry
from terranova.registry.given import import_given
from terranova.registry.plugin import Plugin
from terranova.registry.python_files import file_reference
from terranova.runs.run import Run
from terranova.system.atomic import write_atomic

if TYPE_CHECKING:
    import pandas as pd

    from terranova.comparison import Comparison
    from terranova.engine.dry_run import DryRun
    from terranova.engine.warming import Warmed
    from terranova.fitting.results import FitResults
    from terranova.fitting.steps import Fit
    from terranova.installation.finding import Section
    from terranova.runs.bibliography import Bibliography
    from terranova.runs.standing import Standing
    from terranova.store import Salvage, Verification

__all__ = [
    "best",
    "check",
    "cite",
    "compare",
    "doctor",
    "export",
    "fit",
    "merge",
    "model",
    "open",
    "open_fit",
    "plugins",
    "problem",
    "report",
    "rescore",
    "resume",
    "salvage",
    "scan",
    "status",
    "verify",
    "warm",
]

Directory = str | Path | Run


def _run(directory: Directory, trust: bool = False) -> Run:
    if isinstance(directory, Run):
        return Run(directory.directory, trust=True) if trust and not directory.trust else directory
    return Run(Path(directory), trust=trust)


# ----------------------------------------------------------------------------------------------------
# models and problems


def model(name: Any, **options: Any) -> BoundModel:
    """Return a model, ready to evaluate.

    Args:
        name: as listed by `terranova plugins`; a file, such as "./my_model.py" or "./my_model.py:MyModel"; or a
            class or an object that is a model.
        options: of the model.

    Raises:
        PluginMissing: there is no such model; the message names the nearest.
        ConfigError: an option that it does not have, or a value that makes no sense.
    """
    return _bound(name, **options)


def _bound(name: Any, **options: Any) -> BoundModel:
    diagnostics = Diagnostics(Document(None))
    word = named(name, ("model",))
    if not isinstance(word, str):
        raise ConfigError(
            [Diagnostic("", 0, 0, "model", f"expected the name of a model, or a model, got {word!r}")]
        )
    word = located_name(word, ("model",), diagnostics)
    if file_reference(word) is not None:
        import_given("model", word)
    plugin = registry().get("model", word)
    options, _ = check_options(plugin, options, (), diagnostics)
    diagnostics.raise_if_any()
    try:
        return BoundModel(plugin.make(**options))
    except ValueError as error:
        raise ConfigError(
            [Diagnostic("", 0, 0, "", f"model {plugin.called!r} refuses its options: {error}")]
        ) from error


def problem(
    name: Any, constraints: Sequence[Any] = (), *, parameters: Mapping[str, Any] | None = None, **options: Any
) -> Problem:
    """Return a model together with constraint sets, ready to evaluate and score.

    Args:
        name: of the model, or the model itself; see `model`.
        constraints: names of constraint sets, paths of YAML files, constraints, or sets.
        parameters: values or priors that replace the model's.
        options: of the model.

    Raises:
        ConfigError: something does not exist or does not fit together.
    """
    keys = {
        "model": {"name": name, **options},
        "constraints": list(constraints),
        "parameters": dict(parameters or {}),
    }
    consent = Consent(trust=True, remember=False)
    return build_problem(load_problem(keys, consent=consent), consent=consent)


def plugins(name: str | None = None, *, outdated: bool = False) -> list[Plugin]:
    """Return all plugins that are installed, or those of a name.

    Args:
        name: of a plugin.
        outdated: only constraint sets that nobody has held against newer publications for two years.

    Raises:
        PluginMissing: there is none of that name; the message names the nearest.
    """
    return registry().find(name, outdated=outdated)


# ----------------------------------------------------------------------------------------------------
# scans


def scan(
    file: Source | None = None,
    *,
    evaluations: int | None = None,
    wall: float | str | None = None,
    next: bool = False,
    alone: bool = False,
    quiet: bool = False,
    trust: bool = False,
    **keys: Any,
) -> Run:
    """Run a scan and return it. Under `mpirun`, every rank must make this call.

    Args:
        file: path of a configuration, or its content as a mapping.
        evaluations: budget, instead of the file's.
        wall: budget of wall time, seconds or words such as "10m", instead of the file's.
        next: if the run directory exists, append -2, -3, ... to its name.
        alone: work alone, whatever `mpirun` or `srun` have said of other processes: in the child of a rank, say.
        quiet: show no progress.
        trust: the programs that it names may run.
        keys: the configuration's top-level keys (`output`, `seed`, ...), as an alternative to `file` or to replace
            what it says: `terranova.scan(model="thdm3", constraints=["theory"], evaluations=10_000, output=...)`.
            A class, or an object, may stand where a file has the name of a model, a sampler or a constraint set.

    Raises:
        ConfigError: every problem of the configuration at once.
        NotTrusted: it names programs that nobody has agreed to.
        RunExists: the output directory is in use.
    """
    budget = {"evaluations": evaluations, "wall": wall}
    if given := {name: value for name, value in budget.items() if value is not None}:
        keys["budget"] = {**(keys.get("budget") or {}), **given}
    with alone_if(alone):
        consent = Consent(trust, team=world())
        config = load_config(keys, consent=consent) if file is None else load_config(file, consent=consent, **keys)
        return session.start(config, quiet=quiet, next_free=next)[0]


def check(file: Source | None = None, *, points: int = 20, trust: bool = False, **keys: Any) -> DryRun:
    """Evaluate a few random points of a scan, and say what it may cost, what fails, and which constraints bite.

    Nothing is stored.

    Args:
        file: path of a scan's configuration, or its content as a mapping.
        points: how many.
        trust: the programs that it names may run.
        keys: the configuration's top-level keys, as for `scan`.

    Raises:
        ConfigError: every problem of the configuration at once.
        NotTrusted: it names programs that nobody has agreed to.
    """
    from terranova.engine.dry_run import dry_run

    if points < 1:
        raise ConfigError([Diagnostic("", 0, 0, "points", f"expected at least 1, got {points}")])
    consent = Consent(trust)
    config = load_config(keys, consent=consent) if file is None else load_config(file, consent=consent, **keys)
    return dry_run(config, points, consent=consent)


def warm(model: Any = None, *, sampler: Sequence[str] = ()) -> Warmed:
    """Compile the machine code of a model, and of samplers, and store it, so that no scan has to wait for it.

    Args:
        model: as for `model`; all that are installed and need no options if None.
        sampler: names; the one that a scan without `sampler:` takes if empty.

    Raises:
        PluginMissing: there is no such model or sampler.
    """
    from terranova.engine.warming import installed_models, warm_up

    names = [sampler] if isinstance(sampler, str) else list(sampler) or [registry().preferred("sampler").name]
    models, left_out = installed_models() if model is None else ([_bound(model)], {})
    warmed = warm_up(models, names)
    return replace(warmed, left_out={**left_out, **warmed.left_out})


def resume(
    directory: Directory,
    file: str | Path | None = None,
    *,
    evaluations: int | None = None,
    wall: float | str | None = None,
    valid: int | None = None,
    recompute_missing: bool = False,
    alone: bool = False,
    quiet: bool = False,
    trust: bool = False,
    model: Any = None,
    constraints: Sequence[Any] = (),
    sampler: Any = None,
) -> Run:
    """Go on with a scan that was stopped or killed; see `session.resume`, and `scan` for `alone`.

    What was given to the scan as a class or an object is given again, as `model`, `constraints` and `sampler`: the
    run knows it by name only. Where its source has changed there is a warning, and if a few of the stored points
    come out otherwise when they are evaluated again, the scan does not go on.

    Raises:
        RunMismatch: what is given is not what the run was started with.
    """
    path = None if file is None else Path(file)
    where = directory.directory if isinstance(directory, Run) else Path(directory)
    _given_again(where, model=model, constraints=constraints, sampler=sampler)
    with alone_if(alone):
        run, _ = session.resume(
            where,
            path,
            evaluations=evaluations,
            wall=wall,
            valid=valid,
            recompute_missing=recompute_missing,
            quiet=quiet,
            trust=trust,
        )
    return run


def open(directory: str | Path, *, trust: bool = False, model: Any = None, constraints: Sequence[Any] = ()) -> Run:
    """Open a run directory for reading, also while the run is going on.

    Args:
        directory: of the run.
        trust: its model may run, with the programs that it names, when `problem` or `report` are called.
        model: the class or object that was scanned, where the scan was given one: for what evaluates points again.
        constraints: those that were given as objects, likewise.

    Raises:
        RunError: it is not a run directory.
        RunMismatch: the model or the constraints are not those with which the run was started, by their names.
    """
    run = Run(Path(directory), trust=trust)
    _given_again(run.directory, model=model, constraints=constraints)
    return run


def _given_again(directory: Path, *, model: Any, constraints: Sequence[Any], sampler: Any = None) -> None:
    """Take what a run was given in Python once more, and make sure that the run knows it by that name."""
    if model is None and not constraints and sampler is None:
        return
    config = Run(directory).problem_config
    known = {"constraints": [entry for entry in config.constraints if isinstance(entry, str)]}
    known["model"] = [config.model.name]
    if sampler is not None:
        known["sampler"] = [Run(directory).config.sampler.name]
    pairs = [("model", model), *(("constraints", entry) for entry in constraints), ("sampler", sampler)]
    for kind, thing in pairs:
        if thing is None:
            continue
        name = named(thing, (kind,))
        if isinstance(name, str) and name not in known[kind]:
            was = ", ".join(repr(word) for word in known[kind]) or "none that was given by name"
            raise RunMismatch(f"{kind}: the run {directory} has {was}; what is given now is {name!r}")


# ----------------------------------------------------------------------------------------------------
# what is made of runs


def report(
    directory: Directory,
    *,
    output: str | Path | None = None,
    random: int | None = None,
    plot: Sequence[str | Sequence[str]] | None = None,
    trust: bool = False,
) -> Path:
    """Write an HTML page about a run, and return its path.

    Args:
        directory: of the run.
        output: where to write it, instead of `report.html` in the run directory.
        random: number of random points to compare with; as many as fit in 5 s if None.
        plot: projections to draw: "x,y" or "x,y,colour", or the names in a tuple.
        trust: its model may run, also if the run was not made here.

    Raises:
        NotTrusted: random points were asked for, but the run was not made here.
        RunError: the page cannot be written, or a column of `plot` does not exist.
        ConfigError: an entry of `plot` is no projection.
    """
    from terranova.reporting import write_report

    panels = None if plot is None else [_projection(columns) for columns in plot]
    return write_report(_run(directory, trust), output, random_points=random, projections=panels)


def _projection(columns: str | Sequence[str]) -> tuple[str, str, str]:
    """Return the columns of a projection, the last one "" where no colour is asked for."""
    names = [name.strip() for name in (columns.split(",") if isinstance(columns, str) else columns)]
    if len(names) not in (2, 3) or not all(names):
        raise ConfigError([Diagnostic("", 0, 0, "plot", f"expected X,Y or X,Y,COLOUR, got {columns!r}")])
    return names[0], names[1], names[2] if len(names) == 3 else ""


@overload
def best(
    directory: Directory, number: int | None = None, *, to: None = None, output: None = None
) -> pd.DataFrame: ...
@overload
def best(directory: Directory, number: int | None = None, *, to: str, output: None = None) -> str: ...
@overload
def best(directory: Directory, number: int | None = None, *, to: str, output: str | Path) -> Path: ...
def best(
    directory: Directory, number: int | None = None, *, to: str | None = None, output: str | Path | None = None
) -> pd.DataFrame | str | Path:
    """Return the best points of a run; see `Run.best`.

    Args:
        directory: of the run.
        number: of points; 10 if None, of SLHA 1.
        to: "slha", "json", "csv" or "yaml": return the text of such a file instead, with all digits of all numbers.
            SLHA has the blocks of the model's own map, if it has one, and the blocks TERRANOVAIN and TERRANOVAOUT.
        output: write it there instead, and return the path.

    Raises:
        RunError: there is no such format, no point, or the file exists or cannot be written.
    """
    if to is None:
        if output is not None:
            raise RunError("a file needs a format: say which, as to='json'")
        return _run(directory).best(number or 10)
    from terranova.reporting.best_points import best_text

    text = best_text(_run(directory), to, number)
    return text if output is None else _written(Path(output), text)


def _written(path: Path, text: str) -> Path:
    if path.exists():
        raise RunError(f"{path} exists: choose another name, or remove it")
    try:
        write_atomic(path, text)
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def cite(directory: Directory) -> Bibliography:
    """Return what a publication with the points of a run should cite; its text, `str(...)`, is a BibTeX file.

    What is to be settled by hand is in its `open`, and stands at the end of the text as comments.
    """
    from terranova.runs.bibliography import bibliography

    return bibliography(_run(directory))


def status(directory: Directory) -> Standing:
    """Look where a scan stands: whether it is alive, on which ranks, how far it is, and when it may end.

    Raises:
        RunError: it is not a run directory.
    """
    from terranova.runs.standing import standing_of

    return standing_of(_run(directory))


def export(
    directory: Directory,
    *,
    to: str = "csv",
    output: str | Path | None = None,
    where: str | None = None,
    force: bool = False,
) -> Path:
    """Write a run's points to one file, and return its path.

    Args:
        directory: of the run.
        to: "csv", "parquet" or "hdf5".
        output: the file, instead of one in the run directory.
        where: an SQL condition, such as "valid and mH1 < 400".
        force: replace the file if it exists.

    Raises:
        RunError: the format or the condition makes no sense, or the file cannot be written.
    """
    from terranova.runs.export import export as write

    return write(_run(directory), to=to, path=output, where=where, force=force)


def rescore(directory: Directory, constraints: Sequence[Any], output: str | Path, *, trust: bool = False) -> Run:
    """Score stored points with other constraints; see `runs.rescore.rescore`.

    The model evaluates only a few points again, to make sure that it is still the one that made them. With `trust`
    the programs that it names may run.

    Raises:
        RunMismatch: it is not.
        NotTrusted: it runs programs that nobody has agreed to here.
    """
    from terranova.engine.recheck import check_run
    from terranova.runs.rescore import rescore as score

    run = _run(directory, trust)
    check_run(run).require_same(f"cannot score {run.directory} again", "Scan again with what is installed now")
    return score(run, constraints=constraints, output=output)


def merge(directories: Sequence[Directory], output: str | Path) -> Run:
    """Put the points of several scans of one problem into one run; see `runs.merge.merge`.

    The model, if it is installed, evaluates a few points of each again, to make sure that one model made them all.

    Raises:
        RunMismatch: they are of different problems.
    """
    from terranova.engine.recheck import require_one_physics
    from terranova.runs.merge import merge as together

    runs = [_run(directory) for directory in directories]
    require_one_physics(runs)
    return together(runs, output)


def verify(directory: Directory) -> Verification:
    """Read everything in a run directory, and say what is damaged and which points are lost."""
    return _run(directory).verify()


def salvage(directory: Directory) -> Salvage:
    """Set aside what is damaged, in DIR/damaged, so that the rest can be read and the scan resumed.

    Raises:
        RunLocked: the scan is still running.
    """
    return _run(directory).salvage()


# ----------------------------------------------------------------------------------------------------
# fits and comparisons


def fit(
    file: Source | None = None, *, alone: bool = False, quiet: bool = False, trust: bool = False, **keys: Any
) -> Fit | None:
    """Carry out a fit, write its results into its directory, and return them.

    A fit that was interrupted goes on: what it evaluated is stored. Under `mpirun` every rank must make this
    call; the first asks, the others evaluate and return None.

    Args:
        file: path of a fit's YAML file, or its content as a mapping.
        alone: work alone, whatever `mpirun` or `srun` have said of other processes: in the child of a rank, say.
        quiet: say nothing on the way.
        trust: the programs that it names may run.
        keys: its top-level keys (`output`, ...), as an alternative to `file` or to replace what it says.

    Raises:
        ConfigError: every problem of the file at once.
        NotTrusted: it names programs that nobody has agreed to.
        RunError: the directory cannot be used, a scan does not fit, or no point is allowed.
        PluginMissing: a package that it needs is not installed.
        FitStopped: a signal asked for it; everything is stored, and the same call goes on.
    """
    from terranova.fitting.config_reading import load_fit
    from terranova.fitting.output import write_fit
    from terranova.fitting.session import run_fit

    with alone_if(alone):
        consent = Consent(trust, team=world())
        config = load_fit(keys, consent=consent) if file is None else load_fit(file, consent=consent, **keys)
        results = run_fit(config, quiet=quiet)
    if results is not None:
        write_fit(results)
    return results


def open_fit(directory: str | Path) -> FitResults:
    """Open the directory of a finished fit: best fit, profiles, intervals and posteriors, as they were written.

    Raises:
        RunError: it holds no fit, or one that has not ended.
    """
    from terranova.fitting.results import FitResults

    return FitResults(Path(directory))


def compare(
    file: Source | None = None,
    *,
    output: str | Path | None = None,
    workers: int | None = None,
    seeds: int | Sequence[int] | None = None,
    alone: bool = False,
    quiet: bool = False,
    trust: bool = False,
    **keys: Any,
) -> Comparison:
    """Compare samplers on problems, and return the results. Trials that have a result are not repeated.

    Under `mpirun`, every rank must make this call.

    Args:
        file: path of a comparison's YAML file, or its content as a mapping.
        output: directory of the results, instead of the file's.
        workers: trials that run at the same time.
        seeds: their number, or the seeds themselves, instead of the file's.
        alone: work alone, whatever `mpirun` or `srun` have said of other processes: in the child of a rank, say.
        quiet: show no progress.
        trust: the programs that it names may run.
        keys: its other top-level keys, as an alternative to `file` or to replace what it says.

    Raises:
        ConfigError: every problem of the file at once.
        NotTrusted: it names programs that nobody has agreed to.
        RunError: the output directory cannot be written.
    """
    from terranova.comparison.config_reading import load_comparison
    from terranova.comparison.results import Comparison
    from terranova.comparison.session import run_comparison

    keys |= {"output": None if output is None else str(output), "workers": workers, "seeds": seeds}
    given = {name: value for name, value in keys.items() if value is not None}
    with alone_if(alone):
        consent = Consent(trust, team=world())
        config = (
            load_comparison(given, consent=consent)
            if file is None
            else load_comparison(file, consent=consent, **given)
        )
        run_comparison(config, quiet=quiet, trust=consent.given)
    return Comparison(config)


# ----------------------------------------------------------------------------------------------------
# the installation


def doctor() -> list[Section]:
    """Look at versions, MPI, ranks and optional parts. Under `mpirun`, every rank must make this call."""
    from terranova.installation.report import report as look

    return look()
