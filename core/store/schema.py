"""Schema of the points table: names, meaning and Arrow types of its columns."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from terranova.store.format import known

VIOLATION_PREFIX = "C_"


@dataclass(frozen=True)
class Field:
    """One named quantity of a scan.

    Args:
        name: its column; a violation's column is `C_<name>`.
        unit: "1" when dimensionless.
        latex: for axis labels, without dollar signs.
        description: one line.
        source: where a constraint comes from.
    """

    name: str
    unit: str = "1"
    latex: str = ""
    description: str = ""
    source: str = ""


BOOKKEEPING: tuple[tuple[Field, pa.DataType], ...] = (
    (Field("island", description="the island that proposed the point"), pa.int32()),
    (Field("generation", description="the step of that island"), pa.int32()),
    (Field("index", description="running number of the point within its island"), pa.int64()),
    (Field("valid", description="did not fail and violates nothing"), pa.bool_()),
    (Field("probe", description="evaluated for a derivative only: not counted as found"), pa.bool_()),
    (Field("status", description="0 ok 1 unphysical 2 non-finite 3 raised 4 timeout 5 crashed"), pa.int8()),
    (Field("reason", description="why the point failed; empty otherwise"), pa.string()),
    (Field("stage", description="last stage of the model that was computed"), pa.int8()),
    (Field("loglike", description="natural log-likelihood; -inf where excluded or failed"), pa.float64()),
    (Field("total_violation", description="sum of the violations; +inf where unknown"), pa.float64()),
    (Field("seconds", unit="s", description="time spent on the point"), pa.float32()),
)
"""The columns every run has, in order, before the parameters, the observables and the violations.

`probe` is missing from runs that were started before there was such a column.
"""


@dataclass(frozen=True)
class Schema:
    """The columns of one run.

    Args:
        parameters: the d parameters of the model, in the order of `Batch.x`.
        observables: the observables that are stored, in the order in which they are stored.
        violations: the m constraints, in the order of `Batch.violations`.
        probe: whether there is a column `probe`.
        total: whether journals hold the sum of the violations, which are not stored themselves.

    Raises:
        ValueError: two columns would have the same name.
    """

    parameters: Sequence[Field]
    observables: Sequence[Field]
    violations: Sequence[Field]
    probe: bool = True
    total: bool = False

    def __post_init__(self) -> None:
        for group in ("parameters", "observables", "violations"):
            object.__setattr__(self, group, tuple(getattr(self, group)))
        # Compared in lower case: DuckDB does not tell `MH` from `mh`.
        counts = Counter(name.lower() for name in self.names)
        twice = [name for name in self.names if counts[name.lower()] > 1]
        if twice:
            raise ValueError(
                f"the points table cannot have two columns of the same name (capitals aside): "
                f"{', '.join(twice)}. Rename the parameter, observable or constraint."
            )

    @property
    def names(self) -> list[str]:
        """Names of all columns, in order."""
        return [name for name, *_ in self._columns()]

    @property
    def bookkeeping(self) -> int:
        """Number of columns before the parameters."""
        return len(BOOKKEEPING) - (not self.probe)

    @cached_property
    def arrow(self) -> pa.Schema:
        """The Arrow schema; each field carries its unit, latex, description, kind and source."""
        return pa.schema([pa.field(name, type_, metadata=meta) for name, type_, meta in self._columns()])

    def _columns(self) -> Iterator[tuple[str, pa.DataType, dict[str, str]]]:
        for field, type_ in BOOKKEEPING:
            if self.probe or field.name != "probe":
                yield field.name, type_, _metadata(field, "bookkeeping")
        for field in self.parameters:
            yield field.name, pa.float64(), _metadata(field, "parameter")
        for field in self.observables:
            yield field.name, pa.float64(), _metadata(field, "observable")
        for field in self.violations:
            yield VIOLATION_PREFIX + field.name, pa.float64(), _metadata(field, "violation")

    def to_dict(self) -> dict[str, Any]:
        """A form that JSON can hold."""
        return {
            "parameters": [dict(vars(field)) for field in self.parameters],
            "observables": [dict(vars(field)) for field in self.observables],
            "violations": [dict(vars(field)) for field in self.violations],
            "probe": self.probe,
            **({"total": True} if self.total else {}),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Schema:
        """Inverse of `to_dict`."""
        groups = ("parameters", "observables", "violations")
        parameters, observables, violations = (
            [Field(**known(Field, field)) for field in data[group]] for group in groups
        )
        return cls(
            parameters, observables, violations, probe=data.get("probe", False), total=data.get("total", False)
        )

    def to_json(self) -> str:
        """This schema as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Schema:
        """Inverse of `to_json`."""
        return cls.from_dict(json.loads(text))


def _metadata(field: Field, kind: str) -> dict[str, str]:
    return {"kind": kind, **{key: text for key, text in vars(field).items() if key != "name"}}
