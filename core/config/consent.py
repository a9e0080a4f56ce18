"""Consent to what a configuration would run: the programs that it names, a model with the options that it chose.

Whoever types `terranova scan FILE` agrees to installed models, as FILE wants them; programs and Python files need a
consent of their own, for a configuration could name any. What lies in a run directory was chosen by whoever made
it: commands that only look at it build no model that did not run here before. What was agreed to is remembered by
`system.trusted`.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from terranova.config.content_hash import content_hash
from terranova.config.plugin_options import check_options, naming_paths
from terranova.config.problem import ProblemConfig
from terranova.errors import NotTrusted, PluginError
from terranova.parallel.on_root import on_root
from terranova.parallel.world import World
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import show
from terranova.parsing.strict_yaml import Document, Place
from terranova.registry import registry
from terranova.registry.given import PREFIX
from terranova.registry.options import naming_programs
from terranova.registry.plugin import Plugin
from terranova.registry.python_files import file_reference, files_of
from terranova.system import trusted

log = logging.getLogger("terranova")

LARGEST = 64_000_000
"""Bytes of a file that are hashed; of a larger one, its size and time of change count."""

_agreed: set[str] = set()
"""Digests of what this process may run, whether or not that can be remembered."""


@dataclass(frozen=True)
class WhatRuns:
    """A plugin with its options, and what these have it run.

    Attributes:
        kind, name: of the plugin.
        options: all of them.
        names_programs: True where an option names a program, whether or not it is there.
        shown: those that are not the default, for people.
        programs: option -> full path of the program that it names; without those that are not there.
        files: option -> file that it names.
    """

    kind: str
    name: str
    options: Mapping[str, Any]
    names_programs: bool = False
    shown: Mapping[str, Any] = field(default_factory=dict)
    programs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that decides what runs, the contents of programs and files included."""
        content = {
            "plugin": [self.kind, self.name],
            "options": self.options,
            "programs": [[name, path, content_of(path)] for name, paths in self.programs.items() for path in paths],
            "files": {name: content_of(path) for name, path in self.files.items()},
        }
        return content_hash(content, default=str)

    @property
    def words(self) -> str:
        """The plugin, its programs with their paths, and its other options, in a line."""
        programs = [f"{name}: {path}" for name, paths in self.programs.items() for path in paths]
        others = [
            f"{name}: {value if name in self.files else show(value)}"
            for name, value in self.shown.items()
            if name not in self.programs
        ]
        parts = [", ".join(programs)] * bool(programs) + [f"with {', '.join(others)}"] * bool(others)
        return f"{self.kind} {self.name}" + (f" ({'; '.join(parts)})" if parts else "")


def what_runs(plugin: Plugin, options: Mapping[str, Any]) -> WhatRuns:
    """Return what a plugin with these options, which have been checked, would run."""
    defaults = {option.name: option.default for option in plugin.options}
    naming = {name for name in naming_programs(plugin.target) if options.get(name)}
    programs = {name: paths for name in sorted(naming) if (paths := _found(options[name]))}
    named = naming_paths(plugin.target)
    files = {name: value for name, value in options.items() if name in named and isinstance(value, str) and value}
    shown = {name: value for name, value in options.items() if name not in defaults or value != defaults[name]}
    return WhatRuns(plugin.kind, plugin.name, dict(options), bool(naming), shown, programs, files)


def what_file_runs(kind: str, name: str) -> WhatRuns:
    """Return what a reference to a Python file would run: that file, and those beside it that it imports."""
    reference = file_reference(name)
    assert reference is not None
    files = [str(path) for path in files_of(reference.path)]
    return WhatRuns(kind, reference.placeless, {}, True, programs={"file": files} if files else {})


def _found(value: Any) -> list[str]:
    """Return the full paths of the programs that an option names; one that is not there cannot run."""
    names = value if isinstance(value, list | tuple) else [value]
    paths = (shutil.which(name) for name in names if isinstance(name, str) and name)
    return [os.path.abspath(path) for path in paths if path is not None]


def content_of(path: str) -> str:
    """Return a hash of a file; of a large one, its size and time of change; of anything else, what it is."""
    try:
        about = os.stat(path)
    except OSError:
        return "absent"
    if not stat.S_ISREG(about.st_mode):
        return "a folder" if stat.S_ISDIR(about.st_mode) else "no file"
    return _content(path, about.st_size, about.st_mtime_ns, about.st_ino)


@functools.lru_cache(maxsize=64)
def _content(path: str, size: int, changed: int, inode: int) -> str:
    if size > LARGEST:
        return f"{size} bytes of {changed}"
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return "unreadable"


