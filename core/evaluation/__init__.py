"""Points in, scored rows out: models as the engine uses them, problems, executors."""
