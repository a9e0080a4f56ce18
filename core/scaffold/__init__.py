"""Skeletons of plugin packages: what `terranova new model NAME` writes."""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
from importlib import resources
from pathlib import Path
from string import Template

import terranova
from terranova.errors import ConfigError, Diagnostic

_FILES = {
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml",
    "scan.yaml": "scan.yaml",
    "src/$package/__init__.py": "init.py",
    "src/$package/limits.yaml": "limits.yaml",
    "src/$package/model.py": "model.py",
    "tests/test_$package.py": "test_model.py",
    "tests/test_${package}_physics.py": "test_physics.py",
}
"""File of the new package -> its template, without the ending."""

_TEMPLATE_ENDING = ".template"
"""Keeps linters and pytest from reading the templates as Python."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")


def new_model(name: str, directory: str | Path = ".") -> Path:
    """Write a plugin package with one model, its limits, a scan of it, and tests, all working as they stand.

    Args:
        name: of the model, as a configuration asks for it, such as "my_model": lower-case letters, digits,
            and single "_" or "-" between them. The Python package has the same name, with "_" for "-".
        directory: where the folder `name` is made.

    Returns:
        The new folder.

    Raises:
        ConfigError: the name cannot be used, or something of that name is there already.
    """
    package = _package_name(name)
    class_name = "".join(part.capitalize() for part in package.split("_"))
    if class_name in terranova.__all__:
        raise _refused("name", f"the class of {name!r} would hide {class_name!r} of terranova; take another name")
    project = Path(directory) / name
    if not Path(directory).is_dir():
        raise _refused("directory", f"{str(directory)!r} is not an existing directory")
    if os.path.lexists(project):
        raise _refused("directory", f"{str(project)!r} exists already, and nothing is ever overwritten")
    values = {
        "name": name,
        "package": package,
        "class_name": class_name,
        "distribution": f"terranova-{package.replace('_', '-')}",
    }
    # Everything is filled in before anything is written: an error leaves no half of a package behind.
    files = {Template(path).substitute(values): _fill(template, values) for path, template in _FILES.items()}
    for path, text in files.items():
        target = project / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return project


def _package_name(name: str) -> str:
    """Return the import name of a model's package, or say why it cannot be used."""
    if not _NAME.fullmatch(name):
        raise _refused(
            "name",
            f"{name!r} cannot name a model: use lower-case letters, digits, and single '_' or '-' between "
            "them, beginning with a letter, such as 'my_model'",
        )
    package = name.replace("-", "_")
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        raise _refused("name", f"{name!r} is a word of the Python language, which no package can be called")
    if importlib.util.find_spec(package) is not None:
        raise _refused("name", f"a Python package {package!r} is installed already; take another name")
    return package


def _fill(template: str, values: dict[str, str]) -> str:
    source = resources.files("terranova.scaffold") / "templates" / (template + _TEMPLATE_ENDING)
    return Template(source.read_text(encoding="utf-8")).substitute(values)


def _refused(key: str, message: str) -> ConfigError:
    return ConfigError([Diagnostic("", 0, 0, key, message)])
