"""Meeting of the ranks at the end of an epoch: what each has to say, in one exchange of a few numbers.

A meeting costs the first rank no more than any other, and a thousand ranks a few numbers each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from terranova.engine.totals import Totals
from terranova.parallel.world import World
from terranova.types import Floats

BROKEN_OFF = ("signal", "interrupt", "wall")
"""States of a scan that stopped within an epoch. Where ranks differ, the first of these is that of the scan."""


@dataclass(frozen=True)
class Report:
    """What a rank has to say.

    Attributes:
        broken_off: why it left the epoch before its end, one of `BROKEN_OFF`; "" if it did not.
        totals: of what it has counted since the last meeting.
        exhausted: whether its islands have nothing more to propose.
        used_up: whether one of its islands has evaluated its share of the budget.
        checkpoint_due: whether, by its clock, it is time for a checkpoint; the first rank's decides.
        seal_due: whether it has to seal its rows before the next epoch ends.
    """

    broken_off: str
    totals: Totals
    exhausted: bool
    used_up: bool
    checkpoint_due: bool
    seal_due: bool


def meet(world: World, report: Report) -> Report:
    """Exchange reports; every rank of the world has to call this, and gets the same.

    Returns:
        The reports of all as one: totals added; exhausted if all are, and the rest if one is.
    """
    rows = world.allgather_numbers(_numbers(report))
    flags = rows[:, :6].astype(bool)
    said: list[bool] = np.asarray(flags[:, :3].any(axis=0)).tolist()
    reasons = [reason for reason, by_one in zip(BROKEN_OFF, said, strict=True) if by_one]
    return Report(
        broken_off=reasons[0] if reasons else "",
        totals=_totals(rows[:, 7:]),
        exhausted=bool(flags[:, 3].all()),
        used_up=bool(flags[:, 4].any()),
        checkpoint_due=bool(rows[0, 6]),
        seal_due=bool(flags[:, 5].any()),
    )


def _numbers(report: Report) -> Floats:
    said = [report.broken_off == reason for reason in BROKEN_OFF]
    flags = [*said, report.exhausted, report.used_up, report.seal_due, report.checkpoint_due]
    return np.array([*flags, *(getattr(report.totals, name) for name in (*_COUNTED, *_EXTREMES))], dtype=float)


_COUNTED = ("evaluations", "valid", "failed", "probes")
_EXTREMES = ("best_violation", "best_loglike")


def _totals(rows: Floats) -> Totals:
    """Merge the totals (ranks, 6) of all ranks. Counts below 2^53 are exact as floats."""
    counted = rows[:, : len(_COUNTED)].astype(np.int64).sum(axis=0).tolist()
    return Totals(
        **dict(zip(_COUNTED, counted, strict=True)),
        best_violation=float(rows[:, -2].min()),
        best_loglike=float(rows[:, -1].max()),
    )
