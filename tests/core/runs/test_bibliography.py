"""What to cite: every number that a plugin, a constraint or a library names has an entry, and doubts are said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.stored_runs import rows, stored, windows

from terranova.registry import registry
from terranova.runs.bibliography import (
    FILE,
    LIBRARIES,
    bibliography,
    collect,
    known_references,
    numbers_in,
)
from terranova.runs.run import Run


def sources() -> Iterator[tuple[str, str]]:
    """Everything that comes with terranova and names a publication."""
    for plugin in registry().plugins:
        if not plugin.origin.startswith("terranova "):
            continue
        for text in getattr(plugin.target, "citations", ()) or ():
            yield text, plugin.title
        if plugin.kind == "constraints":
            for constraint in plugin.target:
                yield constraint.source, constraint.name
                for text in constraint.references:
                    yield text, constraint.name
    for name, text in LIBRARIES.items():
        yield text, name


def test_no_publication_is_missing() -> None:
    found = list(sources())
    assert len(found) > 500
    missing = {n: who for text, who in found for n in numbers_in(text) if n.lower() not in known_references()}
    assert missing == {}


def test_every_entry_is_bibtex_with_a_key_of_its_own_and_says_how_sure_it_is() -> None:
    text = FILE.read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{([^,]+),$", text, flags=re.MULTILINE)
    assert len(keys) == text.count("\n@") == len(set(keys))
    assert {entry.key for entry in known_references().values()} == set(keys)
    for entry in known_references().values():
        assert re.fullmatch(r"[A-Za-z0-9:./-]+", entry.key)
        assert entry.text.count("{") == entry.text.count("}")
        assert entry.status in ("", "from memory", "not identified")
        assert ("title" in entry.text) == (entry.status != "not identified")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("arXiv:2207.00092, ATLAS", ["2207.00092"]),
        ("average of ATLAS (arXiv:2207.00348) and CMS (arXiv:2103.06956v2).", ["2207.00348", "2103.06956"]),
        (
            "doi:10.1016/0550-3213(91)90438-4 thermal, and hep-ph/9704361",
            ["10.1016/0550-3213(91)90438-4", "hep-ph/9704361"],
        ),
        ("(doi:10.1007/JHEP12(2025)169); PDG", ["10.1007/JHEP12(2025)169"]),
        ("L3, arXiv:hep-ex/0107015, heavy", ["hep-ex/0107015"]),
        ("theory: by construction, 1234.5", []),
    ],
)
def test_numbers_are_found_in_what_people_write(text: str, numbers: list[str]) -> None:
    assert numbers_in(text) == numbers


def test_what_is_not_certain_is_open() -> None:
    made = collect(
        [("arXiv:2012.12272 words", "a"), ("arXiv:9999.99999", "b"), ("3 sigma range recalled, not looked up", "c")]
    )
    assert [entry.key for entry in made.entries] == ["arXiv:2012.12272"]
    assert any("9999.99999 has no entry" in sentence for sentence in made.open)
    assert any("c: its source says" in sentence for sentence in made.open)
    assert any("arXiv:2012.12272: title and authors are from memory" in sentence for sentence in made.open)
    assert str(made).count("% open: ") == 3


@pytest.mark.usefixtures("toy_registry")
def test_a_run_cites_program_and_libraries(tmp_path: Path) -> None:
    stored(tmp_path / "run", rows([[0.0]]), constraints=[windows(ratio=(0.0, 1.0))])
    text = str(bibliography(Run(tmp_path / "run")))
    assert text.startswith("% for the program\n@software{terranova,")
    assert "the library numpy" in text
