"""Physics shared by the models: Standard Model inputs, loop functions, running, decay widths.

Every function takes and returns plain floats (GeV where it has a dimension) and is compiled with numba, so
that a model's kernel can call it once per point and a test can call it from Python. Importing this package
itself compiles nothing.
"""
