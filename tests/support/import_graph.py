"""The structure of `core/`: its rooms, its modules, and who imports whom, read from the source text.

Run it to see the figures: `python tests/support/import_graph.py [FOLDER]`, with the folder that is imported as
`terranova` (`core` if not given). Imports within functions count, and so do those for type checkers only: whoever
reads a module has to know what it names, whenever it is loaded. Plugins, models and constraints are not part of it.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

OTHERS = ("plugins", "models", "constraints")
"""Folders beside `core/` that are imported below `terranova`."""

Graph = Mapping[str, set[str]]


def modules(core: Path) -> dict[str, Path]:
    """Return import name -> file of every module."""
    found = {}
    for path in sorted(core.rglob("*.py")):
        parts = path.relative_to(core).with_suffix("").parts
        if parts[0] not in OTHERS:
            found[".".join(("terranova", *(part for part in parts if part != "__init__")))] = path
    return found


def imported(path: Path, module: str, known: Mapping[str, Path]) -> Iterator[tuple[int, str]]:
    """Yield (line, module) of everything of `terranova` that a file imports, as deep as the name reaches."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in known:
                    yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module in known and not node.level:
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                target = below if below in known else node.module
                if target != module:
                    yield node.lineno, target


def arrows(core: Path) -> dict[str, set[str]]:
    """Return module -> the modules that it imports."""
    known = modules(core)
    return {name: {target for _, target in imported(path, name, known)} for name, path in known.items()}


def room(module: str) -> str:
    """Return the room of a module: the folder below `core/`, or the module itself at the top."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "terranova"


def rooms(graph: Graph) -> dict[str, set[str]]:
    """Return room -> the other rooms that it imports from."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, targets in graph.items():
        found[room(module)].update(room(target) for target in targets)
    return {name: targets - {name} for name, targets in sorted(found.items())}


def circles(graph: Graph) -> list[list[str]]:
    """Return the groups of nodes that reach each other (strongly connected components of two and more)."""
    reach = {node: _reachable(graph, node) for node in graph}
    groups = {frozenset({node, *(m for m in reach[node] if node in reach.get(m, ()))}) for node in graph}
    return sorted(sorted(group) for group in groups if len(group) > 1)


def _reachable(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in graph.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def levels(graph: Graph) -> int:
    """Return the number of nodes on the longest way down; the members of a circle count as one."""
    group = {node: frozenset({node}) for node in graph}
    for circle in circles(graph):
        group.update(dict.fromkeys(circle, frozenset(circle)))
    below = {
        name: {group[target] for node in name for target in graph.get(node, ()) if target in group} - {name}
        for name in set(group.values())
    }
    depth: dict[frozenset[str], int] = {}

    def of(name: frozenset[str]) -> int:
        if name not in depth:
            depth[name] = 1 + max((of(target) for target in below[name]), default=0)
        return depth[name]

    return max(map(of, below), default=0)


def main(folder: str = "core") -> None:
    """Print the figures of a tree."""
    graph = arrows(Path(folder))
    between = rooms(graph)
    crossing = sum(room(a) != room(b) for a, targets in graph.items() for b in targets)
    flat = [name for name in modules(Path(folder)) if name.count(".") == 1 and name not in _packages(folder)]
    print(f"modules            {len(graph)}, of which {len(flat)} lie in {folder}/ itself")
    print(f"rooms              {len(between) - len(flat) - 1} folders")
    print(f"levels of imports  {levels(graph)} of modules, {levels(between)} of rooms")
    print(f"import arrows      {sum(map(len, graph.values()))} between modules, {crossing} of them between rooms")
    print(f"arrows of rooms    {sum(map(len, between.values()))}")
    for what, tree in (("modules", graph), ("rooms", between)):
        found = circles(tree)
        print(f"circles of {what}".ljust(19) + (str(len(found)) if found else "none"))
        for circle in found:
            print("  " + ", ".join(name.removeprefix("terranova.") for name in circle))


def _packages(folder: str) -> set[str]:
    return {name for name, path in modules(Path(folder)).items() if path.name == "__init__.py"}


if __name__ == "__main__":
    main(*sys.argv[1:])
