"""pymoo's minimize until the budget is spent; populations of 100 and its default operators.

Option "algorithm": "nsga2" with the violations as constraints (G) and their sum as the objective, or "nsga3" with
all violations as objectives, and as reference directions the corners and the points halfway to the centre. Both see
ln(1 + violation).
"""

from __future__ import annotations

import numpy as np
from far_model import FarModel

WORST = 1e6
"""Of a violation that is not a number."""


def main() -> None:
    """Run to the end."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.algorithms.moo.nsga3 import NSGA3
    from pymoo.core.problem import Problem
    from pymoo.optimize import minimize

    model = FarModel()
    many = model.options["algorithm"] == "nsga3"
    m = len(model.names)

    class Search(Problem):
        def _evaluate(self, x: np.ndarray, out: dict, *args: object, **kwargs: object) -> None:
            violations = np.nan_to_num(model(x)[0], nan=WORST, posinf=WORST)
            logs = np.log1p(violations)
            if many:
                out["F"] = logs
            else:
                out["F"], out["G"] = logs.sum(axis=1, keepdims=True), logs

    shape = {"n_obj": m} if many else {"n_obj": 1, "n_ieq_constr": m}
    problem = Search(n_var=model.dimension, xl=0.0, xu=1.0, **shape)
    if many:
        corners = np.eye(m)
        directions = np.concatenate([corners, 0.5 * corners + 0.5 / m])
        algorithm = NSGA3(directions, pop_size=max(100, len(directions)))
    else:
        algorithm = NSGA2(pop_size=100)
    model.start()
    minimize(problem, algorithm, ("n_eval", model.budget + 1000), seed=model.seed)


if __name__ == "__main__":
    main()
