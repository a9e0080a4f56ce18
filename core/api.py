"""What users' scripts call: the same words as the command line and the configuration file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terranova.config import build_problem, load_config, load_problem
from terranova.config.plugin_options import check_options
from terranova.engine import session
from terranova.errors import ConfigError, Diagnostic
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.problem import Problem
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Document
from terranova.registry import registry
from terranova.runs.run import Run

if TYPE_CHECKING:
    from terranova.comparison import Comparison


def model(name: str, **options: Any) -> BoundModel:
    """Return a registered model, ready to evaluate.

    Args:
        name: as listed by `terranova plugins`.
        options: of the model.

    Raises:
        PluginMissing: there is no such model; the message names the nearest.
        ConfigError: an option that it does not have, or a value that makes no sense.
    """
    plugin = registry().get("model", name)
    diagnostics = Diagnostics(Document(None))
    options, _ = check_options(plugin, options, (), diagnostics)
    diagnostics.raise_if_any()
    try:
        return BoundModel(plugin.target(**options))
    except ValueError as error:
        raise ConfigError([Diagnostic("", 0, 0, "", f"model {name!r} refuses its options: {error}")]) from error


def problem(name: str, constraints: Sequence[Any] = (), **options: Any) -> Problem:
    """Return a model together with constraint sets, ready to evaluate and score.

    Args:
        name: of the model.
        constraints: names of constraint sets, paths of YAML files, or inline constraints.
        options: of the model.

    Raises:
        ConfigError: something does not exist or does not fit together.
    """
    return build_problem(load_problem({"model": {"name": name, **options}, "constraints": list(constraints)}))


def scan(
    source: str | Path | Mapping[str, Any] | None = None,
    *,
    quiet: bool = False,
    next_free: bool = False,
    **words: Any,
) -> Run:
    """Run a scan and return it. Under `mpirun`, every rank must make this call.

    Args:
        source: path of a configuration file, or its content as a mapping.
        quiet: show no progress.
        next_free: if the output directory exists, append -2, -3, ... to its name.
        words: the configuration's top-level keys, as an alternative to `source` or to override it:
            `terranova.scan(model="thdm3", constraints=["theory"], budget={"evaluations": 10_000}, ...)`.

    Raises:
        ConfigError: every problem of the configuration at once.
        RunExists: the output directory is in use.
    """
    config = load_config(words) if source is None else load_config(source, **words)
    return session.start(config, quiet=quiet, next_free=next_free)[0]


def resume(
    directory: str | Path,
    file: str | Path | None = None,
    *,
    evaluations: int | None = None,
    wall: float | str | None = None,
    valid: int | None = None,
    recompute_missing: bool = False,
    quiet: bool = False,
) -> Run:
    """Go on with a scan that was stopped or killed; see `session.resume`."""
    path = None if file is None else Path(file)
    run, _ = session.resume(
        Path(directory),
        path,
        evaluations=evaluations,
        wall=wall,
        valid=valid,
        recompute_missing=recompute_missing,
        quiet=quiet,
    )
    return run


def open(directory: str | Path) -> Run:
    """Open a run directory for reading, also while the run is going on.

    Raises:
        RunError: it is not a run directory.
    """
    return Run(Path(directory))


def compare(
    source: str | Path | Mapping[str, Any] | None = None, *, quiet: bool = False, **words: Any
) -> Comparison:
    """Compare samplers on problems, and return the results. Trials that have a result are not repeated.

    Under `mpirun`, every rank must make this call.

    Args:
        source: path of a comparison's YAML file, or its content as a mapping.
        quiet: show no progress.
        words: its top-level keys, as an alternative to `source` or to override it.

    Raises:
        ConfigError: every problem of the file at once.
        RunError: the output directory cannot be written.
    """
    from terranova.comparison.config import load_comparison
    from terranova.comparison.results import Comparison
    from terranova.comparison.session import run_comparison

    plan = load_comparison(words) if source is None else load_comparison(source, **words)
    run_comparison(plan, quiet=quiet)
    return Comparison(plan)
