"""A plugin whose model is called like somebody else's."""

from terranova import Model, Observable, Parameter, Uniform, hookimpl


class Annulus(Model):
    name = "annulus"
    parameters = (Parameter("x", Uniform(0.0, 1.0)),)
    observables = (Observable("r2"),)

    def evaluate(self, points):
        return {"r2": points["x"] ** 2}


@hookimpl
def terranova_models():
    return [Annulus]
