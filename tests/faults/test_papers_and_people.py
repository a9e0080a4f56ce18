"""What papers print and people write, through whole scans: read with its meaning, or refused with the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import terranova
from terranova import Model, Observable, Parameter, Uniform, hookimpl
from terranova.config import load_config
from terranova.errors import ConfigError, ContractError, TerranovaError
from terranova.registry import registry

pytestmark = pytest.mark.fault("F60")


class Three(Model):
    """Gives back what it gets."""

    name = "echo"
    parameters = tuple(Parameter(name, Uniform(-5.0, 5.0)) for name in "abc")
    observables = tuple(Observable(f"o{name}") for name in "abc")

    def evaluate(self, points: Any) -> Any:
        """Return a, b and c."""
        return {f"o{name}": points[name] for name in "abc"}


class Capitals(Three):
    """Two names that SQL takes for one."""

    name = "echo-capitals"
    parameters = (Parameter("mh", Uniform(0.0, 1.0)), Parameter("mH", Uniform(0.0, 1.0)))


class Taken(Three):
    """A name that every run has a column of."""

    name = "echo-taken"
    parameters = (*Three.parameters, Parameter("status", Uniform(0.0, 1.0)))


class Plugins:
    """They come as those of a stranger's package."""

    @staticmethod
    @hookimpl
    def terranova_models() -> list[type[Model]]:
        return [Three, Capitals, Taken]


@pytest.fixture(autouse=True)
def echo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry(), "plugins", list(registry().plugins))
    registry().register(Plugins, name="echo", origin="tests")


def _scan(output: Path, **keys: Any) -> terranova.Run:
    words = {
        "model": "echo",
        "sampler": {"name": "random", "islands": 1},
        "constraints": [],
        "budget": {"evaluations": 200},
    }
    return terranova.scan({**words, "output": str(output), **keys}, quiet=True)


def _correlated(**keys: Any) -> list[dict[str, Any]]:
    words = {
        "name": "k",
        "observables": ["oa", "ob", "oc"],
        "kind": "correlated",
        "values": [0, 0, 0],
        "max_chi2": 8,
    }
    return [{**words, "source": "mine", **keys}]


ROUNDED = [[1, 0.99, 0.7], [0.99, 1, 0.8], [0.7, 0.8, 1]]
EQUAL = {
    "triangle": {"sigmas": [1, 2, 1], "correlation": [[1], [0.3, 1], [0.1, 0.2, 1]]},
    "whole": {"sigmas": [1, 2, 1], "correlation": [[1, 0.3, 0.1], [0.3, 1, 0.2], [0.1, 0.2, 1]]},
    "covariance": {"covariance": [[1, 0.6, 0.1], [0.6, 4, 0.4], [0.1, 0.4, 1]]},
}


def test_matrices_mean_the_same_however_they_are_printed(tmp_path: Path) -> None:
    scores = {}
    for name, matrix in EQUAL.items():
        run = _scan(tmp_path / name, constraints=_correlated(**matrix))
        scores[name] = run.to_pandas()["loglike"].to_numpy()
        again = load_config(tmp_path / name / "config.yaml")
        assert again.problem == run.config.problem, "what was written is read as the same"
    np.testing.assert_allclose(scores["triangle"], scores["whole"], rtol=1e-12)
    np.testing.assert_allclose(scores["covariance"], scores["whole"], rtol=1e-12)


def test_a_rounded_matrix_is_refused_with_its_eigenvalue_or_mended_on_request(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"smallest eigenvalue.*nearest: true"):
        _scan(tmp_path / "run", constraints=_correlated(sigmas=[1, 1, 1], correlation=ROUNDED))
    singular = [[1, -1, 0], [-1, 1, 0], [0, 0, 1]]
    with pytest.raises(ConfigError, match="eigenvalue"):
        _scan(tmp_path / "run", constraints=_correlated(sigmas=[1, 1, 1], correlation=singular))
    assert not (tmp_path / "run").exists()
    run = _scan(tmp_path / "run", constraints=_correlated(sigmas=[1, 1, 1], correlation=ROUNDED, nearest=True))
    assert np.isfinite(run.to_pandas()["loglike"]).all()


@pytest.mark.parametrize(("name", "words"), [("echo-capitals", ("mh", "mH")), ("echo-taken", ("status",))])
def test_names_that_cannot_be_columns_are_refused_with_the_model(name: str, words: tuple[str, ...]) -> None:
    with pytest.raises((ContractError, TerranovaError)) as error:
        terranova.model(name)
    assert all(repr(word) in str(error.value) for word in words)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1:30:00", 5400.0),
        ("1-12:00:00", 129600.0),
        ("90:00", 5400.0),
        ("2 days", 172800.0),
        ("90", 90.0),
        (90, 90.0),
    ],
)
def test_durations_are_those_of_slurm(text: Any, seconds: float) -> None:
    words = {"model": "echo", "constraints": [], "sampler": "random", "output": "x", "budget": {"wall": text}}
    assert load_config(words).budget.wall == seconds


@pytest.mark.parametrize(
    ("prior", "said"),
    [
        ({"prior": "uniform", "lower": 3, "upper": 3}, "a: 3"),
        ({"prior": "uniform", "lower": 4, "upper": 3}, "lower"),
        ({"prior": "log", "lower": 0, "upper": 3}, "0"),
        ([1, 2], "lower: 1, upper: 2"),
    ],
)
def test_bounds_that_cannot_be_are_refused_with_the_way_out(prior: Any, said: str) -> None:
    words = {"model": "echo", "constraints": [], "sampler": "random", "output": "x", "budget": {"evaluations": 1}}
    with pytest.raises(ConfigError) as error:
        load_config({**words, "parameters": {"a": prior}})
    assert said in str(error.value)
