"""Scoring of stored points with other constraints, without evaluating the model again.

The result is a run directory like any other, except that it cannot be resumed: nothing was sampled for it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.config import Consent, ScanConfig, build_problem, with_constraints
from terranova.errors import RunError, disk_error
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Evaluation, Status
from terranova.interfaces.constraint import Constraint
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.expressions import is_name
from terranova.runs import provenance
from terranova.runs.derived import RESCORED
from terranova.runs.run import CONFIG, SUMMARY, Run
from terranova.runs.unfinished import filling
from terranova.store import Field, Manifest, Schema, Writer
from terranova.system.atomic import write_atomic

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("terranova")

STATE = "rescored"
_ROWS = 20_000

ConstraintLike = str | Path | Mapping[str, Any] | Constraint | ConstraintSet


def rescore(run: Run, constraints: Sequence[ConstraintLike], output: Path | str) -> Run:
    """Score all stored points of a run with other constraints and store them as a new run.

    Observables that were not computed at a point, because it had failed an earlier stage, stay unknown: such a
    point counts as violating what reads them. The number of these points is logged and written to
    `rescored.json`.

    Args:
        run: whose points; it is not changed.
        constraints: what a configuration accepts: names of sets, paths of files, constraints.
        output: directory of the new run; must not exist, be empty, or hold the half of this that was cut off.

    Returns:
        The new run.

    Raises:
        ConfigError: a constraint set does not exist or does not fit the model.
        NotTrusted: the model runs programs that nobody has agreed to here.
        RunExists: `output` is in use.
        RunError: a constraint reads an observable that was not stored.
        ContractError: a constraint fails at every point.
    """
    directory = Path(output)
    consent = Consent(run.trust, origin=run.directory)
    problem_config = with_constraints(run.config.problem, constraints, consent)
    config = replace(run.config, problem=problem_config, output=directory)
    problem = build_problem(problem_config)
    columns = _stored_columns(run, problem)
    schema = _schema(run, config, problem, columns)
    manifest = replace(
        provenance.make_manifest(config, problem),
        schema=schema,
        seed=run.manifest.seed,
        # No configuration has this hash, so that `resume` refuses to go on with what was not sampled.
        config_hash=f"rescored from run {run.manifest.run_id}",
    )
    made_of = {"run": run.manifest.run_id, "constraints": dict(manifest.constraints), "physics": manifest.physics}
    try:
        with filling(directory, "rescore", made_of):
            return _write(run, config, problem, columns, schema, manifest)
    except OSError as error:
        raise disk_error(f"{directory} cannot be written", error) from error


def _write(
    run: Run, config: ScanConfig, problem: Problem, columns: Sequence[int], schema: Schema, manifest: Manifest
) -> Run:
    """Score the points of a run into the directory of the configuration, which is ours."""
    assert config.output is not None
    directory = config.output
    manifest.save(directory)
    write_atomic(directory / CONFIG, _heading(run) + config.to_yaml())
    _write_origin(directory, run, unjudged=None)
    valid = unjudged = 0
    with Writer(directory, schema, run_id=manifest.run_id) as writer:
        for table in run.reader.batches(rows=_ROWS):
            batch_valid, batch_unjudged = _score(table, run, problem, columns, writer)
            valid += batch_valid
            unjudged += batch_unjudged
        problem.require_answers()
    _write_origin(directory, run, unjudged=unjudged)
    _write_summary(directory, run, valid)
    if unjudged:
        log.warning(
            "%d points could not be judged: their observables of a later stage were never computed, because "
            "they violated a constraint of the first scan. They count as not valid.",
            unjudged,
        )
    return Run(directory)


def _stored_columns(run: Run, problem: Problem) -> list[int]:
    """Columns of the model's observables that the store has, or that follow from those, in the model's order.

    Raises:
        RunError: a constraint needs another one, or the model's parameters are no longer the stored ones.
    """
    names = [o.name for o in problem.model.observables]
    stored = [o.name for o in run.observables]
    parameters = [p.name for p in run.parameters]
    gone = {name for name in stored if name not in names and is_name(name)}  # not an expression of old constraints
    if list(problem.model.space.names) != parameters or gone:
        raise RunError(
            f"Model {problem.model.name!r} no longer has the parameters and observables with which "
            f"{run.directory} was made; install the version {run.directory}/manifest.json names."
        )
    computed = {derived.name for derived in problem.model.computable(stored)}
    for constraint in problem.constraints:
        for name in constraint.observables:
            if name not in stored and name not in computed and name not in parameters:
                raise RunError(
                    f"Constraint {constraint.name!r} reads the observable {name!r}, which {run.directory} did not "
                    f"store (store.observables: {_kept(run)}). Scan again with `store: {{observables: all}}`, or "
                    "leave the constraint out."
                )
    return [i for i, name in enumerate(names) if name in stored or name in computed]


def _kept(run: Run) -> str:
    kept = run.config.store.observables
    return kept if isinstance(kept, str) else ", ".join(kept)


def _schema(run: Run, config: ScanConfig, problem: Problem, columns: Sequence[int]) -> Schema:
    """The stored parameters and observables, with the violations of the new constraints."""
    violations: Sequence[Field] = provenance.schema(config, problem).violations
    names = [problem.model.observables[i].name for i in columns]
    fields = {field.name: field for field in (*provenance.every_observable(problem), *run.schema.observables)}
    return Schema(run.schema.parameters, [fields[name] for name in names], violations, probe=run.schema.probe)


def _score(table: pa.Table, run: Run, problem: Problem, columns: Sequence[int], writer: Writer) -> tuple[int, int]:
    """Score rows and store them; return how many are valid, and how many could not be judged."""
    n = len(table)
    x = _columns(table, [p.name for p in run.parameters])
    names = [o.name for o in problem.model.observables]
    found = [name for name in (o.name for o in run.observables) if name in names]
    observables = np.full((n, len(names)), np.nan)
    observables[:, [names.index(name) for name in found]] = _columns(table, found)
    observables = problem.model.filled(x, observables)
    status = table["status"].to_numpy()
    evaluation = Evaluation(
        observables,
        status,
        table["reason"].to_pylist(),
        table["stage"].to_numpy(),
        table["seconds"].to_numpy(),
    )
    batch = problem.batch(
        problem.model.space.to_unit(x),
        x,
        evaluation,
        table["island"].to_numpy(),
        table["generation"].to_numpy(),
        table["index"].to_numpy(),
        table["probe"].to_numpy() if run.schema.probe else None,
    )
    writer.append(replace(batch, observables=observables[:, columns]))
    unknown = (status == Status.OK) & np.isinf(batch.violations).any(axis=1)
    return int(batch.found.sum()), int(unknown.sum())


def _columns(table: pa.Table, names: Sequence[str]) -> Any:
    """Columns (n, len(names)) of a table."""
    return np.column_stack([table[name].to_numpy() for name in names]) if names else np.empty((len(table), 0))


def _heading(run: Run) -> str:
    return (
        f"# Not scanned with this: the points come from {run.directory.resolve()} (run {run.manifest.run_id}),\n"
        "# sampled under the constraints in its config.yaml, and were scored again with those below.\n"
    )


def _write_origin(directory: Path, run: Run, unjudged: int | None) -> None:
    origin = {
        "from": str(run.directory.resolve()),
        "run_id": run.manifest.run_id,
        "sampled_with": dict(run.manifest.constraints),
        "only_points_valid_there": run.evaluated > run.count,
        "complete": unjudged is not None,
        "unjudged": unjudged,
    }
    write_atomic(directory / RESCORED, json.dumps(origin, indent=1) + "\n")


def _write_summary(directory: Path, run: Run, valid: int) -> None:
    summary = {"state": STATE, "evaluations": run.count, "valid": valid, "ranks": 1}
    write_atomic(directory / SUMMARY, json.dumps(summary, indent=1) + "\n")
