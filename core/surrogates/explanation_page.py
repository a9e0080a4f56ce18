"""The page and the table of `terranova surrogate explain`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from terranova.interfaces.priors import LogUniform, SignedLogUniform
from terranova.pages.blocks import Picture
from terranova.pages.table import Table, numbers
from terranova.surrogates import page
from terranova.surrogates.explanation import Explanation
from terranova.surrogates.figures import shap_dependence, shap_summary
from terranova.surrogates.trained import TrainedSurrogate


def table(told: Explanation) -> Table:
    """Return the table of mean |SHAP|: targets by parameters, as shares."""
    rows = [
        [name, scale, *(f"{100 * share:.1f} %" for share in told.share(name))]
        for name, scale in zip(told.targets, told.scales, strict=True)
    ]
    return Table(numbers("target", "learned as", *told.parameters), rows)


def sentences(told: Explanation) -> list[str]:
    """Say which parameters drive each constraint, and the total."""
    texts = [
        f"Sample: {told.sample}. Shares of the mean |SHAP value| over it; another sample has others. "
        "SHAP explains the fitted function, not the physics: a bound comes from the likelihood."
    ]
    for name, read in told.drives.items():
        causes = "; ".join(f"{target}: {_strongest(told, target)}" for target in read)
        texts.append(
            f"{name} is driven through {causes}." if name != "total" else f"The total log-likelihood: {causes}."
        )
    return texts


def _strongest(told: Explanation, target: str) -> str:
    share = told.share(target)
    order: Sequence[int] = np.argsort(-share)[:3].tolist()
    return ", ".join(f"{told.parameters[i]} {100 * share[i]:.0f} %" for i in order if share[i] >= 0.01) or "nothing"


def write_page(told: Explanation, trained: TrainedSurrogate, path: Path) -> Path:
    """Write the page with summary and dependence plots.

    Raises:
        RunError: it cannot be written.
    """
    kinds = {LogUniform: "log", SignedLogUniform: "symlog"}
    scales = [kinds.get(type(p.prior), "linear") for p in trained.problem.model.space.free]
    pictures = []
    for j, name in enumerate(told.targets):
        values = told.values[:, j]
        pictures += [
            Picture(
                partial(shap_summary, told.parameters, values, told.u),
                f"{name}: SHAP values ({told.scales[j]} scale) of {len(values)} points, each a dot; {told.sample}.",
            ),
            Picture(
                partial(shap_dependence, told.parameters, values, told.x, scales),
                f"{name}: the same against the parameters that matter most.",
            ),
        ]
    return page.write(path, "What drives a surrogate", trained, sentences(told), table(told), pictures)
