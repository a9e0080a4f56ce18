"""What is written to SPheno and where it and micrOMEGAs write what is wanted: the typed form of spheno.yaml."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from terranova import PointFailed
from terranova.errors import ContractError
from terranova.external.slha import Slha

DEFAULT = Path(__file__).with_name("spheno.yaml")

DARK_MATTER = ("Omega_h2", "sigma_p", "sigma_n")


@dataclass(frozen=True)
class Source:
    """Where a number stands: an entry of a block, or behind words that a program prints.

    Attributes:
        block, index, comment: of the entry; the comment has to contain these words, "" for any.
        printed: words that stand before the number in what the program prints.
        times: factor to our unit.
        size: take the modulus.
    """

    block: str = ""
    index: tuple[int, ...] = ()
    comment: str = ""
    printed: str = ""
    times: float = 1.0
    size: bool = False

    def read(self, slha: Slha, output: str = "") -> float:
        """Return the number in our unit.

        Args:
            slha: the file that the program left.
            output: what it printed.

        Raises:
            PointFailed: it is not there, or no finite number.
        """
        if self.printed:
            value = _printed(self.printed, output)
        else:
            value = slha.value(self.block, *self.index, comment=self.comment or None)
        return self.times * (abs(value) if self.size else value)


def _printed(words: str, output: str) -> float:
    pattern = r"(?<!\S)" + r"\s+".join(re.escape(word) for word in words.split()) + r"[\s=:]+(\S+)"
    found = set(re.findall(pattern, output))
    if len(found) != 1:
        said = "nothing" if not found else " and ".join(sorted(found))
        raise PointFailed(f"after {words!r} the program printed {said}, expected one number", unphysical=False)
    text = found.pop()
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise PointFailed(f"after {words!r} the program printed {text!r}, no finite number", unphysical=False)
    return value


@dataclass(frozen=True)
class SlhaMap:
    """The map as a whole.

    Attributes:
        spheno_arguments, spheno_input, spheno_output: of SPheno.
        micromegas_arguments, micromegas_spectrum, micromegas_output: of micrOMEGAs.
        fixed: blocks that are written as they stand.
        parameters: block -> index -> (parameter or coupling, factor).
        spectrum: observable -> where SPheno writes it.
        dark_matter: one of `DARK_MATTER` -> where micrOMEGAs writes it.
    """

    spheno_arguments: tuple[str, ...]
    spheno_input: str
    spheno_output: str
    micromegas_arguments: tuple[str, ...]
    micromegas_spectrum: str
    micromegas_output: str
    fixed: Mapping[str, Mapping[tuple[int, ...], float | int | str]]
    parameters: Mapping[str, Mapping[tuple[int, ...], tuple[str, float]]]
    spectrum: Mapping[str, Source]
    dark_matter: Mapping[str, Source]

    def blocks(self, values: Mapping[str, float]) -> dict[str, dict[int | tuple[int, ...], Any]]:
        """Blocks for `write_slha`, of parameters and couplings by name; a name is the comment of its line."""
        out: dict[str, dict[int | tuple[int, ...], Any]] = {}
        for name, written in self.fixed.items():
            out[name] = {}
            out[name].update(written.items())
        for name, entries in self.parameters.items():
            block = out.setdefault(name, {})
            for index, (what, factor) in entries.items():
                block[index] = (factor * values[what], what)
        return out


def read_map(path: Path, inputs: Collection[str], observables: Collection[str]) -> SlhaMap:
    """Read a map.

    Args:
        path: of the YAML file.
        inputs: names of the parameters and couplings, each of which has to be written.
        observables: names that may be taken from SPheno.

    Raises:
        ContractError: the file cannot be read, or does not make sense; the message says where.
    """
    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ContractError(f"the map {path} cannot be read: {reason}") from error
    reader = _Reader(path)
    parts = ("spheno", "micromegas", "fixed", "parameters", "spectrum", "dark_matter")
    top = reader.keys(read, "", parts)
    spheno = reader.keys(top["spheno"], "spheno", ("arguments", "input", "output"))
    omegas = reader.keys(top["micromegas"], "micromegas", ("arguments", "spectrum", "output"))
    fixed = {
        block: {
            reader.index(i, f"fixed.{block}"): reader.fixed(v, f"fixed.{block}.{i}") for i, v in entries.items()
        }
        for block, entries in reader.blocks(top["fixed"], "fixed").items()
    }
    parameters = {
        block: {
            reader.index(i, f"parameters.{block}"): reader.parameter(v, f"parameters.{block}.{i}", inputs)
            for i, v in entries.items()
        }
        for block, entries in reader.blocks(top["parameters"], "parameters").items()
    }
    written = {name for entries in parameters.values() for name, _ in entries.values()}
    if missing := [name for name in inputs if name not in written]:
        reader.fail("parameters", f"{', '.join(missing)} not written to any block")
    return SlhaMap(
        reader.words(spheno["arguments"], "spheno.arguments"),
        reader.file(spheno["input"], "spheno.input"),
        reader.file(spheno["output"], "spheno.output"),
        reader.words(omegas["arguments"], "micromegas.arguments"),
        reader.file(omegas["spectrum"], "micromegas.spectrum"),
        reader.file(omegas["output"], "micromegas.output"),
        fixed,
        parameters,
        reader.sources(top["spectrum"], "spectrum", observables, printed=False),
        reader.sources(reader.keys(top["dark_matter"], "dark_matter", DARK_MATTER), "dark_matter", DARK_MATTER),
    )


class _Reader:
    """Checks pieces of a map; says in which place a piece is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fail(self, place: str, message: str) -> NoReturn:
        raise ContractError(f"the map {self._path}: {place + ': ' if place else ''}{message}")

    def keys(self, given: Any, place: str, names: tuple[str, ...]) -> dict[str, Any]:
        """A mapping with exactly these keys."""
        if not isinstance(given, dict) or set(given) != set(names):
            self.fail(place, f"expected the keys {', '.join(names)}, got {_said(given)}")
        return dict(given)

    def blocks(self, given: Any, place: str) -> dict[str, dict[Any, Any]]:
        """Names of blocks -> mappings."""
        if not isinstance(given, dict) or not all(isinstance(entries, dict) for entries in given.values()):
            self.fail(place, f"expected BLOCK: {{index: value}}, got {_said(given)}")
        return {str(name): entries for name, entries in given.items()}

    def index(self, given: Any, place: str) -> tuple[int, ...]:
        """A whole number, or several in a text."""
        fields = str(given).split()
        if isinstance(given, bool) or not all(re.fullmatch(r"\d+", field) for field in fields):
            self.fail(place, f'{given!r} is no index, expected a whole number, or several as "1 2"')
        return tuple(int(field) for field in fields)

    def number(self, given: Any, place: str) -> float:
        """A finite number, with a word on what YAML takes for text."""
        if isinstance(given, bool) or not isinstance(given, (int, float)) or not abs(given) < float("inf"):
            self.fail(place, f"expected a number, got {given!r} (YAML wants 1.0e+9 for 1e9)")
        return float(given)

    def fixed(self, given: Any, place: str) -> float | int | str:
        """A value to be written as it stands."""
        if isinstance(given, int) and not isinstance(given, bool):
            return given
        return given if isinstance(given, str) else self.number(given, place)

    def parameter(self, given: Any, place: str, inputs: Collection[str]) -> tuple[str, float]:
        """A name, or {of: name, times: factor}."""
        entry = {"of": given, "times": 1.0} if isinstance(given, str) else given
        entry = self.keys(entry, place, ("of", "times"))
        if entry["of"] not in inputs:
            self.fail(place, f"{entry['of']!r} is no parameter or coupling of the model")
        return entry["of"], self.number(entry["times"], f"{place}.times")

    def words(self, given: Any, place: str) -> tuple[str, ...]:
        """A list of words."""
        if not isinstance(given, list):
            self.fail(place, f"expected a list of words, got {given!r}")
        return tuple(str(word) for word in given)

    def file(self, given: Any, place: str) -> str:
        """The name of a file in the point's folder."""
        if not isinstance(given, str) or Path(given).name != given:
            self.fail(place, f"expected the name of a file, without folder, got {given!r}")
        return str(given)

    def sources(self, given: Any, place: str, names: Collection[str], *, printed: bool = True) -> dict[str, Source]:
        """Name -> where its number stands."""
        if not isinstance(given, dict):
            self.fail(place, f"expected a mapping, got {_said(given)}")
        found = {}
        for name, entry in given.items():
            here = f"{place}.{name}"
            if name not in names:
                self.fail(here, "no such observable that could be taken from the program")
            wanted = {"printed"} if printed and "printed" in entry else {"block", "index"}
            allowed = {*wanted, "times", "size", *(() if "printed" in wanted else ("comment",))}
            if not isinstance(entry, dict) or not wanted <= set(entry) <= allowed:
                self.fail(here, f"expected {', '.join(sorted(allowed))}, got {_said(entry)}")
            words = {key: str(entry[key]) for key in ("block", "comment", "printed") if key in entry}
            index = self.index(entry["index"], here) if "index" in entry else ()
            times = self.number(entry.get("times", 1.0), f"{here}.times")
            found[name] = Source(**words, index=index, times=times, size=bool(entry.get("size", False)))
        return found


def _said(given: Any) -> str:
    return ", ".join(map(str, given)) if isinstance(given, dict) else repr(given)
