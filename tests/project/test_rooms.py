"""The rooms of `core/` and their order: what docs/architecture.md draws is compared with the imports."""

from __future__ import annotations

import re
from pathlib import Path

from support.import_graph import arrows, circles, modules, room, rooms


def order_in_the_documents(root: Path) -> list[str]:
    """The rooms in the table of docs/architecture.md, the lowest first."""
    text = (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text[text.index("| room | what lives there |") :].split("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]
    return [
        name.removesuffix("/").removesuffix(".py") for cell in cells for name in re.findall(r"`([\w./]+)`", cell)
    ]


def test_the_table_names_every_room_once(root: Path) -> None:
    named = order_in_the_documents(root)
    found = {room(module) for module in modules(root / "core")} - {"terranova", "__main__"}
    assert sorted(named) == sorted(found)


def test_no_module_imports_from_a_room_above_its_own(root: Path) -> None:
    order = {name: height for height, name in enumerate(order_in_the_documents(root))}
    order["terranova"] = order["api"]  # the names of the package itself are those of the interface
    top = len(order)
    upwards = [
        f"{module} -> {target}"
        for module, targets in arrows(root / "core").items()
        for target in sorted(targets)
        if order.get(room(module), top) < order.get(room(target), top)
    ]
    assert upwards == []


def test_there_is_no_circle_of_imports(root: Path) -> None:
    graph = arrows(root / "core")
    assert circles(graph) == []
    assert circles(rooms(graph)) == []


def test_circles_and_levels_are_found(tmp_path: Path) -> None:
    """The measure itself, on a small tree: one circle within a room, one between rooms, an import in a function."""
    for name, text in {
        "__init__": "",
        "a": "from terranova.b import x\n",
        "b": "def f():\n    from terranova import a\n",
        "low/__init__": "",
        "low/one": "import terranova.low.two\n",
        "low/two": "",
    }.items():
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    graph = arrows(tmp_path)
    assert circles(graph) == [["terranova.a", "terranova.b"]]
    assert graph["terranova.low.one"] == {"terranova.low.two"}
    assert rooms(graph)["a"] == {"b"}
