"""The report: right numbers, right figures, nothing from elsewhere, and useful whatever the run holds."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from support.stored_runs import prepared, rows, scanned, stored, windows

from terranova.errors import RunError
from terranova.reporting import write_report
from terranova.runs.run import Run
from terranova.store import Writer

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.integration]
inf = math.inf


class Page(HTMLParser):
    """What a page refers to, what it says, and which figures and sections it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: list[str] = []
        self.labels: list[str] = []
        self.words = ""
        self._skip = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._skip += tag == "style"
        for name, value in attrs:
            text = value or ""
            if name in ("src", "srcset", "data", "poster", "action") or (name.endswith("href") and tag != "a"):
                self.loaded.append(text)
            if name == "id":
                self.ids.append(text)
            if name.endswith("href") and text.startswith("#"):
                self.references.append(text[1:])
            if tag == "svg" and name == "aria-label":
                self.labels.append(text)
            self.references += re.findall(r"url\(#([^)]+)\)", text)

    def handle_endtag(self, tag: str) -> None:
        self._skip -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.words += " " + data


def page_of(run: Run, **options: Any) -> Page:
    """Write the report of a run and check what must hold for every one."""
    path = write_report(run, **{"random_points": 2000, **options})
    assert path == run.directory / "report.html"
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    outside = [link for link in page.loaded if not link.startswith(("data:", "#"))]
    assert outside == []
    assert "@import" not in text
    assert "<script" not in text
    assert len(page.ids) == len(set(page.ids)), "names in the page must be unique"
    assert set(page.references) <= set(page.ids)
    assert not re.search(r"\bnan\b", page.words), page.words
    return page


