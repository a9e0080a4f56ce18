"""Where rows come from."""

import json
from importlib import metadata

from terranova.store import origin
from terranova.store.origin import Origin, terranova_version


def test_an_origin_survives_json():
    one = Origin("abc", 3, 7, "1.0", '{"seed": 1}')
    assert Origin(**json.loads(json.dumps(one.to_dict()))) == one


def test_the_version_is_that_of_the_distribution_or_unknown(monkeypatch):
    terranova_version.cache_clear()
    assert terranova_version() == metadata.version("terranova")

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(origin.metadata, "version", missing)
    terranova_version.cache_clear()
    assert terranova_version() == "unknown"
    terranova_version.cache_clear()
