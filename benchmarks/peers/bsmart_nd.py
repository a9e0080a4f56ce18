"""BSMArt's own program with its scan CMAES_ND: a scan.json, and the model as a tool in ./Tools, as its users do.

Options: "focus" "all" (BSMArt's default, all parameters and observables) or "parameters"; "run": evaluations after
which a run ends and another begins (0: one run). The only change to BSMArt is the random seed, which it cannot be
given: the class cmaes.CMA that it makes gets one.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path

import numpy as np
from far_model import FarModel

TOOL = """
import __main__
from bsmart.HEPRun import HepTool

class NewTool(HepTool):
    def run(self, spc_file, temp_dir, log, data_point):
        values = __main__.model([data_point.inputs])[1][0]
        data_point.obs_dict.update(zip(__main__.model.names, map(float, values)))
"""


def card(focus: str, generations: int, run: int) -> dict:
    """The scan as BSMArt reads it: variables are the unit cube, observables have the windows as C-functions."""
    names = [f"u{i}" for i in range(model.dimension)]
    observables = {}
    for name, low, high in zip(model.names, model.low, model.high, strict=True):
        ends = {"LOWER_BOUND": low, "UPPER_BOUND": high}
        finite = {key: float(end) for key, end in ends.items() if math.isfinite(end)}
        observables[name] = {"SCALING": "CFUNCTION", **finite}
    setup = {
        "RunName": f"run{run}",
        "Type": "CMAES_ND",
        "Cores": 1,
        "Skip SLHA Files": "True",
        "StoreAllPoints": "False",
        "Use TQDM": "False",
        "Temporary Directory": str(Path.cwd() / f"temporary{run}"),
        "CMAESMaxGenerations": generations,
        "CMAESGoodPointsEarlyStop": 10**9,
    }
    if focus == "parameters":
        setup["CMAESFocus"] = {"Variables": names, "Observables": []}
    return {
        "Setup": setup,
        "Codes": {"far_tool": {"Run": "True", "Observables": observables}},
        "Variables": {name: {"RANGE": [0.0, 1.0]} for name in names},
        "Observables": {},
    }


def main() -> None:
    """Run scans until the budget is spent."""
    import cmaes
    from bsmart.scripts import bsmart_run

    rng = np.random.default_rng(model.seed)

    class Seeded(cmaes.CMA):
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, seed=int(rng.integers(2**31)), **kwargs)

    cmaes.CMA = Seeded
    np.random.seed(int(rng.integers(2**31)))  # noqa: NPY002  BSMArt draws its first mean from it
    Path("Tools").mkdir()
    Path("Tools/far_tool.py").write_text(TOOL)
    population = 4 + math.floor(3 * math.log(model.dimension))
    each = model.options["run"] or model.budget
    model.start()
    home, run = Path.cwd(), 0
    while True:
        os.chdir(home)  # BSMArt ends in a folder that it deletes
        run += 1
        Path("scan.json").write_text(json.dumps(card(model.options["focus"], math.ceil(each / population), run)))
        sys.argv = ["BSMArt", "scan.json", "--NoMPI"]
        bsmart_run.main()


if __name__ == "__main__":
    model = FarModel()
    main()
