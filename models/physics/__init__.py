"""Physics shared by the models: Standard Model inputs, loop functions, running, decay widths.

Every scalar function takes and returns plain floats, in GeV where it has a dimension. Called from Python it is
an ordinary function; called from a model's kernel it is compiled by numba. Importing this package compiles nothing.
"""
