"""The engine's watch: stops a batch when asked to, and stores what is done of a long one, in order."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from terranova.engine import watch as module
from terranova.engine.watch import EngineWatch
from terranova.interfaces.batch import Evaluation
from terranova.parallel.world import serial_world
from terranova.system.signals import Interrupted, StopRequest
from terranova.types import Ints


def _evaluation(values: list[float]) -> Evaluation:
    n = len(values)
    zeros = np.zeros(n, dtype=np.int8)
    return Evaluation(np.array(values)[:, None], zeros, [""] * n, zeros, np.zeros(n))


class Store:
    """Remembers what it is given."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.values: list[float] = []
        self.calls = 0

    def __call__(self, rows: Ints, evaluation: Evaluation) -> None:
        self.calls += 1
        self.rows += rows.tolist()
        self.values += evaluation.observables[:, 0].tolist()


def test_a_scan_that_is_to_stop_or_out_of_time_breaks_off() -> None:
    stop, late = StopRequest(), [False]
    watch = EngineWatch(serial_world(), stop, lambda: late[0])
    watch.poll()
    late[0] = True
    with pytest.raises(Interrupted):
        watch.poll()
    late[0] = False
    stop.ask(signal.SIGTERM)
    with pytest.raises(Interrupted):
        watch.poll()
    with pytest.raises(Interrupted), watch.breakable():
        pytest.fail("nothing is begun any more")


def test_a_fast_batch_is_not_stored_in_pieces() -> None:
    watch, store = EngineWatch(serial_world(), StopRequest(), lambda: False), Store()
    watch.begin(store)
    watch.rows = np.arange(10)
    watch.done(0, _evaluation([0.0, 1.0]))
    assert store.calls == 0


def test_a_long_batch_is_stored_in_the_order_of_its_points(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, store = EngineWatch(serial_world(), StopRequest(), lambda: False), Store()
    watch.begin(store)
    watch.rows = np.array([1, 3, 5, 7, 9])  # the others were stored before
    watch.done(3, _evaluation([7.0, 9.0]))
    watch.done(0, _evaluation([1.0, 3.0]))
    watch.end()
    assert store.rows == [1, 3, 7, 9]
    assert store.values == [1.0, 3.0, 7.0, 9.0]
    watch.end()
    assert store.calls == 1, "nothing is stored twice"
    monkeypatch.setattr(module, "STORE_EVERY", -1.0)
    watch.done(2, _evaluation([5.0]))
    assert store.rows[-1] == 5


def test_where_nothing_may_be_stored_early_nothing_is() -> None:
    watch = EngineWatch(serial_world(), StopRequest(), lambda: False)
    watch.begin(None)
    watch.rows = np.arange(2)
    watch.done(0, _evaluation([1.0]))
    watch.end()
