"""The installation: versions, plugins, machine and MPI, and what is wrong with them."""
