"""How long must an ALP live to be the Belle II excess? Lower bounds on its lifetime, a plane, and the couplings.

    python examples/alp_belle2/run.py [DIRECTORY]

Needs `pip install 'terranova[fit,ml]'` and a few minutes. Writes into fits/alp_belle2, or the directory given:
bounds.csv, lifetime.pdf, plane.pdf, surrogate-check.html, surrogate-explain.html, and
the directories of the fits, of which full/ is that in the couplings.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import yaml

import terranova
from terranova.cli.fit import show_fit
from terranova.models.alp.escape import LENGTH_BABAR, LENGTH_BELLE2
from terranova.surrogates import explanation, explanation_page, train, validation, validation_page

HERE = Path(__file__).parent
MASS = 2.0
INPUTS = {
    "2311.14629": ("Altmannshofer et al.", "#0072B2"),
    "2510.18953": ("Abumusabh et al.", "#D55E00"),
    "2602.09666": ("Gaertner et al., summary", "#009E73"),
}
LEVELS = (0.68, 0.90, 0.95)
LEVEL_OF = {0.68: 1.0, 0.90: 2.706, 0.95: 3.841}
GEOMETRIES = ("isotropic", "mean-momentum")
"""Of the ALP in the rest frame of the B; the second is how ALPaca has it."""

RANGE = (5.0, 1e5)
"""cm. Below, only branching ratios above 1e-3, which other decays of the B exclude, could be seen by Belle II."""


def lifetime_fit(belle2: str, geometry: str, output: Path) -> Any:
    """Profile Delta chi2 of c tau: the branching ratio is free, the mass fixed."""
    return terranova.fit(
        model={"name": "alp-plane", "escape": geometry},
        constraints=[f"alp-belle2-{belle2}", "alp-babar"],
        parameters={"ma": MASS},
        best={"starts": 6},
        profile=[{"ctau": list(RANGE), "bins": 60}],
        levels=list(LEVELS),
        output=str(output / f"lifetime-{belle2}-{geometry}"),
        quiet=True,
    )


def bound(found: Any, level: float) -> float | None:
    """The lower end of the interval of c tau in cm; None where the prior ends before the level is reached."""
    interval = next(i for i in found.profiles[0].intervals if i.level == level)
    return interval.parts[0][0]


def draw_lifetime(fits: dict[str, Any], path: Path) -> None:
    """The three curves, with the levels of confidence."""
    figure, axes = plt.subplots(figsize=(4.2, 3.2), layout="constrained")
    for name, (authors, colour) in INPUTS.items():
        curve = fits[name].profiles[0].profile
        delta = curve.delta_chi2(fits[name].best.loglike)
        axes.plot(curve.axes[0].centres, delta, color=colour, label=f"arXiv:{name}, {authors}")
    for level, height in LEVEL_OF.items():
        axes.axhline(height, color="0.6", linewidth=0.6, linestyle="--")
        axes.text(2850.0, height + 0.06, f"{100 * level:g} %", ha="right", fontsize=7, color="0.4")
    axes.set(xscale="log", xlim=(5.0, 3000.0), ylim=(0.0, 9.0))
    axes.set(xlabel=r"$c\tau_a$ [cm]", ylabel=r"$\Delta\chi^2$")
    axes.set_title(rf"Belle II + BaBar, $m_a = {MASS:g}$ GeV", fontsize=9)
    axes.legend(fontsize=6, frameon=False, loc="upper right", handlelength=1.2)
    figure.savefig(path)
    plt.close(figure)


def draw_plane(found: Any, belle2: str, path: Path) -> None:
    """What Belle II prefers, what BaBar excludes, and both together."""
    ctau, br = np.geomspace(5.0, 2000.0, 300), np.geomspace(1e-6, 1e-3, 300)
    grid = np.meshgrid(ctau, br, indexing="ij")
    x = np.column_stack([np.full(grid[0].size, MASS), grid[0].ravel(), grid[1].ravel()])
    observables = found.problem.evaluate(x).observables
    names = [o.name for o in found.problem.model.observables]
    chi2 = {}
    for constraint in found.problem.constraints:
        columns = [observables[:, names.index(n)] if n in names else x[:, 0] for n in constraint.observables]
        chi2[constraint.name] = -2.0 * constraint.loglike(np.column_stack(columns)).reshape(grid[0].shape)
    figure, axes = plt.subplots(figsize=(4.2, 3.4), layout="constrained")
    excess = chi2["belle2"] - chi2["belle2"].min()
    axes.contourf(ctau, br, excess.T, levels=[-1.0, 1.0, 4.0], colors=["#4F93BF", "#BFD9EA"])
    null = chi2["babar_K"] - chi2["babar_K"].min()
    axes.contourf(ctau, br, null.T, levels=[3.841, 1e9], colors=["#D55E00"], alpha=0.25)
    axes.contour(ctau, br, null.T, levels=[3.841], colors="#D55E00", linewidths=1.0)
    both = excess + null
    both = both + (chi2["belle2"].min() + chi2["babar_K"].min()) - found.best.chi2
    axes.contour(ctau, br, both.T, levels=[1.0, 2.706, 3.841], colors="k", linewidths=[1.2, 0.9, 0.6])
    limit = bound(found, 0.90)
    if limit is not None:
        axes.axvline(limit, color="0.3", linewidth=0.8, linestyle="--")
        axes.text(limit * 0.93, 1.2e-6, f"{limit:.0f} cm (90 % CL)", rotation=90, ha="right", fontsize=7)
    axes.text(7.0, 5e-6, "Belle II,\n1 and 2 σ", fontsize=8, color="#0B4F7D")
    axes.text(95.0, 2.5e-4, "BaBar, excluded at 95 % CL", fontsize=8, color="#A04000")
    axes.set(xscale="log", yscale="log", xlim=(5.0, 2000.0), ylim=(1e-6, 1e-3))
    axes.set(xlabel=r"$c\tau_a$ [cm]", ylabel=r"$\mathrm{BR}(B^+ \to K^+ a)$")
    title = rf"$m_a = {MASS:g}$ GeV, Belle II as in arXiv:{belle2}" + "\n" + r"lines: $\Delta\chi^2 = 1, 2.7, 3.84$"
    axes.set_title(title, fontsize=8)
    figure.savefig(path)
    plt.close(figure)


def surrogate(found: Any, output: Path) -> None:
    """A surrogate of the fit's chi2 from actively chosen points: how good it is, and what drives it.

    It quotes nothing: its best of 100,000 points is evaluated by the model before it is shown.
    """
    words = yaml.safe_load((HERE / "full.yaml").read_text(encoding="utf-8"))
    problem = {key: words[key] for key in ("model", "constraints", "parameters")}
    runs = {}
    for name, sampler, points in (("active", {"name": "xgb-active", "islands": 1}, 2000), ("test", "random", 4000)):
        runs[name] = terranova.scan(
            {
                **problem,
                "sampler": sampler,
                "budget": {"evaluations": points},
                "seed": 1 if name == "active" else 2,
                "output": str(output / f"surrogate-{name}"),
            },
            quiet=True,
        )
    made = train([runs["active"]], ["loglike"], held_out=0.0)
    made.save(output / "surrogate.tns")
    check = validation.check(made, runs["test"])
    print("\n".join(validation_page.sentences(check)))
    quality = check.qualities[0]
    print(f"Mean error of chi2 there {quality.mae:.2f}, 95th percentile {quality.p95:.2f}.")
    validation_page.write_page(check, made, output / "surrogate-check.html")
    several = train([runs["active"]], ["loglike", "observables"], held_out=0.0)
    explained = explanation.explain(several, runs["test"])
    print("\n".join(explanation_page.sentences(explained)))
    explanation_page.write_page(explained, several, output / "surrogate-explain.html")
    u = np.random.default_rng(1).random((100_000, made.problem.model.space.dimension))
    u = u[made.surrogate.trust(u) >= 0.5]
    best = u[np.argsort(made.chi2(u))[:10]]
    print(
        f"Lowest chi2 of ten points the surrogate names, evaluated by the model: {made.true_chi2(best).min():.2f}; "
        f"the fit's: {found.best.chi2:.2f}."
    )


def main() -> None:
    """Everything, in the order of the figures."""
    output = Path(sys.argv[1] if len(sys.argv) > 1 else "fits/alp_belle2")
    output.mkdir(parents=True, exist_ok=True)
    rows, fits = [], {}
    print(
        "Lower bounds on c tau of an ALP that is the Belle II excess. Delta chi2 of one quantity, relative to the"
    )
    print(f"best fit; m_a = {MASS:g} GeV; with BaBar B+ -> K+ nu nu; decays beyond {LENGTH_BELLE2:g} cm (Belle II)")
    print(f"and {LENGTH_BABAR:g} cm (BaBar) count as invisible.\n")
    print(f"{'Belle II input':<44}{'directions':<15}" + "".join(f"{100 * level:>9g} %" for level in LEVELS))
    for name, (authors, _) in INPUTS.items():
        for geometry in GEOMETRIES:
            found = lifetime_fit(name, geometry, output)
            if geometry == GEOMETRIES[0]:
                fits[name] = found
            bounds = [bound(found, level) for level in LEVELS]
            shown = "".join(f"{b:8.1f} cm" if b is not None else f"{'none':>11}" for b in bounds)
            print(f"{f'arXiv:{name}, {authors}':<44}{geometry:<15}{shown}", flush=True)
            for level, value in zip(LEVELS, bounds, strict=True):
                rows.append([name, geometry, MASS, LENGTH_BELLE2, LENGTH_BABAR, level, value])
    with (output / "bounds.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["belle2_input", "directions", "ma_GeV", "L_belle2_cm", "L_babar_cm", "cl", "ctau_above_cm"]
        )
        writer.writerows(rows)
    draw_lifetime(fits, output / "lifetime.pdf")
    draw_plane(fits["2311.14629"], "2311.14629", output / "plane.pdf")

    print("\nThe fit in the couplings:")
    full = terranova.fit(HERE / "full.yaml", output=str(output / "full"), quiet=True)
    show_fit(full)
    print("\nA surrogate of it:")
    surrogate(full, output)
    print(f"\nresults: {output}")


if __name__ == "__main__":
    main()
