"""The page and the table of `terranova surrogate check`."""

from __future__ import annotations

from pathlib import Path

from terranova.surrogates.dataset import REGION
from terranova.surrogates.trained import TRUST, TrainedSurrogate
from terranova.surrogates.validation import LEVELS, Check


def table(found: Check) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of the table of errors, as text."""
    headings = [
        "prediction",
        "rows",
        "MAE",
        "95th percentile",
        "R2",
        *(f"in {100 * v:.0f} % interval" for v in LEVELS),
    ]
    body = [
        [
            *(q.name, str(q.rows), f"{q.mae:.3g}", f"{q.p95:.3g}", f"{q.r2:.3f}"),
            *(f"{100 * q.coverage[v]:.1f} %" if v in q.coverage else "–" for v in LEVELS),
        ]
        for q in found.qualities
    ]
    return headings, body


def sentences(found: Check) -> list[str]:
    """Return in words what the table does not say."""
    inside, below = (100 * share for share in found.false_rejections)
    return [
        f"Measured on {found.where}: {found.rows:,}, of which {found.near:,} have Delta chi2 < {REGION:g}. "
        "All errors, and R2, are of these.",
        f"The classifier wrongly rejects {inside:.2f} % of them, and {below:.2f} % of those with Delta chi2 < "
        f"{found.cut:g}; it keeps {100 * found.kept_far:.1f} % of those beyond.",
        f"{100 * found.trusted:.1f} % of them are trusted (trust >= {TRUST:g}); at the others the model is called.",
    ]


def write_page(found: Check, made: TrainedSurrogate, path: Path) -> Path:
    """Write the page.

    Raises:
        RunError: it cannot be written.
    """
    from terranova.pages.section import Picture
    from terranova.surrogates import figures, page

    caption = (
        f"Predicted against true, for {found.near:,} points with Delta chi2 < {REGION:g}; on the line they agree."
    )
    pictures = [Picture(figures.predicted_against_true(found.qualities), caption)]
    headings, body = table(found)
    return page.write(path, "Check of a surrogate", made, sentences(found), headings, body, pictures)
