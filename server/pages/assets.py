"""Files that are served as they stand; what is not in `ASSETS` is not there."""

import asyncio
import functools
import gzip
import hashlib
import re
from importlib.resources import files
from typing import Final, NamedTuple

from aiohttp import web

from server.conditional import is_known
from server.pages.words import DEFAULT

HTML: Final = "text/html; charset=utf-8"
SCRIPT: Final = "text/javascript; charset=utf-8"
STYLE: Final = "text/css; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"
SVG: Final = "image/svg+xml"
FONT: Final = "font/woff2"


class Asset(NamedTuple):
    """Something that is served as it stands."""

    path: str
    """Below the path of the public URL."""
    file: str
    """Beside this module."""
    media_type: str
    is_translated: bool = False
    """Whether each language but the default has a file of its own, such as `docs.fr.html`."""


def _docs(name: str, media_type: str) -> Asset:
    return Asset(f"/docs/static/{name}", f"static/{name}", media_type)


def _static(name: str, media_type: str) -> Asset:
    return Asset(f"/static/{name}", f"static/{name}", media_type)


ASSETS: Final = (
    Asset("/docs", "docs.html", HTML, is_translated=True),
    Asset("/docs/guide", "guide.html", HTML, is_translated=True),
    _docs("docs.js", SCRIPT),
    _docs("pages.css", STYLE),
    _docs("swagger-ui/swagger-ui-bundle.js", SCRIPT),
    _docs("swagger-ui/swagger-ui-bundle.js.LICENSE.txt", TEXT),
    _docs("swagger-ui/swagger-ui.css", STYLE),
    _docs("swagger-ui/LICENSE", TEXT),
    _docs("swagger-ui/NOTICE", TEXT),
    _static("app.css", STYLE),
    _static("copy.js", SCRIPT),
    _static("passkeys.js", SCRIPT),
    _static("import.js", SCRIPT),
    _static("icons.svg", SVG),
    _static("logo.svg", SVG),
    _static("trip.js", SCRIPT),
    _static("fonts/figtree-latin.woff2", FONT),
    _static("fonts/figtree-latin-ext.woff2", FONT),
    _static("fonts/instrument-serif-latin.woff2", FONT),
    _static("fonts/instrument-serif-latin-ext.woff2", FONT),
    _static("fonts/LICENSES.txt", TEXT),
)

_COMPRESSED_ALREADY: Final = frozenset({FONT})
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
_GZIP: Final = re.compile(r"(?:^|,)\s*gzip\s*(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)
"""In Accept-Encoding (RFC 9110 section 12.5.3), unless it is given no weight."""
_LINK: Final = re.compile(rb'(?<=")((?:docs/|\.\./)?static/[\w./-]+)(?=["#])')
_URL: Final = re.compile(rb"(?<=url\()([\w./-]+)(?=\))")
_BY_PATH: Final = {asset.path: asset for asset in ASSETS}
_BY_FILE: Final = {asset.file: asset for asset in ASSETS}


class Body(NamedTuple):
    """What is sent for a file, as it is and compressed."""

    plain: bytes
    gzipped: bytes
    digest: str


def find(path: str) -> Asset | None:
    """The file of a path below that of the public URL."""
    return _BY_PATH.get(path)


def address(name: str) -> str:
    """Where a static file is, below the path of the public URL; it changes with what is in it."""
    asset = _BY_PATH[f"/static/{name}"]
    return f"{asset.path}?{_load(asset).digest}"


async def reply(
    request: web.BaseRequest, asset: Asset, language: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the response with a file, or that the client has it.

    `language` is the reader's, of those in `LANGUAGES`.
    """
    vary = "Accept-Encoding"
    if asset.is_translated:
        vary += ", Accept-Language, Cookie"
        if language != DEFAULT:
            asset = asset._replace(file=asset.file.replace(".html", f".{language}.html"))
    body = await asyncio.to_thread(_load, asset)
    compressed = asset.media_type not in _COMPRESSED_ALREADY and takes_gzip(request)
    # They are different bytes, which a strong tag must tell apart (RFC 9110 section 8.8.3.3).
    tag = f'"{body.digest}-gzip"' if compressed else f'"{body.digest}"'
    # The addresses by which pages name files change with what is in them.
    keep = _FOR_EVER if request.query_string == body.digest else _ASK_AGAIN
    headers = {"ETag": tag, "Cache-Control": keep, "Vary": vary}
    if is_known(request, tag):
        return 304, headers, b""
    headers["Content-Type"] = asset.media_type
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return 200, headers, body.gzipped if compressed else body.plain


def takes_gzip(request: web.BaseRequest) -> bool:
    """Whether the client takes a body that is compressed."""
    return _GZIP.search(request.headers.get("Accept-Encoding", "")) is not None


@functools.cache
def _load(asset: Asset) -> Body:
    """Reads a file, once."""
    plain = (files("server.pages") / asset.file).read_bytes()
    if asset.media_type == HTML:
        plain = _LINK.sub(_versioned, plain)
    elif asset.media_type == STYLE:
        plain = _URL.sub(_versioned, plain)
    return Body(plain, gzip.compress(plain, mtime=0), _digest(plain))


def _versioned(link: re.Match[bytes]) -> bytes:
    """The address of a file, which changes with what is in it."""
    name = link[1].decode().rpartition("static/")[2]
    return link[1] + f"?{_load(_BY_FILE[f'static/{name}']).digest}".encode()


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
