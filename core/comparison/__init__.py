"""Comparisons of samplers: equal budgets, many seeds, intervals, and a test before the word "better"."""

from terranova.comparison.known_region import KnownRegion
from terranova.comparison.results import Comparison, ProblemResults, Row

__all__ = ["Comparison", "KnownRegion", "ProblemResults", "Row"]
