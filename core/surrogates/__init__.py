"""Surrogates in use: trained on stored rows, validated, explained, and never given the last word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from terranova.surrogates.trained import Answer, TrainedSurrogate
    from terranova.surrogates.training import train

__all__ = ["Answer", "TrainedSurrogate", "train"]


def __getattr__(name: str) -> Any:
    # The command line imports this package to know its commands: the store and the rest come when they are used.
    if name in ("Answer", "TrainedSurrogate"):
        from terranova.surrogates import trained

        return getattr(trained, name)
    if name == "train":
        from terranova.surrogates import training

        return training.train
    raise AttributeError(f"module 'terranova.surrogates' has no attribute {name!r}")
