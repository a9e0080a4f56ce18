"""Numbers whose source names a datum of the Particle Data Group are those of its tables."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"PDG (\d{4}) (\w+)")
IN_UNIT = {"ps^-1": 1e12}
"""Of those that differ from the unit of the tables."""

FIRST_DIGITS = 2e-3
"""Relative difference that rounding of a value may make."""


OVER_SM = {"dms_over_sm": ("S086D", 18.4e12), "bsmumu_over_sm": ("S086R14", 3.64e-9)}
"""Ratios to the SM: datum, and the SM prediction that their source names."""


def _constraints() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((ROOT / "constraints").rglob("*.yaml")):
        for constraint in yaml.safe_load(path.read_text(encoding="utf-8")).get("constraints", ()):
            yield path, constraint


def _named() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Numbers that name a datum; of several at once, one for each in the order of the observables."""
    for path, constraint in _constraints():
        found = NAMED.findall(constraint["source"])
        for i, (edition, datum) in enumerate(found):
            name = f"{path.stem}:{constraint['name']}"
            if constraint["kind"] == "correlated":
                assert len(found) == len(constraint["observables"]), name
                one = {"kind": "gaussian", "value": constraint["values"][i], "sigma": constraint["sigmas"][i]}
                yield f"{name}:{constraint['observables'][i]}", edition, datum, one
            else:
                yield name, edition, datum, constraint


CASES = list(_named())


@pytest.fixture(scope="module")
def tables() -> Any:
    pdg = pytest.importorskip("pdg")
    return pdg.connect()


def test_there_are_many() -> None:
    assert len(CASES) > 25


@pytest.mark.parametrize(("edition", "datum", "constraint"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_number_is_that_of_the_tables(
    tables: Any, edition: str, datum: str, constraint: dict[str, Any]
) -> None:
    if not version("pdg").startswith(edition):
        pytest.skip(f"the tables are those of {version('pdg')}, the number is from {edition}")
    entry = _entry(tables, datum)
    unit = float(constraint["unit"]) if re.fullmatch(r"1e-?\d+", constraint.get("unit", "")) else 1.0
    value = entry.value / IN_UNIT.get(constraint.get("unit", ""), 1.0) / unit
    close = {"rel": FIRST_DIGITS}
    if constraint["kind"] == "limit":
        bound = float(constraint["upper"] if "upper" in constraint else constraint["lower"])
        assert entry.is_limit
        assert bound == pytest.approx(value, **close)
        if entry.confidence_level and "cl" in constraint:
            assert constraint["cl"] == pytest.approx(entry.confidence_level / 100.0)
    elif constraint["kind"] == "window":
        assert 0.5 * (constraint["lower"] + constraint["upper"]) == pytest.approx(value, **close)
    elif constraint["kind"] == "asymmetric":
        assert float(constraint["value"]) == pytest.approx(value, **close)
        assert constraint["sigma_up"] == pytest.approx(entry.error_positive, rel=0.01)
        assert constraint["sigma_down"] == pytest.approx(entry.error_negative, rel=0.01)
    else:
        assert float(constraint["value"]) == pytest.approx(value, **close)
        error = 0.5 * (entry.error_positive + entry.error_negative)
        assert constraint["sigma"] >= 0.99 * error / IN_UNIT.get(constraint.get("unit", ""), 1.0) / unit


def _entry(tables: Any, datum: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return next(iter(tables.get(datum).summary_values(summary_table_only=False)))


@pytest.mark.parametrize("name", OVER_SM)
def test_a_ratio_to_the_standard_model_is_that_of_the_tables(tables: Any, name: str) -> None:
    datum, standard = OVER_SM[name]
    constraint = next(c for path, c in _constraints() if c["name"] == name)
    entry = _entry(tables, datum)
    assert constraint["value"] == pytest.approx(entry.value / standard, rel=FIRST_DIGITS)
    assert constraint["sigma"] == pytest.approx(entry.error_positive / standard, rel=0.1)


def test_who_names_the_group_names_the_datum_or_the_review() -> None:
    for path, constraint in _constraints():
        source = constraint["source"]
        if "PDG" in source:
            assert NAMED.search(source) or re.search(r"S\d{3}\w+ of PDG", source), f"{path.stem}: {source}"
        assert "memory" not in source, path.stem
