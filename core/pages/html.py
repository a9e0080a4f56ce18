"""Pages of HTML: one head and one style for all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources

from terranova.store.origin import terranova_version


def html_page(package: str, **words: object) -> str:
    """Fill in the template `template.html` of a package, which extends `base.html` of this one.

    Templates know `style`, `version` and `today` beside the words given, and the macro of `figure.html`, which
    draws a `Picture`. What is not markup is escaped; a word that is missing is an error.

    Args:
        package: import name.
        words: of the template.
    """
    import jinja2
    from markupsafe import Markup

    here = resources.files("terranova.pages")
    files = {
        "template.html": resources.files(package).joinpath("template.html"),
        **{name: here.joinpath(name) for name in ("base.html", "figure.html")},
    }
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.DictLoader({name: file.read_text(encoding="utf-8") for name, file in files.items()}),
    )
    return environment.get_template("template.html").render(
        style=Markup(here.joinpath("style.css").read_text(encoding="utf-8")),
        version=terranova_version(),
        today=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        **words,
    )
