"""Reads YAML without surprises, and remembers where every key and value stood.

PyYAML turns `1e3` into text, `no` into False, `0123` into 83, and keeps the last of two equal keys. Here the
scalars are those of the YAML 1.2 core schema, and whatever could mean two things is refused with its place.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from terranova.errors import ConfigError, Diagnostic

KeyPath = tuple[str | int, ...]
"""Where something stands in a document: keys and list positions from the top."""

MAX_BYTES = 1_000_000
"""Longest file that is read."""

MAX_DEPTH = 50
"""Deepest nesting that is read; it also bounds our own recursion."""

_TOO_DEEP = f"nested more than {MAX_DEPTH} deep"

MOST_PROBLEMS = 100
"""Problems of one file that are listed: a file with more is something else than what it was taken for."""

GIVEN_UP = f"{MOST_PROBLEMS} problems up to here: the rest was not read"

_LARGEST_INTEGER = 2**63 - 1

# libyaml's parser when PyYAML was built with it: ten times faster, same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Place(NamedTuple):
    """Where a problem is: `Diagnostic` without its message. Lines and columns count from 1; 0 is unknown."""

    file: str
    line: int
    column: int
    key: str

    def problem(self, message: str) -> Diagnostic:
        """Return the diagnostic that says `message` about this place."""
        return Diagnostic(self.file, self.line, self.column, self.key, message)


@dataclass(frozen=True)
class Document:
    """What a file says, and where it says it.

    Attributes:
        data: dictionaries with text keys, lists, and scalars; None for an empty file.
        file: its path, "" when there is none.
        text: as read.
        values: path -> (line, column) of the value.
        keys: path -> (line, column) of the key.
        foreign: paths whose values come from elsewhere (the command line), so that they have no place here.
    """

    data: Any
    file: str = ""
    text: str = ""
    values: Mapping[KeyPath, tuple[int, int]] = field(default_factory=dict, repr=False)
    keys: Mapping[KeyPath, tuple[int, int]] = field(default_factory=dict, repr=False)
    foreign: frozenset[KeyPath] = frozenset()

    def where(self, path: KeyPath, *, at_key: bool = False) -> tuple[int, int]:
        """Return (line, column) of the value at `path`, or of its key.

        What is not there, such as a missing key, is placed where the nearest thing around it begins.
        """
        if at_key and path in self.keys:
            return self.keys[path]
        for length in range(len(path), -1, -1):
            if path[:length] in self.values:
                return self.values[path[:length]]
        return 0, 0

    def place(self, path: KeyPath, *, at_key: bool = False) -> Place:
        """Return where `path` is, for a diagnostic."""
        if any(path[: len(other)] == other for other in self.foreign):
            return Place("", 0, 0, key_text(path))
        return Place(self.file, *self.where(path, at_key=at_key), key_text(path))

    def folder_of(self, path: KeyPath) -> Path:
        """Return the folder to which a file name at `path` is relative: that of the document, if it stands in one.

        What comes from elsewhere, from the command line or from Python, is relative to the current folder.
        """
        elsewhere = not self.file or any(path[: len(other)] == other for other in self.foreign)
        return Path() if elsewhere else Path(self.file).parent

    def at(self, path: KeyPath) -> Any:
        """Return what stands at `path`; None if nothing does."""
        data = self.data
        for part in path:
            try:
                data = data[part]
            except (KeyError, IndexError, TypeError):
                return None
        return data

    def with_data(self, data: Any, foreign: frozenset[KeyPath]) -> Document:
        """Return a copy with other data, of which `foreign` does not come from this file."""
        return replace(self, data=data, foreign=foreign)


def key_text(path: KeyPath) -> str:
    """Return a path as people write it: "constraints[2].sigma"."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_cut(part)}" for part in path)
    return text.removeprefix(".")


def _cut(key: str) -> str:
    return key if len(key) <= 80 else f"{key[:77]}..."


def key_path(text: str) -> KeyPath:
    """Return the path that `key_text` wrote."""
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", text))


def read(path: str | os.PathLike[str]) -> Document:
    """Read a YAML file.

    Raises:
        ConfigError: the file cannot be read or is not strict YAML; lists every problem found.
    """
    document, problems = load(path)
    if problems:
        raise ConfigError(problems)
    return document


