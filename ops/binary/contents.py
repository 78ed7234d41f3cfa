"""What goes into the bundle: Carnet and the distributions it needs, whatever else is in .venv."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution, packages_distributions
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parent.parent.parent
PACKAGES: Final[list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"][
    "hatch"
]["build"]["targets"]["wheel"]["packages"]
VERSION: Final = distribution("carnet").version

_OF_NO_USE: Final = (
    # Python's own, which some library would use if a person asked it to.
    *("doctest", "idlelib", "lib2to3", "pdb", "pydoc", "tkinter", "turtle", "unittest"),
    # The library behind it is GPL, and nothing is typed into the program.
    "readline",
)


def needed() -> list[Distribution]:
    """Carnet and all that it requires here, by name."""
    found: dict[str, Distribution] = {}

    def add(name: str, extras: frozenset[str]) -> None:
        if canonicalize_name(name) in found and not extras:
            return
        found[canonicalize_name(name)] = distribution(name)
        for text in distribution(name).requires or ():
            requirement = Requirement(text)
            environments = [{"extra": extra} for extra in ("", *extras)]
            if requirement.marker is None or any(map(requirement.marker.evaluate, environments)):
                add(requirement.name, frozenset(requirement.extras))

    add("carnet", frozenset())
    return [found[name] for name in sorted(found)]


def excluded() -> list[str]:
    """Top-level modules that are left out.

    Libraries import optional ones where they find them, and .venv has those that tests need.
    """
    ours = {canonicalize_name(each.name) for each in needed()}
    others = {
        module
        for module, names in packages_distributions().items()
        if module.isidentifier() and not {canonicalize_name(name) for name in names} & ours
    }
    return sorted(others | {*_OF_NO_USE})


def data() -> list[tuple[str, str]]:
    """Our files that are not modules, each with its folder in the bundle."""
    return [
        (str(path), str(path.parent.relative_to(ROOT)))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    ]


def licence_files(dist: Distribution) -> Iterator[Path]:
    """The licences that a distribution brings, and notices with them."""
    for file in dist.files or ():
        if re.match(r"licen[cs]e|copying|notice", file.name, re.IGNORECASE):
            yield Path(str(file.locate()))
