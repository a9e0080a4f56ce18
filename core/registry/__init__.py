"""Finds plugins through entry points, keeps broken ones apart, and looks names up."""

from __future__ import annotations

import importlib.metadata
import inspect
import logging
import re
import sys
import time
import traceback
from collections.abc import Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pluggy

from terranova.errors import PluginBroken, PluginConflict, PluginMissing, did_you_mean
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.registry import hooks

log = logging.getLogger("terranova")

SLOW_IMPORT = 5.0
"""Seconds that a plugin may take to import before its users are told: every rank waits for it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

KINDS = {
    "model": "terranova_models",
    "constraints": "terranova_constraint_sets",
    "sampler": "terranova_samplers",
    "novelty": "terranova_novelty_detectors",
    "surrogate": "terranova_surrogates",
    "executor": "terranova_executors",
}
"""Plugin kinds, and the hook that collects each."""


@dataclass(frozen=True)
class Plugin:
    """One plugin: a class, or a constraint set.

    Attributes:
        kind: a key of `KINDS`.
        name: what configurations call it.
        thing: the class, or the `ConstraintSet`.
        version: of the plugin, or of the distribution it came with.
        origin: distribution and module it came from.
        description: one line.
        model: constraint sets only: the model it is for, "" for any.
    """

    kind: str
    name: str
    thing: Any
    version: str
    origin: str
    description: str
    model: str = ""

    @property
    def title(self) -> str:
        """The name, with the model for which a constraint set is made."""
        return f"{self.name} ({self.model})" if self.model else self.name


@dataclass(frozen=True)
class BrokenPlugin:
    """An entry point, or one thing it offered, that could not be used.

    Attributes:
        name: of the entry point.
        origin: distribution and module.
        reason: one line.
        trace: the traceback, for those who ask.
    """

    name: str
    origin: str
    reason: str
    trace: str = ""


class Registry:
    """All plugins that are installed. Make one with `Registry.discover()`, or `registry()` for the shared one."""

    def __init__(self) -> None:
        self.plugins: list[Plugin] = []
        self.broken: list[BrokenPlugin] = []

    @classmethod
    def discover(cls, entry_points: Iterable[importlib.metadata.EntryPoint] | None = None) -> Registry:
        """Load every entry point of the group "terranova"; what fails is listed in `broken`."""
        found = cls()
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
                found._reject(entry_point.name, origin, error)
                continue
            seconds = time.perf_counter() - started
            if seconds > SLOW_IMPORT:
                log.warning("plugin %s (%s) took %.1f s to import", entry_point.name, origin, seconds)
            version = distribution.version if distribution else "0"
            found.register(module, name=entry_point.name, origin=origin, version=version)
        return found

    def register(self, module: Any, *, name: str, origin: str = "this program", version: str = "0") -> None:
        """Take in everything a module offers. pluggy checks the names and arguments of its hooks."""
        manager = pluggy.PluginManager(hooks.PROJECT)
        manager.add_hookspecs(hooks)
        try:
            manager.register(module, name=name)
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            self._reject(name, origin, PluginBroken(_hook_words(str(error))))
            return
        except Exception as error:
            self._reject(name, origin, error)
            return
        offered = 0
        for kind, hook in KINDS.items():
            implementations = getattr(manager.hook, hook).get_hookimpls()
            offered += len(implementations)
            for implementation in implementations:
                try:
                    with redirect_stdout(sys.stderr):
                        things = _as_list(hook, implementation.function())
                except KeyboardInterrupt:
                    raise
                except BaseException as error:
                    self._reject(name, origin, error)
                    continue
                for thing in things:
                    self._add(kind, thing, name, origin, version)
        if not offered:
            self._reject(name, origin, ValueError("it implements none of terranova's hooks"))

    def _add(self, kind: str, thing: Any, name: str, origin: str, version: str) -> None:
        try:
            if kind == "constraints":
                plugin = _constraint_plugin(thing, origin)
            else:
                plugin = _class_plugin(kind, thing, origin, version)
        except Exception as error:
            self._reject(name, origin, error)
            return
        self.plugins.append(plugin)

    def _reject(self, name: str, origin: str, error: BaseException) -> None:
        lines = [line for line in f"{type(error).__name__}: {_message_of(error)}".splitlines() if line.strip()]
        trace = "".join(traceback.format_exception(error))
        self.broken.append(BrokenPlugin(name, origin, lines[0], trace))

    def of_kind(self, kind: str) -> list[Plugin]:
        """All plugins of a kind, by name."""
        return sorted((p for p in self.plugins if p.kind == kind), key=lambda p: (p.name, p.model))

    def names(self, kind: str) -> list[str]:
        """Names of all plugins of a kind."""
        return sorted({p.name for p in self.of_kind(kind)})

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
        ranks = [(vars(p.thing).get("preference", 0), p) for p in self.of_kind(kind)]  # not what it inherits
        highest = max((rank for rank, _ in ranks), default=0)
        found = [p for rank, p in ranks if rank == highest]
        if highest <= 0:
            raise PluginMissing(f"no {kind} that is installed offers itself where none is named")
        if len(found) > 1:
            offers = " and ".join(f"{p.name!r} ({p.origin})" for p in found)
            raise PluginConflict(f"several {kind}s offer themselves where none is named: {offers}")
        return found[0]

    def get(self, kind: str, name: str, *, model: str = "") -> Plugin:
        """Return the plugin of that kind and name.

        A name with a colon, "optuna:GPSampler", asks the plugin before the colon for a variant of itself, if it
        has a class method `variant`.

        Args:
            kind: a key of `KINDS`.
            name: as in a configuration.
            model: for constraint sets: take one made for this model, else one for any model.

        Raises:
            PluginMissing: there is none; the message names the nearest.
            PluginConflict: there are several.
            PluginBroken: an entry point of that name failed to load.
        """
        found = [p for p in self.plugins if p.kind == kind and p.name == name]
        if kind == "constraints" and model:
            found = [p for p in found if p.model == model] or [p for p in found if p.model == ""]
        if len(found) == 1:
            return found[0]
        if not found and (family := name.partition(":")[0]) != name and family in self.names(kind):
            return _variant(self.get(kind, family, model=model), name)
        words = {"constraints": "constraint set", "novelty": "novelty detector"}.get(kind, kind)
        if len(found) > 1:
            origins = " and ".join(p.origin for p in found)
            raise PluginConflict(f"two plugins offer the {words} {name!r}: {origins}; uninstall one of them")
        for broken in self.broken:
            if broken.name == name:
                raise PluginBroken(
                    f"the {words} {name!r} is installed but broken ({broken.origin}): {broken.reason}"
                )
        suffix = f" for model {model!r}" if kind == "constraints" and model else ""
        if others := sorted({p.model for p in self.plugins if p.kind == kind and p.name == name and p.model}):
            raise PluginMissing(
                f"the {words} {name!r} is made for model {' and '.join(map(repr, others))}, not for {model!r}"
            )
        pool = [p.name for p in self.of_kind(kind) if not model or p.model in ("", model)]
        broken_note = f"; broken plugins: {len(self.broken)}, see `terranova plugins`" if self.broken else ""
        raise PluginMissing(f"no {words} is named {name!r}{suffix}{did_you_mean(name, pool)}{broken_note}")


def _hook_words(message: str) -> str:
    """Say in our words what pluggy found wrong with a hook."""
    if unknown := re.match(r"unknown hook '(\w+)'", message):
        return f"there is no hook {unknown[1]!r}{did_you_mean(unknown[1], KINDS.values())}"
    if wrong := re.search(r"for hook '(\w+)'(?s:.*)Argument\(s\) (.*) are declared", message):
        return f"the hook {wrong[1]!r} takes no arguments, but this one has {wrong[2].strip('{}')}"
    return " ".join(message.split())


def _as_list(hook: str, offered: Any) -> list[Any]:
    """Return what a hook offered; None is nothing."""
    if offered is None:
        return []
    if isinstance(offered, (str, Path)) or not isinstance(offered, Iterable):
        raise TypeError(f"{hook} returned {offered!r}, expected a list")
    return list(offered)


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception of a stranger, which cannot even say what it is
        return "(its message cannot be shown)"


def _check_name(what: str, name: object) -> str:
    """Return the name if a configuration can use it."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{what} is named {name!r}, expected letters, digits, '.', '_' and '-'")
    return name


