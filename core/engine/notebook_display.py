"""Display of a scan's progress in a notebook: one place that is updated, instead of lines that pile up."""

from __future__ import annotations

import html
import importlib
import sys
from typing import Any

from terranova.engine.snapshot import Snapshot, clock, number


def in_notebook() -> bool:
    """True in a process that a notebook talks to. Nothing is imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None


def _ipython() -> tuple[Any, Any]:
    """Return IPython's HTML and display, which whoever is in a notebook has."""
    module: Any = importlib.import_module("IPython.display")
    return module.HTML, module.display


class NotebookDisplay:
    """A table that is written once and updated in place.

    Args:
        title: above it.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._messages: list[str] = []
        self._rows: list[tuple[str, str]] = []
        self._fraction = 0.0
        self._handle: Any = None

    def __enter__(self) -> NotebookDisplay:
        HTML, display = _ipython()
        self._handle = display(HTML(self.page()), display_id=True)
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def update(self, snapshot: Snapshot) -> None:
        """Show where the scan stands now."""
        s = snapshot
        self._fraction = min(1.0, s.fraction)
        self._rows = [
            ("points", f"{s.evaluations:,} ({s.rate:,.0f}/s)"),
            ("valid", f"{s.valid:,}"),
            ("best violation", number(s.best_violation)),
            ("coverage", f"{s.coverage:.1f} of 400 bins"),
            ("failed", f"{s.failed:,}"),
            ("elapsed", clock(s.seconds)),
            ("left", clock(s.seconds_left)),
            *([("map", s.completeness)] if s.completeness else []),
        ]
        self._show()

    def message(self, text: str) -> None:
        """Show a line of text below, for good."""
        self._messages.append(text)
        self._show()

    def _show(self) -> None:
        if self._handle is not None:
            self._handle.update(_ipython()[0](self.page()))

    def page(self) -> str:
        """Return what is shown now, as HTML."""
        cells = "".join(f"<td><b>{html.escape(k)}</b><br>{html.escape(v)}</td>" for k, v in self._rows)
        bar = f"<progress max='1' value='{self._fraction:.4f}' style='width:100%'></progress>"
        said = "".join(f"<div>{html.escape(text)}</div>" for text in self._messages)
        return f"<div>{html.escape(self.title)}</div><table><tr>{cells}</tr></table>{bar}{said}"
