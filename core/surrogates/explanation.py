"""Which parameters drive a prediction: SHAP values of a surrogate on a named sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from terranova.errors import RunError
from terranova.interfaces.parameters import LogUniform, SignedLogUniform
from terranova.runs.run import Run
from terranova.surrogates.dataset import LOGLIKE, identity, read_rows, require_same
from terranova.surrogates.trained import StandIn
from terranova.types import Array, Floats

ROWS = 1000
"""Rows that are explained at most."""


@dataclass(frozen=True)
class Explanation:
    """SHAP values of every target.

    Attributes:
        sample: which points, in words: SHAP values depend on it.
        parameters: (d,) names.
        targets: (q,) names.
        scales: (q,) coordinate in which each is explained.
        drives: constraint -> the targets it reads; "total" for the log-likelihood.
        u: (n, d) the points, and x (n, d) the scanned parameters there.
        values: (n, q, d).
    """

    sample: str
    parameters: tuple[str, ...]
    targets: tuple[str, ...]
    scales: tuple[str, ...]
    drives: dict[str, tuple[str, ...]]
    u: Floats = field(repr=False)
    x: Floats = field(repr=False)
    values: Floats = field(repr=False)

    def share(self, target: str) -> Array:
        """Mean |SHAP| (d,) of a target, as shares of its sum; zeros if nothing matters."""
        size: Array = np.abs(self.values[:, self.targets.index(target)]).mean(axis=0)
        total = float(size.sum())
        return size / total if total > 0.0 else size


def explain(made: StandIn, run: Run | None = None) -> Explanation:
    """Explain the predictions on rows that the classifier keeps: of those held out, or of another run.

    Raises:
        RunMismatch: the run is of another problem.
        RunError: the surrogate is untrained, cannot explain itself, or no row is left.
    """
    if made.surrogate.reason:
        raise RunError(f"there is nothing to explain: {made.surrogate.reason}")
    rows, where = made.test, "held-out rows of the training runs"
    if run is not None:
        require_same("the surrogate", made.identity, str(run.directory), identity(run.manifest.physics))
        rows, where = read_rows([run], made.targets, made.problem), f"rows of {run.directory}"
    count = len(rows)
    if not count:
        raise RunError("no row was held out when it was trained: give a run")
    kept = np.flatnonzero(made.surrogate.near(rows.u) & np.isfinite(rows.u).all(axis=1))[:ROWS]
    if not len(kept):
        raise RunError(f"none of the {count} {where} lies where the surrogate knows anything")
    rows = rows.take(kept)
    answer = made.surrogate.contributions(rows.u)
    if answer is None:
        raise RunError(f"the surrogate {made.plugin!r} cannot say what drives its predictions")
    space = made.problem.model.space
    free = [p.name for p in space.free]
    drives = {c.name: tuple(n for n in c.observables if n in made.targets) for c in made.problem.constraints}
    if LOGLIKE in made.targets:
        drives["total"] = (LOGLIKE,)
    return Explanation(
        sample=f"{len(kept)} {where} that the classifier keeps (Delta chi2 < {made.cut:g}), of {count}",
        parameters=tuple(free),
        targets=made.targets,
        scales=made.surrogate.scales or ("linear",) * len(made.targets),
        drives={name: read for name, read in drives.items() if read},
        u=rows.u,
        x=rows.x[:, [space.names.index(name) for name in free]],
        values=answer[0],
    )


def table(found: Explanation) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of the table of mean |SHAP|: targets by parameters, as shares."""
    headings = ["target", "learned as", *found.parameters]
    shares = [[f"{100 * share:.1f} %" for share in found.share(name)] for name in found.targets]
    body = [[n, s, *row] for n, s, row in zip(found.targets, found.scales, shares, strict=True)]
    return headings, body


def sentences(found: Explanation) -> list[str]:
    """Say which parameters drive each constraint, and the total."""
    told = [
        f"Sample: {found.sample}. Shares of the mean |SHAP value| over it; another sample has others. "
        "SHAP explains the fitted function, not the physics: a bound comes from the likelihood."
    ]
    for name, read in found.drives.items():
        words = "; ".join(f"{target}: {_strongest(found, target)}" for target in read)
        told.append(
            f"{name} is driven through {words}." if name != "total" else f"The total log-likelihood: {words}."
        )
    return told


def _strongest(found: Explanation, target: str) -> str:
    share = found.share(target)
    order: Sequence[int] = np.argsort(-share)[:3].tolist()
    return (
        ", ".join(f"{found.parameters[i]} {100 * share[i]:.0f} %" for i in order if share[i] >= 0.01) or "nothing"
    )


def write_page(found: Explanation, made: StandIn, path: Path) -> Path:
    """Write the page with summary and dependence plots.

    Raises:
        RunError: it cannot be written.
    """
    from terranova.pages.section import Picture
    from terranova.surrogates import figures, page

    space = made.problem.model.space
    kinds = {LogUniform: "log", SignedLogUniform: "symlog"}
    scales = [kinds.get(type(p.prior), "linear") for p in space.free]
    pictures = []
    for j, name in enumerate(found.targets):
        values = found.values[:, j]
        caption = (
            f"{name}: SHAP values ({found.scales[j]} scale) of {len(values)} points, each a dot; {found.sample}."
        )
        # Names within an SVG begin with that of the function: the page has one for each target.
        for draw, words in (
            (figures.shap_summary(found.parameters, values, found.u), caption),
            (
                figures.shap_dependence(found.parameters, values, found.x, scales),
                f"{name}: the same against the parameters that matter most.",
            ),
        ):
            pictures.append(Picture(draw.replace("shap_", f"shap_{j}_"), words))
    headings, body = table(found)
    return page.write(path, "What drives a surrogate", made, sentences(found), headings, body, pictures)
