"""The page and the table of `terranova surrogate check`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from terranova.pages.blocks import Picture
from terranova.pages.table import Table, numbers
from terranova.surrogates import page
from terranova.surrogates.dataset import REGION
from terranova.surrogates.figures import predicted_against_true
from terranova.surrogates.trained import TRUST, TrainedSurrogate
from terranova.surrogates.validation import LEVELS, Check


def table(measured: Check) -> Table:
    """Return the table of errors."""
    levels = (f"in {100 * level:.0f} % interval" for level in LEVELS)
    rows = [
        [
            *(q.name, str(q.rows), f"{q.mae:.3g}", f"{q.p95:.3g}", f"{q.r2:.3f}"),
            *(f"{100 * q.coverage[level]:.1f} %" if level in q.coverage else "–" for level in LEVELS),
        ]
        for q in measured.qualities
    ]
    return Table(numbers("prediction", "rows", "MAE", "95th percentile", "R2", *levels), rows)


def sentences(measured: Check) -> list[str]:
    """Return in words what the table does not say."""
    inside, below = (100 * share for share in measured.false_rejections)
    return [
        f"Measured on {measured.where}: {measured.rows:,}, of which {measured.near:,} have Delta chi2 < "
        f"{REGION:g}. All errors, and R2, are of these.",
        f"The classifier wrongly rejects {inside:.2f} % of them, and {below:.2f} % of those with Delta chi2 < "
        f"{measured.cut:g}; it keeps {100 * measured.kept_far:.1f} % of those beyond.",
        f"{100 * measured.trusted:.1f} % of them are trusted (trust >= {TRUST:g}); at the others the model is "
        "called.",
    ]


def write_page(measured: Check, trained: TrainedSurrogate, path: Path) -> Path:
    """Write the page.

    Raises:
        RunError: it cannot be written.
    """
    caption = (
        f"Predicted against true, for {measured.near:,} points with Delta chi2 < {REGION:g}; on the line they "
        "agree."
    )
    pictures = [Picture(partial(predicted_against_true, measured.qualities), caption)]
    return page.write(path, "Check of a surrogate", trained, sentences(measured), table(measured), pictures)
