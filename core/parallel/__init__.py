"""Ranks: who else takes part, how they talk, wait and leave together."""
