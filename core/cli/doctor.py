"""Prints what `terranova doctor` found."""

from __future__ import annotations

from pathlib import Path

from terranova.installation.finding import Level, Section
from terranova.installation.report import everyone_here, report
from terranova.parallel.launchers import detect_launcher
from terranova.parallel.standing import Standing, standing_of

_MARKS = {
    Level.FINE: "[green]ok[/]",
    Level.ABSENT: "[dim]--[/]",
    Level.DOUBTFUL: "[yellow]!![/]",
    Level.BROKEN: "[red]XX[/]",
}


def run(directory: Path = Path()) -> int:
    """Print the report; every rank has to call it, the first one prints.

    Args:
        directory: where runs would be written.

    Returns:
        the exit code: 1 when something is broken.
    """
    everyone, problem = everyone_here()
    launch = detect_launcher()
    sections = report(directory)
    # One of several ranks that MPI does not connect: the first one speaks for all.
    mute = bool(problem) and launch is not None and launch.rank > 0 and standing_of(launch) is Standing.RANK
    if everyone.is_root and not mute:
        show(sections)
    return int(any(section.broken for section in sections))


def show(sections: list[Section]) -> None:
    """Print sections to the terminal."""
    from rich.markup import escape
    from rich.text import Text

    from terranova.cli.terminal import console, print_table
    from terranova.pages.table import Column

    columns = [Column("", "name"), Column("", "name"), Column("")]
    for section in sections:
        rows: list[tuple[str | Text, ...]] = []
        for finding in section.findings:
            rows.append((Text.from_markup(_MARKS[finding.level]), finding.name, finding.value))
            if finding.cure:
                rows.append(("", "", Text(finding.cure, style="dim")))
        print_table(columns, rows, section.title)
    broken = [finding.name for section in sections for finding in section.findings if finding.level is Level.BROKEN]
    console.print(f"[red]broken: {escape(', '.join(broken))}[/]" if broken else "nothing is broken")
