"""CMA-ES, one strategy an island or all islands at once, with and without a novelty reward."""
