"""Fits in which a surrogate proposes and the model decides."""
