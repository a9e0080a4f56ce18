"""Tables for the terminal: plugins, one plugin, the summary and the best points of a run."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any, Protocol

from rich.markup import escape

from terranova.cli.terminal import console, print_table
from terranova.errors import PluginConflict, PluginError
from terranova.evaluation.bound_model import BoundModel
from terranova.interfaces.constraint_set import YEARS, ConstraintSet
from terranova.interfaces.model import Model
from terranova.pages.table import Column, numbers
from terranova.registry import Registry
from terranova.registry.kinds import KINDS
from terranova.registry.options import Option
from terranova.registry.plugin import Plugin
from terranova.runs.completeness_text import short

if TYPE_CHECKING:
    from terranova.runs.run import Run
    from terranova.store import Salvage, Verification


def show_all(registry: Registry, *, debug: bool = False) -> None:
    """List all plugins by kind, then the broken ones and the conflicts."""
    rows = [
        (kind, plugin.title, plugin.version, plugin.origin.partition(":")[0], plugin.description)
        for kind in KINDS
        for plugin in registry.of_kind(kind)
    ]
    print_table([Column("kind", "name"), *_named("name", "version", "origin", "description")], rows, "Plugins")
    for group in registry.conflicts():
        origins = " and ".join(p.origin for p in group)
        console.print(f"[red]conflict[/] {group[0].kind} {group[0].title!r} is offered by {origins}")
    for broken in registry.broken:
        console.print(f"[red]broken[/] {broken.name} ({broken.origin}): {escape(broken.reason)}", soft_wrap=True)
        if debug:
            console.print(textwrap.indent(broken.trace, "    "), markup=False)


def show_outdated(registry: Registry, name: str | None = None) -> int:
    """List the constraint sets that nobody has looked up for long, or that of a name if it is one.

    Returns:
        how many there are.

    Raises:
        PluginMissing: there is no plugin of that name.
    """
    sets = registry.find(name, outdated=True)
    if not sets:
        console.print(f"no constraint set is older than {YEARS} years")
        return 0
    rows = [
        (
            p.title,
            p.target.as_of,
            "updated" if p.target.updated else "newest measurement",
            p.origin.partition(":")[0],
        )
        for p in sets
    ]
    print_table(_named("name", "as of", "which is when", "origin"), rows, f"Older than {YEARS} years")
    return len(sets)


def show_one(registry: Registry, name: str) -> None:
    """Show everything that a user should know of the plugins with this name.

    Raises:
        PluginMissing: there is none.
    """
    for plugin in registry.find(name):
        console.print(f"[bold]{plugin.title}[/]  {plugin.kind}, version {plugin.version}, from {plugin.origin}")
        if plugin.description:
            console.print(plugin.description, markup=False)
        if isinstance(plugin.target, ConstraintSet):
            _age(plugin.target)
            _constraints(plugin.target)
        elif issubclass(plugin.target, Model):
            _model(plugin, registry)
        else:
            _options(plugin)
        _citations(getattr(plugin.target, "citations", ()))
        console.print()
    if any(len(group) > 1 for group in registry.conflicts() if group[0].name == name):
        raise PluginConflict(f"several plugins of one kind are named {name!r}; a scan could not tell them apart")


def _model(model: Plugin, registry: Registry) -> None:
    _options_table(model.options)
    try:
        instance = model.target()
    except Exception as error:  # a plugin's code; most often an option without a default
        console.print(f"[yellow]without options it cannot be made[/] ({escape(str(error))})")
        return
    try:
        BoundModel(instance)
    except PluginError as error:
        console.print(f"[red]it cannot be scanned[/]: {escape(str(error))}")
    parameters = [
        (p.name, p.prior.describe(), p.unit, f"{p.default_value:.6g}", p.description) for p in instance.parameters
    ]
    print_table(_named("name", "prior", "unit", "default", "description"), parameters, "Parameters")
    observables = [(o.name, o.unit, str(o.stage), o.description) for o in instance.observables]
    print_table(_named("name", "unit", "stage", "description"), observables, "Observables")
    known = {o.name for o in instance.observables} | {p.name for p in instance.parameters}
    sets = [
        plugin
        for plugin in registry.of_kind("constraints")
        if plugin.model in ("", model.name) and all(known.issuperset(c.observables) for c in plugin.target)
    ]
    if sets:
        rows = [(plugin.name, plugin.version, str(len(plugin.target)), plugin.description) for plugin in sets]
        print_table(_named("name", "version", "constraints", "description"), rows, "Constraint sets for it")


def _age(group: ConstraintSet) -> None:
    if group.reproduces:
        console.print(f"reproduces {group.reproduces}: its numbers stay those of the publication", markup=False)
    elif group.updated:
        console.print(f"numbers looked up {group.updated}", markup=False)


def _constraints(group: ConstraintSet) -> None:
    rows = [(c.name, c.kind, c.describe(), c.unit, c.source) for c in group]
    print_table(_named("name", "kind", "accepts", "unit", "source"), rows, "Constraints")


def _options(plugin: Plugin) -> None:
    if under := KINDS[plugin.kind].options_under:
        console.print(f"[dim]options go under `{under}:` in a configuration[/]")
    _options_table(plugin.options)


def _options_table(options: list[Option]) -> None:
    if options:
        rows = [
            (o.name, o.annotation, "required" if o.required else repr(o.default), o.description) for o in options
        ]
        print_table(_named("name", "type", "default", "description"), rows, "Options")


def _citations(citations: Any) -> None:
    if citations:
        console.print("[bold]Please cite[/]")
        for citation in citations:
            console.print(f"  {citation}", markup=False)


def _named(name: str, *headings: str) -> list[Column]:
    """A column of names, and columns of texts that are folded where there is little room."""
    return [Column(name, "name"), *(Column(heading) for heading in headings)]


def show_summary(run: Run) -> None:
    """Say in a few lines what a run holds and what can be done with it."""
    evaluations, valid = run.evaluated, run.valid_count
    share = f" ({100 * valid / evaluations:.3g} %)" if evaluations else ""
    console.print(f"[bold]{run.directory}[/]: {evaluations:,} points, [green]{valid:,} valid[/]{share}")
    if probes := run.probe_count:
        console.print(
            f"  [dim]{probes:,} more valid points were evaluated for derivatives only, and are left out[/]"
        )
    if failures := _failures(run):
        console.print(f"  [yellow]failed[/] {failures}")
    for line in short(run.completeness()):
        console.print(f"  [dim]{escape(line)}[/]")
    console.print(f"  terranova report {run.directory}", markup=False)
    console.print(f"  terranova best {run.directory}", markup=False)


def _failures(run: Run) -> str:
    """Return how many of the stored points failed, and the commonest reason; empty when none did."""
    query = "SELECT reason, count(*) AS n FROM points WHERE status <> 0 GROUP BY reason ORDER BY n DESC, reason"
    table = run.sql(query) if run.count else None
    if table is None or not table.num_rows:
        return ""
    total = sum(table["n"].to_pylist())
    return f"{total:,} points, most often: {escape(str(table['reason'][0]))} ({table['n'][0].as_py():,})"


def show_best(run: Run, n: int) -> None:
    """Show the best points: parameters in rows, points in columns."""
    frame = run.best(n)
    if frame.empty:
        console.print("the run holds no points yet")
        return
    if not bool(frame["valid"].any()):
        console.print(f"[yellow]{escape(frame.attrs['ranking'])}[/]")
    names = ["island", "index", "loglike", "total_violation", *[p.name for p in run.parameters]]
    rows = [(name, *(_cell(value) for value in frame[name])) for name in names]
    columns = numbers("", *(str(i + 1) for i in range(len(frame))))
    print_table(columns, rows, f"Best points of {run.directory}")
    console.print(f"[dim]observables: terranova.open({str(run.directory)!r}).best({n})[/]")


class Facts(Protocol):
    """Something that describes itself in pairs."""

    def describe(self) -> list[tuple[str, str]]: ...
    def to_dict(self) -> dict[str, Any]: ...


def show_facts(facts: Facts, *, as_json: bool = False) -> None:
    """Show pairs of a label and a text, or the same as JSON."""
    if as_json:
        print(json.dumps(facts.to_dict(), indent=1, default=str))
        return
    print_table([Column("", "name"), Column("")], facts.describe())


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def show_verification(verification: Verification, *, as_json: bool = False) -> None:
    """Say what was checked, a line for each thing that is wrong, what is lost, and what to do."""
    if as_json:
        print(json.dumps(verification.to_dict(), indent=1, default=str))
        return
    if verification.findings:
        rows = [(finding.file or "points", finding.what) for finding in verification.findings]
        print_table([Column("file"), Column("problem")], rows)
    good = f"{verification.rows:,} points in {verification.parts} parts and {verification.journals} journals"
    console.print(f"good: {good}, {verification.checkpoints} checkpoints", soft_wrap=True)
    if verification.complete is None:
        console.print("this run keeps only valid points: whether one is missing cannot be seen from the others")
    if verification.ok:
        whole = ", none is missing" if verification.complete else ""
        console.print(f"nothing is damaged, no point is there twice{whole}")
        return
    lost = "an unknown number of points is" if verification.lost is None else f"{verification.lost:,} points are"
    console.print(f"{lost} lost", soft_wrap=True)
    console.print(escape(verification.remedy), soft_wrap=True)


def show_salvage(done: Salvage) -> None:
    """Say what was set aside, what was kept of it, what is lost, and what to do next."""
    directory = done.found.directory
    if done.found.ok:
        console.print(f"nothing is wrong with {escape(str(directory))}", soft_wrap=True)
        return
    for finding in done.found.findings:
        console.print(f"{escape(finding.file or 'points')}: {escape(finding.what)}", soft_wrap=True)
    if done.folder is not None and done.moved:
        console.print(f"set aside in {escape(str(done.folder))}: {escape(', '.join(done.moved))}", soft_wrap=True)
    if done.kept:
        console.print(f"kept {done.kept:,} points of damaged journals", soft_wrap=True)
    lost = "an unknown number of points" if done.found.lost is None else f"{done.found.lost:,} points"
    if done.found.lost != 0:
        console.print(f"lost: {lost}; `terranova resume {directory}` computes them again", soft_wrap=True)
    else:
        console.print(f"no point is lost; go on with `terranova resume {directory}`", soft_wrap=True)
