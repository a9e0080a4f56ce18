"""A whole plugin in one file: a model, its limits, a sampler, and a kind of constraint."""

import dataclasses
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt

from terranova import (
    Constraint,
    ConstraintSet,
    KeyProblem,
    Model,
    Observable,
    Parameter,
    Sampler,
    Uniform,
    Window,
    hookimpl,
)


class Annulus(Model):
    name = "annulus"
    description = "a ring in the plane"
    parameters = (Parameter("x", Uniform(-3.0, 3.0)), Parameter("y", Uniform(-3.0, 3.0)))
    observables = (Observable("r2"),)

    def evaluate(self, points):
        return {"r2": points["x"] ** 2 + points["y"] ** 2}


class Darts(Sampler):
    """Points at random.

    Args:
        handful: points of a batch.
    """

    name = "darts"

    def __init__(self, space, rng, handful: int = 20):
        super().__init__(space, rng)
        self.handful = handful

    def ask(self):
        return self.rng.random((self.handful, self.space.dimension))

    def tell(self, batch):
        """Learn nothing."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Poisson(Constraint):
    """n events counted where a signal and a background b +- sigma_b are expected.

    The likelihood is profiled over the background: with t = s + b, t^2 - t (s + b - sigma_b^2) - n sigma_b^2 = 0 at
    its maximum (W. A. Rolke et al., arXiv:physics/0403059, section 3). A point is accepted up to `max_chi2` above
    the best signal.
    """

    n: Annotated[int, Ge(0)]
    b: Annotated[float, Gt(0)]
    sigma_b: Annotated[float, Gt(0)]
    max_chi2: Annotated[float, Gt(0)] = 4.0
    kind: ClassVar[str] = "poisson"

    @classmethod
    def key_problems(cls, keys, observables):
        if keys["sigma_b"] > keys["b"]:
            yield KeyProblem(("sigma_b",), "larger than the background itself")

    @property
    def measured(self):
        return self.observables

    def chi2(self, signal):
        s = np.maximum(signal, 0.0)
        half = 0.5 * (s + self.b - self.sigma_b**2)
        t = half + np.sqrt(half**2 + self.n * self.sigma_b**2)
        best = max(float(self.n), self.b)  # with a signal of n - b the background is as expected
        counts = t - best - self.n * np.log(t / best)
        return 2.0 * counts + ((t - s - self.b) / self.sigma_b) ** 2

    def violation(self, values):
        return np.maximum(0.0, self.chi2(values[:, 0]) - self.max_chi2) / self.scale

    def loglike(self, values):
        return -0.5 * self.chi2(values[:, 0])

    def describe(self):
        return f"{self.n} events over {self.b:g} ± {self.sigma_b:g}"


@hookimpl
def terranova_constraint_kinds():
    return [Poisson]


@hookimpl
def terranova_models():
    return [Annulus]


@hookimpl
def terranova_samplers():
    return [Darts]


@hookimpl
def terranova_constraint_sets():
    ring = Window(name="ring", observables=("r2",), lower=1.0, upper=4.0, source="chosen for this test")
    return [ConstraintSet("annulus-limits", (ring,), model="annulus")]
