"""Pages of fits, comparisons and surrogates: text of users is text, in a parser's eyes and in a real browser."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest

import terranova
from terranova import (
    ConstraintSet,
    Gaussian,
    Model,
    Observable,
    Parameter,
    PointFailed,
    PointModel,
    Uniform,
    hookimpl,
)
from terranova.registry import registry
from terranova.runs.run import Run

pytestmark = [pytest.mark.integration, pytest.mark.fault("F68")]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

RUN = "document.documentElement.setAttribute('data-pwned','1')"
OUTSIDE = "http://attacker.invalid/"
ATTACKS = {
    "script": f"<script>{RUN}</script>",
    "image": f'"><img src=x onerror="{RUN}">',
    "quote": f"' onmouseover={RUN} autofocus onfocus={RUN} x='",
    "link": f"javascript:{RUN}",
    "style": f"</style><script>{RUN}</script><style>@import url({OUTSIDE}css);*{{background:url({OUTSIDE}bg)}}",
    "title": f"</title></head><body onload={RUN}>",
    "lines": f"\u2028{RUN}\u2029\x85//<!--",
    "svg": f"</text></svg><svg onload={RUN}><use href={OUTSIDE}#a /><foreignObject><iframe src={OUTSIDE}f>",
    "comment": f"--><script>{RUN}</script><!--",
    "cdata": f"]]><script>{RUN}</script>",
    "template": "{{ 7 * 7191 }}{% raw %}{{ config }}",
    "frame": f"<base href={OUTSIDE}><iframe src={OUTSIDE}frame></iframe><link rel=stylesheet href={OUTSIDE}css>",
    "entity": f"&lt;script&gt;{RUN}&#60;/script&#62;",
    "path": "../../../tmp/x\\..\\y",
}
EVERY = " ".join(ATTACKS.values())
X, Y = "x " + ATTACKS["image"], "y" + ATTACKS["script"]
P, Q = "p</svg><svg onload=x()>", f"q</style><style>@import url({OUTSIDE}q)"


class Hostile(PointModel):
    """<script>alert(1)</script>"""

    name = "hostile"
    version = ATTACKS["script"]
    description = ATTACKS["title"] + EVERY
    citations = (ATTACKS["link"], f"arXiv:2207.00092 {EVERY}", "doi:10.1/\"onmouseover='x'", OUTSIDE)
    parameters = (
        Parameter(X, Uniform(0.0, 1.0), unit=ATTACKS["comment"], latex=ATTACKS["quote"], description=EVERY),
        Parameter(Y, Uniform(0.0, 1.0), unit=ATTACKS["lines"], latex="</text>" + ATTACKS["cdata"]),
    )
    observables = (
        Observable(P, unit=ATTACKS["entity"], latex="p", description=EVERY),
        Observable(Q, unit="1", latex=ATTACKS["svg"], description=EVERY),
    )

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """Sum and difference; some points fail, with a reason."""
        if point[X] > 0.95:
            raise PointFailed(EVERY)
        return {P: point[X] + point[Y], Q: point[X] - point[Y]}


SET = ConstraintSet(
    "hostile",
    tuple(
        Gaussian(
            name=f"{name}{attack}", observables=(name,), value=value, sigma=0.1,
            unit=ATTACKS["entity"] if name == P else "1", source=EVERY, note=EVERY, date=ATTACKS["image"],
        )
        for name, value, attack in ((P, 1.0, ATTACKS["frame"]), (Q, 0.1, ATTACKS["image"]))
    ),
    version=EVERY,
    description=EVERY,
)  # fmt: skip


class _Plugin:
    @staticmethod
    @hookimpl
    def terranova_models() -> list[type[Model]]:
        """The model above."""
        return [Hostile]

    @staticmethod
    @hookimpl
    def terranova_constraint_sets() -> list[ConstraintSet]:
        """The constraints above."""
        return [SET]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Kind -> a page of it, of things with hostile names in a directory with a hostile name."""
    from terranova.comparison.page import write_results
    from terranova.surrogates import explanation, explanation_page, training, validation, validation_page

    shared = registry()
    before = list(shared.plugins)
    shared.register(_Plugin, name="hostile", origin="tests")
    folder = tmp_path_factory.mktemp("pages")

    def directory(name: str) -> str:
        return str(folder / name.replace("/", "∕"))

    here = {"model": Hostile.name, "constraints": ["hostile"]}
    alone = {"executor": "serial", "isolation": "none"}
    try:
        run = terranova.scan(
            **here, sampler={"name": "random", "islands": 1}, budget={"evaluations": 300}, parallel=alone,
            output=directory("run" + ATTACKS["image"]), quiet=True,
        )  # fmt: skip
        fit = terranova.fit(
            {
                **here, "profile": [{X: None, "bins": 4}, {X: [0, 1], Y: [0, 1], "bins": 3}], "parallel": alone,
                "best": {"starts": 1, "generations": 20}, "output": directory("fit" + ATTACKS["quote"]),
            },
            quiet=True,
        )  # fmt: skip
        assert fit is not None
        comparison = terranova.compare(
            {
                "samplers": [
                    {"name": "random", "label": "r<script>x()</script>"},
                    {"name": "de", "label": "</svg><svg onload=x()>"},
                ],
                "problems": [{"label": '"><img src=x onerror=x()>', **here, "observables": {P: [0, 2]}}],
                "budget": {"evaluations": 120}, "seeds": 2, "workers": 0,
                "output": directory("comparison" + ATTACKS["comment"]),
            },
            quiet=True,
        )  # fmt: skip
        assert comparison is not None
        trained = training.train([Run(run.directory)], [P], trials=0)
        check = validation_page.write_page(validation.check(trained, None), trained, folder / "check.html")
        explained = explanation_page.write_page(
            explanation.explain(trained, None), trained, folder / "explain.html"
        )
        yield {
            "fit": Path(fit.config.output) / "fit.html",
            "comparison": write_results(comparison),
            "surrogate check": check,
            "surrogate explain": explained,
            "report": terranova.report(run, random=0),
        }
    finally:
        shared.plugins[:] = before


