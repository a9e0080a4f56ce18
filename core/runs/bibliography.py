"""What to cite, as BibTeX: of the model, the data, the sampler and the libraries of a run.

The entries stand in `references.bib` beside this module, by arXiv number and DOI.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from terranova.runs.run import Run

FILE = Path(__file__).with_name("references.bib")

REFERENCE = re.compile(
    r"\b(?P<arxiv>\d{4}\.\d{4,5}(?!\d)|[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?|doi:\s?(?P<doi>10\.\d{4,9}/[^\s;]+)"
)
"""An arXiv number, with or without the word before it, or a DOI."""

DOUBTFUL = re.compile(r"from memory|not identified|recalled|not looked up", re.IGNORECASE)
"""Words by which a source says that its number has not been compared with the publication."""

LIBRARIES = {
    "numpy": "doi:10.1038/s41586-020-2649-2",
    "scipy": "doi:10.1038/s41592-019-0686-2",
    "numba": "doi:10.1145/2833157.2833162",
}

_ENTRY = re.compile(r"^@\w+\{(?P<key>[^,]+),\n(?P<body>.*?)^\}\n", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  (\w+) = \{(.*)\},$", re.MULTILINE)


@dataclass(frozen=True)
class Reference:
    """An entry of the file.

    Attributes:
        key: by which LaTeX cites it.
        text: the entry itself.
        status: what is not certain of it, "" if nothing.
    """

    key: str
    text: str
    status: str


@dataclass(frozen=True)
class Bibliography:
    """What a run cites.

    Attributes:
        entries: in the order in which they are asked for.
        wanted_by: key -> who asks for it.
        open: what has to be settled by hand, a sentence each.
    """

    entries: Sequence[Reference]
    wanted_by: dict[str, list[str]]
    open: Sequence[str]

    def __str__(self) -> str:
        """The BibTeX file; what is open stands as comments at its end."""
        parts = [f"% for {', '.join(self.wanted_by[e.key])}\n{e.text}" for e in self.entries]
        if self.open:
            parts.append("".join(f"% open: {sentence}\n" for sentence in self.open))
        return "\n".join(parts)


@cache
def known_references() -> dict[str, Reference]:
    """Return arXiv number or DOI -> entry of the file."""
    known: dict[str, Reference] = {}
    for match in _ENTRY.finditer(FILE.read_text(encoding="utf-8")):
        fields = dict(_FIELD.findall(match["body"]))
        entry = Reference(match["key"], match[0], fields.get("status", ""))
        for name in ("eprint", "doi"):
            if name in fields:
                known[fields[name].lower()] = entry
    return known


def numbers_in(text: str) -> list[str]:
    """Return the arXiv numbers and DOIs in a text, in order."""
    found = (match["arxiv"] or match["doi"] for match in REFERENCE.finditer(text))
    return [
        number.rstrip(".,)") if number.count("(") < number.count(")") else number.rstrip(".,") for number in found
    ]


def bibliography(run: Run) -> Bibliography:
    """Collect what a publication with the points of a run should cite."""
    sources = [(text, "the model, the sampler and their methods") for text in run.manifest.citations]
    sources += [(c.source, f"the constraint {c.name}") for c in run.constraints]
    used = run.manifest.versions
    sources += [(text, f"the library {name}") for name, text in LIBRARIES.items() if name in used]
    made = collect(sources)
    version = used.get("terranova", "")
    own = (
        "@software{terranova,\n  title = {terranova: constrained exploration of BSM parameter spaces},\n"
        + (f"  version = {{{version}}},\n" if version else "")
        + "  note = {see CITATION.cff for authors and address},\n}\n"
    )
    wanted = {"terranova": ["the program"], **made.wanted_by}
    return Bibliography([Reference("terranova", own, ""), *made.entries], wanted, made.open)


def collect(sources: Iterable[tuple[str, str]]) -> Bibliography:
    """Collect the entries of sources, of (text, who asks for it) pairs."""
    entries: dict[str, Reference] = {}
    wanted: dict[str, list[str]] = {}
    unsettled: list[str] = []
    for text, who in sources:
        if DOUBTFUL.search(text):
            unsettled.append(f"{who}: its source says {text!r}")
        for number in numbers_in(text):
            entry = known_references().get(number.lower())
            if entry is None:
                unsettled.append(f"{who}: {number} has no entry in references.bib; {_inspire(number)} has one")
                continue
            entries[entry.key] = entry
            asking = wanted.setdefault(entry.key, [])
            if who not in asking:
                asking.append(who)
    for entry in entries.values():
        if entry.status:
            what = "title and authors are from memory" if entry.status == "from memory" else "the title is missing"
            number = entry.key.partition(":")[2]
            unsettled.append(f"{entry.key}: {what}; compare with {_inspire(number)}")
    return Bibliography(list(entries.values()), wanted, list(dict.fromkeys(unsettled)))


def _inspire(number: str) -> str:
    kind = "doi" if number.startswith("10.") else "arxiv"
    return f"https://inspirehep.net/api/{kind}/{number}?format=bibtex"
