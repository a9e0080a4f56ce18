"""What the file of a trained surrogate says about it, and the rows held out, checked against the problem."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from terranova.config import Consent, ProblemConfig, build_problem, load_problem
from terranova.errors import ConfigError, NotTrusted, RunMismatch, StoreCorrupt
from terranova.evaluation.problem import Problem
from terranova.interfaces.pieces import array_piece, read_array, read_json
from terranova.parsing import strict_yaml
from terranova.runs import provenance
from terranova.surrogates.dataset import LOGLIKE, Rows, identity, require_same

FORMAT = 2
ABOUT = "about.json"
_TEST = "test/{}.npy"
_NAME = re.compile(r"[\w.-]{1,100}")
_LARGEST = 1e300


@dataclass(frozen=True)
class About:
    """What a file says about its surrogate.

    Attributes:
        plugin: its name, with options, seed, and its version when it was trained.
        options, seed, plugin_version: of it.
        problem: the problem, as YAML.
        targets, cut, best, trained, identity: as those of `TrainedSurrogate`.
        versions: package -> version, of those that matter.
    """

    plugin: str
    plugin_version: str
    options: Mapping[str, Any]
    seed: int
    problem: str
    targets: tuple[str, ...]
    cut: float
    best: float
    trained: int
    identity: Mapping[str, Any]
    versions: Mapping[str, str]

    def piece(self) -> bytes:
        """Return the piece of a file that says so."""
        about = {"format": FORMAT, **vars(self), "best": self.best if math.isfinite(self.best) else None}
        return json.dumps(about, indent=1).encode()

    @classmethod
    def read(cls, data: bytes) -> About:
        """Return what `piece` made.

        Raises:
            ValueError: it is something else, or of another format.
        """
        content = read_json(data, ABOUT)
        if not isinstance(content, dict) or not isinstance(content.get("format"), int):
            raise ValueError(f"{ABOUT}: expected names and values, format among them")
        if content["format"] != FORMAT:
            raise ValueError(f"it has format {str(content['format'])[:20]}; this version reads format {FORMAT}")
        for text in _texts(content):
            if not strict_yaml.is_text(text):
                raise ValueError(f"{ABOUT}: holds a control character")

        def get(name: str, kind: type | tuple[type, ...], expected: str) -> Any:
            value = content.get(name)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise ValueError(f"{ABOUT}: {name}: expected {expected}")
            return value

        targets = get("targets", list, "names")
        if not targets or not all(isinstance(name, str) for name in targets) or len(set(targets)) < len(targets):
            raise ValueError(f"{ABOUT}: targets: expected different names")

        def number(name: str, low: float) -> float:
            value = get(name, (int, float), "a number")
            if not low <= value <= _LARGEST:
                raise ValueError(f"{ABOUT}: {name}: expected a number from {low:g} to {_LARGEST:g}")
            return float(value)

        about = cls(
            plugin=get("plugin", str, "a name"),
            plugin_version=get("plugin_version", str, "a version"),
            options=get("options", dict, "names and values"),
            seed=get("seed", int, "a whole number"),
            problem=get("problem", str, "a problem, as YAML"),
            targets=tuple(targets),
            cut=number("cut", 0.0),
            best=math.inf if content.get("best", 0) is None else number("best", -_LARGEST),
            trained=get("trained", int, "a whole number"),
            identity=get("identity", dict, "names and values"),
            versions=get("versions", dict, "packages and versions"),
        )
        if not _NAME.fullmatch(about.plugin):
            raise ValueError(f"{ABOUT}: plugin: expected a name")
        if not (0 <= about.seed < 2**63 and 0 <= about.trained < 2**63):
            raise ValueError(f"{ABOUT}: seed, trained: expected whole numbers from 0 to 2**63")
        if not all(_NAME.fullmatch(p) and isinstance(v, str) and len(v) <= 100 for p, v in about.versions.items()):
            raise ValueError(f"{ABOUT}: versions: expected packages and versions")
        return about

    def problem_now(self, path: Path | str, consent: Consent) -> tuple[ProblemConfig, Problem]:
        """Return the problem that a surrogate stands for, as it is with what is installed.

        Args:
            path: of the file, for the messages.
            consent: decides whether its model may run.

        Raises:
            NotTrusted: its model runs programs that nobody has agreed to here.
            StoreCorrupt: the file holds no problem.
            RunMismatch: it is another one, or can no longer be had.
            PluginMissing: its model is not installed.
        """
        try:
            if len(self.problem) > strict_yaml.MAX_BYTES:
                raise ValueError(f"longer than the {strict_yaml.MAX_BYTES:,} characters that are read")
            data = strict_yaml.parse(self.problem).data
            if not isinstance(data, dict):
                raise ValueError("expected keys and values")
        except (ValueError, ConfigError) as error:
            raise StoreCorrupt(f"{path} is damaged: {ABOUT}: problem: {error}") from error
        try:
            config = load_problem(data, consent=consent)
            problem = build_problem(config)
        except NotTrusted:
            raise
        except ConfigError as error:
            raise RunMismatch(
                f"{path} stands for a problem that cannot be had with what is installed:\n{error}"
            ) from error
        now = identity(provenance.problem_physics(config, problem))
        require_same(f"the surrogate {path}", dict(self.identity), "the model installed now", now)
        return config, problem

    def require_targets(self, problem: Problem) -> None:
        """Make sure that the targets are some of the problem's.

        Raises:
            ValueError: one is not.
        """
        known = {LOGLIKE, *(observable.name for observable in problem.model.observables)}
        for name in self.targets:
            if name not in known:
                raise ValueError(f"{ABOUT}: targets: the model has no observable {name[:80]!r}")


def rows_pieces(rows: Rows) -> dict[str, bytes]:
    """Return rows as pieces of a file."""
    return {_TEST.format(name): array_piece(values) for name, values in vars(rows).items()}


def read_rows_pieces(pieces: Mapping[str, bytes], problem: Problem, targets: Sequence[str]) -> Rows:
    """Return the rows that `rows_pieces` made pieces of.

    Raises:
        ValueError: a piece is missing, or does not hold rows of that problem.
    """
    widths = {"u": problem.model.space.dimension, "x": len(problem.model.space.names), "targets": len(targets)}
    arrays: dict[str, Any] = {}
    count: int | None = None
    for name in ("u", "x", "targets", "chi2"):
        piece = _TEST.format(name)
        if piece not in pieces:
            raise ValueError(f"{piece}: missing")
        shape = (count, widths[name]) if name in widths else (count,)
        arrays[name] = read_array(pieces[piece], piece, shape)
        count = len(arrays[name])
    rows = Rows(**arrays)
    # NaN is what is not known, and chi2 is infinite where a point failed.
    for name, right in {
        "u": np.isnan(rows.u) | ((rows.u >= -1e-6) & (rows.u <= 1.0 + 1e-6)),
        "x": ~np.isinf(rows.x),
        "targets": ~np.isinf(rows.targets),
        "chi2": rows.chi2 > -np.inf,
    }.items():
        if not right.all():
            raise ValueError(f"{_TEST.format(name)}: holds numbers that no stored point has")
    return rows


def _texts(content: Any) -> list[str]:
    """Return all text in what JSON said, names included."""
    if isinstance(content, str):
        return [content]
    inside = [*content, *content.values()] if isinstance(content, dict) else content
    return [text for each in inside for text in _texts(each)] if isinstance(content, (dict, list)) else []
