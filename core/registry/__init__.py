"""Finds plugins through entry points, keeps broken ones apart, and looks names up."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import pluggy

from terranova.errors import PluginBroken, PluginConflict, PluginMissing, did_you_mean
from terranova.interfaces.constraint import Constraint
from terranova.registry import hooks
from terranova.registry.given import find_given
from terranova.registry.kinds import KINDS, Kind
from terranova.registry.offers import (
    as_list,
    class_plugin,
    constraint_plugin,
    hook_words,
    message_of,
    variant_of,
)
from terranova.registry.plugin import BrokenPlugin, Plugin

if TYPE_CHECKING:
    import importlib.metadata

    from terranova.parsing.constraint_file import ConstraintKinds  # with pydantic, which plugins do not wait for

__all__ = ["BrokenPlugin", "Plugin", "Registry", "registry"]

log = logging.getLogger("terranova")

SLOW_IMPORT = 5.0
"""Seconds that a plugin may take to import before its users are told: every rank waits for it."""


class Registry:
    """All plugins that are installed. Make one with `Registry.discover()`, or `registry()` for the shared one."""

    def __init__(self) -> None:
        self.plugins: list[Plugin] = []
        self.broken: list[BrokenPlugin] = []
        self._waiting: list[_Offering] = []

    @classmethod
    def discover(cls, entry_points: Iterable[importlib.metadata.EntryPoint] | None = None) -> Registry:
        """Load every entry point of the group "terranova"; what fails is listed in `broken`."""
        import importlib.metadata

        plugins = cls()
        if entry_points is None:
            entry_points = importlib.metadata.entry_points(group=hooks.ENTRY_POINT_GROUP)
        for entry_point in sorted(entry_points, key=lambda e: (e.value, e.name)):
            distribution = entry_point.dist
            owner = f"{distribution.name} {distribution.version}" if distribution else "unknown distribution"
            origin = f"{owner}: {entry_point.value}"
            started = time.perf_counter()
            try:
                with redirect_stdout(sys.stderr):  # what commands print is for pipes; a plugin's greeting is not
                    module = entry_point.load()
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # sys.exit() and worse: a stranger's module must not end the program
                plugins._reject(entry_point.name, origin, error)
                continue
            seconds = time.perf_counter() - started
            if seconds > SLOW_IMPORT:
                log.warning("plugin %s (%s) took %.1f s to import", entry_point.name, origin, seconds)
            version = distribution.version if distribution else "0"
            plugins._take_in(module, entry_point.name, origin, version)
        plugins._collect()
        return plugins

    def register(self, module: Any, *, name: str, origin: str = "this program", version: str = "0") -> None:
        """Take in everything a module offers. pluggy checks the names and arguments of its hooks."""
        self._take_in(module, name, origin, version)
        self._collect()

    def _take_in(self, module: Any, name: str, origin: str, version: str) -> None:
        """Check the hooks of a module, and put it among those that are to be asked what they offer."""
        manager = pluggy.PluginManager(hooks.PROJECT)
        manager.add_hookspecs(hooks.specifications(KINDS.values()))
        try:
            manager.register(module, name=name)
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            self._reject(name, origin, PluginBroken(hook_words(str(error))))
        except Exception as error:
            self._reject(name, origin, error)
        else:
            self._waiting.append(_Offering(manager, name, origin, version))

    def _collect(self) -> None:
        """Ask all modules for their plugins, one kind after the other: sets are read with all constraint kinds."""
        offerings, self._waiting = self._waiting, []
        answered: set[str] = set()
        for kind in KINDS.values():
            for offering in offerings:
                for implementation in getattr(offering.manager.hook, kind.hook).get_hookimpls():
                    answered.add(offering.name)
                    self._ask(kind, implementation.function, offering)
        for offering in offerings:
            if offering.name not in answered:
                self._reject(offering.name, offering.origin, ValueError("it implements none of terranova's hooks"))

    def _ask(self, kind: Kind, hook: Callable[[], Any], offering: _Offering) -> None:
        try:
            with redirect_stdout(sys.stderr):
                offered = as_list(kind.hook, hook())
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._reject(offering.name, offering.origin, error)
            return
        kinds = self.constraint_kinds() if kind.name == "constraints" else None
        for target in offered:
            try:
                if kinds is not None:
                    plugin = constraint_plugin(kind, target, offering.origin, kinds)
                else:
                    plugin = class_plugin(kind, target, offering.origin, offering.version)
            except Exception as error:
                self._reject(offering.name, offering.origin, error)
            else:
                self.plugins.append(plugin)

    def constraint_kinds(self) -> ConstraintKinds:
        """Return the kinds of constraints that files can name."""
        from terranova.parsing.constraint_file import ConstraintKinds

        classes: dict[str, type[Constraint]] = {}
        unusable: dict[str, str] = {}
        for group in self.conflicts():
            if group[0].kind == "constraint-kind":
                unusable[group[0].name] = _conflict(KINDS["constraint-kind"].label, group)
        for plugin in self.of_kind("constraint-kind"):
            if not plugin.target.in_files:
                unusable[plugin.name] = (
                    f"a file cannot name a {plugin.name}; write the constraint in Python and offer it from a plugin"
                )
            elif plugin.name not in unusable:
                classes[plugin.name] = plugin.target
        return ConstraintKinds(classes, unusable)

    def _reject(self, name: str, origin: str, error: BaseException) -> None:
        lines = [line for line in f"{type(error).__name__}: {message_of(error)}".splitlines() if line.strip()]
        trace = "".join(traceback.format_exception(error))
        self.broken.append(BrokenPlugin(name, origin, lines[0], trace))

    def of_kind(self, kind: str) -> list[Plugin]:
        """All plugins of a kind, by name."""
        return sorted((p for p in self.plugins if p.kind == kind), key=lambda p: (p.name, p.model))

    def names(self, kind: str) -> list[str]:
        """Names of all plugins of a kind."""
        return sorted({p.name for p in self.of_kind(kind)})

    def find(self, name: str | None = None, *, outdated: bool = False) -> list[Plugin]:
        """Return all plugins by kind and name, or those of a name.

        Args:
            name: of a plugin.
            outdated: only constraint sets that are, see `ConstraintSet.outdated`.

        Raises:
            PluginMissing: there is none of that name; the message names the nearest.
        """
        everything = [plugin for kind in KINDS for plugin in self.of_kind(kind)]
        named = [plugin for plugin in everything if name in (None, plugin.name)]
        if not named and name is not None:
            hint = did_you_mean(name, [plugin.name for plugin in everything])
            raise PluginMissing(f"no plugin is named {name!r}{hint}")
        return [plugin for plugin in named if plugin.outdated(date.today())] if outdated else named

    def conflicts(self) -> list[tuple[Plugin, ...]]:
        """Plugins of one kind that share a name (and, for constraint sets, a model)."""
        groups: dict[tuple[str, str, str], list[Plugin]] = {}
        for plugin in self.plugins:
            groups.setdefault((plugin.kind, plugin.name, plugin.model), []).append(plugin)
        return [tuple(group) for group in groups.values() if len(group) > 1]

    def preferred(self, kind: str) -> Plugin:
        """Return the plugin of that kind that is taken where none is named: the one of highest `preference`.

        Raises:
            PluginMissing: none has a preference above 0.
            PluginConflict: several share the highest.
        """
        ranks = [(vars(p.target).get("preference", 0), p) for p in self.of_kind(kind)]  # not what it inherits
        highest = max((rank for rank, _ in ranks), default=0)
        preferred = [p for rank, p in ranks if rank == highest]
        if highest <= 0:
            raise PluginMissing(f"no {kind} that is installed offers itself where none is named")
        if len(preferred) > 1:
            offers = " and ".join(f"{p.name!r} ({p.origin})" for p in preferred)
            raise PluginConflict(f"several {kind}s offer themselves where none is named: {offers}")
        return preferred[0]

    def get(self, kind: str, name: str, *, model: str = "") -> Plugin:
        """Return the plugin of that kind and name.

        A name with a colon, "optuna:GPSampler", asks the plugin before the colon for a variant of itself, if it
        has a class method `variant`. What was given in Python, or in a file, goes by the name it got; see `given`.

        Args:
            kind: a key of `KINDS`.
            name: as in a configuration.
            model: for constraint sets: take one made for this model, else one for any model.

        Raises:
            PluginMissing: there is none; the message names the nearest.
            PluginConflict: there are several.
            PluginBroken: an entry point of that name failed to load.
        """
        if (given := find_given(kind, name)) is not None:
            return given
        candidates = [p for p in self.plugins if p.kind == kind and p.name == name]
        if kind == "constraints" and model:
            candidates = [p for p in candidates if p.model == model] or [p for p in candidates if p.model == ""]
        if len(candidates) == 1:
            return candidates[0]
        if not candidates and (family := name.partition(":")[0]) != name and family in self.names(kind):
            return variant_of(self.get(kind, family, model=model), name)
        label = KINDS[kind].label
        if len(candidates) > 1:
            raise PluginConflict(_conflict(label, candidates))
        for broken in self.broken:
            if broken.name == name:
                raise PluginBroken(
                    f"the {label} {name!r} is installed but broken ({broken.origin}): {broken.reason}"
                )
        suffix = f" for model {model!r}" if kind == "constraints" and model else ""
        if others := sorted({p.model for p in self.plugins if p.kind == kind and p.name == name and p.model}):
            raise PluginMissing(
                f"the {label} {name!r} is made for model {' and '.join(map(repr, others))}, not for {model!r}"
            )
        pool = [p.name for p in self.of_kind(kind) if not model or p.model in ("", model)]
        broken_note = f"; broken plugins: {len(self.broken)}, see `terranova plugins`" if self.broken else ""
        raise PluginMissing(f"no {label} is named {name!r}{suffix}{did_you_mean(name, pool)}{broken_note}")


@dataclass(frozen=True)
class _Offering:
    """A module with hooks that have not been called yet."""

    manager: pluggy.PluginManager
    name: str
    origin: str
    version: str


def _conflict(label: str, plugins: Sequence[Plugin]) -> str:
    origins = " and ".join(p.origin for p in plugins)
    return f"two plugins offer the {label} {plugins[0].name!r}: {origins}; uninstall one of them"


@cache
def registry() -> Registry:
    """The registry of this process, filled on first use."""
    return Registry.discover()
