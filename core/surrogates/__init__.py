"""Surrogates in use: trained on stored rows, checked, explained, and never given the last word."""

from terranova.surrogates.standin import Answer, StandIn
from terranova.surrogates.training import train

__all__ = ["Answer", "StandIn", "train"]
