"""The two-Higgs-doublet model as a plugin of terranova."""

from pathlib import Path

from terranova import hookimpl

FOLDER = Path(__file__).parent


@hookimpl
def terranova_models():
    from thdm2.model import THDM2

    return [THDM2]


@hookimpl
def terranova_constraint_sets():
    return [FOLDER / "theory.yaml", FOLDER / "data.yaml"]
