"""Comparisons of samplers: equal budgets, many seeds, intervals, and a test before the word "better"."""

from terranova.comparison.results import Comparison, ProblemResults, Row
from terranova.comparison.truth import KnownRegion

__all__ = ["Comparison", "KnownRegion", "ProblemResults", "Row"]
