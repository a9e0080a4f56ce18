"""NSGA-II and NSGA-III on constraints as objectives."""
