"""The best points of a run for other programs: SLHA, JSON, CSV and YAML, every number with all its digits."""

from __future__ import annotations

import csv
import io
import json
import logging
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from terranova.errors import RunError, TerranovaError, did_you_mean
from terranova.external.slha import slha_text
from terranova.parsing.strict_yaml import dump
from terranova.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("terranova")

PARAMETERS, OBSERVABLES = "TERRANOVAIN", "TERRANOVAOUT"
"""Blocks of an SLHA file with all parameters and observables, numbered from 1, their names as comments."""


def best_text(run: Run, to: str, number: int | None = None) -> str:
    """Return the best points of a run in a format.

    Args:
        run: whose points they are.
        to: a key of `FORMATS`.
        number: of points; 10 if None, of SLHA 1, for such a file holds no more.

    Raises:
        RunError: there is no such format, or no point.
    """
    if to not in FORMATS:
        raise RunError(f"unknown format {to!r}, expected one of {', '.join(FORMATS)}{did_you_mean(to, FORMATS)}")
    if to == "slha" and number not in (None, 1):
        raise RunError(f"an SLHA file holds one point, not {number}: leave the number out")
    frame = run.best(number or (1 if to == "slha" else 10))
    if frame.empty:
        raise RunError(f"{run.directory} holds no point yet")
    return FORMATS[to](run, frame)


def points_of(run: Run, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as nested mappings: parameters, observables, violations, and what else is known of them."""
    points = []
    for row in frame.to_dict("records"):
        point: dict[str, Any] = {name: _plain(row[name]) for name in ("island", "index", "valid", "loglike")}
        point["parameters"] = {p.name: _plain(row[p.name]) for p in run.parameters}
        point["observables"] = {o.name: _plain(row[o.name]) for o in run.observables}
        point["violations"] = {c.name: _plain(row[f"C_{c.name}"]) for c in run.constraints}
        points.append(point)
    return points


def _plain(value: Any) -> Any:
    """Return a Python value; None for what JSON cannot hold."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _content(run: Run, frame: pd.DataFrame) -> dict[str, Any]:
    fields = (*run.parameters, *run.observables)
    return {
        "model": run.manifest.model,
        "run": run.manifest.run_id,
        "ranking": frame.attrs["ranking"],
        "units": {field.name: field.unit for field in fields if field.unit != "1"},
        "points": points_of(run, frame),
    }


def _json(run: Run, frame: pd.DataFrame) -> str:
    return json.dumps(_content(run, frame), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _yaml(run: Run, frame: pd.DataFrame) -> str:
    return dump(_content(run, frame))


def _csv(run: Run, frame: pd.DataFrame) -> str:
    names = ["island", "index", "valid", "loglike", *(field.name for field in (*run.parameters, *run.observables))]
    names += [f"C_{c.name}" for c in run.constraints]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    for row in frame.to_dict("records"):
        values = [_plain(row[name]) for name in names]
        writer.writerow(["" if v is None else repr(v) if isinstance(v, float) else v for v in values])
    return buffer.getvalue()


def _slha(run: Run, frame: pd.DataFrame) -> str:
    (point,) = points_of(run, frame)
    values = {k: v for k, v in {**point["observables"], **point["parameters"]}.items() if v is not None}
    blocks: dict[str, Any] = {**_own_blocks(run, values)}
    for name, fields in ((PARAMETERS, run.parameters), (OBSERVABLES, run.observables)):
        blocks[name] = {
            i: (float(values[field.name]), field.name + (f" [{field.unit}]" if field.unit != "1" else ""))
            for i, field in enumerate(fields, start=1)
            if field.name in values
        }
    return f"# {run.manifest.model}: best point of run {run.manifest.run_id}\n{slha_text(blocks)}"


def _own_blocks(run: Run, values: Mapping[str, float]) -> Mapping[str, Any]:
    """Return what the model itself writes; nothing, and a word, if it has no map or cannot be made here."""
    try:
        blocks = run.problem_made_here().model.plugin.slha(values)
    except (TerranovaError, KeyError) as error:
        log.warning("only the blocks %s and %s: %s", PARAMETERS, OBSERVABLES, error)
        return {}
    if blocks is None:
        log.warning(
            "model %s has no SLHA blocks of its own: the point stands in %s and %s",
            run.manifest.model,
            PARAMETERS,
            OBSERVABLES,
        )
    return blocks or {}


FORMATS: Mapping[str, Callable[[Run, pd.DataFrame], str]] = {
    "slha": _slha,
    "json": _json,
    "csv": _csv,
    "yaml": _yaml,
}
