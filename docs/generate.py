"""Writes what the program knows into documents, pages, the client: `python -m docs.generate`.

A generated part of a document stands between `<!-- generated: NAME -->` and `<!-- end -->`. With
`--check` nothing is written, and the exit code is 1 where a part is not as it would be.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from docs import coastlines
from docs.client_methods import client_methods
from docs.dashboard import dashboard
from docs.guide_page import rendered
from docs.page_assets import assets
from domain.resources import RESOURCES
from runtime.measured import FAMILIES
from runtime.settings import Settings
from server.openapi.document import describe
from server.route import OPEN, Route
from server.routes import ROUTES

ROOT: Final = Path(__file__).parent.parent

SWAGGER_UI: Final = ROOT / "clients" / "node_modules" / "swagger-ui-dist"
COPIED: Final = (
    "swagger-ui-bundle.js",
    "swagger-ui-bundle.js.LICENSE.txt",
    "swagger-ui.css",
    "LICENSE",
    "NOTICE",
)
"""What a server serves of Swagger UI, so that it needs no other host, and running it no Node."""

_PART = re.compile(r"(<!-- generated: (\w+) -->).*?(<!-- end -->)", re.DOTALL)
_SETTING = re.compile(r"(\w+) = ")


def endpoints() -> str:
    """The route table."""
    rows = [(f"`{r.method} {r.path}`", _who(r), r.summary) for r in ROUTES]
    return _table(("operation", "scope", "what it does"), rows)


def _who(route: Route) -> str:
    if route.scope:
        return f"`{route.scope}`"
    if route.access == "session":
        return "signed in"
    return "any key" if route.access not in OPEN else "no key"


def settings() -> str:
    """The settings with their defaults; what they mean is said in `config.toml`."""
    said = comments((ROOT / "config.toml").read_text(encoding="utf-8"))
    rows = [
        (f"`{name}`", f"`{msgspec.json.encode(default).decode()}`", said[name])
        for section in msgspec.structs.fields(Settings)
        for field in msgspec.structs.fields(section.type)
        for name, default in [(f"{section.name}.{field.name}", field.default)]
    ]
    return _table(("setting", "default", "meaning"), rows)


def comments(toml: str) -> dict[str, str]:
    """The comment above each setting of a TOML file, by the setting's name."""
    found: dict[str, str] = {}
    section, lines = "", []
    for line in toml.splitlines():
        if line.startswith("# "):
            lines.append(line.removeprefix("# "))
            continue
        if setting := _SETTING.match(line):
            found[f"{section}.{setting[1]}"] = " ".join(lines)
        elif line.startswith("["):
            section = line.strip("[]")
        lines = []
    return found


def metrics() -> str:
    """The metrics there are."""
    rows = [
        (f"`{f.name}`", f.type, ", ".join(f"`{n}`" for n in f.labels), f.help) for f in FAMILIES
    ]
    return _table(("metric", "type", "labels", "meaning"), rows)


def snapshots() -> str:
    """The lists of a sync and an export."""
    return ", ".join(f"`{resource.snapshot}`" for resource in RESOURCES)


def guide() -> str:
    """The guide to the API as HTML."""
    text = _guide("api.md")
    return rendered(text, like=text, contents="Contents")


def guide_fr() -> str:
    """The same in French, with the same links to its headings."""
    return rendered(_guide("api.fr.md"), like=_guide("api.md"), contents="Sommaire")


def _guide(name: str) -> str:
    """A guide's Markdown, of which what is generated has no marks around it."""
    text = filled((ROOT / "docs" / name).read_text(encoding="utf-8"))
    return _PART.sub(lambda part: part[0].split("-->", 1)[1].rsplit("<!--", 1)[0], text)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table on lines of its own."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
    cells.insert(1, ["---" for _ in cells[0]])
    return "".join(["\n", *(f"| {' | '.join(row)} |\n" for row in cells)])


PARTS: Final[dict[str, Callable[[], str]]] = {
    part.__name__: part for part in (endpoints, guide, guide_fr, metrics, settings, snapshots)
}


def documents() -> list[Path]:
    """The documents that may have generated parts."""
    pages = sorted((ROOT / "server" / "pages").glob("*.html"))
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *pages]


def filled(text: str) -> str:
    """A document with its generated parts as they must be.

    `KeyError` for a part that is not in `PARTS`, `ValueError` for one without an end.
    """
    if text.count("<!-- generated: ") != len(_PART.findall(text)):
        raise ValueError("a generated part has no end")
    return _PART.sub(lambda part: f"{part[1]}{PARTS[part[2]]()}{part[3]}", text)


def description() -> str:
    """The OpenAPI document."""
    return msgspec.json.format(msgspec.json.encode(describe(ROUTES)), indent=2).decode() + "\n"


def written() -> Iterator[tuple[Path, bytes]]:
    """Every file that is generated or copied, or has generated parts, with what it must have."""
    for path in documents():
        yield path, filled(path.read_text(encoding="utf-8")).encode()
    yield ROOT / "docs" / "openapi.json", description().encode()
    yield ROOT / "carnet" / "client" / "operations.py", client_methods(ROUTES).encode()
    copies = ROOT / "server" / "pages" / "static" / "swagger-ui"
    for name in COPIED:
        yield copies / name, (SWAGGER_UI / name).read_bytes()
    yield ROOT / "ops" / "grafana" / "carnet.json", dashboard().encode()
    yield from assets()
    yield from coastlines.files()


def main(arguments: list[str]) -> int:
    """Writes or checks the documents, and names those that were not up to date."""
    check = arguments == ["--check"]
    stale = False
    for path, after in written():
        if not path.exists() or path.read_bytes() != after:
            stale = True
            print(f"{path.relative_to(ROOT)}: {'run make generate' if check else 'written'}")
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(after)
    return int(check and stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
