"""Run directory as a Python object: its points, its facts and its problem, also while the scan still writes."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terranova.errors import RunError, TerranovaError
from terranova.runs.derived import FITTED
from terranova.store import Field, Manifest, Reader, Salvage, Schema, Verification, load_manifest, salvage, verify
from terranova.store.lock import owner_is_gone
from terranova.store.manifest import MANIFEST

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from terranova.config import ProblemConfig, ScanConfig
    from terranova.evaluation.problem import Problem
    from terranova.runs.completeness import Completeness
    from terranova.store.reader import Where

CONFIG = "config.yaml"
SUMMARY = "summary.json"
NOT_REPRODUCIBLE = "not_reproducible"
"""The key of the summary that says why rows cannot be repeated, if they cannot."""
GONE = "its process is gone, without a word; go on with terranova resume {}"
"""What to say of a run that is cut off, with its directory."""

_TYPES: dict[str, type | tuple[type, ...]] = {
    "state": str,
    "ranks": int,
    "seconds": (int, float),
    "rate": (int, float),
    "timings": dict,
}
"""What is read of the summary. The rest of it is for people."""


class Run:
    """The points of a scan and everything known about them. Every call sees what is stored at that moment.

    Args:
        directory: of the run.
        trust: its model may run, with the programs that it names.

    Attributes:
        directory: of the run.
        trust: as given.
        reader: the store, for what this class does not offer.

    Raises:
        RunError: there is no run in that directory.
    """

    def __init__(self, directory: Path | str, *, trust: bool = False) -> None:
        self.directory, self.trust = Path(directory), trust
        _require_run(self.directory)
        self._root = self.directory.absolute()  # a model may change the current directory
        self.reader = Reader(self.directory)
        self._problem: Problem | None = None
        self._judged: tuple[int, Completeness] | None = None  # for so many points

    # -- what it is -----------------------------------------------------------------------------------------

    @cached_property
    def manifest(self) -> Manifest:
        """What was run: model, constraint sets, seed, versions."""
        return load_manifest(self._root)

    @cached_property
    def config(self) -> ScanConfig:
        """The complete configuration of the scan.

        Raises:
            RunError: the directory has no `config.yaml`.
        """
        from terranova.config import load_config

        path = self._root / CONFIG
        if not path.is_file():
            if (self._root / FITTED).is_file():
                raise RunError(f"{self.directory} was made by `terranova fit`, not by a scan: its page is fit.html")
            raise RunError(f"{self.directory} has no {CONFIG}: the points can be read, the scan not repeated.")
        # The points can be read where the plugins are no longer installed; `problem` needs them.
        return load_config(path, check_plugins=False)

    @cached_property
    def problem_config(self) -> ProblemConfig:
        """Model, priors and constraints of the points, whether a scan or a fit evaluated them.

        Raises:
            RunError: the directory has neither `config.yaml` nor `fit.yaml`.
        """
        from terranova.config import load_problem

        path = self._root / FITTED
        return load_problem(path, check_plugins=False) if path.is_file() else self.config.problem

    def problem(self) -> Problem:
        """Rebuild what was scanned: needs the model and the constraint sets to be installed.

        Raises:
            ConfigError: they are not, or no longer what they were.
            NotTrusted: the model runs programs that nobody has agreed to here.
        """
        return self._build(looking=False)

    def problem_made_here(self) -> Problem:
        """As `problem`, but only if this user had it run before, or said that it may: for who just looks at a run.

        Raises:
            ConfigError: see `problem`.
            NotTrusted: it was made by somebody else, or elsewhere.
        """
        return self._build(looking=True)

    def _build(self, *, looking: bool) -> Problem:
        from terranova.config import Consent, build_problem

        if self._problem is None:
            consent = Consent(self.trust, looking=looking, origin=self.directory)
            self._problem = build_problem(self.problem_config, consent=consent)
        return self._problem

    @property
    def schema(self) -> Schema:
        """The columns of the points."""
        return self.reader.schema

    @property
    def parameters(self) -> tuple[Field, ...]:
        """Name, unit, LaTeX label and description of every parameter."""
        return tuple(self.schema.parameters)

    @property
    def observables(self) -> tuple[Field, ...]:
        """The same of every observable that was stored."""
        return tuple(self.schema.observables)

    @property
    def constraints(self) -> tuple[Field, ...]:
        """The same of every constraint, with its source; its violation is the column `C_<name>`."""
        return tuple(self.schema.violations)

    @property
    def summary(self) -> dict[str, Any]:
        """Where the scan stood when it last said so (state, ranks, seconds, ...); empty when it never did.

        A number that is none, as somebody else or another version may have written it, is left out.
        """
        try:
            content = json.loads((self._root / SUMMARY).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(content, dict):
            return {}
        return {key: value for key, value in content.items() if isinstance(value, _TYPES.get(key, object))}

    @property
    def cut_off(self) -> bool:
        """True if the scan has not said that it ended, and its process is known to be gone."""
        return self.summary.get("state", "running") == "running" and owner_is_gone(self._root)

    # -- whether it is whole ---------------------------------------------------------------------------------

    def verify(self) -> Verification:
        """Read everything and compare it with its checksums: says what is damaged, and which points are lost."""
        return verify(self._root)

    def salvage(self) -> Salvage:
        """Set aside what is damaged, so that the rest can be read, and resumed.

        Raises:
            RunLocked: the scan is still running.
        """
        return salvage(self._root)

    # -- how much it is -------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Number of points stored."""
        return self.reader.count()

    @property
    def evaluated(self) -> int:
        """Number of points evaluated: more than are stored when the scan keeps only the valid ones."""
        return max(self.count, self.reader.counts().evaluated)

    @property
    def valid_count(self) -> int:
        """Number of points that did not fail, violate nothing and are no probes of derivatives."""
        return self._count_where(self.found)

    @property
    def probe_count(self) -> int:
        """Number of valid points that `valid_count` leaves out, because they are probes of derivatives."""
        return self._count_where("valid AND probe") if self.schema.probe else 0

    @property
    def found(self) -> str:
        """The SQL condition of the points that `valid_count` counts."""
        return "(valid AND NOT probe)" if self.schema.probe else "valid"

    def _count_where(self, condition: str) -> int:
        if self.count == 0:
            return 0
        return int(self.sql(f"SELECT count(*) AS n FROM points WHERE {condition}")["n"][0].as_py())

    def completeness(self) -> Completeness:
        """Judge from the valid points how much of what the scan could reach it has found, and what still grew.

        Raises:
            StoreCorrupt: a file is damaged; says which.
        """
        from terranova.runs.stored_completeness import completeness_of

        count = self.count
        if self._judged is None or self._judged[0] != count:  # it reads all valid points
            self._judged = count, completeness_of(self._root, self.reader, self.manifest)
        return self._judged[1]

    # -- the points -----------------------------------------------------------------------------------------

    def table(
        self, columns: Sequence[str] | None = None, where: Where | None = None, valid: bool | None = None
    ) -> pa.Table:
        """Read points into a pyarrow table.

        Args:
            columns: their names, in the wanted order; all if None.
            where: which points: SQL such as "mh2 < 300 and loglike > -10", or a pyarrow expression.
            valid: only the valid points, without probes of derivatives (True), only those that are not valid
                (False), or everything (None).

        Raises:
            RunError: an unknown column, or a condition that makes no sense.
        """
        return self.reader.table(columns, restrict(where, valid, probes=self.schema.probe))

    def to_pandas(
        self, columns: Sequence[str] | None = None, where: Where | None = None, valid: bool | None = None
    ) -> pd.DataFrame:
        """As `table`, as a pandas data frame."""
        frame: pd.DataFrame = self.table(columns, where, valid).to_pandas()
        return frame

    def sql(self, query: str) -> pa.Table:
        """Run a DuckDB query over the view `points`; returns a pyarrow table.

        Raises:
            RunError: the query is wrong; DuckDB says how.
        """
        return self.reader.sql(query)

    def best(self, n: int = 10) -> pd.DataFrame:
        """Return the best points, the best first, with all their columns.

        These are the valid points of highest log-likelihood. When no point is valid they are the points of
        smallest total violation: `best(...).attrs["ranking"]` says in words which, and the column `valid` too.
        """
        keys, ranking = self._best_keys(n)
        if keys is None:
            frame: pd.DataFrame = self.table().slice(0, 0).to_pandas()
        else:
            frame = self._rows(keys)
        frame.attrs["ranking"] = ranking
        return frame

    def _best_keys(self, n: int) -> tuple[pd.DataFrame | None, str]:
        """Find (island, index) of the best points by reading as few columns as possible."""
        if self.count == 0:
            return None, "no point is stored yet"
        query = 'SELECT island, "index" FROM points WHERE {} ORDER BY {}, island, "index" LIMIT {}'
        if self.valid_count:
            best = self.sql(query.format(self.found, "loglike DESC, total_violation", n))
            return best.to_pandas(), "valid points by log-likelihood, highest first"
        best = self.sql(query.format("status = 0", "total_violation, loglike DESC", n))
        if best.num_rows:
            return best.to_pandas(), "no point is valid: points by total violation, smallest first"
        return self.sql(query.format("true", "generation", n)).to_pandas(), "every point failed: the first ones"

    def _rows(self, keys: pd.DataFrame) -> pd.DataFrame:
        """Fetch whole rows by (island, index), in the order of `keys`."""
        import pyarrow.compute as pc

        # An expression, not SQL: parts whose statistics exclude these rows are then not read at all.
        chosen = None
        for island, index in keys.itertuples(index=False):
            one = (pc.field("index") == int(index)) & (pc.field("island") == int(island))
            chosen = one if chosen is None else chosen | one
        frame = self.reader.to_pandas(where=chosen)
        return keys.merge(frame, on=["island", "index"])[self.schema.names]

    # -- how it shows itself --------------------------------------------------------------------------------

    def describe(self) -> list[tuple[str, str]]:
        """What this run is and where it stands, as (label, text) pairs."""
        manifest, count = self.manifest, self.count
        sets = ", ".join(f"{name} {version}" for name, version in manifest.constraints.items())
        lines = [
            ("directory", str(self.directory)),
            ("model", manifest.model),
            ("constraints", f"{len(self.constraints)} in {sets}" if sets and self.constraints else sets or "0"),
            ("columns", f"{len(self.parameters)} parameters, {len(self.observables)} observables"),
            ("started", manifest.created),
        ]
        state = self.summary.get("state")
        if self.cut_off:
            lines.append(("state", f"cut off: {GONE.format(self.directory)}"))
        elif state:
            lines.append(("state", "running" if state == "running" else f"ended ({state})"))
        evaluated, valid = self.evaluated, self.valid_count
        share = f" ({100 * valid / evaluated:.3g} %)" if evaluated else ""
        lines.append(("points", f"{evaluated:,} evaluated, {count:,} stored, {valid:,} valid{share}"))
        if warning := self.summary.get(NOT_REPRODUCIBLE):
            lines.append(("warning", str(warning)))
        if probes := self.probe_count:
            lines.append(("probes", f"{probes:,} more are valid, but were evaluated for derivatives only"))
        return lines

    def __repr__(self) -> str:
        try:
            lines = self.describe()
        except TerranovaError as error:
            lines = [("directory", str(self.directory)), ("problem", str(error))]
        return "<terranova run>\n" + "\n".join(f"  {label:<12} {text}" for label, text in lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(label)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for label, text in self.describe()
        )
        return f"<table><caption>terranova run</caption>{rows}</table>"


