"""What a scan was asked to do, complete and checked: the typed form of a configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from terranova.config.content_hash import content_hash
from terranova.config.problem import ProblemConfig
from terranova.parsing.strict_yaml import dump
from terranova.registry.python_files import placeless

Count = Annotated[int, Field(ge=1, lt=2**63)]
"""A whole number, at least 1."""

Workers = Annotated[int, Field(ge=1, le=4096)]
"""Processes of one rank."""

SCAN_KEYS = (
    "model",
    "constraints",
    "parameters",
    "observables",
    "sampler",
    "budget",
    "seed",
    "output",
    "parallel",
    "store",
)
"""The top-level keys, in the order in which they are written."""

IDENTITY = ("model", "constraints", "parameters", "observables", "sampler", "seed", "parallel")
"""The keys that decide which points a scan visits, of `parallel` only the epoch."""


@dataclass(frozen=True)
class SamplerChoice:
    """Which sampler: its name, the number of islands, and the options of its `__init__`.

    The number is that of large budgets; a configuration that leaves it open gets one that suits its budget.
    """

    name: str
    islands: int = 16
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return what stands under `sampler:`."""
        return {"name": self.name, "islands": self.islands, **self.options}


@dataclass(frozen=True)
class Budget:
    """When to stop: whichever comes first. At least one is given.

    Attributes:
        evaluations: points evaluated.
        wall: seconds of wall time.
        valid: valid points found.
    """

    evaluations: Count | None = None
    wall: float | None = None
    valid: Count | None = None


@dataclass(frozen=True)
class Parallel:
    """How the work is shared out.

    Attributes:
        mode: what ranks do: "islands" of their own, "evaluations" for the first rank, or "auto".
        executor: where the model runs on each rank.
        workers: of the executor; None leaves it to the executor.
        isolation: whether the model runs in processes of its own, "process", or in those of the scan, "none";
            "auto" isolates models that compute one point at a time, and all that have a timeout or a memory limit.
        timeout: seconds that one point may take; None leaves it to the executor.
        memory: bytes that a process of the model may allocate; None for no limit.
        epoch: generations between two exchanges of what the islands learnt.
        patience: seconds without a sign of life after which a rank counts as hanging, and all are ended.
    """

    mode: Literal["auto", "islands", "evaluations"] = "auto"
    executor: str = "serial"
    workers: Workers | None = None
    isolation: Literal["auto", "none", "process"] = "auto"
    timeout: float | None = None
    memory: int | None = None
    epoch: Count = 20
    patience: float = 3600.0


@dataclass(frozen=True)
class Storage:
    """What is stored.

    Attributes:
        keep: all points, or the valid ones only.
        observables: "all", "constrained" (those that a constraint reads), or those and the ones named.
        durability: what acknowledged points survive: the death of any process, or a power cut too.
    """

    keep: Literal["all", "valid"] = "all"
    observables: str | tuple[str, ...] = "all"
    durability: Literal["process", "power"] = "process"


@dataclass(frozen=True)
class ScanConfig:
    """One scan. Made by `terranova.config.load_config`.

    Attributes:
        problem: what is scanned.
        sampler: which sampler, with which options.
        budget: when to stop.
        seed: of every random stream.
        output: the run directory; None when nothing is to be written.
        parallel: how the work is shared out.
        store: what is stored.
        text: the file as the user wrote it, "" when the configuration came from Python.
    """

    problem: ProblemConfig
    sampler: SamplerChoice
    budget: Budget
    seed: int = 1
    output: Path | None = None
    parallel: Parallel = field(default_factory=Parallel)
    store: Storage = field(default_factory=Storage)
    text: str = field(default="", compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the keys of the configuration, every default filled in.

        Constraints that were read from a file are written out, so that these keys alone repeat the scan.
        """
        keys: dict[str, Any] = {
            **self.problem.to_dict(),
            "sampler": self.sampler.to_dict(),
            "budget": {key: value for key, value in asdict(self.budget).items() if value is not None},
            "seed": self.seed,
            "output": str(self.output) if self.output is not None else None,
            "parallel": {key: value for key, value in asdict(self.parallel).items() if value is not None},
            "store": {key: _listed(value) for key, value in asdict(self.store).items()},
        }
        return {key: keys[key] for key in SCAN_KEYS if keys.get(key) is not None}

    def to_yaml(self) -> str:
        """Return `to_dict()` as a file that `load_config` reads back as the same configuration."""
        return dump(self.to_dict())

    def identity(self) -> dict[str, Any]:
        """Return the keys that decide which points are visited: not budget, output or workers."""
        keys = {**self.to_dict(), **self.problem.identity()}
        keys["sampler"] = {**keys["sampler"], "name": placeless(self.sampler.name)}
        keys["parallel"] = {"epoch": self.parallel.epoch}
        return {key: keys[key] for key in IDENTITY if key in keys}

    def plugins(self) -> tuple[tuple[str, str, Mapping[str, Any]], ...]:
        """Return kind, name and options of every plugin that takes part."""
        return (
            ("model", self.problem.model.name, self.problem.model.options),
            ("sampler", self.sampler.name, self.sampler.options),
            ("executor", self.parallel.executor, {}),
        )

    def digest(self) -> str:
        """Return the SHA-256 of `identity()`, in hexadecimal."""
        return content_hash(self.identity())


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
