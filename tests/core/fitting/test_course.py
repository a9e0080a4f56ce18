"""Units of work: what was done is not done again, and what it changed is put back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from terranova.fitting.course import Course, Progress, Streams


class Sum:
    """Adds up what it is given."""

    def __init__(self) -> None:
        self.total, self.calls = 0.0, 0

    def add(self, number: float) -> float:
        """Add a number; return the sum."""
        self.calls += 1
        self.total += number
        return self.total

    def state(self) -> float:
        """The sum."""
        return self.total

    def restore(self, state: float) -> None:
        """Put it back."""
        self.total = state


class Saved:
    """Keeps the progress after every unit, as a file would."""

    def __init__(self) -> None:
        self.of: list[Progress] = []

    def __call__(self, progress: Callable[[], Progress]) -> None:
        found = progress()
        results, states = json.loads(json.dumps([found.results, found.states]))
        self.of.append(Progress(results, states, dict(found.arrays)))


def _work(course: Course) -> tuple[Sum, list[float], Any]:
    """Three additions of random numbers, the last of which depends on what the second returned."""
    thing, rng = Sum(), np.random.default_rng(7)
    course.keep("sum", thing)
    course.keep("streams", Streams([rng]))
    said = [course.unit(float, lambda: thing.add(float(rng.random()))) for _ in range(2)]
    if course.unit(bool, lambda: thing.total > 0.0):
        said.append(course.unit(float, lambda: thing.add(float(rng.spawn(2)[1].random()))))
    said.append(course.unit(float, lambda: thing.add(float(rng.spawn(1)[0].random() + rng.random()))))
    return thing, said, course.unit(dict[str, int], lambda: {"n": 3})


def test_from_every_point_of_the_course_all_is_the_same() -> None:
    saved = Saved()
    whole, said, last = _work(Course(save=saved))
    assert len(saved.of) == 6
    for done, progress in enumerate(saved.of, start=1):
        again, said_again, last_again = _work(Course(progress, Saved()))
        assert (said_again, last_again, again.total) == (said, last, whole.total)
        assert again.calls == whole.calls - (done if done < 3 else min(done, 5) - 1)


def test_a_unit_within_another_is_part_of_it() -> None:
    saved = Saved()
    course, thing = Course(save=saved), Sum()
    assert course.unit(float, lambda: course.unit(float, lambda: thing.add(1.0)) + 1.0) == 2.0
    assert len(saved.of) == 1
    assert Course(saved.of[0], saved).unit(float, lambda: 0.0) == 2.0


def test_a_unit_that_fails_is_not_done() -> None:
    saved = Saved()
    course, thing = Course(save=saved), Sum()
    with pytest.raises(ZeroDivisionError):
        course.unit(float, lambda: thing.add(1.0) / 0.0)
    assert not saved.of
    assert course.unit(float, lambda: thing.add(1.0)) == 2.0
    assert len(saved.of) == 1


def test_without_anybody_to_save_units_are_done_and_no_more() -> None:
    thing = Sum()
    assert [Course().unit(object, lambda: thing.add(1.0)) for _ in range(2)] == [1.0, 2.0]
