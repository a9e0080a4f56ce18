"""The numbers at the top of the page, and the comparison with random points, in words."""

from __future__ import annotations

import math

from terranova.pages.blocks import Section, Tile, paragraphs
from terranova.pages.table import Column, Table
from terranova.pages.text import count, duration, number, percent
from terranova.runs.diagnosis import Diagnosis
from terranova.runs.run import Run


def lead(diagnosis: Diagnosis) -> str:
    """The result of the scan in two sentences."""
    e = diagnosis.efficiency
    if not e.evaluated:
        return "No point has been stored yet."
    if not e.valid:
        return (
            f"None of the {count(e.evaluated, 'point')} evaluated is valid. "
            "Below: which constraints resist, and the points that come closest."
        )
    valid = f"{number(e.valid)} of {count(e.evaluated, 'point')} evaluated "
    valid += _is(e.valid) + f" valid: {percent(e.fraction)}."
    if e.probes:
        valid += f" {count(e.probes, 'more valid point')} served a derivative only and {_is(e.probes)} left out."
    r = diagnosis.random
    if r is None or not r.points:
        return valid
    if r.valid:
        times = number(diagnosis.gain, 2)
        return f"{valid} Of random points it is {percent(r.fraction)}: the scan finds {times} times as many."
    return (
        f"{valid} Of {number(r.points)} random points none was: the scan finds valid points at least "
        f"{number(_rounded_down(diagnosis.gain_at_least))} times as often."
    )


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def tiles(run: Run, diagnosis: Diagnosis) -> list[Tile]:
    """The headline numbers."""
    e = diagnosis.efficiency
    summary = run.summary
    pace = summary.get("rate")
    more = f"{number(pace, 3)} per second" if isinstance(pace, float) and pace > 0 else ""
    numbers = [
        Tile("points evaluated", number(e.evaluated), more),
        Tile("valid points", number(e.valid), f"{percent(e.fraction)} of those evaluated"),
        Tile("valid per 10⁴ evaluations", number(e.per_ten_thousand)),
        Tile(
            "first valid point",
            number(e.first_valid),
            "evaluations needed" if e.first_valid else "none found yet",
        ),
    ]
    if e.coverage is not None:
        numbers.append(Tile("coverage", number(e.coverage), "of 400 bins, mean over pairs of parameters"))
    numbers += _gain_tile(diagnosis) + _best_tile(run, e.valid)
    return numbers


def _gain_tile(diagnosis: Diagnosis) -> list[Tile]:
    r = diagnosis.random
    if r is None or not r.points or not diagnosis.efficiency.valid:
        return []
    least = number(_rounded_down(diagnosis.gain_at_least))
    if r.valid:
        return [Tile("gain over random", f"{number(diagnosis.gain)} ×", f"at least {least} × at 95 %")]
    return [Tile("gain over random", f"≥ {least} ×", f"at 95 %: no valid point in {number(r.points)}")]


def _best_tile(run: Run, valid: int) -> list[Tile]:
    if not run.count:
        return []
    if valid:
        best = run.sql("SELECT max(loglike) AS best FROM points WHERE valid")["best"][0].as_py()
        return [Tile("largest ln L", number(best, 5), "of the valid points")]
    best = run.sql("SELECT min(total_violation) AS best FROM points")["best"][0].as_py()
    return [Tile("smallest total violation", number(best, 4), "0 would be valid")]


def efficiency_section(diagnosis: Diagnosis) -> Section:
    """Return the section that compares the scan with random points."""
    columns = (Column("", "title"), Column("this scan", "number"), Column("random points", "number"))
    return Section(
        "efficiency",
        "Efficiency against random sampling",
        [Table(columns, _comparison(diagnosis)), *paragraphs(_sentences(diagnosis))],
        short="Efficiency",
    )


def _comparison(diagnosis: Diagnosis) -> list[tuple[str, str, str]]:
    """Rows (label, scan, random points) of the table of efficiencies."""
    e, r = diagnosis.efficiency, diagnosis.random
    random = r if r is not None and r.points else None
    rows = [
        ("points evaluated", number(e.evaluated), number(random.points) if random else "–"),
        ("valid points", number(e.valid), number(random.valid) if random else "–"),
        ("valid fraction", percent(e.fraction), _random_fraction(diagnosis)),
        (
            "valid points per 10⁴ evaluations",
            number(e.per_ten_thousand),
            number(1e4 * random.fraction) if random else "–",
        ),
        ("failed points", number(e.failed), number(random.failed) if random else "–"),
        ("evaluations until the first valid point", number(e.first_valid), _expected(diagnosis)),
        ("coverage (of 400 bins)", number(e.coverage), ""),
    ]
    if random and e.valid:
        gain = number(diagnosis.gain) if random.valid else "–"
        rows.append(("gain over random sampling", gain, ""))
        rows.append(("… its lower limit at 95 %", number(_rounded_down(diagnosis.gain_at_least)), ""))
    return rows


def _random_fraction(diagnosis: Diagnosis) -> str:
    r = diagnosis.random
    if r is None or not r.points:
        return "–"
    limit = percent(r.upper_limit)
    return f"{percent(r.fraction)} (below {limit} at 95 %)" if r.valid else f"below {limit} at 95 %"


def _expected(diagnosis: Diagnosis) -> str:
    r = diagnosis.random
    if r is None or not r.points:
        return "–"
    if r.valid:
        return f"{number(1 / r.fraction)} on average"
    return f"more than {number(_rounded_down(1 / r.upper_limit))} on average (95 %)"


def _sentences(diagnosis: Diagnosis) -> list[str]:
    """What to make of the comparison."""
    r = diagnosis.random
    if r is None:
        return ["Random points were not evaluated, so there is nothing to compare with."]
    texts = [
        f"Random points are drawn from the priors: {count(r.points, 'point')} evaluated for this report in "
        f"{duration(r.seconds)}. Limits are one-sided Clopper–Pearson limits at 95 %."
    ]
    if not r.valid and r.points:
        texts[0] += (
            f" With no valid point among N, the limit on the valid fraction is 3/N = {percent(3 / r.points)}."
        )
        estimate = r.product_estimate
        if math.isfinite(estimate):
            texts.append(
                "If the constraints were independent of one another, the valid fraction of random points would be "
                f"the product of their pass rates, about {number(estimate)}: "
                f"one valid point in {number(1 / estimate if estimate else math.inf, 2)}. "
                "They are not: those on one sector tend to hold together, so that the true fraction can be larger "
                "by many orders of magnitude."
            )
    return texts


def _rounded_down(value: float) -> float:
    """Three digits, rounded towards zero: a lower limit must not grow by rounding."""
    if not math.isfinite(value) or value <= 0:
        return value
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return math.floor(value / unit) * unit
