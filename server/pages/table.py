"""Every page and every file of pages. What is not in `PAGES` is not there."""

from typing import Final, NamedTuple

HTML: Final = "text/html; charset=utf-8"
SCRIPT: Final = "text/javascript; charset=utf-8"
STYLE: Final = "text/css; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"


class Page(NamedTuple):
    """Something that is served as it stands."""

    path: str
    """Below the path of the public URL."""
    file: str
    """Beside this module."""
    media_type: str


def _static(name: str, media_type: str) -> Page:
    return Page(f"/docs/static/{name}", f"static/{name}", media_type)


PAGES: Final = (
    Page("/docs", "docs.html", HTML),
    Page("/docs/guide", "guide.html", HTML),
    _static("docs.js", SCRIPT),
    _static("pages.css", STYLE),
    _static("swagger-ui/swagger-ui-bundle.js", SCRIPT),
    _static("swagger-ui/swagger-ui-bundle.js.LICENSE.txt", TEXT),
    _static("swagger-ui/swagger-ui.css", STYLE),
    _static("swagger-ui/LICENSE", TEXT),
    _static("swagger-ui/NOTICE", TEXT),
)