def test_an_ordinary_run(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run")
    page = page_of(run)
    for anchor in (
        "what",
        "efficiency",
        "completeness",
        "constraints",
        "progress",
        "projections",
        "histograms",
        "best",
        "failed",
    ):
        assert anchor in page.ids
    assert f"{run.valid_count} of 4,000 points evaluated are valid" in page.words
    assert f"all {run.valid_count} valid points" in page.words
    assert page.tags.count("svg") == page.tags.count("figcaption") == len(page.labels) == 7
    assert "2,000" in page.words  # random points
    assert "random 1, 4 islands" in page.words
    assert "chosen" in page.words
    assert f"terranova scan {run.directory}/config.yaml" in page.words
    assert f"{run.best(1)['a'][0]:.6g}" in page.words
    assert "theory: chosen for this test" in page.words


@pytest.mark.slow
def test_the_same_run_gives_the_same_figures(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run")
    texts = [write_report(run, tmp_path / name, random_points=100).read_text() for name in ("a.html", "b.html")]
    figures = [re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL) for text in texts]
    assert figures[0] == figures[1]
    assert len(figures[0]) == 7


def test_no_valid_point(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run", constraints=[windows(ring=(0, 3), ratio=(10, 11))])
    page = page_of(run)
    assert "None of the 4,000 points evaluated is valid" in page.words
    assert "No point of the scan satisfies w_ratio" in page.words
    assert "Where the closest points are" in page.words
    assert "smallest total violation" in page.words
    assert "No point is valid: points by total violation, smallest first" in page.words
    assert "product of their pass rates" in page.words
    assert page.tags.count("svg") == 7


def test_only_failures(tmp_path: Path) -> None:
    reasons = [f"tachyon of mass -{i}.5e+02" for i in range(20)]
    run = stored(tmp_path, rows([[inf, inf]] * 20, loglike=[-inf] * 20, status=[1] * 20, reason=reasons))
    page = page_of(run)
    assert "20 points of 20 (100 %) failed" in page.words
    assert "tachyon of mass #" in page.words
    assert "no constraint was put to the test" in page.words


@pytest.mark.slow
def test_single_rows(tmp_path: Path) -> None:
    valid = page_of(stored(tmp_path / "valid", rows([[0, 0]])))
    assert "1 of 1 point evaluated is valid: 100 %" in valid.words
    page_of(stored(tmp_path / "invalid", rows([[0, 2]])))


def test_no_rows(tmp_path: Path) -> None:
    run, _ = prepared(tmp_path)
    assert "No point has been stored yet" in page_of(run).words


@pytest.mark.slow
def test_one_parameter(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run", model="toy-staged", constraints=[windows(cheap=(0, 5), dear=(0, 4))])
    page = page_of(run)
    assert "not computed" in page.words
    assert "1 parameter" in page.words


@pytest.mark.slow
def test_no_constraints(tmp_path: Path) -> None:
    page = page_of(scanned(tmp_path / "run", constraints=[]))
    assert "constraints" not in page.ids
    assert "4,000 of 4,000 points evaluated are valid: 100 %" in page.words


@pytest.mark.slow
def test_fixed_parameters_get_no_figure(tmp_path: Path) -> None:
    page = page_of(scanned(tmp_path / "run", parameters={"phi": 0.5, "c": 10.0}))
    assert page.tags.count("svg") == 7


@pytest.mark.slow
def test_a_run_that_keeps_valid_points(tmp_path: Path) -> None:
    page = page_of(scanned(tmp_path / "run", store={"keep": "valid"}))
    assert "stores its valid points only" in page.words


def test_a_model_that_fails(tmp_path: Path) -> None:
    page = page_of(scanned(tmp_path / "run", model="toy-holes"))
    assert "b too small for this calculation" in page.words
    assert "# observables not finite, first ring" in page.words


@pytest.mark.slow
def test_without_the_model(tmp_path: Path) -> None:
    from terranova.registry import registry

    run = scanned(tmp_path / "run")
    registry().plugins[:] = [p for p in registry().plugins if p.name != "toy-shell"]
    page = page_of(Run(run.directory))
    assert "were not rebuilt here" in page.words
    assert "toy-shell" in page.words


def test_while_it_is_written(tmp_path: Path) -> None:
    run, _ = prepared(tmp_path)
    with Writer(tmp_path, run.manifest.schema) as writer:
        writer.append(rows([[0, 0], [1, 0], [0, 0]]))
        assert "2 of 3 points evaluated are valid" in page_of(run).words


@pytest.mark.slow
def test_chosen_projections(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run")
    page_of(run, projections=[("a", "ring", "ratio"), ("b", "loglike", "")])
    with pytest.raises(RunError, match=r"'rink'.*did you mean 'ring'"):
        write_report(run, random_points=0, projections=[("a", "rink", "")])


@pytest.mark.slow
def test_planes_of_the_model(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run", model="toy-planes")
    page = page_of(run)
    assert "planes" in page.ids
    assert "Planes of the model" in page.words
    text = (run.directory / "report.html").read_text(encoding="utf-8")
    section = text[text.index('id="planes"') : text.index('id="projections"')]
    assert "<!-- inner -->" in section
    assert "<!-- outer $ -->" in section, "a legend of both kinds"
    fixed = scanned(
        tmp_path / "fixed",
        model="toy-planes",
        parameters={"a": {"prior": "fixed", "value": 5.0}},
    )
    assert "planes" in page_of(fixed).ids, "one plane is left"
    assert "planes" not in page_of(scanned(tmp_path / "none")).ids


@pytest.mark.slow
def test_planes_without_valid_points_show_the_closest(tmp_path: Path) -> None:
    run = scanned(tmp_path / "run", model="toy-planes", constraints=[windows(ring=(0, 3), ratio=(10, 11))])
    assert "of smallest total violation; none is valid. The planes are" in page_of(run).words


def test_words_of_users_are_escaped(tmp_path: Path) -> None:
    run = stored(tmp_path, rows([[inf, inf]], status=[3], reason=["<script>alert(1)</script>"]))
    assert "<script" not in write_report(run, random_points=0).read_text()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="could not be written"):
        write_report(stored(tmp_path, rows([[0, 0]])), tmp_path / "no" / "report.html", random_points=0)


# -- what it is made of ------------------------------------------------------------------------------------------
