"""Draws the valid points of a 3HDM scan: the picture of the README.

terranova scan examples/thdm3.yaml
python examples/plot_valid_points.py runs/thdm3 thdm3.png
"""

from __future__ import annotations

import sys

import matplotlib.pyplot as plt

import terranova

PANELS = (
    ("alpha1", "tanb1", "mu_tautau"),
    ("mC1", "mC2", "BR_bsgamma"),
    ("mA1", "mH1", "T"),
    ("gamma1", "gamma2", "mC1"),
    ("mu_gamgam", "mu_VH_bb", "dms_over_sm"),
    ("S", "T", "mA1"),
)
POINTS = 30_000


def main(directory: str, picture: str) -> None:
    """Read the valid points, shuffle them so that none hides the others, and draw six projections."""
    run = terranova.open(directory)
    valid = run.to_pandas(where="valid")
    if valid.empty:
        raise SystemExit(f"{directory} holds no valid point yet")
    valid = valid.sample(min(POINTS, len(valid)), random_state=1)
    fields = {field.name: field for field in (*run.parameters, *run.observables)}

    def label(name: str) -> str:
        field = fields[name]
        unit = "" if field.unit == "1" else f" [{field.unit}]"
        return (f"${field.latex}$" if field.latex else name) + unit

    figure, axes = plt.subplots(2, 3, figsize=(11, 6), layout="constrained")
    for panel, (x, y, colour) in zip(axes.flat, PANELS, strict=True):
        dots = panel.scatter(valid[x], valid[y], c=valid[colour], s=1, cmap="viridis", rasterized=True)
        panel.set(xlabel=label(x), ylabel=label(y))
        panel.locator_params(nbins=4)
        figure.colorbar(dots, ax=panel, label=label(colour))
    figure.suptitle(f"{run.valid_count:,} valid points of {run.evaluated:,} evaluated, {len(valid):,} shown")
    figure.savefig(picture, dpi=110)
    print(f"wrote {picture}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python examples/plot_valid_points.py RUN PICTURE")
    main(sys.argv[1], sys.argv[2])
