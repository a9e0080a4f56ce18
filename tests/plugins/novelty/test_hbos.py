"""The histogram detectors: additive, bounded, blind to order, robust against outliers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terranova.interfaces.novelty import NoveltyDetector
from terranova.plugins.novelty.hbos import Hbos
from terranova.plugins.novelty.hbos_pairs import HbosPairs
from terranova.registry import registry
from terranova.types import Floats

FEATURES = 3
HERE = np.zeros(1, dtype=np.int64)


KINDS: list[type[Hbos] | type[HbosPairs]] = [Hbos, HbosPairs]
both = pytest.mark.parametrize("kind", KINDS)


def points(seed: int, n: int) -> Floats:
    return np.random.default_rng(seed).beta(2.0, 5.0, (n, FEATURES))


def at(n: int, island: int = 0) -> np.ndarray:
    return np.full(n, island, dtype=np.int64)


seeds, sizes = st.integers(0, 1000), st.integers(0, 60)


def test_they_are_registered() -> None:
    for kind in KINDS:
        assert registry().get("novelty", kind.name).target is kind


@both
@settings(deadline=None)
@given(seeds, sizes, seeds, sizes)
def test_merging_commutes_and_adds(kind: type[Hbos], seed: int, n: int, other_seed: int, other_n: int) -> None:
    mine, other = points(seed, n), points(other_seed, other_n)
    ranks: list[NoveltyDetector] = [kind(FEATURES, 2), kind(FEATURES, 1)]
    ranks[0].update(mine, at(n, 1))
    ranks[1].update(other, at(other_n))
    total = ranks[0].pending() + ranks[1].pending()
    alone = kind(FEATURES, 1)
    alone.update(np.concatenate([other, mine]), at(n + other_n))
    assert np.array_equal(total, alone.pending())
    for detector in (*ranks, alone):
        detector.merge(total)
        assert not detector.pending().any()
    questions = points(5, 20)
    answers = [detector.score(questions, at(20)) for detector in (*ranks, alone)]
    assert np.array_equal(answers[0], answers[1])
    assert np.array_equal(answers[0], answers[2])


@both
@settings(deadline=None)
@given(seeds, st.integers(1, 200))
def test_scores_are_between_zero_and_one(kind: type[Hbos], seed: int, n: int) -> None:
    detector = kind(FEATURES, 1)
    detector.update(points(seed, n), at(n))
    detector.merge(detector.pending())
    edges = np.array([[0.0] * FEATURES, [1.0] * FEATURES])
    scores = detector.score(np.concatenate([points(seed, n), edges]), at(n + 2))
    assert np.all((scores >= 0.0) & (scores <= 1.0))


@both
def test_everything_is_new_to_an_empty_detector(kind: type[Hbos]) -> None:
    assert kind(FEATURES, 1).score(points(1, 4), at(4)).tolist() == [1.0] * 4


def test_places_with_fewer_points_are_more_novel() -> None:
    detector = Hbos(1, 1)
    detector.update(np.linspace(0.1, 0.4, 3000)[:, None], at(3000))
    detector.update(np.linspace(0.6, 0.7, 100)[:, None], at(100))
    crowded, sparse, empty = detector.score(np.array([[0.25], [0.65], [0.9]]), at(3))
    assert crowded < sparse < empty == 1.0


def test_one_outlier_does_not_change_the_other_scores() -> None:
    detector, questions = Hbos(1, 1), np.array([[0.25], [0.3], [0.5]])
    detector.update(np.linspace(0.2, 0.4, 5000)[:, None], at(5000))
    before = detector.score(questions, at(3))
    detector.update(np.array([[0.99]]), at(1))
    assert detector.score(questions, at(3)) == pytest.approx(before, abs=1e-3)


def test_an_island_knows_its_own_finds_but_not_its_neighbours() -> None:
    detector, place = Hbos(FEATURES, 2), points(1, 1)
    detector.update(place, HERE)
    assert detector.score(place, HERE)[0] < 0.9
    assert detector.score(place, HERE + 1)[0] == 1.0
    detector.merge(detector.pending())
    assert detector.score(place, HERE + 1)[0] == detector.score(place, HERE)[0] < 0.5


@both
def test_state_restores_what_is_shared(kind: type[Hbos]) -> None:
    detector, other = kind(FEATURES, 2), kind(FEATURES, 5)
    detector.update(points(1, 50), at(50))
    detector.merge(detector.pending())
    other.update(points(2, 50), at(50))
    other.restore(detector.state())
    assert not other.pending().any()
    assert np.array_equal(other.score(points(3, 9), at(9, 4)), detector.score(points(3, 9), at(9)))


@both
def test_memory_does_not_grow(kind: type[Hbos]) -> None:
    detector = kind(FEATURES, 1)
    size = detector.pending().nbytes
    for seed in range(20):
        detector.update(points(seed, 1000), at(1000))
    assert detector.pending().nbytes == size


def test_pairs_see_what_single_features_cannot() -> None:
    """Two clusters on the diagonal: off it, every value is known and no combination is."""
    diagonal = np.repeat([[0.25, 0.25], [0.75, 0.75]], 500, axis=0)
    questions = np.array([[0.25, 0.25], [0.25, 0.75]])
    single, pairs = Hbos(2, 1), HbosPairs(2, 1)
    for detector in (single, pairs):
        detector.update(diagonal, at(1000))
        detector.merge(detector.pending())
    seen, combined = single.score(questions, at(2))
    assert seen == combined
    seen, combined = pairs.score(questions, at(2))
    assert combined > seen + 0.4


def test_one_feature_has_no_pairs() -> None:
    detector = HbosPairs(1, 1)
    detector.update(np.array([[0.5]]), HERE)
    detector.merge(detector.pending())
    assert detector.score(np.array([[0.9]]), HERE)[0] == 1.0


@pytest.mark.parametrize("options", [{"bins": ()}, {"bins": (1,)}])
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        Hbos(FEATURES, 1, **options)  # type: ignore[arg-type]
