"""Models that leave a witness: when a program runs that a configuration chose, or when they are made or asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from terranova import Model, Observable, Parameter, PointModel, Uniform, hookimpl
from terranova.external import Program, find_program, run_program, scratch


class Programmed(PointModel):
    """Runs a program with arguments from a file, as models do that talk to spectrum generators."""

    name = "toy-programmed"
    parameters = (Parameter("a", Uniform(0.0, 1.0)),)
    observables = (Observable("f"),)

    def __init__(self, program: Program = "", map: Path | None = None, scale: float = 1.0) -> None:
        self.program = find_program(program)
        self.arguments = yaml.safe_load(Path(map).read_text())["arguments"] if map else []
        self.scale = scale

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """Run it, and forget what it said."""
        with scratch() as folder:
            run_program([self.program, *self.arguments], folder=folder, timeout=60.0)
        return {"f": self.scale * point["a"]}


class Witnessed(Model):
    """Writes files when it is made, and when it is evaluated, into a folder that its options name."""

    name = "toy-witnessed"
    parameters = (Parameter("a", Uniform(0.0, 1.0)),)
    observables = (Observable("f"),)

    def __init__(self, folder: str = "") -> None:
        self.folder = Path(folder) if folder else None
        self._leave("made")

    def _leave(self, name: str) -> None:
        if self.folder is not None:
            (self.folder / name).touch()

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameter, and a file."""
        self._leave("evaluated")
        return {"f": points["a"]}


@hookimpl
def terranova_models() -> list[type[Model]]:
    """Both of them."""
    return [Programmed, Witnessed]


WINDOW = {"name": "f", "observable": "f", "kind": "window", "lower": 0.0, "upper": 0.5, "source": "test"}


def write_scan(folder: Path, model: Mapping[str, Any], **more: Any) -> Path:
    """Write a configuration of a short scan into a folder, and return it."""
    words = {
        "model": dict(model),
        "constraints": [WINDOW],
        "sampler": {"name": "random", "islands": 1},
        "budget": {"evaluations": 4},
        "parallel": {"isolation": "none"},
        "output": str(folder / "run"),
    }
    path = folder / "scan.yaml"
    path.write_text(yaml.safe_dump({**words, **more}))
    return path


def write_map(folder: Path, canary: Path) -> Path:
    """Write the file that makes a shell leave a witness."""
    path = folder / "map.yaml"
    path.write_text(yaml.safe_dump({"arguments": ["-c", f"touch '{canary}'"]}))
    return path