def restrict(where: Where | None, valid: bool | None, *, probes: bool) -> Where | None:
    """Add to a condition that points must be valid and no probes (True) or must not be valid (False).

    `probes` says whether there is a column `probe`.
    """
    import pyarrow.compute as pc

    if valid is None:
        return where
    if isinstance(where, str):
        counted = "valid AND NOT probe" if probes else "valid"
        return f"({where}\n) AND {counted if valid else 'NOT valid'}"
    is_counted = pc.field("valid") & ~pc.field("probe") if probes else pc.field("valid")
    condition = is_counted if valid else ~pc.field("valid")
    return condition if where is None else where & condition


def quoted(name: str) -> str:
    """Return a column's name as SQL wants it."""
    return '"' + name.replace('"', '""') + '"'


def _require_run(directory: Path) -> None:
    """Raise a RunError that helps when `directory` is not one of a run."""
    if (directory / MANIFEST).is_file():
        return
    if not directory.exists():
        raise RunError(f"There is no run directory {directory}.")
    if not directory.is_dir():
        raise RunError(f"{directory} is a file; a run is a directory with a {MANIFEST} in it.")
    if directory.name == "points" and (directory.parent / MANIFEST).is_file():
        raise RunError(f"{directory} holds the points of a run; open the run itself: {directory.parent}")
    inside = sorted(path.parent.name for path in directory.glob(f"*/{MANIFEST}"))
    hint = f" It contains runs, though: {', '.join(inside[:8])}." if inside else ""
    raise RunError(f"{directory} is not a run directory: it has no {MANIFEST}.{hint}")
