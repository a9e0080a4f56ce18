"""The axion-like particle in B decays as a plugin. Importing it is light: numba loads with the first point."""

from __future__ import annotations

from terranova import Model, hookimpl
from terranova.models.alp.alpaca_model import AlpacaALP
from terranova.models.alp.model import AxionLikeParticle
from terranova.models.alp.plane import LifetimePlane

__all__ = ["AlpacaALP", "AxionLikeParticle", "LifetimePlane", "terranova_models"]


@hookimpl
def terranova_models() -> list[type[Model]]:
    """The models of this plugin."""
    return [AxionLikeParticle, LifetimePlane, AlpacaALP]
