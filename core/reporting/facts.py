"""What ran, in which state it is, and what to cite: the facts of a run as the page states them."""

from __future__ import annotations

from collections.abc import Sequence

from terranova.errors import TerranovaError
from terranova.evaluation.problem import Problem
from terranova.pages.blocks import Block, Code, Facts, Fold, Paragraph, Section, Sources
from terranova.pages.table import Column, Table
from terranova.pages.text import Citation, collect, count, duration
from terranova.runs.diagnosis import Diagnosis
from terranova.runs.run import NOT_REPRODUCIBLE, Run

_ENDED = {
    "evaluations": "ended: its budget of evaluations was used up",
    "valid": "ended: it found as many valid points as it was asked for",
    "wall": "ended: its wall time was used up",
    "sampler": "ended: the sampler had nothing more to propose",
    "signal": "stopped by a signal; it can be resumed",
    "rescored": "scored again from the points of another run",
    "running": "still running, or killed: more points may follow",
}
_TERRANOVA = "terranova, the program that made the scan; cite it with its version number"


def state(run: Run) -> str:
    """In which state the scan is, in words."""
    return _ENDED.get(str(run.summary.get("state")), "state unknown")


def notes(run: Run, diagnosis: Diagnosis) -> list[str]:
    """Warnings that belong at the top of the page."""
    warnings = []
    if warning := run.summary.get(NOT_REPRODUCIBLE):
        warnings.append(str(warning))
    if diagnosis.problem_missing:
        warnings.append(
            "The model and its constraints were not rebuilt here, so that there is no comparison with random "
            f"points, no coverage and no constraint window in this report: {diagnosis.problem_missing}"
        )
    if diagnosis.efficiency.stored < diagnosis.efficiency.evaluated:
        warnings.append(
            f"This scan stores its valid points only: {count(diagnosis.efficiency.stored, 'point')} of "
            f"{diagnosis.efficiency.evaluated:,}. What became of the others is known in number only."
        )
    return warnings


def what_section(run: Run, problem: Problem | None) -> Section:
    """Return the section on what ran, and how to repeat it."""
    columns = (
        Column("set", "name"),
        Column("version"),
        Column("constraints", "number"),
        Column("description"),
    )
    priors = (Column("parameter", "name"), Column("unit"), Column("prior"), Column("description"))
    blocks: list[Block] = [
        Facts(facts(run)),
        Paragraph("To repeat it:"),
        Code(command(run)),
        Table(columns, _constraint_sets(run, problem), "Constraint sets"),
        Fold("Parameters and their priors", Table(priors, _parameters(run, problem))),
        Fold("Versions", Facts(list(run.manifest.versions.items()))),
    ]
    return Section("what", "What ran", blocks)


def facts(run: Run) -> list[tuple[str, str]]:
    """Model, sampler, seed, time and so on, as (label, text) pairs."""
    manifest, summary = run.manifest, run.summary
    options = ", ".join(f"{key} = {value}" for key, value in manifest.model_options.items())
    rows = [
        ("directory", str(run.directory)),
        ("model", _versioned(run, "model", manifest.model) + (f", {options}" if options else "")),
        (
            "columns",
            f"{count(len(run.parameters), 'parameter')}, {count(len(run.observables), 'observable')} stored, "
            f"{count(len(run.constraints), 'constraint')}",
        ),
        *_sampler_facts(run),
        ("seed", str(manifest.seed)),
        ("started", manifest.created),
    ]
    if "seconds" in summary:
        rows.append(("wall time", duration(summary["seconds"])))
    if "ranks" in summary:
        rows.append(("ranks", str(summary["ranks"])))
    timings = summary.get("timings")
    if isinstance(timings, dict) and sum(timings.values()) > 0:
        total = sum(timings.values())
        parts = sorted(timings.items(), key=lambda item: -item[1])
        shares = ", ".join(f"{name} {100 * value / total:.0f} %" for name, value in parts if value >= 0.005 * total)
        rows.append(("time spent in", f"{shares} (first rank)"))
    rows.append(("run id", manifest.run_id))
    return rows


def _sampler_facts(run: Run) -> list[tuple[str, str]]:
    try:
        config = run.config
    except TerranovaError:
        return []
    sampler = config.sampler
    options = ", ".join(f"{key} = {value}" for key, value in sampler.options.items())
    budget = config.budget
    limits = [f"{budget.evaluations:,} evaluations"] if budget.evaluations else []
    limits += [duration(budget.wall)] if budget.wall else []
    limits += [f"{budget.valid:,} valid points"] if budget.valid else []
    return [
        (
            "sampler",
            f"{_versioned(run, 'sampler', sampler.name)}, {count(sampler.islands, 'island')}"
            + (f", {options}" if options else ""),
        ),
        ("budget", " or ".join(limits)),
    ]


def _versioned(run: Run, kind: str, name: str) -> str:
    version = run.manifest.versions.get(f"{kind} {name}")
    return f"{name} {version}" if version else name


def command(run: Run) -> str:
    """The command that makes these points again."""
    ranks = run.summary.get("ranks", 1)
    start = f"mpirun -n {ranks} terranova" if isinstance(ranks, int) and ranks > 1 else "terranova"
    if run.summary.get("state") == "rescored":
        return f"# see {run.directory}/rescored.json for the run these points come from"
    return f"{start} scan {run.directory}/config.yaml --output {run.directory}-again"


def _constraint_sets(run: Run, problem: Problem | None) -> list[Sequence[str]]:
    known = {} if problem is None else {group.name: group for group in problem.sets}
    return [
        (
            name,
            version,
            str(len(known[name])) if name in known else "–",
            known[name].description if name in known else "",
        )
        for name, version in run.manifest.constraints.items()
    ]


def _parameters(run: Run, problem: Problem | None) -> list[Sequence[str]]:
    priors = {} if problem is None else {p.name: p.prior.describe() for p in problem.model.space}
    return [
        (p.name, "" if p.unit == "1" else p.unit, priors.get(p.name, "–"), p.description) for p in run.parameters
    ]


def citations_section(run: Run) -> Section:
    """Return the section with everything that a paper should cite."""
    what = (
        "A publication that uses these points should cite the model, the sampler, terranova and the sources of the "
        "constraints."
    )
    return Section("citations", "What to cite", [Paragraph(what), Sources(citations(run))])


def citations(run: Run) -> list[Citation]:
    """Everything that a paper should cite."""
    sources = [(text, "model, sampler and data") for text in run.manifest.citations]
    version = run.manifest.versions.get("terranova", "")
    sources.append((f"{_TERRANOVA} ({version})" if version else _TERRANOVA, "terranova"))
    sources += [(c.source, c.name) for c in run.constraints]
    return collect(sources)
