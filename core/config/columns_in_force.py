"""Columns of a problem beyond those of its model: priors in force, parameters of expressions, and expressions."""

from __future__ import annotations

from collections.abc import Sequence

from terranova.config.problem_reading import LocatedProblem
from terranova.errors import ContractError, did_you_mean
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.derived_observables import DerivedObservable
from terranova.evaluation.problem import reading
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.expressions import Expression, ExpressionError, is_name
from terranova.interfaces.model import Observable
from terranova.interfaces.parameters import Parameter
from terranova.interfaces.prior_words import CONDITION, prior_expressions
from terranova.interfaces.priors import Prior
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Place

LocatedSet = tuple[ConstraintSet, Sequence[Place]]
"""A set of a problem, and where each of its constraints stands."""


def with_priors(
    model: BoundModel, located: LocatedProblem, sets: Sequence[LocatedSet], diagnostics: Diagnostics
) -> BoundModel:
    """Put the priors of the document into force, and add what expressions read and compute."""
    given = dict(located.parameters)
    added = _auxiliary(model, located, sets, diagnostics)
    for name in added:
        del given[name]
    known = model.space.names
    for name in [name for name in given if name not in known]:
        hint = did_you_mean(name, known)
        message = f"model {model.name!r} has no parameter {name!r}{hint}"
        diagnostics.add((*located.path, "parameters", name), message, at_key=True)
        del given[name]
    _check_units(model, located, diagnostics)
    for name, prior in list(located.parameters.items()):
        for key, text in prior_expressions(prior):
            for read in Expression(text).names:
                if read not in known and read not in added:
                    hint = did_you_mean(read, [*known, *added])
                    expected = "" if key == CONDITION else f"expected a number, got {text!r}: as an expression, it "
                    where = (*located.path, "parameters", name, *((key,) if key else ()))
                    diagnostics.add(where, f"{expected}reads {read!r}, which is no parameter{hint}")
                    given.pop(name, None)
                    added.pop(name, None)
                    break
    try:
        further = [Parameter(name, prior, located.units.get(name, "")) for name, prior in added.items()]
        space = model.space.extended(further).override(given)
    except ValueError as error:
        diagnostics.add((*located.path, "parameters"), str(error))
        return model
    if space.dimension == 0:
        diagnostics.add((*located.path, "parameters"), "every parameter is fixed: nothing is left to scan")
    return _with_observables(BoundModel(model.plugin, space), located, diagnostics)


def _auxiliary(
    model: BoundModel, located: LocatedProblem, sets: Sequence[LocatedSet], diagnostics: Diagnostics
) -> dict[str, Prior]:
    """Return the parameters that the model does not have, and that expressions read, directly or by one another."""
    known = {*model.space.names, *(o.name for o in model.observables)}
    candidates = {n: p for n, p in located.parameters.items() if n not in known and is_name(n)}
    texts = [choice.expression for choice in located.observables.values()]
    texts += [name for group, _ in sets for c in group for name in c.observables if name not in known]
    read = {name for text in texts for name in _names(text)}
    read |= {name for n, p in located.parameters.items() if n not in candidates for name in p.reads}
    added: dict[str, Prior] = {}
    while more := {n: p for n, p in candidates.items() if n in read and n not in added}:
        added |= more
        read |= {name for prior in more.values() for name in prior.reads}
    return {name: prior for name, prior in candidates.items() if name in added}


def _names(text: str) -> tuple[str, ...]:
    try:
        return Expression(text).names
    except ExpressionError:
        return ()


def _check_units(model: BoundModel, located: LocatedProblem, diagnostics: Diagnostics) -> None:
    for parameter in model.space:
        unit = located.units.get(parameter.name, parameter.unit)
        if unit != parameter.unit:
            message = f"{parameter.name!r} of model {model.name!r} is in {parameter.unit!r}, not in {unit!r}"
            diagnostics.add((*located.path, "parameters", parameter.name, "unit"), message)


def _with_observables(model: BoundModel, located: LocatedProblem, diagnostics: Diagnostics) -> BoundModel:
    """Add the observables that are expressions: one by one, so that each gets its own complaint."""
    path = (*located.path, "observables")
    taken = {o.name: "observable" for o in model.observables} | dict.fromkeys(model.space.names, "parameter")
    wanted = {}
    for name, choice in located.observables.items():
        if name in taken:
            message = f"model {model.name!r} has {_article(taken[name])} {name!r} already: choose another name"
            diagnostics.add((*path, name), message, at_key=True)
            continue
        observable = Observable(name, choice.unit, choice.latex, choice.description, scale=choice.scale)
        wanted[name] = DerivedObservable(observable, Expression(choice.expression))
    try:
        return model.deriving(list(wanted.values()))
    except (ExpressionError, ContractError) as error:
        blamed = next((n for n, d in wanted.items() if repr(d.expression.text) in str(error)), None)
        diagnostics.add(path if blamed is None else (*path, blamed), str(error))
        return model


def _article(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def with_expressions(model: BoundModel, sets: Sequence[LocatedSet], diagnostics: Diagnostics) -> BoundModel:
    """Add an observable for each expression that a constraint reads in the place of a name."""
    for group, places in sets:
        for constraint, place in zip(group, places, strict=True):
            try:
                model = reading(model, [constraint])
            except (ExpressionError, ContractError) as error:
                diagnostics.add_at(place, f"constraint {constraint.name!r}: {error}")
    return model
