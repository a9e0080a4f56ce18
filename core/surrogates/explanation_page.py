"""The page and the table of `terranova surrogate explain`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from terranova.interfaces.priors import LogUniform, SignedLogUniform
from terranova.surrogates.explanation import Explanation
from terranova.surrogates.trained import TrainedSurrogate


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


def write_page(found: Explanation, made: TrainedSurrogate, path: Path) -> Path:
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
