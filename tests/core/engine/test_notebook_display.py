"""Progress in a notebook: one place, updated; and nothing of it elsewhere."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from terranova.engine.display import LogLines, Snapshot, choose
from terranova.engine.notebook_display import NotebookDisplay, in_notebook

SNAPSHOT = Snapshot(12.0, 1500, 125.0, 30, 2, 0.0, -1.0, 33.0, 7, 0.5, 12.0, completeness="<good>")


class Handle:
    """What IPython returns for a place on the page."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def update(self, page: str) -> None:
        self.shown.append(page)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Handle:
    """As in a process of a notebook, as far as is asked for."""
    handle = Handle()

    def display(page: str, display_id: bool) -> Handle:
        handle.shown.append(page)
        return handle

    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(HTML=str, display=display))  # type: ignore[arg-type]
    return handle


def test_it_is_chosen_in_a_notebook_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    shell: Any = SimpleNamespace(get_ipython=lambda: SimpleNamespace())  # a terminal has no kernel
    monkeypatch.setitem(sys.modules, "IPython", shell)
    assert not in_notebook()
    assert not isinstance(choose("t", root=True), NotebookDisplay)


def test_one_place_is_updated(notebook: Handle) -> None:
    with choose("a scan", root=True) as progress:
        assert isinstance(progress, NotebookDisplay)
        assert not isinstance(progress, LogLines)
        progress.update(SNAPSHOT)
        progress.message("a <word>")
    assert len(notebook.shown) == 3
    last = notebook.shown[-1]
    for text in ("a scan", "1,500 (125/s)", "value='0.5000'", "a &lt;word&gt;", "&lt;good&gt;"):
        assert text in last
