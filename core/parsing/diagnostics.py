"""Collects the problems of one document, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from terranova.errors import ConfigError, Diagnostic
from terranova.parsing.strict_yaml import GIVEN_UP, MOST_PROBLEMS, Document, KeyPath, Place, key_text


class Diagnostics:
    """Collects the problems of one document.

    Attributes:
        document: of which places are looked up.
        problems: so far.
        count: how often a problem was noted, by which readers see whether their part was fine.
    """

    def __init__(self, document: Document, problems: Iterable[Diagnostic] = ()) -> None:
        self.document = document
        self.problems: list[Diagnostic] = list(problems)
        self.count = len(self.problems)
        self._unreadable = {(p.line, p.column, p.key) for p in self.problems}

    def add(self, path: KeyPath, message: str, *, at_key: bool = False) -> None:
        """Note a problem with the value at `path`, or with its key.

        Of a value that could not be read as YAML, nothing more is said.
        """
        self.count += 1
        problem = self.document.place(path, at_key=at_key).problem(message)
        if (problem.line, problem.column, problem.key) not in self._unreadable:
            self._note(problem)

    def _note(self, problem: Diagnostic) -> None:
        self.problems.append(problem)
        if len(self.problems) >= MOST_PROBLEMS:
            self.problems.append(replace(problem, key="", message=GIVEN_UP))
            self.raise_if_any()

    def readable(self, path: KeyPath) -> bool:
        """True unless something at `path`, or within it, could not be read as YAML."""
        key = key_text(path)
        return not any(f"{other}.".startswith((f"{key}.", f"{key}[")) for _, _, other in self._unreadable)

    def add_at(self, place: Place, message: str) -> None:
        """Note a problem at a place, perhaps of another document."""
        self.count += 1
        self._note(place.problem(message))

    def extend(self, problems: Sequence[Diagnostic]) -> None:
        """Note problems that were found elsewhere."""
        self.count += len(problems)
        self.problems.extend(problems)

    def raise_if_any(self) -> None:
        """Raise all that was noted, in the order of the lines. Noting a hundredth problem raises as well.

        Raises:
            ConfigError: there are problems.
        """
        if self.problems:
            raise ConfigError(sorted(set(self.problems)))


def expanded(text: str, path: KeyPath, diagnostics: Diagnostics) -> Path | None:
    """Return a path with ~ replaced by a home directory; None with a problem if there is none."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        diagnostics.add(path, f"nobody's home directory is known as {Path(text).parts[0]!r}")
        return None
