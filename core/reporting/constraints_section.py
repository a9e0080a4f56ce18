"""The section on which constraint kills how many points."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from terranova.evaluation.problem import Problem
from terranova.pages.blocks import Block, Fold, Picture, Section, paragraphs
from terranova.pages.table import Column, Table
from terranova.pages.text import count, number, percent
from terranova.reporting.constraint_figures import (
    MOST_BARS,
    MOST_CELLS,
    kill_bars,
    kill_map,
    resisting,
    sets_bars,
)
from terranova.runs.diagnosis import LARGEST_SET, Diagnosis, Kills, order_of_resistance
from terranova.runs.run import Run

_COLUMNS = (
    Column("constraint", "name"),
    Column("violated", "number"),
    Column("satisfied", "number"),
    Column("violated alone", "number"),
    Column("not computed", "number"),
    Column("satisfied by random", "number"),
    Column("accepts"),
    Column("source"),
)
_OPEN = 15
"""A table of so many constraints is open from the beginning."""


def constraints_section(run: Run, problem: Problem | None, diagnosis: Diagnosis) -> Section | None:
    """Return the section; None when the run has no constraints."""
    kills = diagnosis.kills
    if not kills.names:
        return None
    random = diagnosis.random.kills if diagnosis.random is not None else None
    rows = _rows(run, problem, kills, random)
    blocks: list[Block] = [
        *paragraphs(_sentences(kills, random, diagnosis)),
        *_pictures(kills, random),
        Fold(f"All {len(rows)} constraints", Table(_COLUMNS, rows), open=len(rows) <= _OPEN),
    ]
    return Section("constraints", "Which constraint kills how many points", blocks, short="Constraints")


def _sentences(kills: Kills, random: Kills | None, diagnosis: Diagnosis) -> list[str]:
    if not kills.points:
        return ["No point that did not fail is stored, so no constraint was put to the test."]
    texts = []
    if diagnosis.efficiency.stored == diagnosis.efficiency.evaluated:
        texts.append(
            f"Counted are the {count(kills.points, 'stored point')} that did not fail. The sampler learns to avoid "
            "what is forbidden, so these shares describe the scan; those of random points describe the model."
        )
    never = [kills.names[i] for i in order_of_resistance(kills) if kills.pass_rate[i] == 0]
    if never:
        which = ", ".join(never[:8]) + (f" and {len(never) - 8} more" if len(never) > 8 else "")
        texts.append(f"No point of the scan satisfies {which}.")
    if random is not None and random.points:
        never = [random.names[i] for i in order_of_resistance(random) if random.pass_rate[i] == 0]
        if never:
            which = ", ".join(never[:8]) + (f" and {len(never) - 8} more" if len(never) > 8 else "")
            texts.append(f"No random point satisfies {which}.")
        else:
            hardest = sorted(range(len(random.names)), key=lambda i: random.pass_rate[i])[:3]
            which = ", ".join(f"{random.names[i]} ({percent(random.pass_rate[i])})" for i in hardest)
            texts.append(f"The constraints that random points satisfy least often: {which}.")
    return texts


def _pictures(kills: Kills, random: Kills | None) -> list[Picture]:
    resist = len(resisting(kills, len(kills.names)))
    if not resist:
        return []
    shown = (
        f"the {MOST_BARS} of {resist} constraints that most points violate"
        if resist > MOST_BARS
        else "all constraints that any point violates"
    )
    pictures = [
        Picture(
            partial(kill_bars, kills, random),
            f"Left: share of {count(kills.points, 'point')} that violate each constraint"
            + (f", and of {number(random.points)} random points (diamonds)" if random and random.points else "")
            + f"; {shown}. Right: points that would be valid but for this one constraint.",
        )
    ]
    sets = kills.smallest_sets(12)
    if sets:
        failing = kills.points - kills.satisfied
        pictures.append(
            Picture(
                partial(sets_bars, sets, failing),
                f"The commonest sets of at most {LARGEST_SET} constraints that points violate exactly: "
                "relaxing one set would make its points valid.",
            )
        )
    if resist > 1:
        most = f" (the {MOST_CELLS} most violated constraints)" if resist > MOST_CELLS else ""
        pictures.append(
            Picture(
                partial(kill_map, kills),
                "Joint violations: of the points that violate the constraint of the row, the share that also "
                f"violates that of the column{most}. A bright row without a bright column is a constraint that is "
                "violated only together with others.",
                narrow=resist <= 16,
            )
        )
    return pictures


def _rows(run: Run, problem: Problem | None, kills: Kills, random: Kills | None) -> list[Sequence[str]]:
    accepts = {} if problem is None else {c.name: c.describe() for c in problem.constraints}
    rates = {} if random is None or not random.points else dict(zip(random.names, random.pass_rate, strict=True))
    rows: list[Sequence[str]] = []
    for i in order_of_resistance(kills):
        field = run.constraints[int(i)]
        rows.append(
            (
                field.name,
                number(int(kills.violated[i])),
                percent(float(kills.pass_rate[i])),
                number(int(kills.alone[i])),
                number(int(kills.unknown[i])),
                percent(float(rates[field.name])) if field.name in rates else "–",
                accepts.get(field.name, "–"),
                field.source,
            )
        )
    return rows
