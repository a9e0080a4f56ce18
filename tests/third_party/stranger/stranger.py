"""A whole plugin in one file: a model, its limits, and a sampler."""

from terranova import ConstraintSet, Model, Observable, Parameter, Sampler, Uniform, Window, hookimpl


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
