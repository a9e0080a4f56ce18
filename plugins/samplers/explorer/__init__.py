"""The explorer: Jacobians at novel points, CMA-ES and a solver map the valid region."""