def _variant(family: Plugin, name: str) -> Plugin:
    """Return the variant of a plugin that `name`, "family:word", asks for.

    Raises:
        PluginMissing: the plugin has no variants, or none of that name.
    """
    make = getattr(family.thing, "variant", None)
    if make is None:
        raise PluginMissing(f"{family.kind} {family.name!r} has no variants, so {name!r} means nothing")
    try:
        thing = make(name.partition(":")[2])
    except ValueError as error:
        raise PluginMissing(f"{family.kind} {name!r}: {error}") from error
    return replace(family, name=name, thing=thing)


def _constraint_plugin(thing: Any, origin: str) -> Plugin:
    if isinstance(thing, (str, Path)):
        from terranova.parsing.constraint_file import read_constraint_set

        thing = read_constraint_set(Path(thing))
    if not isinstance(thing, ConstraintSet):
        raise TypeError(f"terranova_constraint_sets offered {thing!r}, expected a path or a ConstraintSet")
    _check_name("a constraint set", thing.name)
    return Plugin(
        "constraints",
        thing.name,
        thing,
        thing.version,
        origin,
        thing.description or f"{len(thing)} constraints",
        thing.model,
    )


def _bases(kind: str) -> tuple[type, ...]:
    """The classes of which a plugin of this kind must be a subclass."""
    from terranova.evaluation.executor import Executor
    from terranova.interfaces.model import Model
    from terranova.interfaces.novelty import NoveltyDetector
    from terranova.interfaces.sampler import Archipelago, Sampler
    from terranova.interfaces.surrogate import Surrogate

    bases: dict[str, tuple[type, ...]] = {
        "model": (Model,),
        "sampler": (Sampler, Archipelago),
        "novelty": (NoveltyDetector,),
        "surrogate": (Surrogate,),
        "executor": (Executor,),
    }
    return bases[kind]


def _class_plugin(kind: str, thing: Any, origin: str, version: str) -> Plugin:
    bases = _bases(kind)
    wanted = " or ".join(base.__name__ for base in bases)
    if not (inspect.isclass(thing) and issubclass(thing, bases)):
        raise TypeError(f"{KINDS[kind]} offered {thing!r}, expected a subclass of {wanted}")
    if inspect.isabstract(thing):
        missing = ", ".join(sorted(getattr(thing, "__abstractmethods__", ())))
        raise TypeError(f"{kind} class {thing.__name__} does not implement: {missing}")
    name = getattr(thing, "name", "")
    if not name:
        raise TypeError(f"{kind} class {thing.__name__} has no name")
    _check_name(f"{kind} class {thing.__name__}", name)
    own = str(getattr(thing, "version", "0"))
    words = getattr(thing, "description", "") or (inspect.getdoc(thing) or "").split("\n")[0]
    return Plugin(kind, name, thing, version if own == "0" else own, origin, words)


@cache
def registry() -> Registry:
    """The registry of this process, filled on first use."""
    return Registry.discover()
