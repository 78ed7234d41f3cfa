"""Fonts and icons of the pages, from the packages that they come in."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
_MODULES: Final = ROOT / "clients" / "node_modules"
_STATIC: Final = ROOT / "server" / "pages" / "static"
_FIGTREE: Final = _MODULES / "@fontsource-variable" / "figtree"
_SERIF: Final = _MODULES / "@fontsource" / "instrument-serif"
_LUCIDE: Final = _MODULES / "lucide-static"

_FONTS: Final = {
    "figtree-latin.woff2": _FIGTREE / "files" / "figtree-latin-wght-normal.woff2",
    "figtree-latin-ext.woff2": _FIGTREE / "files" / "figtree-latin-ext-wght-normal.woff2",
    "instrument-serif-latin.woff2": _SERIF / "files" / "instrument-serif-latin-400-normal.woff2",
    "instrument-serif-latin-ext.woff2": _SERIF
    / "files"
    / "instrument-serif-latin-ext-400-normal.woff2",
}

ICONS: Final = (
    *("bed", "cake", "calendar", "calendar-plus", "car", "check", "chevron-left"),
    *("chevron-right", "circle-alert", "clock", "copy", "download", "external-link"),
    *("fingerprint-pattern", "history", "key-round", "languages", "link", "list-checks"),
    *("lock-open", "log-out", "mail", "map", "map-pin", "message-circle", "monitor", "moon"),
    *("notebook-pen", "pencil", "phone", "plane-landing", "plane-takeoff", "plus", "send"),
    *("share-2", "shield-check", "terminal", "ticket", "undo-2", "upload", "user", "user-plus"),
    *("users", "utensils", "x"),
)
"""Those of lucide that pages use."""

_PART: Final = re.compile(r"<(?!svg|/svg)[^!>]+/>")


def assets() -> Iterator[tuple[Path, bytes]]:
    """Every file that is copied or made from a package, with what it must have."""
    for name, source in _FONTS.items():
        yield _STATIC / "fonts" / name, source.read_bytes()
    licenses = (
        ("Figtree", _FIGTREE / "LICENSE"),
        ("Instrument Serif", _SERIF / "LICENSE"),
        ("Lucide (icons.svg)", _LUCIDE / "LICENSE"),
    )
    texts = [f"{name}\n\n{path.read_text(encoding='utf-8').strip()}\n" for name, path in licenses]
    yield _STATIC / "fonts" / "LICENSES.txt", f"\n{'-' * 60}\n\n".join(texts).encode()
    yield _STATIC / "icons.svg", _sprite().encode()


def _sprite() -> str:
    symbols = []
    for name in ICONS:
        icon = (_LUCIDE / "icons" / f"{name}.svg").read_text(encoding="utf-8")
        parts = "".join(_PART.findall(icon)).replace(" />", "/>")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{parts}</symbol>')
    body = "\n".join(symbols)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg">\n'
        "<!-- Icons of Lucide, ISC: fonts/LICENSES.txt -->\n"
        f"{body}\n</svg>\n"
    )