class Consent:
    """Decides what may run, and collects what may not.

    Args:
        trust: the user said that everything may run.
        looking: True where somebody only looks: then a model without programs needs consent as well.
        remember: what may run now may run later, too.
        team: ranks, all of which make the same decisions together: the first decides, the others follow. None to
            decide alone.
        origin: where the options come from, for messages about options that stand in no file.
    """

    def __init__(
        self,
        trust: bool = False,
        *,
        looking: bool = False,
        remember: bool = True,
        team: World | None = None,
        origin: str | Path = "",
    ) -> None:
        self._remember = remember
        self._trust, self._looking, self._origin = trust, looking, str(origin)
        self._team = team if team is not None and team.size > 1 else None
        self._refused: list[tuple[Place, WhatRuns]] = []
        self.given = False
        """True once programs were allowed to run."""

    def allows(self, plugin: Plugin, options: Mapping[str, Any], place: Place) -> bool:
        """Say whether a plugin may be made with these options; if not, `settle` will raise.

        Args:
            plugin: that is going to be made.
            options: checked.
            place: where they stand.
        """
        if plugin.name.startswith(PREFIX):
            return True  # this very process has made it
        what = what_runs(plugin, options)
        if not what.names_programs and not self._looking:
            return True
        return self._permits(what, place)

    def allows_file(self, kind: str, name: str, place: Place) -> bool:
        """Say whether a Python file may be imported; if not, `settle` will raise.

        Args:
            kind: of what is wanted of it.
            name: the reference, such as /models/my_model.py:MyModel.
            place: where it stands.
        """
        return self._permits(what_file_runs(kind, name), place)

    def _permits(self, what: WhatRuns, place: Place) -> bool:
        if self._team is None:
            allowed = self._decide(what)
        else:
            allowed = on_root(self._team, lambda: self._decide(what), Path())
        if allowed:
            if self._remember:
                _agreed.add(what.digest)  # on every rank, with what this one sees
            self.given = self.given or bool(what.programs)
        else:
            self._refused.append((place, what))
        return allowed

    def _decide(self, what: WhatRuns) -> bool:
        if not what.programs and not self._looking:
            return True  # the model says itself which program it misses
        if self._trust and self._remember:
            agree(what)
        return self._trust or _is_agreed(what)

    def settle(self) -> None:
        """Raise if something was not allowed.

        Raises:
            NotTrusted: says what would run, all of it.
        """
        if not self._refused:
            return
        refused = {(place, what.digest): what for place, what in self._refused}
        self._refused = []
        problems = [
            (place if place.file else place._replace(file=self._origin)).problem(_refusal(what))
            for (place, _), what in refused.items()
        ]
        error = NotTrusted(problems, list(refused.values()))
        error.on_all_ranks = self._team is not None
        raise error


def _refusal(what: WhatRuns) -> str:
    if what.programs:
        return (
            f"this would run the {what.words}, which nobody has agreed to here; a configuration is a program: read "
            "it, and say --trust (in Python: trust=True) if it may run"
        )
    return f"this was not made here, so that its {what.words} was not run; --trust (in Python: trust=True) runs it"


def agree(what: WhatRuns) -> None:
    """Let something run from now on; if that cannot be remembered, then for this process only."""
    if _is_agreed(what):
        return
    _agreed.add(what.digest)
    try:
        trusted.remember(what.digest, what.words)
    except OSError as error:
        _say_forgetful(error.strerror or str(error))


@functools.cache
def _say_forgetful(reason: str) -> None:
    log.warning("what may run here cannot be remembered beyond this command: %s", reason)


def _is_agreed(what: WhatRuns) -> bool:
    return what.digest in _agreed or trusted.is_trusted(what.digest)


def made_here(config: ProblemConfig) -> None:
    """Remember that a user had this model run, so that looking at what came of it may run it again."""
    what = what_of(config)
    if what is not None:
        agree(what)


def what_of(config: ProblemConfig) -> WhatRuns | None:
    """Return what the model of a problem would run, without making it; None if it is not installed."""
    found = _model_of(config)
    return None if found is None else what_runs(*found)


def require(config: ProblemConfig, consent: Consent) -> None:
    """Make sure that a problem may run, without building it.

    Raises:
        NotTrusted: nobody has agreed to that.
    """
    place = Place("", 0, 0, "model")
    if file_reference(config.model.name) is not None:
        consent.allows_file("model", config.model.name, place)
    elif (found := _model_of(config)) is not None:  # otherwise whoever builds it says so
        consent.allows(*found, place)
    consent.settle()


def _model_of(config: ProblemConfig) -> tuple[Plugin, dict[str, Any]] | None:
    try:
        plugin = registry().get("model", config.model.name)
    except PluginError:
        return None
    return plugin, check_options(plugin, config.model.options, (), Diagnostics(Document(None)))[0]
