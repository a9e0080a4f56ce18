"""Checks of options that several samplers have."""

from __future__ import annotations

from collections.abc import Sequence

from terranova.errors import did_you_mean


def check_choice(option: str, given: str, known: Sequence[str]) -> None:
    """Raise ValueError unless what was given is one of the known names."""
    if given not in known:
        raise ValueError(f"{option} must be one of {', '.join(known)}, got {given!r}{did_you_mean(given, known)}")


def check_least(option: str, given: int, least: int) -> None:
    """Raise ValueError for a number below the least."""
    if given < least:
        raise ValueError(f"{option} must be at least {least}, got {given}")


def check_popsize(popsize: int, least: int) -> None:
    """Raise ValueError for a population below the least; 0 stands for the default."""
    if popsize != 0 and popsize < least:
        raise ValueError(f"popsize must be at least {least} (or 0 for the default), got {popsize}")


def check_patience(patience: int) -> None:
    """Raise ValueError for a number of generations without progress below 1."""
    if patience < 1:
        raise ValueError(f"patience must be at least 1 generation, got {patience}")
