"""Starting points of the scotogenic model: in the box, with the neutrino data built in, aligned when asked."""

from __future__ import annotations

import numpy as np
import pytest

import terranova
from terranova import SearchSpace
from terranova.engine.islands import Share, make_archipelago
from terranova.registry import registry

SECTORS = ("theory", "higgs", "collider", "neutrino", "lfv", "dark-matter")
SETS = ("electroweak", *(f"scotogenic-{sector}" for sector in SECTORS))


@pytest.mark.parametrize("variant", ["ci37c", "full43"])
@pytest.mark.parametrize("window", ["wp25", "wp20"])
def test_seeds_have_neutrino_data_and_the_muon_moment(variant: str, window: str) -> None:
    problem = terranova.problem(f"scotogenic-{variant}", [*SETS, f"g2-{window}"])
    suggest = problem.search_space.seeds
    assert suggest is not None
    u = suggest(np.random.default_rng(1), 40)
    assert u.shape == (40, problem.search_space.dimension)
    assert ((u >= 0) & (u <= 1)).all()
    assert np.array_equal(u, suggest(np.random.default_rng(1), 40))
    x = problem.model.space.to_physical(u)
    violations, _ = problem.score(x, problem.evaluate(x).observables)
    broken = {c.name: (violations[:, k] > 0).mean() for k, c in enumerate(problem.constraints)}
    for name in ("mh", "dm21", "dm31", "s12", "s13", "s23", "dcp"):
        # Couplings below the box of full43 are raised to its edge, which can shift neutrino data.
        assert broken[name] <= (0.0 if variant == "ci37c" else 0.5), name
    if window == "wp20":
        assert broken["da_mu"] == 0.0
        assert broken["BR_mu_egamma"] == 0.0
        assert broken["bfb"] == broken["sigma_over_LZ"] == 0.0
        # Masses are such that the relic density is about right: some are valid as they are.
        assert (violations == 0.0).all(axis=1).mean() > 0.03


@pytest.mark.parametrize("name", ["cmaes-novelty", "nsga2", "nsga3"])
def test_a_sampler_starts_from_seeds_and_refuses_without(name: str) -> None:
    problem = terranova.problem("scotogenic-ci37c", [*SETS, "g2-wp20"])
    plugin = registry().get("sampler", name).target
    sampler = make_archipelago(plugin, problem.search_space, 3, Share(0, 2), {"start": "seeds"})
    u = sampler.ask().u
    x = problem.model.space.to_physical(u)
    violations, _ = problem.score(x, problem.evaluate(x).observables)
    moment = [c.name for c in problem.constraints].index("da_mu")
    assert (violations[:, moment] == 0.0).mean() > 0.9
    bare = SearchSpace(("a", "b"), np.zeros(2, dtype=bool))
    with pytest.raises(ValueError, match="suggests points"):
        make_archipelago(plugin, bare, 3, Share(0, 2), {"start": "seeds"})
    with pytest.raises(ValueError, match="did you mean 'seeds'"):
        make_archipelago(plugin, problem.search_space, 3, Share(0, 2), {"start": "seed"})
    assert terranova.problem("scotogenic-ci37", ["g2-wp20"]).search_space.seeds is None
