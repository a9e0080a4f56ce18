"""Constrained test functions as models: valid are feasible points whose objective is near the known optimum.

Source: J. J. Liang et al., Problem Definitions and Evaluation Criteria for the CEC 2006 Special Session on
Constrained Real-Parameter Optimization, Nanyang Technological University (2006). The functions are those of pymoo
(arXiv:2002.04504).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from terranova import ConstraintSet, Model, Observable, Parameter, Uniform, Window
from terranova.errors import PluginMissing
from terranova.types import Floats

SOURCE = "J. J. Liang et al., report of the CEC 2006 special session, as implemented in pymoo, arXiv:2002.04504"
DATE = "2006-09-18"

EQUALITY = 1e-4
"""An equation is fulfilled within this, as the report has it."""

NEAR = 0.01
"""Valid objectives are within this part of max(1, |optimum|) of the optimum; the report asks for 1e-4."""


class Size(NamedTuple):
    """Parameters, inequalities and equations of a function, and its known optimum (report, table 1)."""

    parameters: int
    inequalities: int
    equations: int
    optimum: float


SIZES: Mapping[int, Size] = {
    1: Size(13, 9, 0, -15.0),
    2: Size(20, 2, 0, -0.8036191042),
    3: Size(10, 0, 1, -1.0005001000),
    4: Size(5, 6, 0, -30665.5386717834),
    5: Size(4, 2, 3, 5126.4967140071),
    6: Size(2, 2, 0, -6961.8138755802),
    7: Size(10, 8, 0, 24.3062090681),
    8: Size(2, 2, 0, -0.0958250415),
    9: Size(7, 4, 0, 680.6300573745),
    10: Size(8, 6, 0, 7049.2480205286),
    11: Size(2, 1, 0, 0.75),  # an equation in the report; pymoo has the inequality, with this optimum
    12: Size(3, 1, 0, -1.0),
    13: Size(5, 0, 3, 0.0539415140),
    14: Size(10, 0, 3, -47.7648884595),
    15: Size(3, 0, 2, 961.7150222899),
    16: Size(5, 38, 0, -1.9051552586),
    17: Size(6, 0, 4, 8853.5396748064),
    18: Size(9, 13, 0, -0.8660254038),
    19: Size(15, 5, 0, 32.6555929502),
    21: Size(7, 1, 5, 193.7245100700),
    22: Size(22, 1, 19, 236.4309755040),
    23: Size(9, 2, 4, -400.0551000000),
    24: Size(2, 2, 0, -5.5080132716),
}
"""Without 20, of which no feasible point is known.

The tests compare the numbers with the optima that pymoo has.
"""


class Cec2006(Model):
    """A constrained test function. Parameters are fractions of the ranges of its variables.

    Raises:
        PluginMissing: pymoo is not installed.
    """

    version = "1"
    citations = (SOURCE,)
    number: ClassVar[int]

    def __init__(self) -> None:
        try:
            from pymoo.problems.single import g
        except ImportError as error:
            raise PluginMissing(
                f"model {self.name!r} needs pymoo, which is not installed: pip install 'terranova[optimisers]'"
            ) from error
        self._function: Any = getattr(g, f"G{self.number}")()
        self.parameters = [Parameter(f"x{i}", Uniform(0.0, 1.0)) for i in range(SIZES[self.number].parameters)]
        self.observables = [Observable(name) for name in self.windows()]

    @classmethod
    def windows(cls) -> dict[str, tuple[float, float]]:
        """Observable -> the interval in which it is accepted."""
        size = SIZES[cls.number]
        equality = (-EQUALITY, EQUALITY)
        return {
            "objective": (-np.inf, size.optimum + NEAR * max(1.0, abs(size.optimum))),
            **{f"g{i}": (-np.inf, 0.0) for i in range(size.inequalities)},
            **{f"h{i}": equality for i in range(size.equations)},
        }

    @classmethod
    def constraints(cls) -> ConstraintSet:
        """The windows, as a set of the model's name."""
        windows = [
            Window(name=name, observables=(name,), source=SOURCE, date=DATE, lower=low, upper=high)
            for name, (low, high) in cls.windows().items()
        ]
        known = {"model": cls.name, "version": cls.version, "description": cls.description}
        return ConstraintSet(cls.name, tuple(windows), reproduces=SOURCE, **known)

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        u = np.column_stack([points[parameter.name] for parameter in self.parameters])
        low, high = self._function.xl, self._function.xu
        with np.errstate(all="ignore"):  # some functions have poles within their ranges
            found = self._function.evaluate(low + (high - low) * u, return_values_of=["F", "G", "H"])
        values = np.column_stack(found)
        return dict(zip((o.name for o in self.observables), values.T, strict=True))


def _function(number: int) -> type[Cec2006]:
    size = SIZES[number]
    words = f"{size.inequalities} inequalities, {size.equations} equations"
    of = {
        "name": f"cec-g{number:02d}",
        "description": f"test function g{number:02d} of CEC 2006: {size.parameters} parameters, {words}",
        "number": number,
        "__doc__": Cec2006.__doc__,
        "__module__": __name__,
    }
    return type(f"CecG{number:02d}", (Cec2006,), of)


FUNCTIONS: tuple[type[Cec2006], ...] = tuple(_function(number) for number in SIZES)
"""All of them, as plugins."""
