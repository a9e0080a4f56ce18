"""Small data files in the format of HiggsTools, with numbers made up for easy arithmetic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from terranova.plugins.higgs_limits.constraint import HiggsLimits

COMMON: dict[str, Any] = {
    "id": 1,
    "reference": "2001.00001",
    "citeKey": "Made:2020up",
    "collider": "LHC13",
    "experiment": "ATLAS",
    "luminosity": 139.0,
    "source": "made up for tests",
}

TAUS: dict[str, Any] = {
    **COMMON,
    "limitClass": "ChannelLimit",
    "process": {"channels": [["ggH", "tautau"], ["bbH", "tautau"]]},
    "analysis": {
        "massResolution": {"absolute": 0.0, "relative": 0.1},
        "grid": {"mass": [200.0, 300.0, 500.0]},
        "limit": {"expected": [0.4, 0.2, 0.1], "observed": [0.8, 0.2, 0.05]},
    },
}
"""gg and bb -> X -> tau tau."""

WIDE: dict[str, Any] = {
    **COMMON,
    "id": 2,
    "limitClass": "ChannelWidthLimit",
    "process": {"channels": [["ggH", "tt"]]},
    "analysis": {
        "grid": {"mass": [400.0, 600.0], "width": [0.01, 0.05]},
        "relativeWidth": True,
        "limit": {"expected": [1.0, 2.0, 3.0, 4.0], "observed": [2.0, 4.0, 6.0, 8.0]},
    },
}
"""gg -> X -> tt, against mass and relative width."""

CHAIN: dict[str, Any] = {
    **COMMON,
    "id": 3,
    "limitClass": "ChainDecayLimit",
    "process": {"chain": "Z", "production": ["ggH", "bbH"], "decay": ["bb", "tautau"]},
    "analysis": {
        "grid": {"massMother": [300.0, 500.0], "massDaughter": [100.0, 200.0]},
        "limit": {"expected": [0.1, 0.2, 0.3, 0.4], "observed": [0.2, 0.4, 0.6, 0.8]},
    },
}
"""gg, bb -> A -> Z H, H -> bb or tau tau."""

PAIR: dict[str, Any] = {
    **COMMON,
    "id": 4,
    "limitClass": "PairDecayLimit",
    "process": {"production": ["ggH"], "firstDecay": ["bb", "tautau"], "secondDecay": ["bb", "tautau"]},
    "analysis": {
        "equalDaughterMasses": True,
        "massResolution": {
            "mother": {"absolute": 0.0, "relative": 0.1},
            "firstDaughter": {"absolute": 5.0, "relative": 0.0},
            "secondDaughter": {"absolute": 5.0, "relative": 0.0},
        },
        "grid": {"massMother": [300.0, 500.0], "massFirstDaughter": [100.0, 150.0]},
        "limit": {"expected": [0.1, 0.2, 0.3, 0.4], "observed": [0.1, 0.1, 0.1, 0.1]},
    },
}
"""gg -> X -> hh, h -> bb or tau tau."""

PRODUCED: dict[str, Any] = {
    **COMMON,
    "id": 5,
    "collider": "LEP",
    "limitClass": "PairProductionLimit",
    "process": {"firstDecay": ["taunu"], "secondDecay": ["taunu", "cs"]},
    "analysis": {
        "equalParticleMasses": True,
        "grid": {"massFirstParticle": [60.0, 100.0]},
        "limit": {"expected": [0.1, 0.3], "observed": [0.1, 0.2]},
    },
}
"""e+ e- -> H+ H-."""

LIKELIHOOD: dict[str, Any] = {
    **COMMON,
    "id": 6,
    "limitClass": "LikelihoodLimit",
    "process": [{"channels": [["ggH", "tautau"]]}],
    "analysis": {
        "grid": {"mass": [200.0, 400.0], "channels": [[0.0, 1.0, 2.0]]},
        "likelihood": {"expected": [0.0, 4.0, 16.0, 0.0, 8.0, 32.0], "observed": [0.0, 4.0, 16.0, 0.0, 8.0, 32.0]},
    },
}
"""q of one rate: that of the data is that of the background, so that observed is expected."""

TWO_RATES: dict[str, Any] = {
    **COMMON,
    "id": 7,
    "limitClass": "LikelihoodLimit",
    "process": [{"channels": [["ggH", "tautau"]]}, {"channels": [["bbH", "tautau"]]}],
    "analysis": {
        "stackedLlhGrid": [
            {
                "mass": mass,
                "channels": [[0.0, 1.0], [0.0, 2.0]],
                "expected": [0.0, 4.0 * k, 8.0 * k, 12.0 * k],
                "observed": [0.0, 2.0 * k, 4.0 * k, 6.0 * k],
            }
            for mass, k in ((200.0, 1.0), (400.0, 2.0))
        ]
    },
}
"""q = k (8 x + 2 y) expected, and half of it observed; k = 1 at 200 GeV and 2 at 400 GeV."""

EVERY_CLASS = {
    "taus": TAUS,
    "wide": WIDE,
    "chain": CHAIN,
    "pair": PAIR,
    "produced": PRODUCED,
    "likelihood": LIKELIHOOD,
    "two_rates": TWO_RATES,
}


def write(folder: Path, **files: Any) -> Path:
    """Write data files into a folder of the folder; return it."""
    data = folder / "data"
    (data / "deeper").mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (data / "deeper" / f"{name}.json").write_text(text, encoding="utf-8")
    return data


def changed(data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a copy of a data file with other values: `analysis__grid__mass=[1, 2]`; None takes the key away."""
    copy: dict[str, Any] = json.loads(json.dumps(data))
    for path, value in changes.items():
        *outer, last = path.split("__")
        inner = copy
        for key in outer:
            inner = inner.setdefault(key, {})
        if value is None:
            del inner[last]
        else:
            inner[last] = value
    return copy


def limits(folder: Path, particles: dict[str, Any], files: dict[str, Any], **keys: Any) -> HiggsLimits:
    """Return the constraint of some data files."""
    directory = write(folder, **files)
    return HiggsLimits(name="searches", source="made up", directory=str(directory), particles=particles, **keys)


def neutral(name: str, **more: Any) -> dict[str, Any]:
    """Return a neutral particle whose mass, ggH, bbH and decays are observables named after it."""
    return {
        "mass": f"m_{name}",
        "production": {"ggH": f"gg_{name}", "bbH": f"bb_{name}"},
        "decays": {"tautau": f"tautau_{name}"},
        **more,
    }
