"""Snapshots: ready for JSON, and for people."""

from __future__ import annotations

import json
import math

from terranova.engine.snapshot import Snapshot, clock, number


def test_what_is_not_known_yet_is_none_in_json_and_a_sign_for_people() -> None:
    snapshot = Snapshot(1.0, 0, 0.0, 0, 0, math.inf, -math.inf, 0.0, 0, 0.0, math.nan)
    content = json.loads(json.dumps(snapshot.to_dict(), allow_nan=False))
    assert (content["best_violation"], content["seconds_left"], content["evaluations"]) == (None, None, 0)
    assert (number(math.inf), number(0.5), clock(math.nan)) == ("-", "0.5", "?")
    assert [clock(s) for s in (4.2, 125, 11400)] == ["4s", "2m 05s", "3h 10m"]
