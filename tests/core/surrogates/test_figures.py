"""Figures of surrogates: the strongest parameter stands on top, or first."""

from __future__ import annotations

import numpy as np

from terranova.surrogates.explanation import Explanation
from terranova.surrogates.figures import predicted_against_true, shap_dependence, shap_summary
from terranova.surrogates.validation import Check


def test_a_panel_for_each_prediction(measured: Check) -> None:
    assert [ax.get_title() for ax in predicted_against_true(measured.qualities).axes if ax.get_title()] == [
        "chi2",
        "away",
    ]


def test_the_strongest_parameter_is_on_top(told: Explanation) -> None:
    figure = shap_summary(told.parameters, told.values[:, 0], told.u)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()][-1] == "x"


def test_the_three_strongest_in_their_own_scales(told: Explanation) -> None:
    x = told.x - np.array([0.0, 0.5, 0.5, 0.0])
    axes = shap_dependence(told.parameters, told.values[:, 0], x, ("log", "symlog", "linear", "linear")).axes
    assert len(axes) == 3
    assert (axes[0].get_xlabel(), axes[0].get_xscale()) == ("x", "log")
