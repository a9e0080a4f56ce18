"""Faults have the numbers of docs/reliability.md; a test run ends with what became of each."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from support.fault_catalogue import catalogue


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("fault"):
            item.user_properties.extend(("fault", number) for number in mark.args)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each fault that was injected, and the numbers of those that were not."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, number in getattr(report, "user_properties", []):
                if name == "fault":
                    outcomes[number][outcome] += 1
    if not outcomes:
        return
    known = catalogue()
    write = terminalreporter.write_line
    terminalreporter.section("faults")
    for number in sorted(outcomes, key=lambda n: int(n[1:])):
        counts = ", ".join(f"{n} {outcome}" for outcome, n in outcomes[number].items())
        write(f"{number:>4}  {counts:<22} {known.get(number, '')}")
    absent = [number for number in known if number not in outcomes]
    if absent:
        write(f"not injected here: {', '.join(absent)}")