def parse(text: str, file: str = "") -> Document:
    """Read YAML from text; `file` is what diagnostics call it.

    Raises:
        ConfigError: the text is not strict YAML; lists every problem found.
    """
    document, problems = load_text(text, file)
    if problems:
        raise ConfigError(problems)
    return document


def load(path: str | os.PathLike[str]) -> tuple[Document, list[Diagnostic]]:
    """Read as much of a YAML file as makes sense, and list its problems."""
    file = os.fspath(path)
    empty = Document(None, file)
    try:
        if not Path(path).is_file():
            there = Path(path).exists()
            reason = "this is not a file" if there else "there is no such file"
            return empty, [Diagnostic(file, 0, 0, "", reason)]
        with open(path, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return empty, [Diagnostic(file, 0, 0, "", f"cannot be read: {reason}")]
    if len(content) > MAX_BYTES:
        return empty, [Diagnostic(file, 0, 0, "", f"longer than {MAX_BYTES // 1_000_000} MB")]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        return empty, [Diagnostic(file, line, column, "", "not UTF-8 text from here on")]
    return load_text(text, file)


# What neither YAML nor a terminal can show: control characters, halves of surrogate pairs, a second BOM.
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def is_text(text: str) -> bool:
    """True for text without control characters, which could neither be shown nor be part of a file's name."""
    return not _CONTROL.search(text)


def load_text(text: str, file: str = "") -> tuple[Document, list[Diagnostic]]:
    """Read as much of a YAML text as makes sense, and list its problems.

    The data is None when the text cannot be understood as a whole.
    """
    text = text.removeprefix("\ufeff")
    bad = _UNPRINTABLE.search(text)
    if bad:
        before = text[: bad.start()]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        complaint = f"character {bad.group()!r} cannot be part of a YAML file"
        return Document(None, file, text), [Diagnostic(file, line, column, "", complaint)]
    builder = _Builder(text, file)
    data = builder.document()
    builder.values.setdefault((), (1, 1))  # what is missing in an empty file is missing at its beginning
    return Document(data, file, text, builder.values, builder.keys), builder.problems


class _Stop(Exception):
    """Nothing after this place can be read."""


class _Builder:
    """Turns the parser's events into data, places and problems."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems: list[Diagnostic] = []
        self.values: dict[KeyPath, tuple[int, int]] = {}
        self.keys: dict[KeyPath, tuple[int, int]] = {}

    def document(self) -> Any:
        """Read the whole text; None, with a problem, if it breaks off."""
        try:
            return self._whole(yaml.parse(self.text, Loader=_LOADER))
        except _Stop:
            return None
        except yaml.YAMLError as error:
            self._syntax_error(error)
            return None

    def _whole(self, events: Iterator[Any]) -> Any:
        data = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    self._add(event, (), "a second document begins here, expected one in a file")
                    raise _Stop
                data = self._node(next(events), events, ())
        return data

    def _node(self, event: Any, events: Iterator[Any], path: KeyPath) -> Any:
        if len(path) > MAX_DEPTH:
            self._add(event, path[:2], _TOO_DEEP)
            raise _Stop
        self.values[path] = _position(event)
        if isinstance(event, yaml.AliasEvent):
            self._add(event, path, f"alias *{event.anchor} is not allowed: write the value out")
            return None
        if event.anchor is not None:
            self._add(event, path, f"anchor &{event.anchor} is not allowed: write the value out each time")
        if event.tag is not None:
            self._add(event, path, f"tag {event.tag} is not allowed: plain values only")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        return self._scalar(event, path)

    def _mapping(self, events: Iterator[Any], path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, events, path)
            if key is None:
                # The value is read all the same, for its own problems, under a name that cannot clash.
                self._node(next(events), events, (*path, "?"))
            elif key in data:
                first = self.keys[(*path, key)][0]
                self._add(event, (*path, key), f"given twice, first on line {first}")
                self._node(next(events), events, (*path, "?"))
            else:
                self.keys[(*path, key)] = _position(event)
                data[key] = self._node(next(events), events, (*path, key))
        return data

    def _key(self, event: Any, events: Iterator[Any], path: KeyPath) -> str | None:
        """Return the key that begins with this event, or None with a problem."""
        if not isinstance(event, yaml.ScalarEvent):
            self._add(event, path, "a key must be a word, not a list, a mapping or an alias")
            if not isinstance(event, yaml.AliasEvent):
                self._node(event, events, (*path, "?"))
            return None
        before = len(self.problems)
        key = self._node(event, events, (*path, "?"))
        del self.values[(*path, "?")]
        if len(self.problems) > before:
            return None
        if event.value == "<<" and event.implicit[0]:
            self._add(event, path, "merge key << is not allowed: write the values out")
            return None
        if not isinstance(key, str) or not key:
            self._add(event, path, f"a key must be a word, got {event.value!r}")
            return None
        return key

    def _sequence(self, events: Iterator[Any], path: KeyPath) -> list[Any]:
        data: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            data.append(self._node(event, events, (*path, len(data))))
        return data

    def _scalar(self, event: Any, path: KeyPath) -> Any:
        if not is_text(event.value):
            self._add(event, path, "holds a control character")
            return None
        if not event.implicit[0]:  # quoted, or a block of text
            return event.value
        try:
            return scalar(event.value)
        except ValueError as error:
            self._add(event, path, str(error))
            return None

    def _add(self, event: Any, path: KeyPath, message: str) -> None:
        self.problems.append(Diagnostic(self.file, *_position(event), key_text(path), message))
        if len(self.problems) >= MOST_PROBLEMS:
            self.problems.append(Diagnostic(self.file, *_position(event), "", GIVEN_UP))
            raise _Stop

    def _syntax_error(self, error: yaml.YAMLError) -> None:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        complaint = getattr(error, "problem", None) or str(error)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        if "nesting depth" in complaint:  # libyaml has a limit of its own, far beyond ours, and reads ahead
            self.problems.append(Diagnostic(self.file, line, column, "", _TOO_DEEP))
            return
        here = self.text.splitlines()[line - 1] if 0 < line <= len(self.text.splitlines()) else ""
        if "\t" in here[: len(here) - len(here.lstrip())] or here[column - 1 : column] == "\t":
            complaint += " (YAML is indented with spaces, never with tabs)"
        self.problems.append(Diagnostic(self.file, line, column, "", f"not valid YAML: {complaint}"))


def _position(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


_DIGITS = r"[0-9](?:_?[0-9])*"
_INTEGER = re.compile(rf"[-+]?{_DIGITS}")
_LEADING_ZERO = re.compile(r"[-+]?0[_0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(rf"[-+]?(?:\.{_DIGITS}|{_DIGITS}(?:\.(?:{_DIGITS})?)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{f"{sign}.{word}": math.inf for sign in ("", "+") for word in ("inf", "Inf", "INF")},
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}


def scalar(text: str) -> Any:
    """Return what an unquoted scalar means: None, a bool, an int, a float, or text.

    As in the YAML 1.2 core schema, except that digits may be grouped by single underscores (1_000_000 is an
    int) and that a whole number must not begin with a zero (0123 would be 83 to some and 123 to others).

    Raises:
        ValueError: the scalar is ambiguous or too large; the message is a sentence.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _LEADING_ZERO.fullmatch(text):
        raise ValueError(f"{text[:40]} begins with a zero: drop it for a number, or put text in quotes")
    if _INTEGER.fullmatch(text) or _BASED.fullmatch(text):
        # Short enough first: Python refuses to convert thousands of digits.
        value = int(text, 0) if len(text) <= 80 else _LARGEST_INTEGER + 1
        if abs(value) > _LARGEST_INTEGER:
            raise ValueError(f"{text[:40]} does not fit into 64 bits: put text in quotes")
        return value
    if _FLOAT.fullmatch(text):
        number = float(text.replace("_", ""))
        if math.isinf(number):
            raise ValueError(f"{text[:40]} is too large for a floating-point number")
        return number
    return text


class _Writer(yaml.SafeDumper):
    """Writes YAML that this module reads back as the same data."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    try:
        plain = scalar(text) == text and "\n" not in text
    except ValueError:
        plain = False
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Writer.add_representer(str, _write_text)


def dump(data: Any) -> str:
    """Return plain data (dictionaries with text keys, lists, scalars) as YAML that `parse` reads back."""
    return str(
        yaml.dump(data, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)
    )