KINDS = ["fit", "comparison", "surrogate check", "surrogate explain", "report"]
LOADING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "srcdoc", "ping", "manifest"}


class _Look(HTMLParser):
    """Collects what a page could run or load."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "base", "form", "foreignobject", "img", "audio", "video"}:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            value = value or ""
            drawn = tag == "image" and value.startswith("data:image/png;base64,")  # by matplotlib
            inside = name in ("href", "xlink:href") and (tag == "a" or value.startswith("#"))
            if name.startswith("on") or (name in LOADING and not value.startswith("data:")):
                self.found.append(f"<{tag} {name}={value}>")
            if (
                name in ("href", "xlink:href")
                and not drawn
                and (not inside or re.match(r"\s*(javascript|data|vbscript):", value, re.I))
            ):
                self.found.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_in_a_page_is_markup_of_users(pages: dict[str, Path], kind: str) -> None:
    look = _Look()
    content = pages[kind].read_text(encoding="utf-8")
    look.feed(content)
    assert look.found == []
    assert "onload=x()" in "".join(look.text), "the attack has reached the page, as text"
    assert str(7 * 7191) not in content
    style = "".join(re.findall(r"<style.*?</style>", content, re.DOTALL))
    assert "attacker" not in style
    assert "@import" not in style


@pytest.fixture
def proxy() -> Iterator[tuple[int, list[str]]]:
    """A port, and the first lines of all that was sent there: where a browser would look for the network."""
    asked: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2.0)
                try:
                    asked.append(connection.recv(4096).decode("latin-1").partition("\r\n")[0])
                    connection.sendall(b"HTTP/1.1 502 no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                except OSError:
                    continue

    threading.Thread(target=listen, daemon=True).start()
    yield server.getsockname()[1], asked
    server.close()


def _in_browser(page: Path, profile: Path, port: int) -> str:
    """Open a page in a browser; return what became of it, as HTML."""
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
        f"--user-data-dir={profile}", f"--proxy-server=http://127.0.0.1:{port}", "--proxy-bypass-list=<-loopback>",
        "--virtual-time-budget=2000", "--dump-dom", page.absolute().as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=200, check=False)
    shown = done.stdout.decode("utf-8", "replace")
    if not shown.strip():
        pytest.skip(f"{CHROMIUM} shows nothing here: {done.stderr[-300:]!r}")
    return shown


@pytest.mark.skipif(CHROMIUM is None, reason="no browser on this machine")
def test_the_browser_of_this_test_would_run_it(tmp_path: Path, proxy: tuple[int, list[str]]) -> None:
    """The attack works where nobody escapes it; otherwise the next test could not fail."""
    port, asked = proxy
    page = tmp_path / "page.html"
    page.write_text(f"<!doctype html><body><p>{ATTACKS['image']}<img src={OUTSIDE}x></p>", encoding="utf-8")
    assert "data-pwned" in _in_browser(page, tmp_path / "profile", port)
    assert any("attacker.invalid" in line for line in asked)


@pytest.mark.skipif(CHROMIUM is None, reason="no browser on this machine")
@pytest.mark.parametrize("kind", [KINDS[0], *(pytest.param(k, marks=pytest.mark.slow) for k in KINDS[1:])])
def test_a_browser_runs_and_loads_nothing(
    pages: dict[str, Path], kind: str, tmp_path: Path, proxy: tuple[int, list[str]]
) -> None:
    port, asked = proxy
    shown = _in_browser(pages[kind], tmp_path / "profile", port)
    assert "terranova" in shown
    assert not re.search(r"<html[^>]*data-pwned", shown)
    assert not [line for line in asked if "attacker" in line]
    look = _Look()
    look.feed(shown)
    assert look.found == []
